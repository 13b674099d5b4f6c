"""Every figure of one model on one question, each with its interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from core.analysis import metrics
from core.analysis._checks import class_indices, probabilities, same_length
from core.analysis.comparisons.bits_interval import bits_estimate
from core.analysis.comparisons.calibration_interval import ece_estimate
from core.analysis.comparisons.intervals import Estimate, augrc_interval, mean_interval
from core.analysis.comparisons.matrix_intervals import matrix_estimates
from core.errors import InvalidInput
from core.language import t

FIGURES = (
    *("accuracy", "balanced_accuracy", "macro_f1", "kappa", "bits"),
    *("log_loss", "ece", "augrc"),
)


def estimates(y_true: ArrayLike, probs: ArrayLike, *, level: float = 0.95) -> dict[str, Estimate]:
    """Return the `FIGURES` of one model on one split.

    Parameters
    ----------
    y_true : array of int, shape (n_images,)
    probs : array of float, shape (n_images, n_classes)
        Calibrated probabilities. The prediction is the largest; a tie goes to the first class.

    Returns
    -------
    dict of name to Estimate
        Values equal those of `metrics.summary`. Intervals are of the true figures: those of bits
        and ece take the bias of few images off, and may lie below the values.

    Raises
    ------
    InvalidInput
        Without images, with NaN rows, or when shapes do not fit.
    """
    P = probabilities(probs)
    y = class_indices(y_true, P.shape[1], "y_true")
    same_length("y_true", len(y), "probs", len(P))
    if len(y) == 0:
        raise InvalidInput(t("there are no images to measure"), expected=t("at least one image"))
    predicted = P.argmax(axis=1)
    C = metrics.confusion_matrix(y, predicted, P.shape[1])
    loss = mean_interval(metrics.losses(y, P), level=level)
    found = {
        **matrix_estimates(C, level=level),
        "bits": bits_estimate(C, level=level),
        "log_loss": Estimate(loss.value, max(loss.low, 0.0), min(loss.high, metrics.MOST_LOSS)),
        "ece": ece_estimate(P, y, level=level),
        "augrc": augrc_interval(P[np.arange(len(P)), predicted], predicted == y, level=level),
    }
    return {name: Estimate(*map(float, estimate)) for name, estimate in found.items()}
