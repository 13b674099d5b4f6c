"""Is the accuracy worth the classes it was bought with? ITCA, and all figures of many merges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.special import xlogy

from core.analysis._checks import Floats, Ints, some_images
from core.analysis.merges.partitions import Partitions, canonical
from core.errors import InvalidInput
from core.language import t

_CELLS_AT_ONCE = 1_000_000  # of merged matrices in memory: 8 MB a temporary array


@dataclass(frozen=True)
class MergeScores:
    """Figures of many class maps from one confusion matrix, each an array (n_partitions,).

    Attributes
    ----------
    n_classes : array of int64
        Groups that are left.
    accuracy, chance : array of float64, shares in [0, 1]
        Of the merged matrix; chance is the sum of squared true shares.
    kappa : array of float64
        To be shown, never optimised.
    bits, bits_kept_share : array of float64
        I(T; T_hat), and its share of the unmerged I(Y; Y_hat); 1 where there is nothing to lose.
    itca : array of float64, nats
    """

    n_classes: Ints
    accuracy: Floats
    chance: Floats
    kappa: Floats
    bits: Floats
    bits_kept_share: Floats
    itca: Floats


def itca(confusion: ArrayLike) -> float:
    """Return the information-theoretic classification accuracy of a matrix, in nats.

    Notes
    -----
    ITCA = (1/n) sum_i -ln p(T(y_i)) 1[T_hat_i = T(y_i)] = sum_k -p_k ln p_k acc_k: every right
    answer counts as much as its class was surprising, p being the shares of the true classes under
    the class map T. One class gives 0, guessing right always gives the labels' entropy; classes
    that do not occur count nothing. Here the *answers* are merged; the paper also refits on merged
    labels.

    References
    ----------
    C. Zhang, Y. E. Chen, S. Zhang, J. J. Li, "Information-theoretic classification accuracy: a
    criterion that guides data-driven combination of ambiguous outcome labels in multi-class
    classification", JMLR 23(341), 2022.

    Examples
    --------
    >>> round(itca([[1, 0], [0, 1]]), 4), itca([[2]])
    (0.6931, 0.0)
    """
    C = some_images(confusion)
    identity = np.arange(len(C))[None, :]
    return float(score(C, identity).itca[0])


def score(confusion: ArrayLike, partitions: ArrayLike) -> MergeScores:
    """Return the figures of every class map in `partitions`, from one confusion matrix.

    Parameters
    ----------
    confusion : array, shape (n_classes, n_classes)
        Row = true, column = predicted; counts.
    partitions : array of int, shape (n_partitions, n_classes)
        The group of each class, in [0, n_classes).

    Returns
    -------
    MergeScores

    Raises
    ------
    InvalidInput
        When a partition does not belong to these classes, or there are no images.

    Notes
    -----
    Works through blocks of rows, so that memory does not grow with their number. Same definitions
    as `metrics`; kappa of a single class is 0.
    """
    C = some_images(confusion)
    rows = np.asarray(partitions)
    k = len(C)
    if (
        rows.ndim != 2
        or rows.shape[1] != k
        or (rows.size and not 0 <= rows.min() <= rows.max() < k)
    ):
        raise InvalidInput(
            t("partitions do not belong to this confusion matrix"),
            expected=t("shape (n, {k}) of group numbers in [0, {k})", k=k),
            received=t("shape {shape}", shape=str(rows.shape)),
        )
    joint = C / C.sum()
    unmerged = float(_block(joint, np.arange(k)[None, :])[4][0])
    step = max(1, _CELLS_AT_ONCE // (k * k))
    blocks = [_block(joint, rows[at : at + step]) for at in range(0, len(rows), step)]
    columns = np.concatenate(blocks, axis=1) if blocks else np.zeros((6, 0))
    kept = columns[4] / unmerged if unmerged > 0 else np.ones(len(rows))
    return MergeScores(
        n_classes=columns[0].astype(np.int64),
        accuracy=columns[1],
        chance=columns[2],
        kappa=columns[3],
        bits=columns[4],
        bits_kept_share=kept.clip(0.0, 1.0),
        itca=columns[5],
    )


def _block(joint: Floats, rows: np.ndarray) -> Floats:
    """Return groups, accuracy, chance, kappa, bits and ITCA of some rows: (6, n_rows)."""
    k = len(joint)
    member = (rows[:, :, None] == np.arange(k)).astype(np.float64)  # (n_rows, classes, groups)
    merged = member.transpose(0, 2, 1) @ (joint @ member)  # (n_rows, groups, groups)
    true, pred = merged.sum(axis=2), merged.sum(axis=1)
    right = np.diagonal(merged, axis1=1, axis2=2)
    accuracy, by_chance = right.sum(axis=1), (true * pred).sum(axis=1)
    room = 1.0 - by_chance
    kappa = np.where(room > 1e-12, (accuracy - by_chance) / np.where(room > 1e-12, room, 1.0), 0.0)
    nats = _plogp(merged.reshape(len(rows), -1)) - _plogp(true) - _plogp(pred)
    surprise = -np.log(true, where=true > 0, out=np.zeros_like(true))
    return np.stack(
        [
            member.any(axis=1).sum(axis=1).astype(np.float64),
            accuracy.clip(0.0, 1.0),
            (true**2).sum(axis=1),
            kappa,
            (nats / np.log(2.0)).clip(0.0, None),
            (surprise * right).sum(axis=1).clip(0.0, None),
        ]
    )


def _plogp(p: Floats) -> Floats:
    """Return sum p ln p of each row, 0 ln 0 being 0."""
    return np.asarray(xlogy(p, p).sum(axis=1))


def cell_worth(confusion: ArrayLike, partition: ArrayLike) -> Floats:
    """Return what an image in each cell adds to ITCA under a class map: (n_classes, n_classes).

    ITCA is the mean of this over the images, so that differences between class maps have the
    standard error of a mean. The shares of the true classes are taken as given.
    """
    C = some_images(confusion)
    groups = np.asarray(partition)
    share = np.bincount(groups, weights=C.sum(axis=1), minlength=len(C)) / C.sum()
    surprise = -np.log(share, where=share > 0, out=np.zeros_like(share))
    return np.asarray((groups[:, None] == groups) * surprise[groups][:, None])


def gains_of_many(matrices: ArrayLike, partitions: ArrayLike) -> Floats:
    """Return what each class map adds to the ITCA of each matrix: (n_matrices, n_partitions).

    Parameters
    ----------
    matrices : array, shape (n_matrices, n_classes, n_classes)
        Counts, row = true; as many images in each.
    partitions : array of int, shape (n_partitions, n_classes)

    Notes
    -----
    Equal to differences of `score(...).itca`, for resampling: only groups of two or more change
    anything, so that their cells are summed for all matrices in one sparse product.
    """
    C = np.asarray(matrices, dtype=np.float64)
    k = C.shape[1]
    joint = (C / C.sum(axis=(1, 2), keepdims=True)).reshape(len(C), -1).T  # (cells, n_matrices)
    true = joint.reshape(k, k, -1).sum(axis=1)
    right = joint[:: k + 1]
    rows = np.asarray(partitions)
    groups = [
        (i, np.flatnonzero(row == g))
        for i, row in enumerate(rows)
        for g in np.flatnonzero(np.bincount(row) > 1)
    ]
    members = _table([own for _, own in groups], k)
    cells = _table([(own[:, None] * k + own).ravel() for _, own in groups], k * k)
    gained = _worth(members @ true) * (cells @ joint) - members @ (_worth(true) * right)
    owner = np.array([i for i, _ in groups], dtype=np.int64)
    table = csr_array(
        (np.ones(len(owner)), (owner, np.arange(len(owner)))), (len(rows), len(owner))
    )
    return np.asarray((table @ gained).T)


def _table(chosen: list[Ints], n_columns: int) -> csr_array:
    """Return a sparse table with a row for each list of columns, 1 where it is named."""
    sizes = [len(columns) for columns in chosen]
    columns = np.concatenate([np.zeros(0, dtype=np.int64), *chosen])
    starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    return csr_array((np.ones(len(columns)), columns, starts), (len(chosen), n_columns))


def greedy_path(confusion: ArrayLike, *, ordinal: bool = False) -> Partitions:
    """Return a way from no merge to one class: int16 (n_classes, n_classes).

    Each step merges the two groups whose merge leaves the highest ITCA (with `ordinal`, two
    neighbours); a tie goes to the first pair in class order.

    References
    ----------
    C. Zhang et al., JMLR 23(341), 2022: greedy search, here without refitting and to the end.
    """
    merged = some_images(confusion).copy()
    n, k = merged.sum(), len(merged)
    groups = np.arange(k)
    rows = [groups.copy()]
    while len(merged) > 1:
        true, right = merged.sum(axis=1) / n, np.diag(merged)
        alone = _worth(true) * right
        joined = _worth(true[:, None] + true) * (right[:, None] + right + merged + merged.T)
        change = joined - alone[:, None] - alone
        allowed = np.triu(np.ones_like(change, dtype=bool), 1)
        if ordinal:
            allowed &= ~np.triu(np.ones_like(allowed), 2)
        a, b = np.unravel_index(np.where(allowed, change, -np.inf).argmax(), change.shape)
        merged[a] += merged[b]
        merged[:, a] += merged[:, b]
        merged = np.delete(np.delete(merged, b, axis=0), b, axis=1)
        groups[groups == b] = a
        groups[groups > b] -= 1
        rows.append(groups.copy())
    return canonical(np.stack(rows))


def _worth(share: Floats) -> Floats:
    """Return -ln p, and 0 for a class that does not occur."""
    return np.asarray(-np.log(share, where=share > 0, out=np.zeros_like(share)))
