"""A threshold with a guarantee: "of what is answered without a person, at most 5 % is wrong".

Learn then test: thresholds are put into an order by one set of images, then tested in that order on
another, by an exact binomial bound, until one fails. The order owes nothing to the images of the
test, so that all tests together err with the probability that was promised for one.

References
----------
A. Angelopoulos, S. Bates, E. Candes, M. Jordan and L. Lei, "Learn then test: calibrating predictive
algorithms to achieve risk control", 2021 (split fixed sequence testing).
Y. Geifman and R. El-Yaniv, "Selective classification for deep neural networks", 2017.
C. Clopper and E. Pearson, "The use of confidence or fiducial limits illustrated in the case of the
binomial", 1934.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import beta

from core.analysis._checks import Bools, Floats, Ints, same_length
from core.errors import InvalidInput
from core.language import phrase, t

N_GRID = 101  # thresholds that are tried: 0, 0.01, ..., 1
_ERROR = phrase("the largest error is out of range")
_CONFIDENCE = phrase("the confidence is out of range")


@dataclass(frozen=True, slots=True)
class Guarantee:
    """What can be promised, or why nothing can.

    Parameters
    ----------
    threshold : float or None
        Answer without a person where the confidence is at least this; None: nothing is promised.
    max_error, confidence : float
        What was asked for: the error rate in (0, 1) and how sure, in (0, 1).
    n_images : int
        Calibration images.
    n_accepted, n_errors : int
        Of them, those at or above the threshold (of the best one tried, if none holds), and the
        wrong ones among these.
    upper_bound : float
        Of the error rate there, at this confidence; 1.0 without images.
    n_needed : int
        Accepted images without any error that the promise takes at least.
    """

    threshold: float | None
    max_error: float
    confidence: float
    n_images: int
    n_accepted: int
    n_errors: int
    upper_bound: float
    n_needed: int

    @property
    def n_missing(self) -> int:
        """Return how many more accepted images are needed before a promise is possible at all."""
        return max(0, self.n_needed - self.n_accepted)


def upper_bound(n_errors: ArrayLike, n_images: ArrayLike, confidence: float) -> Floats:
    """Return the Clopper-Pearson upper bound of an error rate; 1.0 where there are no images.

    Parameters
    ----------
    n_errors, n_images : array of int, of one shape
    confidence : float in (0, 1)
        The truth is below the bound at least this often.

    Examples
    --------
    >>> upper_bound([0, 1], [59, 59], 0.95).round(4).tolist()
    [0.0495, 0.0779]
    """
    k, n = np.asarray(n_errors, dtype=np.float64), np.asarray(n_images, dtype=np.float64)
    bound = beta.ppf(confidence, k + 1, np.maximum(n - k, 1e-9))
    return np.where(k >= n, 1.0, bound)


def n_needed(max_error: float, confidence: float) -> int:
    """Return how many images without an error it takes to promise this much.

    Examples
    --------
    >>> [n_needed(e, 0.95) for e in (0.05, 0.02, 0.01)]
    [59, 149, 299]
    """
    _check_promise(max_error, confidence)
    return int(np.ceil(np.log1p(-confidence) / np.log1p(-max_error)))


def guarantee(
    tuning: tuple[ArrayLike, ArrayLike],
    calibration: tuple[ArrayLike, ArrayLike],
    max_error: float,
    confidence: float = 0.95,
) -> Guarantee:
    """Return the threshold that answers most and still keeps a promise, or none.

    Parameters
    ----------
    tuning : (confidence, right), arrays of shape (n_tuning,)
        Confidences in [0, 1] and whether the answer is right, of images that decide the order in
        which thresholds are tested; they may have been looked at before.
    calibration : (confidence, right), arrays of shape (n_images,)
        Of images that nothing was chosen on, and that are not chosen on again.
    max_error : float in (0, 1)
        The error rate among answers that must not be exceeded.
    confidence : float in (0, 1)
        How often, over drawings of calibration images, the promise is kept at least.

    Raises
    ------
    InvalidInput
        If a share is out of range, or arrays do not fit.

    Notes
    -----
    The selective error does not fall steadily with the threshold, so bounds for monotone losses
    (conformal risk control) do not apply. Thresholds are tested in the order of how sure the tuning
    images are of each; the first that fails ends it; of those that held, the lowest is returned,
    which answers most. A threshold moved by hand after looking has no guarantee.
    """
    needed = n_needed(max_error, confidence)
    grid = np.arange(N_GRID) / (N_GRID - 1)
    tuned, counted = _counts(*tuning, grid), _counts(*calibration, grid)
    bounds = upper_bound(counted[1], counted[0], confidence)
    order = _order(*tuned, max_error)
    held: list[int] = []
    for at in order:
        if bounds[at] > max_error:
            break
        held.append(int(at))
    best = min(held) if held else int(order[0]) if len(order) else 0
    return Guarantee(
        threshold=float(grid[best]) if held else None,
        max_error=max_error,
        confidence=confidence,
        n_images=len(np.asarray(calibration[0])),
        n_accepted=int(counted[0][best]),
        n_errors=int(counted[1][best]),
        upper_bound=float(bounds[best]),
        n_needed=needed,
    )


def _order(n_accepted: Ints, n_errors: Ints, max_error: float) -> Ints:
    """Return positions of the grid, that which is most surely below `max_error` first.

    The measure is the binomial tail: how seldom so few errors would be seen if the rate were
    `max_error`. Thresholds that accept the same images are one: the highest.
    """
    from scipy.stats import binom

    last = np.flatnonzero(np.diff(n_accepted, append=-1))
    tail = binom.cdf(n_errors[last], n_accepted[last], max_error)
    return np.asarray(last[np.argsort(tail, kind="stable")])


def _counts(confidence: ArrayLike, right: ArrayLike, grid: Floats) -> tuple[Ints, Ints]:
    """Return how many images each threshold accepts, and how many of them are wrong."""
    sure = np.asarray(confidence, dtype=np.float64)
    good: Bools = np.asarray(right, dtype=np.bool_)
    same_length("confidence", len(sure), "right", len(good))
    if sure.ndim != 1 or (sure.size and not (sure.min() >= 0 and sure.max() <= 1 + 1e-6)):
        raise InvalidInput(
            t("a confidence is no share"), expected=t("numbers in [0, 1], one an image")
        )
    at = np.searchsorted(grid, sure, side="right") - 1  # highest threshold that accepts it
    n = np.bincount(at, minlength=len(grid))[::-1].cumsum()[::-1]
    wrong = np.bincount(at[~good], minlength=len(grid))[::-1].cumsum()[::-1]
    return n, wrong


def _check_promise(max_error: float, confidence: float) -> None:
    for what, share in ((_ERROR, max_error), (_CONFIDENCE, confidence)):
        if not 0.0 < share < 1.0:
            raise InvalidInput(t(what), expected=t("a share in (0, 1)"), received=str(share))
