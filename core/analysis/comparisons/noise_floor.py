"""How large a calibration error comes of having few images: the noise floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import level_share, same_length
from core.analysis.calibration import (
    N_BINS,
    calibration_error,
    equal_mass_bins,
    reliability_of,
)

N_RESAMPLES = 1_000
_N_GROUPS = 2_000  # of images that are as good as equally confident; fewer images are not grouped


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """What a perfectly calibrated model with some confidences would show.

    Attributes
    ----------
    mean : float
        Its expected calibration error, a share.
    high : float
        The error that it exceeds in 5 % of cases only.
    p_value : float
        How often its error is as large as the one that was found, in (0, 1].
    gap : float
        How far its mean confidence and its accuracy lie apart at most, in 95 % of cases.
    """

    mean: float
    high: float
    p_value: float
    gap: float


def noise_floor(
    confidence: ArrayLike,
    right: ArrayLike,
    n_bins: int = N_BINS,
    *,
    level: float = 0.95,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> NoiseFloor:
    """Simulate what a perfectly calibrated model would show on these images.

    Parameters
    ----------
    confidence : array of float, shape (n_images,)
        Probability of the predicted class.
    right : array of bool, shape (n_images,)
        Whether it is the true one; only for the p-value.
    n_bins : int
        Bins of (nearly) equally many images.
    level : float
        Of the quantiles `high` and `gap`.
    n_resamples, seed : int
        Simulated models, and where their random numbers start.

    Raises
    ------
    InvalidInput
        Without images, or with fewer than one bin.

    Notes
    -----
    Each image is right with a probability of its confidence. Beyond 2,000 images, neighbours in
    the order of confidence are drawn together, with their mean: the variance in a group differs by
    that of its confidences alone, which so fine a division makes vanish.

    References
    ----------
    J. Bröcker, L. A. Smith, "Increasing the reliability of reliability diagrams", 2007
    (consistency resampling). J. Vaicenavicius et al., "Evaluating model calibration in
    classification", 2019.
    """
    sure = np.sort(np.asarray(confidence, dtype=np.float64).clip(0.0, 1.0))
    same_length("confidence", len(sure), "right", len(np.asarray(right)))
    found = calibration_error(reliability_of(confidence, right, n_bins))
    bins = equal_mass_bins(sure, n_bins)
    block = np.arange(len(sure)) * min(_N_GROUPS, len(sure)) // len(sure)
    begins = np.flatnonzero(np.diff(bins, prepend=-1) + np.diff(block, prepend=-1))
    size, claimed = np.diff(begins, append=len(sure)), np.add.reduceat(sure, begins)
    rng = np.random.default_rng(seed)
    drawn = rng.binomial(size, (claimed / size).clip(0.0, 1.0), (n_resamples, len(size)))
    bin_begins = np.flatnonzero(np.diff(bins[begins], prepend=-1))
    off = np.add.reduceat(drawn - claimed, bin_begins, axis=1)
    errors = np.abs(off).sum(axis=1) / len(sure)
    as_large = int((errors >= found - 1e-12).sum())  # the same sums, in another order
    return NoiseFloor(
        float(errors.mean()),
        float(np.quantile(errors, level_share(level))),
        (1 + as_large) / (1 + n_resamples),
        float(np.quantile(np.abs(off.sum(axis=1)), level) / len(sure)),
    )
