"""Does a confidence of 0.8 mean right in 80 % of cases? Measure it, and correct it.

A threshold on the confidence means the same for two models only after each is calibrated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.stats import rankdata

from core.analysis._checks import Floats, Ints, class_indices, probabilities, same_length
from core.errors import InvalidInput
from core.language import t

TEMPERATURE_RANGE = (0.05, 20.0)  # all right asks for 0, no better than chance for infinity
N_BINS = 15  # Guo et al. 2017
_SMALLEST_PROBABILITY = 1e-30  # float32 softmax outputs underflow to 0; their logarithm must not


def fit_temperature(probs: ArrayLike, y: ArrayLike) -> float:
    """Return the temperature that makes these probabilities fit the true classes best.

    Parameters
    ----------
    probs : array of float, shape (n_images, n_classes)
        Probabilities on the validation split, not the one the model was trained on.
    y : array of int, shape (n_images,)
        True classes.

    Returns
    -------
    float in `TEMPERATURE_RANGE`
        Above 1 the model was too sure of itself, below 1 too shy. 1.0 without images.

    Notes
    -----
    Minimises the negative log-likelihood of softmax(ln(p) / T); ln(p) are the logits up to a
    constant, so stored probabilities are enough. The likelihood is concave in 1/T, so there is
    one optimum; where all images are right it lies at 0 and the range's end is returned.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern neural networks", 2017.
    """
    P = probabilities(probs)
    truth = class_indices(y, P.shape[1], "y")
    same_length("probs", len(P), "y", len(truth))
    if len(P) == 0 or P.shape[1] == 1:
        return 1.0
    logits = _logits(P)
    relative = logits - logits[np.arange(len(P)), truth][:, None]  # (n_images, n_classes)
    top = relative.max(axis=1)

    def loss(log_temperature: float) -> float:
        scale = np.exp(-log_temperature)
        spread = np.exp((relative - top[:, None]) * scale).sum(axis=1)
        return float(np.mean(np.log(spread) + top * scale))

    low, high = np.log(TEMPERATURE_RANGE)
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def apply_temperature(probs: ArrayLike, temperature: float) -> Floats:
    """Return softmax(ln(p) / T): the same ranking of classes, corrected confidence.

    Returns
    -------
    array of float64, shape (n_images, n_classes)

    Raises
    ------
    InvalidInput
        When the temperature is not a positive number.

    Notes
    -----
    T = 1 changes nothing but rounding. The predicted class never changes.
    """
    if not (np.isfinite(temperature) and temperature > 0):
        raise InvalidInput(
            t("temperature is out of range"),
            expected=t("a number above 0"),
            received=str(temperature),
        )
    logits = _logits(probabilities(probs)) / temperature
    if logits.size == 0:
        return logits
    spread = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(spread / spread.sum(axis=1, keepdims=True))


def expected_calibration_error(probs: ArrayLike, y: ArrayLike, n_bins: int = N_BINS) -> float:
    """Return the mean gap between confidence and accuracy over equal-mass bins, a share.

    Parameters
    ----------
    probs : array of float, shape (n_images, n_classes)
    y : array of int, shape (n_images,)
    n_bins : int
        Bins of (nearly) equally many images, by rank of confidence.

    Notes
    -----
    Images of equal confidence share a bin, so the order of images does not matter. With few
    images a perfectly calibrated model does not reach 0: there is a noise floor.

    References
    ----------
    M. P. Naeini, G. Cooper, M. Hauskrecht, "Obtaining well calibrated probabilities using
    Bayesian binning", 2015. K. Nguyen, B. O'Connor, "Posterior calibration and exploratory
    analysis for natural language processing models", 2015 (equal-mass bins).
    """
    return calibration_error(reliability(probs, y, n_bins))


def reliability(probs: ArrayLike, y: ArrayLike, n_bins: int = N_BINS) -> Floats:
    """Return the reliability diagram of some probabilities; see `reliability_of`."""
    P = probabilities(probs)
    truth = class_indices(y, P.shape[1], "y")
    same_length("probs", len(P), "y", len(truth))
    return reliability_of(P.max(axis=1), P.argmax(axis=1) == truth, n_bins)


def reliability_of(confidence: ArrayLike, right: ArrayLike, n_bins: int = N_BINS) -> Floats:
    """Return the reliability diagram: one row a non-empty bin, least confident first.

    Parameters
    ----------
    confidence : array of float, shape (n_images,)
        Probability of the predicted class.
    right : array of bool, shape (n_images,)
        Whether it is the true one.

    Returns
    -------
    array of float64, shape (at most n_bins, 3)
        Number of images, mean confidence, accuracy.

    Raises
    ------
    InvalidInput
        Without images, or with fewer than one bin.
    """
    sure, hits = (np.asarray(values, dtype=np.float64) for values in (confidence, right))
    same_length("confidence", len(sure), "right", len(hits))
    bins = equal_mass_bins(sure, n_bins)
    n_images = np.bincount(bins, minlength=n_bins)
    used = n_images > 0
    sums = [np.bincount(bins, weights=w, minlength=n_bins) for w in (sure, hits)]
    columns = [n_images[used], *(s[used] / n_images[used] for s in sums)]
    return np.stack(columns, axis=1).astype(np.float64)


def calibration_error(table: Floats) -> float:
    """Return the calibration error of a reliability diagram, a share."""
    n_images, confidence, right = table.T
    return float(np.sum(np.abs(right - confidence) * n_images) / n_images.sum())


def equal_mass_bins(values: ArrayLike, n_bins: int) -> Ints:
    """Return the bin of each image, by rank: (nearly) equally many in each, least value first.

    Returns
    -------
    array of int64, shape (n_images,), in [0, n_bins)
        Equal values share a bin; then there may be bins without images.

    Raises
    ------
    InvalidInput
        Without images, or with fewer than one bin.
    """
    array = np.asarray(values, dtype=np.float64)
    if len(array) == 0 or n_bins < 1:
        raise InvalidInput(
            t("there is nothing to measure"), expected=t("at least one image and one bin")
        )
    rank = (rankdata(array, method="average") - 0.5) / len(array)  # in (0, 1)
    return np.minimum((rank * n_bins).astype(np.int64), n_bins - 1)


def _logits(probs: Floats) -> Floats:
    """Return ln(p) as float64; exact zeros become very small instead of minus infinity."""
    return np.asarray(np.log(probs.astype(np.float64).clip(_SMALLEST_PROBABILITY, None)))
