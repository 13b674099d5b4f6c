"""Intervals of the figures that a confusion matrix gives: the delta method, inside [0, 1].

A figure is a smooth function of the shares of the cells; its variance follows from its slope in
each of them. The interval is Wilson's for as many images as would make a share equally sure, so
it stays inside its range, and is exactly Wilson's for the accuracy.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from core.analysis import metrics
from core.analysis._checks import Floats, some_images
from core.analysis.comparisons.intervals import Estimate, share_interval


def matrix_estimates(confusion: ArrayLike, *, level: float = 0.95) -> dict[str, Estimate]:
    """Return accuracy, balanced accuracy, macro F1 and kappa, each with its interval.

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
    Variances are taken after one image more, spread as the margins say: where nothing was wrong,
    the plain ones are 0 and would claim certainty. Where all images are of one class and called
    that, kappa is undefined and its interval is all of [-1, 1].

    References
    ----------
    J. Fleiss, J. Cohen, B. Everitt, "Large sample standard errors of kappa and weighted kappa",
    1969. C. Franco et al., "Comparative study of confidence intervals for proportions in complex
    sample surveys", 2019.
    """
    C = some_images(confusion)
    n = float(C.sum())
    accuracy = metrics.accuracy(C)
    smooth = C + np.outer(C.sum(axis=1), C.sum(axis=0)) / n**2
    smooth /= smooth.sum()
    sure = float((C.sum(axis=1) / n) @ (C.sum(axis=0) / n)) >= 1.0
    return {
        "accuracy": Estimate(accuracy, *share_interval(accuracy, n, level)),
        "balanced_accuracy": _share(C, smooth, metrics.balanced_accuracy, _of_recall, level),
        "macro_f1": _share(C, smooth, metrics.macro_f1, _of_f1, level),
        "kappa": Estimate(0.0, -1.0, 1.0) if sure else _kappa(C, smooth, level),
    }


def variance(shares: Floats, slope: Floats) -> float:
    """Return n times the variance of a figure with these slopes in the shares of the cells."""
    mean = float((shares * slope).sum())
    return max(0.0, float((shares * (slope - mean) ** 2).sum()))


def _share(
    C: Floats,
    smooth: Floats,
    figure: Callable[[ArrayLike], float],
    slope: Callable[[Floats], Floats],
    level: float,
) -> Estimate:
    value, n = figure(C), float(C.sum())
    as_sure = n_effective(figure(smooth), variance(smooth, slope(smooth)), n)
    return Estimate(value, *share_interval(value, as_sure, level))


def _kappa(C: Floats, smooth: Floats, level: float) -> Estimate:
    value, n = metrics.kappa(C), float(C.sum())
    near = (metrics.kappa(smooth) + 1.0) / 2.0  # [-1, 1] as a share
    as_sure = n_effective(near, variance(smooth, _of_kappa(smooth)) / 4.0, n)
    low, high = share_interval((value + 1.0) / 2.0, as_sure, level)
    return Estimate(value, 2.0 * low - 1.0, 2.0 * high - 1.0)


def n_effective(share: float, variance_of_one: float, n: float) -> float:
    """Return how many images make a plain share as sure; `n` where there is no telling."""
    spread = share * (1.0 - share)
    return n * spread / variance_of_one if spread > 0 and variance_of_one > 0 else n


def _of_recall(P: Floats) -> Floats:
    """Return the slope of the balanced accuracy in each cell: (n_classes, n_classes)."""
    true = P.sum(axis=1)
    per_image = np.divide(1.0, true, out=np.zeros_like(true), where=true > 0)
    recall = np.diag(P) * per_image
    slope = np.tile((-recall * per_image)[:, None], (1, len(P)))
    slope[np.diag_indices_from(P)] += per_image
    return np.asarray(slope / np.count_nonzero(true))


def _of_f1(P: Floats) -> Floats:
    """Return the slope of macro F1 in each cell: (n_classes, n_classes)."""
    total = P.sum(axis=0) + P.sum(axis=1)
    per_image = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    lost = 2.0 * np.diag(P) * per_image**2
    slope = -(lost[:, None] + lost[None, :])
    slope[np.diag_indices_from(P)] += 2.0 * per_image
    return np.asarray(slope / np.count_nonzero(total))


def _of_kappa(P: Floats) -> Floats:
    """Return the slope of kappa in each cell: (n_classes, n_classes)."""
    true, predicted = P.sum(axis=1), P.sum(axis=0)
    by_chance, right = float(true @ predicted), float(np.trace(P))
    slope = (right - 1.0) * (predicted[:, None] + true[None, :])
    slope[np.diag_indices_from(P)] += 1.0 - by_chance
    return np.asarray(slope / (1.0 - by_chance) ** 2)
