"""In which order classes stand in a confusion matrix, so that what belongs together is together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from core.analysis._checks import Floats, Ints, matrix_2d, some_images


def by_confusion(confusion: ArrayLike) -> Ints:
    """Return an order in which classes stand beside those that they are confused with.

    Parameters
    ----------
    confusion : array, shape (n_classes, n_classes)
        Row = true, column = predicted; counts.

    Returns
    -------
    array of int64, shape (n_classes,)
        Class numbers, the leaves of a dendrogram by average linkage; of its two directions the
        one that begins with the smaller number. As given where there are fewer than three.

    Raises
    ------
    InvalidInput
        When the matrix is not square or has no images.

    Notes
    -----
    Two classes are 1 less the mean of the shares in which each is taken for the other apart.

    References
    ----------
    Z. Bar-Joseph, D. K. Gifford, T. S. Jaakkola, "Fast optimal leaf ordering for hierarchical
    clustering", 2001.

    Examples
    --------
    >>> by_confusion([[8, 0, 0, 2], [0, 9, 0, 0], [0, 0, 9, 0], [3, 0, 1, 6]]).tolist()
    [1, 0, 3, 2]
    """
    C = some_images(confusion)
    return ordered_leaves(C / np.maximum(C.sum(axis=1, keepdims=True), 1.0))


def ordered_leaves(share: Floats) -> Ints:
    """Return the order of `by_confusion` from shares of rows, (n_classes, n_classes) in [0, 1]."""
    if len(share) < 3:
        return np.arange(len(share))
    apart = 1.0 - (share + share.T) / 2.0
    np.fill_diagonal(apart, 0.0)
    leaves = leaves_list(linkage(squareform(apart), method="average", optimal_ordering=True))
    return np.asarray(leaves if leaves[0] < leaves[-1] else leaves[::-1], dtype=np.int64)


def by_cluster(table: ArrayLike) -> Ints:
    """Return an order in which classes stand together that look alike.

    Parameters
    ----------
    table : array of int, shape (n_clusters, n_classes)
        Images of each class in each cluster.

    Returns
    -------
    array of int64, shape (n_classes,)
        Class numbers, grouped by the cluster that holds most images of a class. Groups come in
        the order of their first class, since the number of a cluster means nothing; inside, the
        order of the classes. Ties: the smaller cluster. A class without images is a group.

    Raises
    ------
    InvalidInput
        When the table is not two-dimensional.

    Examples
    --------
    >>> by_cluster([[1, 0, 9], [0, 8, 0], [7, 1, 1]]).tolist()
    [0, 1, 2]
    >>> by_cluster([[9, 0, 9], [0, 8, 0]]).tolist()
    [0, 2, 1]
    """
    counts = matrix_2d(table, "table")
    none = counts.sum(axis=0) == 0
    home = np.where(none, -1 - np.arange(counts.shape[1]), counts.argmax(axis=0))
    begins: dict[int, int] = {}
    for number, cluster in enumerate(home.tolist()):
        begins.setdefault(cluster, number)
    return np.argsort([begins[cluster] for cluster in home.tolist()], kind="stable")
