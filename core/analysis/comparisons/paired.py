"""Tell whether one model is really better than another on the same images."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binomtest, norm

from core.analysis._checks import Floats, booleans, level_share, same_length
from core.errors import InvalidInput
from core.language import t

_MOST_KINDS = 256  # of numbers that are resampled; ten thousand would take gigabytes


def mcnemar_exact(correct_a: ArrayLike, correct_b: ArrayLike) -> float:
    """Return the exact two-sided p-value of "both models are right equally often".

    Parameters
    ----------
    correct_a, correct_b : array of bool, shape (n_images,)
        Whether each model answered each image rightly; the same images in the same order.

    Returns
    -------
    float in (0, 1]
        1.0 when the models are never right on different images.

    References
    ----------
    Q. McNemar, "Note on the sampling error of the difference between correlated proportions
    or percentages", 1947: binomial(min(b, c); b + c, 1/2) over the b + c images that exactly
    one model gets right.

    Examples
    --------
    >>> mcnemar_exact([True] * 6, [False] * 6)
    0.03125
    """
    only_a, only_b, _ = _discordant(correct_a, correct_b)
    if only_a + only_b == 0:
        return 1.0
    return float(binomtest(only_a, only_a + only_b, 0.5).pvalue)


def paired_difference(
    correct_a: ArrayLike,
    correct_b: ArrayLike,
    *,
    level: float = 0.95,
    n_resamples: int = 10_000,
    seed: int = 0,
) -> tuple[float, tuple[float, float]]:
    """Return accuracy of A minus accuracy of B, with its paired bootstrap interval.

    Parameters
    ----------
    correct_a, correct_b : array of bool, shape (n_images,)

    Returns
    -------
    difference : float in [-1, 1]
    interval : (low, high)

    Raises
    ------
    InvalidInput
        Without images, or when the lengths differ.

    Notes
    -----
    Resampling images is drawing (only A right, only B right, neither) from one multinomial.
    Where the models never differ every resample is 0; that would claim certainty, so the
    closed form of `paired_intervals` is returned instead.

    References
    ----------
    B. Efron, R. Tibshirani, "An introduction to the bootstrap", 1993.
    """
    only_a, only_b, n = _discordant(correct_a, correct_b)
    if n == 0:
        raise InvalidInput(t("there are no images to compare on"), expected=t("at least one image"))
    if only_a + only_b == 0:
        low, high = paired_intervals([0], [0], n, level)[0]
        return 0.0, (float(low), float(high))
    shares = [only_a / n, only_b / n, (n - only_a - only_b) / n]
    drawn = np.random.default_rng(seed).multinomial(n, shares, size=n_resamples)
    tail = (1.0 - level_share(level)) / 2.0
    low, high = np.quantile((drawn[:, 0] - drawn[:, 1]) / n, [tail, 1.0 - tail])
    return (only_a - only_b) / n, (float(low), float(high))


def mean_difference(
    differences: ArrayLike, *, level: float = 0.95, n_resamples: int = 10_000, seed: int = 0
) -> tuple[float, tuple[float, float]]:
    """Return the mean of one number an image, with its bootstrap interval over images.

    Parameters
    ----------
    differences : array of float, shape (n_images,)
        How much more often one recipe than another is right about an image, over its seeds.

    Returns
    -------
    mean : float
    interval : (low, high)

    Raises
    ------
    InvalidInput
        Without images, or when a number is not finite.

    Notes
    -----
    Seeds are no further images: ten trainings on the same labels do not make ten times as many
    independent answers. Where no image differs the closed form of `paired_intervals` is returned,
    because every resample would be 0.

    References
    ----------
    B. Efron, R. Tibshirani, "An introduction to the bootstrap", 1993.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise InvalidInput(
            t("there is nothing to compare"), expected=t("one finite number an image")
        )
    kinds, n_of_kind = np.unique(values, return_counts=True)
    _, interval = mean_of_kinds(kinds, n_of_kind, level=level, n_resamples=n_resamples, seed=seed)
    return float(values.mean()), interval


def mean_of_kinds(
    kinds: ArrayLike,
    n_of_kind: ArrayLike,
    *,
    level: float = 0.95,
    n_resamples: int = 10_000,
    seed: int = 0,
) -> tuple[float, tuple[float, float]]:
    """Return the same as `mean_difference` where many images have one number.

    Parameters
    ----------
    kinds : array of float, shape (n_kinds,), ascending
    n_of_kind : array of int, shape (n_kinds,)
        How many images have each of them.

    Notes
    -----
    Beyond 256 kinds the interval is the normal one, which the bootstrap of so many images comes to.
    """
    values, n = np.asarray(kinds, dtype=np.float64), np.asarray(n_of_kind, dtype=np.int64)
    n_images = int(n.sum())
    if not values[n > 0].any():
        low, high = paired_intervals([0], [0], n_images, level)[0]
        return 0.0, (float(low), float(high))
    mean, tail = float(values @ n) / n_images, (1.0 - level_share(level)) / 2.0
    if len(values) > _MOST_KINDS:
        sd = float(np.sqrt((values - mean) ** 2 @ n / n_images**2))
        half = float(norm.ppf(1.0 - tail)) * sd
        low, high = mean - half, mean + half
    else:
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(n_images, n / n_images, size=n_resamples)
        low, high = np.quantile(drawn @ values / n_images, [tail, 1.0 - tail])
    return mean, (float(low), float(high))


def paired_intervals(
    n_won: ArrayLike, n_lost: ArrayLike, n_images: int, level: float = 0.95
) -> Floats:
    """Return intervals for (n_won - n_lost) / n_images, many at a time, in closed form.

    Parameters
    ----------
    n_won, n_lost : array of int, shape (n_positions,)
        Images only the new model gets right, and images only the old one gets right.

    Returns
    -------
    array of float64, shape (n_positions, 2)
        Low and high, within [-1, 1]. n_images = 0 gives (-1, 1): nothing is known.

    Raises
    ------
    InvalidInput
        When there are more won and lost images than images.

    References
    ----------
    A. Agresti, Y. Min, "Simple improved confidence intervals for comparing matched
    proportions", 2005: the Wald interval after adding 1/2 to each of the four cells.

    Examples
    --------
    >>> paired_intervals([12], [3], 100).round(3).tolist()
    [[0.013, 0.163]]
    """
    z = float(norm.ppf(0.5 + level_share(level) / 2.0))
    won, lost = np.asarray(n_won, dtype=np.float64), np.asarray(n_lost, dtype=np.float64)
    same_length("n_won", won.size, "n_lost", lost.size)
    if won.size and (min(won.min(), lost.min()) < 0 or (won + lost).max() > n_images):
        raise InvalidInput(
            t("won and lost images are not among the images"), received=str(n_images)
        )
    if n_images == 0:
        return np.tile([-1.0, 1.0], (won.size, 1))
    won, lost, n = won + 0.5, lost + 0.5, n_images + 2.0
    centre = (won - lost) / n
    half = z * np.sqrt(won + lost - (won - lost) ** 2 / n) / n
    return np.stack([centre - half, centre + half], axis=1).clip(-1.0, 1.0)


def holm(pvalues: ArrayLike) -> Floats:
    """Return p-values adjusted for their number, in the order given.

    Parameters
    ----------
    pvalues : array of float, shape (n_tests,)

    Raises
    ------
    InvalidInput
        When a p-value is outside [0, 1].

    Notes
    -----
    Comparing the adjusted values with 0.05 keeps the chance of any false alarm at 5 %.

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(pvalues, dtype=np.float64)
    if p.ndim != 1 or (p.size and not (p.min() >= 0.0 and p.max() <= 1.0)):
        raise InvalidInput(t("pvalues are out of range"), expected=t("a list of shares in [0, 1]"))
    order = np.argsort(p, kind="stable")
    factors = np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(p[order] * factors).clip(0.0, 1.0)
    return adjusted


def _discordant(correct_a: ArrayLike, correct_b: ArrayLike) -> tuple[int, int, int]:
    """Return how many images only A, and only B, gets right, and of how many."""
    a, b = booleans(correct_a, "correct_a"), booleans(correct_b, "correct_b")
    same_length("correct_a", len(a), "correct_b", len(b))
    return int((a & ~b).sum()), int((b & ~a).sum()), len(a)
