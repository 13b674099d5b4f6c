"""Folds: every image is left out once, and a model that has not seen it answers for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import Ints, class_indices, same_length
from core.analysis.splits import assign_splits, units_of
from core.errors import InvalidInput
from core.language import t

VAL_SHARE = 0.15  # of what a fold may learn from; as the validation split of an import


@dataclass(frozen=True, slots=True)
class Fold:
    """One fold: ascending rows to learn from, to stop and calibrate with, and to answer for."""

    train: Ints
    val: Ints
    held_out: Ints


def assign_folds(
    y: ArrayLike,
    n_folds: int,
    *,
    groups: Sequence[str | None] | None = None,
    keys: Sequence[str] | None = None,
    seed: int,
) -> Ints:
    """Return the fold in which each image is left out.

    Parameters
    ----------
    y : array of int, shape (n_images,)
        Class of each image, from 0.
    n_folds : int
        From 2 to the number of groups and ungrouped images.
    groups : sequence of str or None, optional
        Images of one group (one plant, one patient) are left out together.
    keys : sequence of str, optional
        What identifies each image; with keys the draw does not depend on the order of images.
    seed : int
        Another seed, another draw.

    Returns
    -------
    array of int64, shape (n_images,)
        In [0, n_folds); no fold is empty.

    Raises
    ------
    InvalidInput
        If lengths differ, or there are fewer groups and ungrouped images than folds.

    Notes
    -----
    Groups are placed first, the largest first, then single images, each where its classes (every
    class weighs the same) are rarest so far; ties go to the smallest fold, then to the first.
    Without groups the folds hold equally many images of each class, and in total, up to one. A
    class with fewer images than folds is left out in as many folds as it has images.

    References
    ----------
    R. Kohavi, "A study of cross-validation and bootstrap for accuracy estimation and model
    selection", 1995 (stratified folds).

    Examples
    --------
    >>> fold = assign_folds([0, 0, 0, 0, 1, 1], 2, seed=0)
    >>> np.bincount(fold).tolist(), int(fold[4:].sum())
    ([3, 3], 1)
    """
    given = np.asarray(y)
    classes = class_indices(given, int(given.max(initial=0)) + 1, "y")
    for name, column in (("groups", groups), ("keys", keys)):
        if column is not None:
            same_length("y", len(classes), name, len(column))
    units = units_of(len(classes), groups, keys, seed)
    if not 2 <= n_folds <= len(units):
        raise InvalidInput(
            t("the images cannot be divided into these folds"),
            expected=t(
                "2 or more, at most {n}: one for each group and ungrouped image",
                n=len(units),
            ),
            received=str(n_folds),
        )
    contents = {unit: Counter(classes[list(unit.rows)].tolist()) for unit in units}
    n_of_class = np.bincount(classes)
    fold = np.empty(len(classes), dtype=np.int64)
    held: list[Counter[int]] = [Counter() for _ in range(n_folds)]  # images of each class
    for unit in sorted(units, key=lambda u: (-len(u.rows), min(contents[u]), u.rank)):
        fold[list(unit.rows)] = best = _best_fold(contents[unit], held, n_of_class)
        held[best].update(contents[unit])
    return fold


def _best_fold(content: Mapping[int, int], held: Sequence[Counter[int]], n_of_class: Ints) -> int:
    """Return the fold that some images unbalance least: sum (n held / n of class)^2 rises least."""

    def rise(counts: Counter[int]) -> tuple[float, int]:
        shares = (n * counts[c] / n_of_class[c] ** 2 for c, n in sorted(content.items()))
        return float(sum(shares)), counts.total()

    return min(range(len(held)), key=lambda number: rise(held[number]))


def nested_folds(
    fold: ArrayLike,
    y: ArrayLike,
    *,
    groups: Sequence[str | None] | None = None,
    keys: Sequence[str] | None = None,
    seed: int,
    val_share: float = VAL_SHARE,
) -> list[Fold]:
    """Divide what each fold may learn from into training and validation images.

    Parameters
    ----------
    fold : array of int, shape (n_images,)
        From `assign_folds`.
    y, groups, keys, seed
        As there; all arguments describe the same images in the same order.
    val_share : float
        Share of the images outside a fold that serve for early stopping and calibration.

    Notes
    -----
    Stratified by class and never through a group (`assign_splits`), drawn anew for each fold. The
    training and validation images of a fold, and their order, do not depend on what its held-out
    images are labelled. A class of which only one group is left goes to training.
    """
    of_image = np.asarray(fold, dtype=np.int64)
    labels = [str(c) for c in np.asarray(y).tolist()]
    same_length("fold", len(of_image), "y", len(labels))
    named = [str(row) for row in range(len(labels))] if keys is None else keys
    folds = []
    for number in range(int(of_image.max(initial=-1)) + 1):
        rest = np.flatnonzero(of_image != number).tolist()
        split = assign_splits(
            [labels[row] for row in rest],
            None if groups is None else [groups[row] for row in rest],
            shares=(1.0 - val_share, val_share, 0.0),
            # not the seed itself: the images that rank first would be validation in every fold
            seed=int(np.random.SeedSequence((seed, number)).generate_state(1)[0]),
            keys=[named[row] for row in rest],
        )
        train, val = (np.asarray(rest, np.int64)[split == name] for name in ("train", "val"))
        folds.append(Fold(train, val, np.flatnonzero(of_image == number)))
    return folds
