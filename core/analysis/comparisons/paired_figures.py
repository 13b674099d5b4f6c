"""Differences of two models' figures on the same images, with paired bootstrap intervals.

Images with the same true class and the same two answers are alike to every figure of a confusion
matrix. So resampling images is drawing the counts of these joint cells, and a million images cost
no more than there are cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from core.analysis._checks import Floats, Ints, class_indices, level_share, same_length
from core.errors import InvalidInput
from core.language import t

FIGURES = ("accuracy", "balanced_accuracy", "macro_f1", "kappa", "bits", "log_loss")
_SMALLEST_PROBABILITY = float(np.finfo(np.float32).eps)  # as in metrics.log_loss
_MOST_AT_ONCE = 4_000_000  # numbers in one block of resamples: 32 MB
_MOST_DRAWN = 40_000_000  # numbers in all: a few seconds
_FEWEST = 500  # resamples, however many cells


@dataclass(frozen=True, slots=True)
class PairedFigure:
    """One figure of two models on the same images.

    Attributes
    ----------
    a, b : float
        The figure of each model.
    difference : float
        a - b. Of log_loss, lower is better; of all others, higher.
    interval : (float, float) or None
        Low and high; None where the models' answers never differ, since resampling would claim
        certainty.
    """

    a: float
    b: float
    difference: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True, eq=False)
class JointCells:
    """Images counted by (true class, answer of A, answer of B), occupied cells only.

    Attributes
    ----------
    true, a, b : array of int64, shape (n_cells,)
        Classes of each cell.
    n_images : array of int64, shape (n_cells,)
    loss : array of float64, shape (3, n_cells)
        Mean log-loss of A, mean log-loss of B, and variance within the cell of their difference.
    n_classes : int
    """

    true: Ints
    a: Ints
    b: Ints
    n_images: Ints
    loss: Floats
    n_classes: int


def joint_cells(y_true: ArrayLike, probs_a: ArrayLike, probs_b: ArrayLike) -> JointCells:
    """Count images by true class and both answers.

    Parameters
    ----------
    y_true : array of int, shape (n_images,)
    probs_a, probs_b : array of float, shape (n_images, n_classes)
        Calibrated probabilities; an answer is the largest, a tie goes to the first class.

    Raises
    ------
    InvalidInput
        Without images, or when the shapes do not fit.
    """
    P, Q = np.asarray(probs_a), np.asarray(probs_b)
    if P.ndim != 2 or P.shape != Q.shape or not len(P):
        raise InvalidInput(
            t("both models must have answered the same images and classes"),
            expected=t("two tables of probabilities of one shape, with at least one image"),
            received=t("{a} and {b}", a=str(P.shape), b=str(Q.shape)),
        )
    k = P.shape[1]
    y = class_indices(y_true, k, "y_true")
    same_length("y_true", len(y), "probs_a", len(P))
    cell, where, n = np.unique(
        (y * k + P.argmax(axis=1)) * k + Q.argmax(axis=1), return_inverse=True, return_counts=True
    )
    rows = np.arange(len(y))
    losses = [-np.log(R[rows, y].astype(np.float64).clip(_SMALLEST_PROBABILITY, 1)) for R in (P, Q)]
    means = [np.bincount(where, loss) / n for loss in losses]
    off = losses[0] - losses[1] - (means[0] - means[1])[where]
    loss = np.stack([*means, np.bincount(where, off * off) / n])
    return JointCells(cell // (k * k), cell // k % k, cell % k, n, loss, k)


def paired_figures(
    cells: JointCells, *, level: float = 0.95, n_resamples: int = 2_000, seed: int = 0
) -> dict[str, PairedFigure]:
    """Return every figure of `FIGURES` for two models, their differences and intervals.

    Parameters
    ----------
    cells : JointCells
        From `joint_cells`.
    level : float in (0, 1)
    n_resamples, seed : int
        Beyond some 20,000 cells (100 classes) fewer are drawn, down to 500: seconds, not minutes.

    Returns
    -------
    dict of str to PairedFigure
        In the order of `FIGURES`; bits in bits, log_loss in nats, the others shares.

    Notes
    -----
    The counts of the joint cells are drawn from one multinomial, which is what resampling images
    gives. The summed log-loss of a cell's images is drawn from the normal distribution that has
    the mean and the variance of that sum: those images differ in log-loss only.
    Intervals are percentiles, except for bits: the plug-in estimate is biased upwards by about as
    much in a resample as in the sample, so its interval is the basic one, 2 estimate - percentile,
    which takes the bias off.

    References
    ----------
    B. Efron, R. Tibshirani, "An introduction to the bootstrap", 1993. A. C. Davison, D. V. Hinkley,
    "Bootstrap methods and their application", 1997, section 5.2 (basic and percentile intervals).
    """
    n = cells.n_images[None, :]
    own = {side: {k: v[0] for k, v in _figures(cells, n, side).items()} for side in ("a", "b")}
    drawn = _resampled(cells, n_resamples, np.random.default_rng(seed))
    tail = (1.0 - level_share(level)) / 2.0
    found = {}
    for name in FIGURES:
        a, b = float(own["a"][name]), float(own["b"][name])
        low, high = np.quantile(drawn[name], [tail, 1.0 - tail])
        if name == "bits":
            low, high = 2.0 * (a - b) - high, 2.0 * (a - b) - low
        alike = not drawn[name].any()
        found[name] = PairedFigure(a, b, a - b, None if alike else (float(low), float(high)))
    return found


def _resampled(
    cells: JointCells, n_resamples: int, rng: np.random.Generator
) -> Mapping[str, Floats]:
    """Return resampled differences of each figure, (n_resamples,) each."""
    n_images = int(cells.n_images.sum())
    widest = max(len(cells.n_images), cells.n_classes**2)
    step = max(1, _MOST_AT_ONCE // widest)
    n_resamples = min(n_resamples, max(_FEWEST, _MOST_DRAWN // widest))
    blocks = []
    for begin in range(0, n_resamples, step):
        size = min(step, n_resamples - begin)
        n = rng.multinomial(n_images, cells.n_images / n_images, size=size)
        a, b = _figures(cells, n, "a"), _figures(cells, n, "b")
        block = {name: a[name] - b[name] for name in FIGURES}
        spread = np.sqrt(n @ cells.loss[2]) / n_images
        block["log_loss"] = block["log_loss"] + spread * rng.standard_normal(size)
        blocks.append(block)
    return {name: np.concatenate([block[name] for block in blocks]) for name in FIGURES}


def _figures(cells: JointCells, n: NDArray[np.int64], side: str) -> dict[str, Floats]:
    """Return the figures of one model for many counts of the cells, (n_resamples,) each."""
    k = cells.n_classes
    answer, loss = (cells.a, cells.loss[0]) if side == "a" else (cells.b, cells.loss[1])
    into = csr_array(
        (np.ones(len(answer)), (cells.true * k + answer, np.arange(len(answer)))),
        shape=(k * k, len(answer)),
    )
    C = (into @ n.T.astype(np.float64)).T.reshape(-1, k, k)
    return {**of_matrices(C), "log_loss": n @ loss / n.sum(axis=1)}


def of_matrices(confusions: ArrayLike) -> dict[str, Floats]:
    """Return what `metrics` says of many confusion matrices at once, without a loop over them.

    Parameters
    ----------
    confusions : array, shape (n_matrices, n_classes, n_classes)
        Row = true, column = predicted; each with at least one image.

    Returns
    -------
    dict of str to array of float64, shape (n_matrices,)
        accuracy, balanced_accuracy, macro_f1, kappa, bits; defined as in `metrics`.
    """
    C = np.asarray(confusions, dtype=np.float64)
    n = C.sum(axis=(1, 2))
    right = np.einsum("rkk->rk", C)
    true, said = C.sum(axis=2), C.sum(axis=1)
    accuracy = right.sum(axis=1) / n
    chance = (true * said).sum(axis=1) / n**2
    only_one = chance >= 1.0 - 1e-12
    kappa = np.where(only_one, 0.0, (accuracy - chance) / np.where(only_one, 1.0, 1.0 - chance))
    entropy = _plogp(true / n[:, None]) + _plogp(said / n[:, None])
    joint = _plogp((C / n[:, None, None]).reshape(len(C), -1))
    return {
        "accuracy": accuracy,
        "balanced_accuracy": _mean_over(right, true),
        "macro_f1": _mean_over(2.0 * right, true + said),
        "kappa": kappa,
        "bits": np.maximum(0.0, joint - entropy),
    }


def _mean_over(part: Floats, whole: Floats) -> Floats:
    """Return the mean of part / whole over the classes with any, (n_matrices,)."""
    occurs = whole > 0
    shares = np.divide(part, whole, out=np.zeros_like(part), where=occurs)
    return np.asarray(shares.sum(axis=1) / occurs.sum(axis=1))


def _plogp(shares: Floats) -> Floats:
    """Return the sum of p log2 p of each row, 0 log 0 = 0."""
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray((shares * logs).sum(axis=1))
