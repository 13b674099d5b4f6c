"""Every way of merging K classes, as arrays: row p, column k is the group of class k in way p.

Groups are numbered in order of first appearance (restricted growth), so each way has one row and
equal ways are equal rows. Row 0 of every enumeration merges nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInput
from core.language import t

Partitions = NDArray[np.int16]

MOST_CLASSES = 10  # 115,975 partitions; 11 classes have 678,570
MOST_ORDINAL_CLASSES = 16  # 32,768 ways of merging neighbours


def bell_number(n: int) -> int:
    """Return the number of partitions of `n` classes, by the Bell triangle.

    Raises
    ------
    InvalidInput
        When `n` is negative.

    References
    ----------
    E. T. Bell, "Exponential numbers", 1934.

    Examples
    --------
    >>> [bell_number(n) for n in range(8)]
    [1, 1, 2, 5, 15, 52, 203, 877]
    """
    if n < 0:
        raise InvalidInput(t("a number of classes cannot be negative"), received=str(n))
    row = [1]
    for _ in range(n):
        below = [row[-1]]
        for value in row:
            below.append(below[-1] + value)
        row = below
    return row[0]


def all_partitions(n_classes: int) -> Partitions:
    """Return every partition of the classes: int16 (bell_number(n_classes), n_classes).

    Raises
    ------
    InvalidInput
        With no class, or more than `MOST_CLASSES`.

    Notes
    -----
    Restricted growth strings, grown a column at a time: class k joins one of the groups that exist
    or opens the next. Row 0 merges nothing, the last row merges everything.

    References
    ----------
    G. Hutchinson, "Partitioning algorithms for finite sets", 1963; D. E. Knuth, "The Art of
    Computer Programming", 4A, 7.2.1.5, 2011.

    Examples
    --------
    >>> all_partitions(3).tolist()
    [[0, 1, 2], [0, 1, 1], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
    """
    _check_number(n_classes, MOST_CLASSES)
    rows = np.zeros((1, 1), dtype=np.int16)
    for _ in range(1, n_classes):
        n_open = rows.max(axis=1).astype(np.int64) + 1
        first = np.repeat(np.cumsum(n_open + 1) - (n_open + 1), n_open + 1)
        parent = np.repeat(np.arange(len(rows)), n_open + 1)
        choice = n_open[parent] - (np.arange(len(parent)) - first)  # a group of its own first
        rows = np.column_stack([rows[parent], choice.astype(np.int16)])
    return rows


def neighbour_partitions(n_classes: int) -> Partitions:
    """Return every merge of neighbours only: int16 (2 ** (n_classes - 1), n_classes).

    For ordered classes (the stages of a flower): the compositions of `n_classes`.

    Raises
    ------
    InvalidInput
        With no class, or more than `MOST_ORDINAL_CLASSES`.

    Examples
    --------
    >>> neighbour_partitions(3).tolist()
    [[0, 1, 2], [0, 1, 1], [0, 0, 1], [0, 0, 0]]
    """
    _check_number(n_classes, MOST_ORDINAL_CLASSES)
    codes = np.arange(2 ** (n_classes - 1))[:, None]
    joined = (codes >> np.arange(n_classes - 2, -1, -1)) & 1  # (n, n_classes - 1), 1: no border
    borders = np.cumsum(1 - joined, axis=1)
    return np.column_stack([np.zeros(len(codes)), borders]).astype(np.int16)


def pair_partitions(n_classes: int, pairs: ArrayLike) -> Partitions:
    """Return "merge nothing", then the merge of each pair: int16 (1 + n_pairs, n_classes).

    `pairs` are class numbers, int (n_pairs, 2), the smaller first.

    Examples
    --------
    >>> pair_partitions(3, [(0, 1), (0, 2)]).tolist()
    [[0, 1, 2], [0, 0, 1], [0, 1, 0]]
    """
    first, second = np.asarray(pairs, dtype=np.int64).reshape(-1, 2).T
    place = np.arange(n_classes)
    rows = place - (place > second[:, None])
    rows[np.arange(len(rows)), second] = first
    return np.vstack([place, rows]).astype(np.int16)


def canonical(groups: ArrayLike) -> Partitions:
    """Return rows with their groups renumbered in order of first appearance.

    Parameters
    ----------
    groups : array of int, shape (n_partitions, n_classes)
        Any numbers; equal numbers in a row are one group.

    Examples
    --------
    >>> canonical([[5, 2, 5, 0]]).tolist()
    [[0, 1, 0, 2]]
    """
    rows = np.asarray(groups)
    first = (rows[:, :, None] == rows[:, None, :]).argmax(axis=2)  # who opened my group
    opens = first == np.arange(rows.shape[1])
    number = np.cumsum(opens, axis=1) - 1
    return np.asarray(np.take_along_axis(number, first, axis=1), dtype=np.int16)


def group_sizes(partitions: ArrayLike) -> NDArray[np.int16]:
    """Return the sizes of each row's groups, largest first, then zeros: (n, n_classes)."""
    rows = np.asarray(partitions)
    n_classes = rows.shape[1]
    offsets = np.arange(len(rows))[:, None] * n_classes
    counts = np.bincount((rows + offsets).ravel(), minlength=rows.size)
    sizes = np.sort(counts.reshape(rows.shape), axis=1)[:, ::-1]
    return np.asarray(sizes, dtype=np.int16)


def random_of_same_sizes(
    partition: ArrayLike, n: int, rng: np.random.Generator, *, ordinal: bool = False
) -> Partitions:
    """Return `n` random partitions whose groups have the sizes of `partition`.

    Parameters
    ----------
    partition : array of int, shape (n_classes,)
    n : int
        How many to draw, with repetition.
    rng : numpy.random.Generator
        The source of chance.
    ordinal : bool
        Only neighbours are merged: the sizes are shuffled along the order, not the classes.

    Returns
    -------
    array of int16, shape (n, n_classes)
        Group numbers are not in order of first appearance; see `canonical`.
    """
    row = np.asarray(partition)
    if not ordinal:
        return np.asarray(rng.permuted(np.tile(row, (n, 1)), axis=1), dtype=np.int16)
    sizes = np.bincount(row)
    shuffled = rng.permuted(np.tile(sizes, (n, 1)), axis=1)
    ends = np.cumsum(shuffled, axis=1)  # (n, n_groups)
    place = np.arange(len(row))
    return np.asarray((place[None, :, None] >= ends[:, None, :]).sum(axis=2), dtype=np.int16)


def _check_number(n_classes: int, most: int) -> None:
    """Raise unless there are between one and `most` classes."""
    if not 1 <= n_classes <= most:
        raise InvalidInput(
            t("only for so many classes can every merge be listed"),
            expected=t("1 to {n} classes", n=most),
            received=str(n_classes),
            todo=t("search greedily instead"),
        )
