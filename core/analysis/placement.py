"""Where new images lie on a map that exists; the images that are on it do not move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.analysis._checks import Floats, matrix_2d
from core.analysis.projection import N_NEIGHBOURS, Points
from core.errors import InvalidInput
from core.language import t

_LEAST_LENGTH = 1e-10  # of the longest, squared: scores are float32
_CHUNK = 4_096  # images; the whole reference in float64 at once is twice its size again
_TOLERANCE, _N_STEPS, _LEAST_SCALE = 1e-5, 64, 1e-3  # umap-learn's smooth_knn_dist
_SAME = 1e-3  # of the mean distance to the neighbours: the image itself, embedded once more


@dataclass(frozen=True, slots=True)
class Axes:
    """How embeddings become the scores of `clustering.reduce`: (x - mean) @ weights.

    Parameters
    ----------
    mean : array of float, shape (dim,)
        Of the reference images.
    weights : array of float, shape (dim, n_components)
        The principal axes, each dimension divided by its standard deviation.
    """

    mean: Floats
    weights: Floats


def axes_of(embedding: ArrayLike, scores: ArrayLike) -> Axes:
    """Return the axes on which reference images got their scores.

    Parameters
    ----------
    embedding : array of float, shape (n_images, dim)
        Of the reference images.
    scores : array of float, shape (n_images, n_components)
        What `clustering.reduce` or `projection.pca_points` made of `embedding`.

    Raises
    ------
    InvalidInput
        If the two are not of the same images.

    Notes
    -----
    Scores are U S of a singular value decomposition X = U S V^T, so the axes are
    V = X^T (U S) / S^2: exact, with the signs that the scores have, and no second decomposition.
    A column of zeros, or of rounding, has no axis and becomes zero. The embedding is read twice,
    in pieces.

    Examples
    --------
    >>> axes = axes_of([[0.0], [2.0]], [[-1.0], [1.0]])
    >>> project([[1.0], [3.0]], axes).tolist()
    [[0.0], [2.0]]
    """
    x, u = np.asarray(embedding), matrix_2d(scores, "scores")
    if x.ndim != 2 or len(x) != len(u):
        raise InvalidInput(
            t("embedding and scores are not of the same images"),
            expected=t("{n:,} rows", n=len(u)),
            received=t("{n:,} rows", n=len(x)),
        )
    starts = range(0, len(x), _CHUNK)
    mean = sum(x[s : s + _CHUNK].sum(axis=0, dtype=np.float64) for s in starts) / len(x)
    squares, products = np.zeros(x.shape[1]), np.zeros((x.shape[1], u.shape[1]))
    for start in starts:
        centred = x[start : start + _CHUNK] - mean  # float64
        squares += np.einsum("ij,ij->j", centred, centred)
        products += centred.T @ u[start : start + _CHUNK]
    deviation = np.sqrt(squares / len(x))
    varies = deviation > 1e-12 * np.maximum(1.0, np.abs(mean))  # as clustering.reduce has it
    variance = np.where(varies, deviation, 1.0) ** 2
    lengths = (u**2).sum(axis=0)  # S^2
    real = lengths > _LEAST_LENGTH * lengths.max()
    kept = varies[:, None] & real
    weights = np.where(kept, products / variance[:, None] / np.where(real, lengths, 1.0), 0.0)
    return Axes(np.asarray(mean), weights)


def project(embedding: ArrayLike, axes: Axes) -> Points:
    """Return the scores of images on the axes of a reference, float32 (n_new, n_components).

    Parameters
    ----------
    embedding : array of float, shape (n_new, dim)

    Raises
    ------
    InvalidInput
        If the embedding is empty, not finite, or of another dimension than the reference.

    Notes
    -----
    The reference images themselves come back to their scores. The projection is linear: an image
    unlike all of the reference may lie far outside the map, or by chance in its middle.
    """
    x = matrix_2d(embedding, "embedding")
    if x.shape[1] != len(axes.mean):
        raise InvalidInput(
            t("the embedding has another dimension than that of the map"),
            expected=str(len(axes.mean)),
            received=str(x.shape[1]),
        )
    return np.asarray((x - axes.mean) @ axes.weights, dtype=np.float32)


def among_neighbours(
    reduced: ArrayLike, reference: ArrayLike, points: ArrayLike, n_neighbours: int = N_NEIGHBOURS
) -> Points:
    """Return places for new images on a UMAP plane, float32 (n_new, 2).

    Parameters
    ----------
    reduced : array of float, shape (n_new, n_components)
        The new images, from `project`.
    reference : array of float, shape (n_images, n_components)
        The images of the map, from `clustering.reduce`.
    points : array of float, shape (n_images, 2)
        Their places.
    n_neighbours : int, at least 1
        As many as there are, at most.

    Raises
    ------
    InvalidInput
        If the shapes do not fit each other, or there are no images.

    Notes
    -----
    The mean of the places of the exact nearest neighbours, weighted by their membership
    exp(-d / sigma), with sigma such that the memberships sum to log2(k). It is where umap-learn's
    `transform` starts; the epochs that follow there are left out, because they need the fitted
    model and move the image little. An image that is on the map (its distance to one there is
    under a thousandth of the mean distance to its neighbours) lands where it is; on several, on
    their mean. Every place lies within the convex hull of the neighbours' places, however unlike
    them the image is: look at the nearest images beside it.

    References
    ----------
    L. McInnes, J. Healy, J. Melville, "UMAP: uniform manifold approximation and projection for
    dimension reduction", 2018, algorithm 3 (smooth k-nearest neighbour distances).
    """
    new, known = matrix_2d(reduced, "reduced"), matrix_2d(reference, "reference")
    places = matrix_2d(points, "points")
    if new.shape[1] != known.shape[1] or len(places) != len(known):
        raise InvalidInput(
            t("new images, reference and places do not fit each other"),
            expected=_shape(known.shape[1], len(known)),
            received=_shape(new.shape[1], len(places)),
        )
    if n_neighbours < 1:
        raise InvalidInput(t("n_neighbours is out of range"), expected=t("1 or more"))
    from sklearn.neighbors import NearestNeighbors

    k = min(n_neighbours, len(known))
    distances, neighbours = (
        NearestNeighbors(n_neighbors=k, algorithm="brute").fit(known).kneighbors(new)
    )
    weights = _memberships(distances)
    return np.asarray(
        np.einsum("ij,ijk->ik", weights, places[neighbours]) / weights.sum(axis=1, keepdims=True),
        dtype=np.float32,
    )


def _memberships(distances: Floats) -> NDArray[np.float64]:
    """Return how much each neighbour counts, (n_new, k); only equals count where there are any."""
    same = distances <= _SAME * distances.mean(axis=1, keepdims=True)
    sigma = _smooth_scale(distances)
    return np.where(same.any(axis=1, keepdims=True), same, np.exp(-distances / sigma[:, None]))


def _smooth_scale(distances: Floats) -> Floats:
    """Return sigma of each row by bisection; the first neighbour is not counted, as in umap-learn.

    Few neighbours may never sum to log2(k); sigma is then what the steps end on.
    """
    target = np.log2(distances.shape[1])
    low, high = np.zeros(len(distances)), np.full(len(distances), np.inf)
    sigma = np.ones(len(distances))
    for _ in range(_N_STEPS):
        total = np.exp(-distances[:, 1:] / sigma[:, None]).sum(axis=1)
        over = total > target
        high, low = np.where(over, sigma, high), np.where(over, low, sigma)
        middle = np.where(np.isinf(high), 2.0 * sigma, (low + high) / 2.0)
        sigma = np.where(np.abs(total - target) < _TOLERANCE, sigma, middle)
    least = _LEAST_SCALE * distances.mean()
    return np.maximum(sigma, max(float(least), np.finfo(np.float64).tiny))


def _shape(n_components: int, n_places: int) -> str:
    return t(
        "{n_components} components and {n_places:,} places",
        n_components=n_components,
        n_places=n_places,
    )
