"""Which of the training images the fits of a learning curve are trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import Ints, class_indices
from core.analysis.comparisons.power_law import LEAST_SIZES
from core.analysis.splits import assign_splits
from core.errors import NotReady
from core.language import t

REPEATS = (5, 4, 3, 2, 1)  # fits of each size, the smallest first: small parts differ most
_LEAST_SHARE = 0.1  # of the training images
_LEAST_OF_CLASS = 2  # images, in the smallest part


def subsets(
    y: ArrayLike,
    *,
    groups: Sequence[str | None] | None = None,
    keys: Sequence[str] | None = None,
    seed: int,
) -> list[Ints]:
    """Draw the parts of the training images that a learning curve is fitted on.

    Parameters
    ----------
    y : array of int, shape (n_images,)
        Class of each training image, from 0.
    groups, keys : sequence, optional
        As in `core.analysis.splits.assign_splits`: a group is taken whole or not at all.
    seed : int
        Another seed, another draw.

    Returns
    -------
    list of array of int64
        Ascending rows; the smallest parts first, all images last. Sizes rise by a constant factor
        from a tenth (more where that would be fewer than 2 images of a class) to all.

    Raises
    ------
    NotReady
        If a class has fewer than 4 images, or groups leave fewer than 3 sizes.

    Notes
    -----
    Stratified. Without groups the parts of one repeat are nested. A part that lacks a class
    (groups can do that) is left out: it cannot be trained.
    """
    given = np.asarray(y)
    classes = class_indices(given, int(given.max(initial=0)) + 1, "y")
    n_of_class = np.bincount(classes)
    fewest = int(n_of_class[n_of_class > 0].min(initial=len(classes)))
    if fewest < 2 * _LEAST_OF_CLASS:
        raise _too_few(t("{n} of one class", n=fewest))
    smallest = max(_LEAST_SHARE, _LEAST_OF_CLASS / fewest)
    labels = [str(c) for c in classes.tolist()]
    parts = []
    for share, n_repeats in zip(np.geomspace(smallest, 1, len(REPEATS)), REPEATS, strict=True):
        for repeat in range(n_repeats):
            if share >= 1:
                parts.append(np.arange(len(classes), dtype=np.int64))
                continue
            drawn = assign_splits(
                labels,
                groups,
                shares=(share, 0.0, 1.0 - share),
                seed=int(np.random.SeedSequence((seed, repeat)).generate_state(1)[0]),
                keys=keys,
            )
            rows = np.flatnonzero(drawn == "train")
            if (np.bincount(classes[rows], minlength=len(n_of_class)) > 0).sum() == (
                n_of_class > 0
            ).sum():
                parts.append(rows)
    if len({len(rows) for rows in parts}) < LEAST_SIZES:
        raise _too_few(t("groups so large that no small part has every class"))
    return parts


def _too_few(received: str) -> NotReady:
    return NotReady(
        t("there are too few training images for a learning curve"),
        expected=t("{n} or more of every class, in several groups", n=2 * _LEAST_OF_CLASS),
        received=received,
        todo=t("add images, or merge the class into another"),
    )
