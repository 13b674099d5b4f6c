"""What mistakes cost: money or points instead of a count, comparable between class maps.

Costs are entered for labels: `costs[i, j]` is lost when an image of label i is treated as label j.
Who answers with a merged class does not know which of its labels it is, and treats the image as
*one* of them: the one that is cheapest on average (`treated_as`). So fewer classes cost something
wherever telling them apart is worth something, and a merge can only pay by being right more often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import Floats, Ints, same_length
from core.analysis.comparisons.intervals import Estimate, share_interval
from core.analysis.comparisons.matrix_intervals import n_effective, variance
from core.analysis.comparisons.paired import mean_of_kinds
from core.errors import InvalidInput
from core.language import t

MOST = 1e9  # a cost above it is a slip of the keyboard


def checked(costs: ArrayLike, n_labels: int) -> Floats:
    """Return a matrix of costs, float64 (n_labels, n_labels).

    Raises
    ------
    InvalidInput
        If it has another shape, an entry that is negative, no number or above `MOST`, a right
        answer that costs something, or no mistake that does.
    """
    W = np.asarray(costs, dtype=np.float64)
    if W.shape != (n_labels, n_labels):
        raise InvalidInput(
            t("the costs of mistakes must be a table of labels by labels"),
            expected=t("{n} rows and {n} columns", n=n_labels),
            received=t("a table of shape {shape}", shape=str(W.shape)),
        )
    if not (np.isfinite(W).all() and (W >= 0).all() and (W <= MOST).all()):
        raise InvalidInput(
            t("a cost cannot be used"), expected=t("numbers from 0 to {most:,.0f}", most=MOST)
        )
    if np.diag(W).any():
        raise InvalidInput(t("a right answer costs nothing"), expected=t("0 on the diagonal"))
    if not W.any():
        raise InvalidInput(t("no mistake costs anything"), expected=t("one cost above 0 at least"))
    return W


def treated_as(costs: ArrayLike, class_of: Sequence[int], shares: ArrayLike) -> Ints:
    """Return the label as which an answer of each class is treated, int64 (n_classes,).

    Parameters
    ----------
    costs : array of float, shape (n_labels, n_labels)
    class_of : sequence of int, length n_labels
        Class of each label, in [0, n_classes), each class used.
    shares : array of float, shape (n_labels,)
        How common each label is; where a class has no image at all, its labels count alike.

    Notes
    -----
    The label that costs least when the class is answered rightly; of equals the first.
    """
    W, member_of = np.asarray(costs, dtype=np.float64), np.asarray(class_of, dtype=np.int64)
    same_length("class_of", len(member_of), "costs", len(W))
    common = np.asarray(shares, dtype=np.float64)
    same_length("shares", len(common), "costs", len(W))
    groups = np.arange(member_of.max(initial=-1) + 1)[:, None]
    return cheapest(W, member_of == groups, common)


def cheapest(costs: ArrayLike, members: ArrayLike, shares: ArrayLike) -> Ints:
    """Return the label as which the images of each group of labels are treated most cheaply.

    Parameters
    ----------
    costs, shares
        As for `treated_as`.
    members : array of bool, shape (n_groups, n_labels)
        Which labels each group has, one at least.

    Returns
    -------
    array of int64, shape (n_groups,)
        One of the group's labels; of equals the first.
    """
    W, inside = np.asarray(costs, dtype=np.float64), np.asarray(members, dtype=bool)
    weights = inside * np.asarray(shares, dtype=np.float64)
    without_images = ~weights.any(axis=1)
    weights[without_images] = inside[without_images]
    each = np.where(inside, weights @ W, np.inf)
    rounding = 1e-12 * max(1.0, float(W.max(initial=0.0)))  # sums differ by their order
    least = each.min(axis=1, keepdims=True, initial=np.inf)
    return np.asarray((each <= least + rounding).argmax(axis=1), dtype=np.int64)


def mean_cost(costs: ArrayLike, counts: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return the cost of an image on average, with its interval.

    Parameters
    ----------
    costs : array of float, shape (n_labels, n_answers)
        `costs[:, treated_as(...)]`.
    counts : array of int, shape (n_labels, n_answers)
        Images by true label and answer.

    Raises
    ------
    InvalidInput
        Without images.

    Notes
    -----
    As in `matrix_intervals`: the interval stays between 0 and the highest cost, and where every
    mistake costs 1 it is Wilson's of the error rate.
    """
    W, C = np.asarray(costs, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    n, most = float(C.sum()), float(W.max(initial=0.0))
    if n == 0:
        raise InvalidInput(t("there are no images to measure"), expected=t("at least one image"))
    if most == 0:
        return Estimate(0.0, 0.0, 0.0)
    relative = W / most
    smooth = C + np.outer(C.sum(axis=1), C.sum(axis=0)) / n**2
    smooth /= smooth.sum()
    value = float((C * relative).sum()) / n
    near = float((smooth * relative).sum())
    low, high = share_interval(value, n_effective(near, variance(smooth, relative), n), level)
    return Estimate(value * most, low * most, high * most)


def saved(
    before: ArrayLike, after: ArrayLike, n_images: int | None = None, *, level: float = 0.95
) -> Estimate:
    """Return what an image costs less after than before, on average, paired on the same images.

    Parameters
    ----------
    before, after : array of float, shape (n_changed,)
        Cost of each image.
    n_images : int, optional
        How many images there are, where those not given cost the same before and after.

    Raises
    ------
    InvalidInput
        Without images, or when there are not as many after as before.

    Notes
    -----
    The bootstrap of `mean_of_kinds`, in units of the highest cost; where no image differs, its
    closed form, which does not claim certainty.
    """
    one, other = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    same_length("before", len(one), "after", len(other))
    n = len(one) if n_images is None else n_images
    if n == 0:
        raise InvalidInput(t("there are no images to measure"), expected=t("at least one image"))
    most = float(max(one.max(initial=0.0), other.max(initial=0.0))) or 1.0
    kinds, n_of_kind = np.unique(np.append((one - other) / most, 0.0), return_counts=True)
    n_of_kind[kinds == 0.0] += n - len(one) - 1
    mean, (low, high) = mean_of_kinds(kinds, n_of_kind, level=level)
    return Estimate(mean * most, low * most, high * most)


@dataclass(frozen=True, slots=True, eq=False)
class ChargedImages:
    """Images whose answers are charged for.

    Parameters
    ----------
    labels : array of int, shape (n_images,)
        True labels.
    costs : array of float, shape (n_labels, n_classes)
        Of answering a class where a label is true: `costs[:, treated_as(...)]`.
    """

    labels: Ints
    costs: Floats

    def of(self, answers: Ints, rows: Ints | slice = slice(None)) -> Floats:
        """Return what the answers to some images cost, (n_answers,)."""
        return np.asarray(self.costs[self.labels[rows], answers])
