"""How good are these answers? Confusion matrices and what follows from them.

Every confusion matrix here has row = true class, column = predicted class.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from core.analysis._checks import (
    Floats,
    Ints,
    class_indices,
    level_share,
    probabilities,
    same_length,
    some_images,
)
from core.analysis.calibration import expected_calibration_error
from core.errors import InvalidInput
from core.language import t

# Stored probabilities are float32: an exact 0 there means "below this", not "impossible".
_SMALLEST_PROBABILITY = float(np.finfo(np.float32).eps)
MOST_LOSS = -math.log(_SMALLEST_PROBABILITY)  # nats


def confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike, n_classes: int) -> Ints:
    """Count images by true class (row) and predicted class (column).

    Parameters
    ----------
    y_true, y_pred : array of int, shape (n_images,)
        Class numbers in [0, n_classes).
    n_classes : int
        Number of classes, also of those that do not occur.

    Returns
    -------
    array of int64, shape (n_classes, n_classes)

    Raises
    ------
    InvalidInput
        When a class number is out of range or the lengths differ.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1], [0, 1, 1], 2).tolist()
    [[1, 1], [0, 1]]
    """
    true = class_indices(y_true, n_classes, "y_true")
    pred = class_indices(y_pred, n_classes, "y_pred")
    same_length("y_true", len(true), "y_pred", len(pred))
    cells = np.bincount(true * n_classes + pred, minlength=n_classes * n_classes)
    return cells.reshape(n_classes, n_classes).astype(np.int64, copy=False)


def accuracy(confusion: ArrayLike) -> float:
    """Return the share of images on the diagonal."""
    C = some_images(confusion)
    return float(np.trace(C) / C.sum())


def balanced_accuracy(confusion: ArrayLike) -> float:
    """Return the mean recall over the classes that occur as true classes."""
    C = some_images(confusion)
    n_true = C.sum(axis=1)
    occurs = n_true > 0
    return float(np.mean(np.diag(C)[occurs] / n_true[occurs]))


def macro_f1(confusion: ArrayLike) -> float:
    """Return the mean F1 over the classes that occur as true or as predicted."""
    C = some_images(confusion)
    total = C.sum(axis=0) + C.sum(axis=1)
    occurs = total > 0
    return float(np.mean(2.0 * np.diag(C)[occurs] / total[occurs]))


def kappa(confusion: ArrayLike) -> float:
    """Return Cohen's kappa: agreement beyond what the two margins give by chance.

    Returns
    -------
    float in [-1, 1]

    Notes
    -----
    With one class only, both true and predicted, chance agreement is 1 and kappa is undefined;
    0 is returned: nothing beyond chance has been shown. Show kappa, never optimise it over
    class maps: it can rise while information is destroyed.

    References
    ----------
    J. Cohen, "A coefficient of agreement for nominal scales", 1960.
    """
    C = some_images(confusion) / np.sum(np.asarray(confusion, dtype=np.float64))
    by_chance = float(C.sum(axis=1) @ C.sum(axis=0))
    if by_chance >= 1.0 - 1e-12:
        return 0.0
    return float((np.trace(C) - by_chance) / (1.0 - by_chance))


def mutual_information_bits(confusion: ArrayLike) -> float:
    """Return I(true; predicted) of the joint table, in bits.

    Notes
    -----
    By the data-processing inequality, merging classes after the fact never raises it. This is
    the plug-in estimate: small cells bias it upwards.

    References
    ----------
    C. E. Shannon, "A mathematical theory of communication", 1948.
    """
    joint = some_images(confusion)
    joint = joint / joint.sum()
    independent = joint.sum(axis=1, keepdims=True) @ joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    return max(0.0, float(np.sum(joint[seen] * np.log2(joint[seen] / independent[seen]))))


def chance_accuracy(confusion: ArrayLike) -> float:
    """Return sum p_k^2: the accuracy of guessing with the true classes' own shares."""
    return float(np.sum(_true_shares(confusion) ** 2))


def wilson_interval(k: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval for a share of `k` out of `n` images.

    Notes
    -----
    It never leaves [0, 1] and keeps close to its level for small `n` and shares near 0 or 1,
    where the usual plus-minus interval fails. n = 0 gives (0, 1): nothing is known.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    L. Brown, T. Cai, A. DasGupta, "Interval estimation for a binomial proportion", 2001.

    Examples
    --------
    >>> [round(x, 4) for x in wilson_interval(8, 10)]
    [0.4902, 0.9433]
    """
    low, high = wilson_intervals(np.array([k], dtype=np.float64), n, level)[0]
    return float(low), float(high)


def wilson_intervals(k: ArrayLike, n: float, level: float = 0.95) -> Floats:
    """Return `wilson_interval` for many counts out of the same `n`: (n_counts, 2).

    Raises
    ------
    InvalidInput
        When a count is negative or above `n`, or the level is not in (0, 1).
    """
    z = float(norm.ppf(0.5 + level_share(level) / 2.0))
    counts = np.asarray(k, dtype=np.float64)
    if n < 0 or (counts.size and not (counts.min() >= 0 and counts.max() <= n)):
        raise InvalidInput(
            t("a count is not among its images"), expected=t("numbers in [0, {n}]", n=n)
        )
    if n == 0:
        return np.tile([0.0, 1.0], (counts.size, 1))
    share = counts / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = np.where(counts == 0, 0.0, centre - half)  # exactly, not up to rounding
    high = np.where(counts == n, 1.0, centre + half)
    return np.stack([low.clip(0.0, 1.0), high.clip(0.0, 1.0)], axis=1)


def log_loss(y_true: ArrayLike, probs: ArrayLike) -> float:
    """Return the mean of -ln p(true class), in nats; p is not taken below float32's epsilon.

    Raises
    ------
    InvalidInput
        Without images, or when shapes do not fit.
    """
    P = probabilities(probs)
    y = class_indices(y_true, P.shape[1], "y_true")
    same_length("y_true", len(y), "probs", len(P))
    if len(y) == 0:
        raise InvalidInput(t("there are no images to measure"), expected=t("at least one image"))
    return float(losses(y, P).mean())


def losses(y: Ints, probs: Floats) -> Floats:
    """Return -ln p(true class) of each image, in nats and at most `MOST_LOSS`: (n_images,)."""
    of_truth = probs[np.arange(len(y)), y].astype(np.float64)
    return np.asarray(-np.log(of_truth.clip(_SMALLEST_PROBABILITY, 1.0)))


def from_confusion(confusion: ArrayLike, *, level: float = 0.95) -> dict[str, Any]:
    """Return every figure of `summary` that a confusion matrix alone can give.

    Returns
    -------
    dict
        n_images, accuracy, accuracy_ci [low, high], balanced_accuracy, macro_f1, kappa, bits,
        chance; all plain Python numbers, fit for JSON.
    """
    C = some_images(confusion)
    n = round(float(C.sum()))
    return {
        "n_images": n,
        "accuracy": accuracy(C),
        "accuracy_ci": list(wilson_interval(float(np.trace(C)), n, level)),
        "balanced_accuracy": balanced_accuracy(C),
        "macro_f1": macro_f1(C),
        "kappa": kappa(C),
        "bits": mutual_information_bits(C),
        "chance": chance_accuracy(C),
    }


def summary(y_true: ArrayLike, probs: ArrayLike, *, level: float = 0.95) -> dict[str, Any]:
    """Return the figures of one model on one split, as a run records them.

    Parameters
    ----------
    y_true : array of int, shape (n_images,)
    probs : array of float, shape (n_images, n_classes)
        Calibrated probabilities. The prediction is the largest; a tie goes to the first class.

    Returns
    -------
    dict
        Those of `from_confusion`, and log_loss (nats) and ece (share).

    Raises
    ------
    InvalidInput
        Without images, with NaN rows, or when shapes do not fit.
    """
    P = probabilities(probs)
    C = confusion_matrix(y_true, P.argmax(axis=1), P.shape[1])
    figures = from_confusion(C, level=level)
    return {
        **figures,
        "log_loss": log_loss(y_true, P),
        "ece": expected_calibration_error(P, y_true),
    }


def _true_shares(confusion: ArrayLike) -> Floats:
    """Return p_k, the share of each true class: (n_classes,)."""
    C = some_images(confusion)
    return np.asarray(C.sum(axis=1) / C.sum())
