"""Operating points: the threshold for a wanted accuracy or coverage, and what it gives elsewhere.

Images whose confidence is at the threshold or above are kept; equal confidence shares a fate.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from core.analysis._checks import Floats, Ints
from core.analysis.comparisons.risk import RiskCoverage
from core.analysis.metrics import wilson_interval
from core.errors import InvalidInput
from core.language import t

_ROUNDING = 1e-12  # shares are quotients of whole numbers; 9 of 10 must reach 0.9


class Kept(NamedTuple):
    """What a threshold keeps of some images."""

    n_images: int
    n_kept: int
    n_right: int

    @property
    def coverage(self) -> float:
        """Return the share of images kept."""
        return self.n_kept / self.n_images

    @property
    def coverage_ci(self) -> tuple[float, float]:
        """Return Wilson's 95 % interval of the coverage."""
        return wilson_interval(self.n_kept, self.n_images)

    @property
    def accuracy(self) -> float:
        """Return the share of right answers among those kept; NaN where none is."""
        return self.n_right / self.n_kept if self.n_kept else float("nan")

    @property
    def accuracy_ci(self) -> tuple[float, float]:
        """Return Wilson's 95 % interval of the accuracy, given how many are kept."""
        return wilson_interval(self.n_right, self.n_kept)


def threshold_for_accuracy(curve: RiskCoverage, accuracy: float) -> float | None:
    """Return the threshold that keeps most images and is so accurate, None where none is.

    Raises
    ------
    InvalidInput
        If `accuracy` is no share.
    """
    reached = np.flatnonzero(1.0 - curve.selective_risk >= _share(accuracy) - _ROUNDING)
    return float(curve.threshold[reached[-1]]) if len(reached) else None


def threshold_for_coverage(curve: RiskCoverage, coverage: float) -> float:
    """Return the highest threshold that keeps at least this share of the images.

    Raises
    ------
    InvalidInput
        If `coverage` is no share.
    """
    wanted = _share(coverage) - _ROUNDING
    return float(curve.threshold[np.searchsorted(curve.coverage, wanted)])


def kept_at(curve: RiskCoverage, n_images: int, threshold: float) -> Kept:
    """Return what a threshold keeps of the images that a curve was made of.

    Parameters
    ----------
    n_images : int
        How many these are.
    threshold : float
        Any; often chosen on other images.
    """
    n_above = int(np.searchsorted(-curve.threshold, -threshold, side="right"))
    if n_above == 0:
        return Kept(n_images, 0, 0)
    at = n_above - 1
    n_wrong = round(float(curve.generalized_risk[at]) * n_images)
    n_kept = round(float(curve.coverage[at]) * n_images)
    return Kept(n_images, n_kept, n_kept - n_wrong)


def thinned(curve: RiskCoverage, n_points: int) -> Ints:
    """Return which thresholds to draw: at most so many, evenly over coverage, the last included.

    Returns
    -------
    array of int64, ascending
    """
    m = len(curve.coverage)
    if m <= n_points:
        return np.arange(m)
    wanted = np.linspace(curve.coverage[0], curve.coverage[-1], n_points)
    return np.unique(np.searchsorted(curve.coverage, wanted).clip(0, m - 1))


def wilson_bands(n_hits: Ints, n_images: Ints) -> Floats:
    """Return Wilson's 95 % interval of each n_hits[i] out of n_images[i]: (n, 2)."""
    pairs = zip(n_hits.tolist(), n_images.tolist(), strict=True)
    return np.array([wilson_interval(k, n) for k, n in pairs], dtype=np.float64).reshape(-1, 2)


def _share(value: float) -> float:
    if not 0.0 <= value <= 1.0:
        raise InvalidInput(t("not a share"), expected=t("a number in [0, 1]"), received=str(value))
    return value
