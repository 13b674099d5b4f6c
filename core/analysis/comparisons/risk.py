"""What is left of the errors when a model keeps only the images that it is surest of.

Images are kept from a threshold on the confidence upwards, so images of equal confidence are kept
or left together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.analysis._checks import Bools, Floats, booleans, same_length
from core.errors import InvalidInput
from core.language import t


class RiskCoverage(NamedTuple):
    """One entry a threshold, the highest first: from the surest images alone to all of them."""

    threshold: Floats  # images of this confidence and above are kept
    coverage: Floats  # share of images kept, ascending; the last is 1
    selective_risk: Floats  # share of wrong answers among the images kept
    generalized_risk: Floats  # wrong answers kept, as a share of all images


def risk_coverage(confidence: ArrayLike, right: ArrayLike) -> RiskCoverage:
    """Return selective and generalized risk at every coverage that a threshold can give.

    Parameters
    ----------
    confidence : array of float, shape (n_images,)
        How sure the model is of each answer; any score that orders images will do.
    right : array of bool, shape (n_images,)
        Whether each answer is right.

    Returns
    -------
    RiskCoverage
        Arrays of shape (n_thresholds,), one entry a distinct confidence.

    Raises
    ------
    InvalidInput
        Without images, when the lengths differ, or where a confidence is not finite.

    Notes
    -----
    Coverage 0 is left out: of no images there is no selective risk. Generalized risk is 0 there.

    References
    ----------
    Y. Geifman, R. El-Yaniv, "Selective classification for deep neural networks", 2017.
    J. Traub, T. Bungert, C. Lüth, M. Baumgartner, K. Maier-Hein, L. Maier-Hein, P. Jäger,
    "Overcoming common flaws in the evaluation of selective classification systems", 2024.

    Examples
    --------
    >>> curve = risk_coverage([0.9, 0.8, 0.8, 0.5], [True, True, False, False])
    >>> curve.coverage.tolist(), curve.generalized_risk.tolist()
    ([0.25, 0.75, 1.0], [0.0, 0.25, 0.5])
    """
    score, is_right = scored(confidence, right)
    threshold, n_at = np.unique(score, return_counts=True)
    n_wrong_at = np.bincount(np.searchsorted(threshold, score[~is_right]), minlength=len(threshold))
    n_kept, n_wrong = np.cumsum(n_at[::-1]), np.cumsum(n_wrong_at[::-1])
    return RiskCoverage(
        threshold[::-1], n_kept / len(score), n_wrong / n_kept, n_wrong / len(score)
    )


def augrc(confidence: ArrayLike, right: ArrayLike) -> float:
    """Return the area under the generalized risk over coverage, by the trapezoid rule.

    Returns
    -------
    float in [0, 0.5]
        Chance of meeting an undetected error: that an image is wrong, and surer than another one
        drawn at random. Lower is better.

    Raises
    ------
    InvalidInput
        Without images, when the lengths differ, or where a confidence is not finite.

    Notes
    -----
    The curve begins at (0, 0). Images of equal confidence lie on one straight piece, so their
    order does not matter.

    References
    ----------
    J. Traub et al., "Overcoming common flaws in the evaluation of selective classification
    systems", 2024.

    Examples
    --------
    >>> augrc([0.9, 0.8, 0.7, 0.6], [True, True, True, False])
    0.03125
    >>> augrc([0.9, 0.8, 0.7, 0.6], [False, True, True, True])
    0.21875
    """
    return area(risk_coverage(confidence, right))


def area(curve: RiskCoverage) -> float:
    """Return the AUGRC of a curve, from coverage 0 to 1."""
    return float(np.trapezoid(from_zero(curve.generalized_risk), from_zero(curve.coverage)))


def from_zero(values: Floats) -> Floats:
    """Return the values with a 0 before them: what is kept when nothing is."""
    return np.append(0.0, values)


def e_augrc(confidence: ArrayLike, right: ArrayLike) -> float:
    """Return AUGRC less what it would be if every wrong answer were less sure than every right one.

    Returns
    -------
    float in [0, 0.5]
        0: the order of confidence is perfect. Accuracy as such plays no part.

    Raises
    ------
    InvalidInput
        As `augrc`.

    References
    ----------
    J. Traub et al., "Overcoming common flaws in the evaluation of selective classification
    systems", 2024: the optimum is e^2 / 2 for a share e of wrong answers.
    """
    wrong = 1.0 - float(booleans(right, "right").mean()) if np.size(right) else 0.0
    return max(0.0, augrc(confidence, right) - wrong * wrong / 2.0)  # below 0 only by rounding


def scored(confidence: ArrayLike, right: ArrayLike) -> tuple[NDArray[np.floating], Bools]:
    """Return checked confidences, float (n_images,), and whether each answer is right.

    Raises
    ------
    InvalidInput
        Without images, when the lengths differ, or where a confidence is not finite.
    """
    score = np.asarray(confidence)
    if score.dtype.kind != "f":  # float32 stays: it is sorted faster
        score = score.astype(np.float64)
    is_right = booleans(right, "right")
    if score.ndim != 1 or not np.isfinite(score).all():
        raise InvalidInput(
            t("confidence must be one number an image"),
            expected=t("a 1-D array of finite numbers"),
            received=t("shape {shape}", shape=str(score.shape)),
        )
    same_length("confidence", len(score), "right", len(is_right))
    if len(score) == 0:
        raise InvalidInput(t("there are no images to measure"), expected=t("at least one image"))
    return score, is_right
