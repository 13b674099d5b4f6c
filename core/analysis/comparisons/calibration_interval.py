"""How far confidence and accuracy truly lie apart: the calibration error without its noise floor.

The calibration error of a few images is never 0: in every bin chance alone puts some distance
between confidence and accuracy. So the figure is no centre of an interval. Instead it is asked
which true distances would lead to what was measured.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr

from core.analysis._checks import Floats
from core.analysis.calibration import reliability
from core.analysis.comparisons.intervals import Estimate, z_of

_STEPS = 100  # distances tried below the measured ones, and as many above
_EVEN = 0.25  # share of the distances that is spread over all bins alike
_FAR = 4.0  # standard errors above the measured distances that are tried


def ece_estimate(probs: ArrayLike, y: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return the expected calibration error in equal-mass bins, and the interval of the true one.

    Parameters
    ----------
    probs : array of float, shape (n_images, n_classes)
        Calibrated probabilities.
    y : array of int, shape (n_images,)
        True classes.

    Raises
    ------
    InvalidInput
        Without images, or when shapes do not fit.
    """
    return of_bins(reliability(probs, y), level=level)


def of_bins(table: Floats, *, level: float = 0.95) -> Estimate:
    """Return the calibration error of a reliability diagram, and the interval of the true one.

    Parameters
    ----------
    table : array of float, shape (n_bins, 3)
        As `calibration.reliability`: number of images, mean confidence, accuracy.
    level : float

    Notes
    -----
    A test is inverted. True distances between confidence and accuracy are taken from 0 over the
    measured ones to far above them; for each, mean and variance of the measured error follow from
    binomial counts in the bins (the mean distance of a binomial count from a number has a closed
    form), and the interval holds those with which the measured error agrees. How the distances are
    spread over the bins matters little; a quarter is spread evenly, as noise in the measured
    spread would otherwise pull the upper end down.

    0 is held more often than the level says, where a model is calibrated: nothing lies below it.
    With few images the interval may lie below the measured error, whose noise floor it leaves out.

    References
    ----------
    R. Roelofs, N. Cain, J. Shlens, M. Mozer, "Mitigating bias in calibration error estimation",
    2022 (the bias). N. Johnson, "A note on the mean deviation of the binomial distribution", 1957.
    """
    n, confidence, accuracy = table.T
    n_images = float(n.sum())
    weight = n / n_images
    gap = accuracy - confidence
    value = float(weight @ np.abs(gap))
    tried = _tried(gap, np.sqrt(confidence * (1.0 - confidence) / n), weight)
    rate = np.clip(confidence + tried, 0.0, 1.0)  # (n_tried, n_bins)
    tried = rate - confidence
    true = np.abs(tried) @ weight
    mean_gap = _mean_distance(n, rate, n * confidence) / n
    within = np.maximum(tried**2 + rate * (1.0 - rate) / n - mean_gap**2, 0.0) @ weight**2
    between = np.maximum(tried**2 @ weight - true**2, 0.0) / n_images  # other images, other bins
    mean, reach = mean_gap @ weight, z_of(level) * np.sqrt(within + between)
    low = _reached(mean + reach, true, value)
    return Estimate(value, low, _reached(mean - reach, true, value, never=1.0))


def _tried(gap: Floats, error: Floats, weight: Floats) -> Floats:
    """Return distances between accuracy and confidence to try, from none upwards: (n, n_bins)."""
    spread = float(weight @ error)
    even = error * float(weight @ np.abs(gap)) / spread if spread > 0 else np.abs(gap)
    shape = (1.0 - _EVEN) * np.abs(gap) + _EVEN * even
    below = np.linspace(0.0, 1.0, _STEPS + 1)[:, None] * shape
    above = shape + np.linspace(0.0, 1.0, _STEPS + 1)[1:, None] ** 2 * _FAR * error
    return np.asarray(np.where(gap >= 0, 1.0, -1.0) * np.concatenate([below, above]))


def _mean_distance(n: Floats, p: Floats, centre: Floats) -> Floats:
    """Return E|x - centre| of binomial counts x out of n, with p of shape (n_tried, n_bins)."""
    whole = np.floor(centre)
    trials = n.astype(np.int64)
    up_to = bdtr(whole, trials, p)
    one_less = np.where(n > 1, bdtr(np.maximum(whole - 1, 0), np.maximum(trials - 1, 1), p), 1.0)
    one_less = np.where(whole < 1, 0.0, one_less)
    return np.asarray(centre * (2.0 * up_to - 1.0) + n * p * (1.0 - 2.0 * one_less))


def _reached(limit: Floats, true: Floats, value: float, never: float = 0.0) -> float:
    """Return the true error at which `limit` comes to the measured one; 0 if it begins above it.

    `never` is returned where it stays below: the images are too few to rule anything out.
    """
    rising = np.maximum.accumulate(limit)
    if value <= rising[0]:
        return 0.0
    return float(np.interp(value, rising, true)) if value < rising[-1] else never
