"""What a step gained on the same images, and what of it fewer classes give by themselves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import booleans, same_length
from core.analysis.comparisons import paired
from core.errors import InvalidInput
from core.language import t


class Gain(NamedTuple):
    """A difference of accuracy on the same images, with its 95 % interval; shares.

    Attributes
    ----------
    value, low, high : float in [-1, 1]
    n_won, n_lost : int
        Images that only the later answers get right, and only the earlier ones.
    n_images : int
    """

    value: float
    low: float
    high: float
    n_won: int
    n_lost: int
    n_images: int


class Corrected(NamedTuple):
    """A gain by merging classes, divided into what chance gives and what is left; shares.

    Attributes
    ----------
    by_itself : float
        What merging classes at random into groups of the same sizes gives on average.
    beyond, low, high : float
        The gain less that, with its 95 % bootstrap interval over images.
    """

    by_itself: float
    beyond: float
    low: float
    high: float


def gain(right_after: ArrayLike, right_before: ArrayLike) -> Gain:
    """Return what a step gained: accuracy after less accuracy before, on the same images.

    Parameters
    ----------
    right_after, right_before : array of bool, shape (n_images,)

    Raises
    ------
    InvalidInput
        Without images, or when the lengths differ.

    Notes
    -----
    Gains of steps that follow each other add up to the gain from the first to the last exactly:
    n_won - n_lost is the change of a count. Intervals do not add up; that of the whole is its own.

    Examples
    --------
    >>> gain([True, True, False], [True, False, False])[3:]
    (1, 0, 3)
    """
    after, before = booleans(right_after, "right_after"), booleans(right_before, "right_before")
    value, (low, high) = paired.paired_difference(after, before)
    won, lost = int((after & ~before).sum()), int((before & ~after).sum())
    return Gain(float(value), low, high, won, lost, len(after))


def chance_joined(groups: ArrayLike) -> float:
    """Return how likely a merge at random into groups of these sizes joins two given classes.

    Parameters
    ----------
    groups : array of int, shape (n_classes,)
        The group of each class.

    Notes
    -----
    Classes are put into the places of `groups` at random, so every pair is as likely as any other:
    joined pairs over all pairs. A single class gives 0.

    Examples
    --------
    >>> chance_joined([0, 0, 1]), chance_joined([0, 1, 2])
    (0.3333333333333333, 0.0)
    """
    row = np.asarray(groups)
    n_pairs = len(row) * (len(row) - 1) / 2
    n_joined = float(np.triu(row[:, None] == row, 1).sum())
    return n_joined / n_pairs if n_pairs else 0.0


def corrected(right_after: ArrayLike, right_before: ArrayLike, groups: ArrayLike) -> Corrected:
    """Divide the gain of a step that merged classes into chance and what is left.

    Parameters
    ----------
    right_after, right_before : array of bool, shape (n_images,)
        By the merged classes, and by the classes before.
    groups : array of int, shape (n_classes,)
        The group of each class before the merge.

    Raises
    ------
    InvalidInput
        Without images or classes, or when the lengths differ.

    Notes
    -----
    A merge at random turns a wrong answer right with probability `chance_joined`, whichever two
    classes it mixed up; so what fewer classes of these sizes give by themselves is that times the
    share of wrong answers. It equals the mean gain over all merges with the same group sizes. The
    interval is that of the mean over images of (change - what chance would have changed).
    """
    after, before = booleans(right_after, "right_after"), booleans(right_before, "right_before")
    same_length("right_after", len(after), "right_before", len(before))
    if not len(after) or not np.size(groups):
        raise InvalidInput(
            t("there is nothing to compare"), expected=t("one image and class or more")
        )
    by_chance = chance_joined(groups) * ~before  # (n_images,)
    change = after.astype(np.float64) - before
    beyond, (low, high) = paired.mean_difference(change - by_chance)
    return Corrected(float(by_chance.mean()), beyond, low, high)
