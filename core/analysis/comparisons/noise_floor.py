"""How large a calibration error comes of having few images: the noise floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.analysis._checks import Floats, Ints, level_share, same_length
from core.analysis.calibration import N_BINS, calibration_error, equal_mass_bins
from core.errors import InvalidInput
from core.language import t

N_RESAMPLES = 1_000
N_GROUPS = 1_200  # groups of images; every number of bins that is offered divides it


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


@dataclass(frozen=True, slots=True, eq=False)
class Claims:
    """What a model claims and reaches, in groups of nearly equal confidence, least first.

    Bins are made of whole groups, so that another number of bins needs no look at the images.

    Attributes
    ----------
    group : array of int64, shape (n_groups,)
        Ascending numbers of the groups that hold images, in [0, 1200).
    n_images, n_right : array of int64, shape (n_groups,)
    claimed : array of float64, shape (n_groups,)
        Sum of the confidences.
    drawn : array of int64, shape (n_resamples, n_groups)
        Right answers of simulated models that are perfectly calibrated.
    """

    group: Ints
    n_images: Ints
    n_right: Ints
    claimed: Floats
    drawn: NDArray[np.int64]


def claims(
    confidence: ArrayLike, right: ArrayLike, *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> Claims:
    """Group the images of a model by confidence, and simulate perfectly calibrated models on them.

    Parameters
    ----------
    confidence : array of float, shape (n_images,)
        Probability of the predicted class.
    right : array of bool, shape (n_images,)
        Whether it is the true one.
    n_resamples, seed : int
        Simulated models, and where their random numbers start.

    Raises
    ------
    InvalidInput
        Without images, or when the lengths differ.

    Notes
    -----
    Each image is right with a probability of its confidence. Up to 1,200 images each is drawn by
    itself (those of equal confidence together, which is the same). Beyond, neighbours in the order
    of confidence are drawn with their mean: the variance in a group differs by that of its
    confidences alone, which so fine a division makes vanish.

    References
    ----------
    J. Bröcker, L. A. Smith, "Increasing the reliability of reliability diagrams", 2007
    (consistency resampling). J. Vaicenavicius et al., "Evaluating model calibration in
    classification", 2019.
    """
    sure = np.asarray(confidence, dtype=np.float64).clip(0.0, 1.0)
    hits = np.asarray(right, dtype=np.float64)
    same_length("confidence", len(sure), "right", len(hits))
    of_image = equal_mass_bins(sure, N_GROUPS)
    n_images = np.bincount(of_image, minlength=N_GROUPS)
    group = np.flatnonzero(n_images)
    size = n_images[group]
    claimed, n_right = (
        np.bincount(of_image, weights=values, minlength=N_GROUPS)[group].astype(np.float64)
        for values in (sure, hits)
    )
    rate = (claimed / size).clip(0.0, 1.0)
    drawn = np.random.default_rng(seed).binomial(size, rate, (n_resamples, len(group)))
    return Claims(group, size, n_right.astype(np.int64), claimed, drawn)


def reliability(of: Claims, n_bins: int = N_BINS) -> Floats:
    """Return the reliability diagram as `calibration.reliability_of`.

    Raises
    ------
    InvalidInput
        If `n_bins` does not divide 1,200.
    """
    begins = _begins(of, n_bins)
    n_images = np.add.reduceat(of.n_images, begins)
    sums = [np.add.reduceat(values, begins) for values in (of.claimed, of.n_right)]
    return np.stack([n_images, *(values / n_images for values in sums)], axis=1)


def noise_floor(of: Claims, n_bins: int = N_BINS, *, level: float = 0.95) -> NoiseFloor:
    """Return what a perfectly calibrated model would show on these images.

    Parameters
    ----------
    of : Claims
    n_bins : int
        Bins of (nearly) equally many images.
    level : float
        Of the quantiles `high` and `gap`.

    Raises
    ------
    InvalidInput
        If `n_bins` does not divide 1,200.
    """
    found = calibration_error(reliability(of, n_bins))
    n_images = int(of.n_images.sum())
    off = np.add.reduceat(of.drawn - of.claimed, _begins(of, n_bins), axis=1)
    errors = np.abs(off).sum(axis=1) / n_images
    as_large = int((errors >= found - 1e-12).sum())  # the same sums, in another order
    return NoiseFloor(
        float(errors.mean()),
        float(np.quantile(errors, level_share(level))),
        (1 + as_large) / (1 + len(errors)),
        float(np.quantile(np.abs(off.sum(axis=1)), level) / n_images),
    )


def _begins(of: Claims, n_bins: int) -> Ints:
    """Return at which of the groups each bin begins that holds images."""
    if n_bins < 1 or N_GROUPS % n_bins:
        raise InvalidInput(
            t("bins are made of whole groups"),
            expected=t("a number that divides {n:,}", n=N_GROUPS),
            received=str(n_bins),
        )
    return np.flatnonzero(np.diff(of.group * n_bins // N_GROUPS, prepend=-1))
