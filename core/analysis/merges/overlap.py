"""How far two classes overlap in the embedding, by whose images are the nearest neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import class_indices, matrix_2d, same_length

N_NEIGHBOURS = 15
APART = 0.15  # up to here two classes lie apart: as if one label in seven were wrong
MOST_IMAGES = 2_000  # of a pair: enough for an error of about 0.02


def overlap_share(x: ArrayLike, y: ArrayLike, pair: tuple[int, int], seed: int = 0) -> float | None:
    """Return the share of a pair's images that lie among those of the other class.

    Parameters
    ----------
    x : array of float, shape (n_images, n_components)
        From `clustering.reduce`.
    y : array of int, shape (n_images,)
        The class of each image.
    pair : (int, int)
        Two different classes.
    seed : int
        Of the sample of 2,000 images that is looked at where there are more.

    Returns
    -------
    float in [0, 1], or None where a class has fewer than two images
        The mean over both classes, so that a large one does not hide a small one: 0 where they
        lie apart, about 0.5 where they cannot be told apart by their neighbours.

    Notes
    -----
    For each image, its 15 nearest among the images of the two classes, itself left out, each
    weighted by one over the number of images of its class; more weight on the other class means
    that it lies among them (a tie counts a half). Every image takes part with its own label only
    as a neighbour of others.

    References
    ----------
    T. Cover, P. Hart, "Nearest neighbor pattern classification", 1967.
    """
    data = matrix_2d(x, "x").astype(np.float32)
    classes = class_indices(y, np.iinfo(np.int64).max, "y")
    same_length("x", len(data), "y", len(classes))
    rows = np.flatnonzero(np.isin(classes, pair))
    if len(rows) > MOST_IMAGES:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_IMAGES, replace=False))
    first = classes[rows] == pair[0]
    sizes = np.array([first.sum(), (~first).sum()], dtype=np.float64)
    if sizes.min() < 2:
        return None
    part = data[rows]
    squares = np.einsum("ij,ij->i", part, part)
    apart = squares[:, None] + squares - 2.0 * part @ part.T
    np.fill_diagonal(apart, np.inf)
    n = min(N_NEIGHBOURS, len(rows) - 1)
    near = np.argpartition(apart, n - 1, axis=1)[:, :n]
    of_first = first[near].sum(axis=1) / sizes[0]
    of_second = (n - first[near].sum(axis=1)) / sizes[1]
    other = np.where(first, of_second - of_first, of_first - of_second)
    among = np.where(np.abs(other) < 1e-12, 0.5, (other > 0).astype(np.float64))
    return float(0.5 * (among[first].mean() + among[~first].mean()))
