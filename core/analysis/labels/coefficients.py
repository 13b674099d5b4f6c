"""Coefficients of agreement beyond chance: Krippendorff's alpha, Fleiss' and Cohen's kappa.

Each is 1 for perfect agreement and 0 for what chance would do; NaN where it is undefined: nobody
shares an image, or everybody used one class only, so that agreeing was no feat. Each follows from
sums over images (`*_sums`, one row an image) by a formula (`*_of`) that takes many such sums at
once, which is what a bootstrap over images needs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import Floats, Ints, class_indices, same_length
from core.analysis.labels.votes import check_votes, count_votes
from core.errors import InvalidInput
from core.language import t


def krippendorff_alpha(votes: ArrayLike, n_classes: int) -> float:
    """Return Krippendorff's alpha for nominal classes; who saw what may differ.

    Parameters
    ----------
    votes : array of int, shape (n_images, n_reviewers)
        -1 where somebody did not say anything. Images with fewer than two votes do not count.

    Returns
    -------
    float, at most 1
        NaN where it is undefined.

    References
    ----------
    K. Krippendorff, "Computing Krippendorff's alpha-reliability", 2011, section D.

    Examples
    --------
    >>> round(krippendorff_alpha([[0, 1], [1, 1], [0, 1], [0, 0], [0, 0],
    ...     [0, 1], [0, 0], [0, 0], [1, 0], [0, 0]], 2), 3)
    0.095
    """
    counts = shared(count_votes(check_votes(votes, n_classes), n_classes))
    return float(alpha_of(alpha_sums(counts).sum(axis=0, keepdims=True))[0])


def fleiss_kappa(counts: ArrayLike) -> float:
    """Return Fleiss' kappa from how often each image was given each class.

    Parameters
    ----------
    counts : array of int, shape (n_images, n_classes)
        Images with fewer than two votes do not count. Their number may differ from image to image:
        every image then weighs the same. With one number for all this is Fleiss' own formula.

    Raises
    ------
    InvalidInput
        If this is no table of counts.

    References
    ----------
    J. L. Fleiss, "Measuring nominal scale agreement among many raters", 1971.
    K. L. Gwet, "Handbook of inter-rater reliability", 4th edition, 2014, for differing numbers.
    """
    table = np.asarray(counts)
    if table.ndim != 2 or table.dtype.kind not in "iu" or (table.size and table.min() < 0):
        raise InvalidInput(
            t("counts must say how often each image was given each class"),
            expected=t("whole numbers from 0 on, shape (n_images, n_classes)"),
            received=t("shape {shape} of {dtype}", shape=table.shape, dtype=table.dtype),
        )
    return float(fleiss_of(fleiss_sums(table).sum(axis=0, keepdims=True))[0])


def cohen_kappa(a: ArrayLike, b: ArrayLike, n_classes: int) -> float:
    """Return Cohen's kappa of two people on the same images.

    Parameters
    ----------
    a, b : array of int, shape (n_images,)
        The class each gave each image.

    References
    ----------
    J. Cohen, "A coefficient of agreement for nominal scales", 1960.

    Examples
    --------
    >>> a, b = [0] * 25 + [1] * 25, [0] * 20 + [1] * 5 + [0] * 10 + [1] * 15
    >>> round(cohen_kappa(a, b, 2), 3)
    0.4
    """
    first, second = class_indices(a, n_classes, "a"), class_indices(b, n_classes, "b")
    same_length("a", len(first), "b", len(second))
    return float(kappa_of(kappa_sums(first, second, n_classes).sum(axis=0, keepdims=True))[0])


def shared(counts: Ints) -> Ints:
    """Return the rows with two votes or more."""
    return np.asarray(counts[counts.sum(axis=1) >= 2])


def alpha_sums(counts: Ints) -> Floats:
    """Return per image: its pairs that agree / (votes - 1), then its votes for each class."""
    n_votes = counts.sum(axis=1, keepdims=True)
    agreeing = (counts * (counts - 1)).sum(axis=1, keepdims=True) / np.maximum(n_votes - 1, 1)
    return np.hstack([agreeing, counts.astype(np.float64)])


def alpha_of(total: Floats) -> Floats:
    """Return alpha from sums of `alpha_sums`."""
    of_class = total[:, 1:]
    n = of_class.sum(axis=1)
    observed = 1.0 - ratio(total[:, 0], n)
    expected = 1.0 - ratio((of_class * (of_class - 1)).sum(axis=1), n * (n - 1))
    return 1.0 - ratio(observed, expected)


def fleiss_sums(counts: Ints) -> Floats:
    """Return per image: 1, its share of agreeing pairs, its share of votes for each class."""
    table = shared(counts)
    n = table.sum(axis=1, keepdims=True)
    pairs = (table * (table - 1)).sum(axis=1, keepdims=True) / (n * (n - 1))
    return np.hstack([np.ones_like(pairs), pairs, table / n])


def fleiss_of(total: Floats) -> Floats:
    """Return Fleiss' kappa from sums of `fleiss_sums`."""
    shares = ratio(total[:, 2:], total[:, :1])
    expected = (shares**2).sum(axis=1)
    return ratio(ratio(total[:, 1], total[:, 0]) - expected, 1.0 - expected)


def kappa_sums(first: Ints, second: Ints, n_classes: int) -> Floats:
    """Return per image: 1, whether both said the same, then what each said as 0 and 1."""
    one, two = np.eye(n_classes)[first], np.eye(n_classes)[second]
    same = (first == second).astype(np.float64)[:, None]
    return np.hstack([np.ones_like(same), same, one, two])


def kappa_of(total: Floats) -> Floats:
    """Return kappa from sums of: 1, agreement, one side's classes, the other side's classes."""
    n = total[:, :1]
    one, two = np.split(ratio(total[:, 2:], n), 2, axis=1)
    expected = (one * two).sum(axis=1)
    return ratio(ratio(total[:, 1], total[:, 0]) - expected, 1.0 - expected)


def share_of(total: Floats) -> Floats:
    """Return the share of agreement from sums of `kappa_sums`."""
    return ratio(total[:, 1], total[:, 0])


def ratio(above: Floats, below: Floats) -> Floats:
    """Divide; NaN, without a warning, where nothing (or rounding's rest of it) is below."""
    above, below = np.broadcast_arrays(above, below)
    out = np.full(above.shape, np.nan)
    np.divide(above, below, out=out, where=np.abs(below) > 1e-12)
    return out
