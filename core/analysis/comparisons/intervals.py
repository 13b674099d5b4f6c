"""An estimate with its interval, and the two kinds of interval that most figures share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from core.analysis._checks import level_share
from core.analysis.comparisons.risk import RiskCoverage, area, from_zero, risk_coverage
from core.analysis.metrics import wilson_interval
from core.errors import InvalidInput
from core.language import t


class Estimate(NamedTuple):
    """A figure as measured, and between which values the true one lies."""

    value: float
    low: float
    high: float


def z_of(level: float) -> float:
    """Return how many standard errors to each side hold `level` of a normal distribution.

    Raises
    ------
    InvalidInput
        When the level is not in (0, 1).
    """
    return float(norm.ppf(0.5 + level_share(level) / 2.0))


def share_interval(share: float, n_effective: float, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval for a share that is as sure as one of `n_effective` images.

    Parameters
    ----------
    share : float in [0, 1]
    n_effective : float above 0
        share * (1 - share) / variance: how many images would make a plain share as sure.

    References
    ----------
    C. Franco, R. Little, T. Louis, E. Slud, "Comparative study of confidence intervals for
    proportions in complex sample surveys", 2019.
    """
    return wilson_interval(share * n_effective, n_effective, level)


def mean_interval(values: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return the mean of one number an image with an interval that allows for its skewness.

    Parameters
    ----------
    values : array of float, shape (n_images,)

    Raises
    ------
    InvalidInput
        Without values.

    Notes
    -----
    The t statistic of a skewed sample is skewed; Hall's cubic makes it symmetric. Log-losses are
    such a sample: the usual interval misses the truth twice as often as it says. One value alone
    has no interval: infinity stands at both ends.

    References
    ----------
    P. Hall, "On the removal of skewness by transformation", 1992.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or len(x) == 0:
        raise InvalidInput(t("there is nothing to measure"), expected=t("one number an image"))
    mean = float(x.mean())
    if len(x) == 1:
        return Estimate(mean, -np.inf, np.inf)
    centred = x - mean
    square = centred * centred
    sd = float(np.sqrt(square.mean()))
    skew = float(square @ centred) / len(x) / sd**3 if sd > 0 else 0.0
    error = sd / np.sqrt(len(x) - 1)
    return Estimate(mean, *unskewed(mean, error, skew / np.sqrt(len(x)), level))


def unskewed(centre: float, error: float, skew: float, level: float) -> tuple[float, float]:
    """Return Hall's interval for an estimate.

    Parameters
    ----------
    centre, error : float
        The estimate and its standard error.
    skew : float
        Skewness of the estimate: that of the values, over the root of their number.
    level : float
    """
    z = z_of(level)
    if abs(skew) < 1e-9:
        return centre - z * error, centre + z * error
    low, high = (3.0 / skew * (np.cbrt(1.0 + skew * (t - skew / 6.0)) - 1.0) for t in (z, -z))
    return float(centre - low * error), float(centre - high * error)


def augrc_interval(confidence: ArrayLike, right: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return AUGRC with its interval.

    Parameters
    ----------
    confidence : array of float, shape (n_images,)
    right : array of bool, shape (n_images,)

    Raises
    ------
    InvalidInput
        Without images, when the lengths differ, or where a confidence is not finite.

    Notes
    -----
    AUGRC is the mean over pairs of images of "the first is wrong and surer", a U-statistic. Its
    variance is that of each image's part: what it adds as the wrong one and as the other one (as
    DeLong's for the area under a ROC curve). With few wrong answers their skewness cannot be
    told, so the upper end is the higher one of Hall's and Wilson's. Without wrong answers it is
    the worst that the accuracy's interval allows.

    References
    ----------
    E. DeLong, D. DeLong, D. Clarke-Pearson, "Comparing the areas under two or more correlated
    receiver operating characteristic curves: a nonparametric approach", 1988.
    """
    curve = risk_coverage(confidence, right)
    n, value, wrong = np.size(right), area(curve), float(curve.generalized_risk[-1])
    if wrong == 0.0 or n == 1:
        most = wilson_interval(wrong * n, n, level)[1]
        return Estimate(value, 0.0, most - most * most / 2.0)
    u = (value * n - wrong / 2.0) / (n - 1)  # without the pairs of an image and itself
    error, skew = _spread(curve, n)
    low, high = unskewed(u, error, skew, level)
    if 0.0 < u < 0.5 and error > 0.0:  # twice AUGRC is a share
        n_effective = 2.0 * u * (1.0 - 2.0 * u) / (4.0 * error**2)
        high = max(high, share_interval(2.0 * u, n_effective, level)[1] / 2.0)
    return Estimate(value, max(0.0, low), min(0.5, max(high, value)))


def _spread(curve: RiskCoverage, n: int) -> tuple[float, float]:
    """Return the standard error of AUGRC and its skewness, from what each image adds to it.

    An image adds as the wrong one of a pair (the share of images less sure) and as the other one
    (the share of images that are surer and wrong); images of one confidence add alike.
    """
    kept, wrong = from_zero(curve.coverage), from_zero(curve.generalized_risk)
    less_sure = 1.0 - (kept[1:] + kept[:-1]) / 2.0  # a tie counts half
    surer_and_wrong = (wrong[1:] + wrong[:-1]) / 2.0
    share_wrong = np.diff(wrong)
    part = np.concatenate([surer_and_wrong + less_sure, surer_and_wrong])
    share = np.concatenate([share_wrong, np.diff(kept) - share_wrong])
    centred = part - share @ part
    square = centred * centred
    variance = float(share @ square)
    third = float(share @ (square * centred))
    skew = third / variance**1.5 if variance > 0 else 0.0
    return float(np.sqrt(variance / (n - 1))), skew / float(np.sqrt(n))
