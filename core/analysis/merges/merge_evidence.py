"""Is a merge better than merging anything else? What the same confusions would give by chance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.stats import norm

from core.analysis._checks import Bools, Floats, Ints, level_share, some_images
from core.analysis.comparisons.paired import paired_intervals

_CELLS_AT_ONCE = 2_000_000


def pair_p_values(
    confusion: ArrayLike, rng: np.random.Generator, *, n_simulations: int = 999
) -> Floats:
    """Return how easily chance confuses some pair as strongly as each pair is: (K, K).

    Parameters
    ----------
    confusion : array, shape (K, K)
        Row = true, column = predicted; counts.
    rng : numpy.random.Generator
        The source of chance.
    n_simulations : int
        Random matrices to compare with.

    Returns
    -------
    array of float64, shape (K, K)
        Symmetric, in (0, 1], 1 on the diagonal. Below 0.05: this pair stands out, and over all
        pairs together a false alarm is made in 5 % of data sets at most.

    Notes
    -----
    The null: each class makes as many errors as it made, and they fall on the other classes in
    proportion to how often the model answers those. The statistic of a pair is its number of
    confusions, both directions, less its mean under the null, over its standard deviation there;
    p compares it with the *largest* of all pairs of each random matrix (the max-statistic).

    References
    ----------
    P. H. Westfall, S. S. Young, "Resampling-based multiple testing", 1993.
    """
    C = some_images(confusion)
    k = len(C)
    errors = np.rint(C.sum(axis=1) - np.diag(C)).astype(np.int64)  # (K,)
    share = np.tile(C.sum(axis=0) + 1e-9, (k, 1))  # a model may never answer some class
    np.fill_diagonal(share, 0.0)
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-300)
    mean, var = errors[:, None] * share, errors[:, None] * share * (1.0 - share)
    mean, sd = mean + mean.T, np.sqrt(var + var.T)
    upper = np.triu_indices(k, 1)
    observed = _standardised((C + C.T)[None], mean, sd)[0]
    largest = [
        _standardised((drawn + drawn.transpose(0, 2, 1)).astype(np.float64), mean, sd)[
            :, *upper
        ].max(axis=1)
        for drawn in _random_errors(errors, share, rng, n_simulations)
        if k > 1
    ]
    reached = np.concatenate(largest) if largest else np.zeros(n_simulations)
    n_above = len(reached) - np.searchsorted(np.sort(reached), observed - 1e-9)
    p = (1.0 + n_above) / (1.0 + len(reached))
    np.fill_diagonal(p, 1.0)
    return np.asarray(p)


def _random_errors(errors: Ints, share: Floats, rng: np.random.Generator, n: int) -> Iterator[Ints]:
    """Yield random off-diagonal matrices in blocks, (n_block, K, K), `n` in all."""
    step = max(1, _CELLS_AT_ONCE // share.size)
    for at in range(0, n, step):
        size = min(step, n - at)
        rows = [rng.multinomial(e, s, size=size) for e, s in zip(errors, share, strict=True)]
        yield np.stack(rows, axis=1)


def _standardised(counts: Floats, mean: Floats, sd: Floats) -> Floats:
    """Return (counts - mean) / sd; 0 where chance cannot vary."""
    safe = np.where(sd > 0, sd, 1.0)
    return np.where(sd > 0, (counts - mean) / safe, 0.0)


def group_p_value(pair_p: ArrayLike, members: ArrayLike) -> float:
    """Return the p-value at which a group holds together: its weakest necessary link.

    Notes
    -----
    The group is merged pair by pair over its smallest p-values (a minimum spanning tree); the
    largest of these counts. One class alone needs no link: 1.0 is returned.
    """
    index = np.asarray(members)
    if len(index) < 2:
        return 1.0
    links = minimum_spanning_tree(np.asarray(pair_p)[np.ix_(index, index)]).toarray()
    return float(links.max())


def merge_gains(confusion: ArrayLike, partitions: ArrayLike) -> Floats:
    """Return what each class map adds to accuracy, a share >= 0: (n_partitions,)."""
    C = some_images(confusion)
    rows = np.asarray(partitions)
    wrong = C - np.diag(np.diag(C))
    step = max(1, _CELLS_AT_ONCE // C.size)
    parts = [
        (rows[at : at + step, :, None] == rows[at : at + step, None, :]).reshape(-1, C.size)
        @ wrong.ravel()
        for at in range(0, len(rows), step)
    ]
    return np.asarray(np.concatenate(parts) / C.sum()) if parts else np.zeros(0)


def joined_share(same: ArrayLike) -> Floats:
    """Return the share of class maps that join classes i and j: (n_classes, n_classes)."""
    rows = np.asarray(same)
    k = rows.shape[1]
    share = [(rows == rows[:, [i]]).mean(axis=0) for i in range(k)]
    return np.stack(share)


def random_gains(
    confusion: ArrayLike, partition: ArrayLike, n: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return what merges at random with the group sizes of `partition` do to accuracy.

    Parameters
    ----------
    confusion : array, shape (K, K)
    partition : array of int, shape (K,)
        The group of each class.
    n : int
        How many to draw, with repetition.
    rng : numpy.random.Generator
        The source of chance.

    Returns
    -------
    joined : array, shape (K, K)
        The share of all such merges that joins each two classes: the same for every pair.
    gains : array, shape (n,)
        Those of `n` of them. Classes are put into the places of `partition` at random, so only
        the places that share a group are looked up.
    """
    C, row = some_images(confusion), np.asarray(partition)
    k = len(C)
    first, second = np.nonzero(np.triu(row[:, None] == row, 1))
    joined = np.full((k, k), len(first) / max(1, k * (k - 1) // 2))
    np.fill_diagonal(joined, 1.0)
    wrong, gains = C + C.T, np.empty(n)
    step = max(1, _CELLS_AT_ONCE // max(1, len(first)))
    for at in range(0, n, step):
        own = rng.permuted(np.tile(np.arange(k), (min(step, n - at), 1)), axis=1)
        gains[at : at + step] = wrong[own[:, first], own[:, second]].sum(axis=1)
    return joined, gains / C.sum()


def bootstrap_means(
    confusion: ArrayLike,
    worth: ArrayLike,
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> Floats:
    """Return intervals for means over images whose values depend on their cell only.

    Parameters
    ----------
    confusion : array, shape (K, K)
    worth : array of float, shape (n_means, K, K)
        What an image in each cell counts, for each mean.
    rng : numpy.random.Generator
        The source of chance.
    level : float
        Of the intervals.
    n_resamples : int
        Resampled sets of images.

    Returns
    -------
    array of float64, shape (n_means, 2)
        Low and high.

    Notes
    -----
    Paired: both sides of a difference are taken on the same resampled images, as one mean of
    differences. Resampling images is drawing the counts of the cells from one multinomial. Where
    every image counts the same, the interval is a point.

    References
    ----------
    B. Efron, R. Tibshirani, "An introduction to the bootstrap", 1993.
    """
    C, w = some_images(confusion), np.asarray(worth, dtype=np.float64)
    seen = C > 0
    values, kind = np.unique(w[:, seen].round(12), axis=1, return_inverse=True)
    counts = np.bincount(kind.ravel(), weights=C[seen])  # cells of one worth need one draw
    n = round(float(counts.sum()))
    step = max(1, _CELLS_AT_ONCE // len(counts))
    shares = counts / counts.sum()
    means = [
        rng.multinomial(n, shares, size=min(step, n_resamples - at)) @ values.T / n
        for at in range(0, n_resamples, step)
    ]
    tail = (1.0 - level_share(level)) / 2.0
    return np.asarray(np.quantile(np.concatenate(means), [tail, 1.0 - tail], axis=0).T)


def standard_error(confusion: ArrayLike, worth: Floats) -> float:
    """Return the standard error of a mean over images of what their cell is worth, (K, K)."""
    C = some_images(confusion)
    share = C / C.sum()
    mean = float((share * worth).sum())
    return float(np.sqrt((share * (worth - mean) ** 2).sum() / C.sum()))


def gain_interval(
    confusion: ArrayLike, joined: Bools, by_chance: Floats, rng: np.random.Generator
) -> tuple[float, tuple[float, float]]:
    """Return the gain beyond a merge at random, and its 95 % paired bootstrap interval.

    Parameters
    ----------
    confusion : array, shape (K, K)
    joined : array of bool, shape (K, K)
        Whether the class map joins classes i and j.
    by_chance : array of float, shape (K, K)
        The share of class maps of the same sizes that join them.
    rng : numpy.random.Generator
        The source of chance.

    Notes
    -----
    Defined as (accuracy merged - accuracy unmerged), less the mean of that difference over all
    class maps with the same group sizes: what fewer classes of these sizes give by themselves. On
    one image: (joined - share joined by chance) where the answer is wrong, else 0. Without a wrong
    answer all resamples are equal; then the closed form of `paired_intervals` is returned.
    """
    C = some_images(confusion)
    wrong = ~np.eye(len(C), dtype=bool)
    worth = np.where(wrong, joined - by_chance, 0.0)
    gain = float((C * worth).sum() / C.sum())
    if not (C * wrong).any():
        low, high = paired_intervals([0], [0], round(float(C.sum())))[0]
    else:
        low, high = bootstrap_means(C, worth[None], rng)[0]
    return gain, (float(low), float(high))


def bits_noise(confusion: ArrayLike, level: float = 0.95) -> float:
    """Return half the width of the interval of I(true; predicted), in bits.

    References
    ----------
    M. S. Roulston, "Estimating the errors on measured entropy and mutual information", 1999: the
    standard error is that of the mean of log2 p_ij / (p_i p_j) over the images.
    """
    C = some_images(confusion)
    joint = C / C.sum()
    seen = joint > 0
    apart = joint.sum(axis=1, keepdims=True) @ joint.sum(axis=0, keepdims=True)
    value = np.log2(joint[seen] / apart[seen])
    mean = float(joint[seen] @ value)
    variance = max(0.0, float(joint[seen] @ (value - mean) ** 2))
    return float(norm.ppf(0.5 + level_share(level) / 2.0) * np.sqrt(variance / C.sum()))
