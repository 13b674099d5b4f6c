"""Votes: who said what about which image, as one matrix that agreement and consensus read.

`votes[i, j]` is the class that reviewer j gave image i, or NOBODY.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import Ints
from core.errors import InvalidInput
from core.language import t

NOBODY = -1


def check_votes(values: ArrayLike, n_classes: int) -> Ints:
    """Return votes as int64 (n_images, n_reviewers), every one a class or NOBODY.

    Raises
    ------
    InvalidInput
        If this is no table of whole numbers, or one is no class.
    """
    votes = np.asarray(values)
    if votes.ndim != 2 or not (votes.dtype.kind in "iu" or votes.size == 0):
        raise InvalidInput(
            t("votes must be a table of classes"),
            expected=t("integers of shape (n_images, n_reviewers)"),
            received=t("shape {shape} of {dtype}", shape=votes.shape, dtype=votes.dtype),
        )
    votes = votes.astype(np.int64, copy=False)
    if votes.size and (votes.min() < NOBODY or votes.max() >= n_classes):
        raise InvalidInput(
            t("votes has a class that does not exist"),
            expected=t(
                "integers in [0, {n_classes}), or {nobody} where nobody voted",
                n_classes=n_classes,
                nobody=NOBODY,
            ),
            received=t("{low} to {high}", low=int(votes.min()), high=int(votes.max())),
        )
    return votes


def count_votes(votes: Ints, n_classes: int) -> Ints:
    """Return how many reviewers gave each image each class, int64 (n_images, n_classes).

    Examples
    --------
    >>> count_votes(np.array([[0, 0, 1], [2, -1, -1]]), 3).tolist()
    [[2, 1, 0], [0, 0, 1]]
    """
    counts = np.zeros((len(votes), n_classes), dtype=np.int64)
    image, reviewer = np.nonzero(votes != NOBODY)
    np.add.at(counts, (image, votes[image, reviewer]), 1)
    return counts
