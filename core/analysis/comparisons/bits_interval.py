"""How many bits an answer tells, with an interval from which the plug-in's bias is taken off."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlogy
from scipy.stats import poisson

from core.analysis._checks import Floats, some_images
from core.analysis.comparisons.intervals import Estimate, unskewed, z_of
from core.analysis.comparisons.matrix_intervals import variance
from core.analysis.metrics import mutual_information_bits

_MANY = 60.0  # expected images in a cell, from which on its bias is 1/2 + 1/12 of one image in them
_HALF_AN_IMAGE = 0.5  # added off the diagonal: no confusion is impossible for not having been seen


def bits_estimate(confusion: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return the plug-in mutual information in bits, and the interval of the true one.

    Parameters
    ----------
    confusion : array of int, shape (n_classes, n_classes)
        Row = true, column = predicted.

    Raises
    ------
    InvalidInput
        Without images, or when the matrix is none.

    Notes
    -----
    The plug-in is too high by about a half over n nats for every cell that could be filled, so
    with few images the interval may lie below it. Counting filled cells (Miller, Madow) misses
    those that happen to be empty; here the bias is that of Poisson counts around smoothed cells:
    errors shrunk towards the product of their margins by as much as their scatter asks for (James,
    Stein). The interval allows for skewness (Hall), and where true and predicted class hardly
    depend on each other, for the plug-in being a sum of squares there. It holds 0 more often than
    its level where there is nothing to tell: the truth is then at the edge of what is possible.

    References
    ----------
    L. Paninski, "Estimation of entropy and mutual information", 2003. J. Hausser, K. Strimmer,
    "Entropy inference and the James-Stein estimator", 2009. P. Hall, "On the removal of skewness
    by transformation", 1992.
    """
    C = some_images(confusion)
    n, value = float(C.sum()), mutual_information_bits(C)
    most = float(np.log2(len(C)))
    if len(C) == 1:
        return Estimate(0.0, 0.0, 0.0)
    P = smoothed(C)
    bias = _bias_images(P, n) / (n * np.log(2.0))
    slope = _pointwise(P)
    first = variance(P, slope)
    both = first + max(bias, 0.0) / np.log(2.0)  # n times the variance, second order included
    if both == 0.0:  # every answer wrong, all cells alike: nothing scatters, so nothing is known
        return Estimate(value, 0.0, most)
    error = float(np.sqrt(both / n))
    third = float((P * (slope - (P * slope).sum()) ** 3).sum())
    centre = value - bias
    low, high = unskewed(centre, error, third / (both**1.5 * np.sqrt(n)), level)
    high += (z_of(level) * error) ** 2 / (4.0 * max(centre, error))
    return Estimate(value, min(max(low, 0.0), most), min(max(high, 0.0), most))


def smoothed(confusion: Floats) -> Floats:
    """Return the shares of the cells with errors shrunk towards the product of their margins.

    Notes
    -----
    The diagonal stays. Weights are James and Stein's: all towards the margins where the errors
    scatter no more than chance around them, none where they plainly do.
    """
    n, k = float(confusion.sum()), len(confusion)
    off = ~np.eye(k, dtype=bool)
    wrong = np.where(off, confusion, 0.0)
    margins = np.where(off, np.outer(wrong.sum(axis=1) + 0.5, wrong.sum(axis=0) + 0.5), 0.0)
    margins /= margins.sum()
    target = margins * wrong.sum()
    scatter = float((wrong * (1.0 - wrong / n)).sum())
    distance = float(((wrong - target) ** 2).sum())
    weight = 1.0 if distance <= scatter else scatter / distance
    shrunk = (1.0 - weight) * wrong + weight * target + _HALF_AN_IMAGE * margins
    cells = np.where(off, shrunk, confusion)
    return np.asarray(cells / cells.sum())


def _pointwise(P: Floats) -> Floats:
    """Return log2 of each cell over what its margins give: the slope of the bits in its share."""
    independent = np.outer(P.sum(axis=1), P.sum(axis=0))
    ratio = np.divide(P, independent, out=np.ones_like(P), where=P > 0)
    return np.asarray(np.log2(ratio))


def _bias_images(P: Floats, n: float) -> float:
    """Return n times the bias of the plug-in, in nats: that of the cells less the margins'."""

    def of(shares: Floats) -> float:
        return float((_excess(n * shares) * (1.0 - shares)).sum())

    return of(P) - of(P.sum(axis=1)) - of(P.sum(axis=0))


def _excess(expected: Floats) -> Floats:
    """Return E[x ln x] - m ln m of Poisson counts x with means m, of any shape."""
    few, excess = _table()
    many = 0.5 + 1.0 / (12.0 * np.maximum(expected, 1.0))
    return np.asarray(np.where(expected > _MANY, many, np.interp(expected, few, excess)))


@cache
def _table() -> tuple[Floats, Floats]:
    means = np.concatenate([[0.0], np.geomspace(1e-4, _MANY, 600)])
    x = np.arange(200)
    mean_of = poisson.pmf(x, means[:, None]) @ xlogy(x, x)
    return means, np.asarray(mean_of - xlogy(means, means), dtype=np.float64)
