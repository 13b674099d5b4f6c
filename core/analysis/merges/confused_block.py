"""Which classes to look at first where a confusion matrix has more of them than fit on a screen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import Floats, some_images
from core.analysis.comparisons.class_order import ordered_leaves
from core.errors import InvalidInput
from core.language import t


@dataclass(frozen=True, slots=True)
class ConfusedBlock:
    """A part of a confusion matrix.

    Attributes
    ----------
    classes : tuple of int
        Their numbers; classes that are confused with each other stand beside each other.
    n_errors, n_errors_within : int
        Wrong answers of the whole matrix, and those with true and predicted class in the block.
    """

    classes: tuple[int, ...]
    n_errors: int
    n_errors_within: int


def most_confused(confusion: ArrayLike, n_most: int) -> ConfusedBlock:
    """Return the block of the classes that take part in the most confusions.

    Parameters
    ----------
    confusion : array, shape (n_classes, n_classes)
        Row = true, column = predicted; counts.
    n_most : int, at least 2
        Classes of the block at most; fewer where fewer are confused with any other.

    Raises
    ------
    InvalidInput
        When the matrix is not square or has no images, or `n_most` is below 2.

    Notes
    -----
    Pairs are taken from the most confused on, both directions counted, so that no class is shown
    without the class it is taken for. Ties: the order of the classes. Without an error: the first
    `n_most` classes. The order inside is that of a dendrogram (average linkage, leaves ordered)
    whose distance is 1 less the mean of the two shares of a class taken for the other.

    References
    ----------
    Z. Bar-Joseph, D. K. Gifford, T. S. Jaakkola, "Fast optimal leaf ordering for hierarchical
    clustering", 2001.

    Examples
    --------
    >>> found = most_confused([[8, 0, 0, 2], [0, 9, 0, 0], [0, 0, 9, 0], [3, 0, 1, 6]], 2)
    >>> found
    ConfusedBlock(classes=(0, 3), n_errors=6, n_errors_within=5)
    """
    C = some_images(confusion)
    if n_most < 2:
        raise InvalidInput(t("a block has two classes or more"), received=str(n_most))
    wrong = C - np.diag(np.diag(C))
    chosen = _partners(wrong + wrong.T, n_most) or list(range(min(n_most, len(C))))
    index = _beside_each_other(C, np.sort(np.array(chosen)))
    within = wrong[np.ix_(index, index)]
    return ConfusedBlock(
        tuple(int(i) for i in index), round(float(wrong.sum())), round(float(within.sum()))
    )


def _partners(both: Floats, n_most: int) -> list[int]:
    """Return the classes of the most confused pairs, `n_most` at most."""
    first, second = np.triu_indices(len(both), 1)
    chosen: dict[int, None] = {}
    for at in np.argsort(-both[first, second], kind="stable"):
        pair = (int(first[at]), int(second[at]))
        if both[pair] <= 0 or len(chosen) == n_most:
            break
        if len(chosen.keys() | set(pair)) <= n_most:
            chosen.update(dict.fromkeys(pair))
    return list(chosen)


def _beside_each_other(C: Floats, index: np.ndarray) -> np.ndarray:
    """Return `index` in the order of the leaves of a dendrogram, its smaller end first."""
    share = C[np.ix_(index, index)] / np.maximum(C[index].sum(axis=1, keepdims=True), 1.0)
    return np.asarray(index[ordered_leaves(share)])
