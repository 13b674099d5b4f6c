"""k-means for many k, and several starts of each, in shared matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse import csc_matrix

from core.analysis._checks import Floats, Ints

Floats32 = NDArray[np.float32]
Labels = NDArray[np.int32]  # (n_images,)

MAX_ROUNDS = 100
_TOLERANCE = 1e-4  # of the mean variance: where scikit-learn stops too
_FEW = 64  # dimensions to settle in first when there are more than twice as many
_MIN_PART = 2_000  # images that starts are compared on ...
_MIN_PART_EACH = 20  # ... or so many for each cluster, which matters from 100 clusters on
_CELLS = 4_000_000  # distances, or numbers of images in double precision, held at a time


class Fit(NamedTuple):
    """One clustering: `labels`, int64 (n_images,), and its `inertia`."""

    labels: Ints
    inertia: float


def fit_all(x: Floats32, ks: Sequence[int], rng: np.random.Generator, n_init: int = 1) -> list[Fit]:
    """Cluster the same images into each k of `ks`, from the best of `n_init` starts.

    Parameters
    ----------
    x : array of float32, shape (n_images, n_components)
    ks : sequence of int, each in [1, n_images]
    rng : Generator
        Draws one k-means++ seeding a start; its first k centres start the k clusters, whichever
        other k are asked for.
    n_init : int, at least 1

    Returns
    -------
    list of Fit, one for each k

    Notes
    -----
    A round multiplies the images with the centres of all k and all starts side by side, so the
    images are read once and not once for each k; what has settled leaves the product. Starts
    settle and are compared on a random 2,000 images (20 for each cluster of the largest k when
    that is more); the best of each k then settles on all of them: first along 64 leading
    axes where there are more than 128 dimensions, then in all. With fewer different images than
    k some clusters stay empty. Inertias are exact for the labels given.

    References
    ----------
    S. Lloyd, "Least squares quantization in PCM", 1982. D. Arthur, S. Vassilvitskii,
    "k-means++: the advantages of careful seeding", 2007 (the greedy variant, whose prefixes are
    the seedings of every smaller k). P. Bradley, U. Fayyad, "Refining initial points for k-means
    clustering", 1998 (starts from subsamples).
    """
    centred = x - x.mean(axis=0, dtype=np.float64).astype(np.float32)
    rows = _part(len(x), ks, rng)
    few = _leading(centred, rows) if centred.shape[1] > 2 * _FEW else centred
    part = few[rows]
    starts = [_seeding(part, max(ks), own) for own in rng.spawn(n_init)]
    settled = _best(part, _lloyd(part, [start[:k] for k in ks for start in starts]), ks)
    if len(part) < len(few):
        settled = _lloyd(few, _means(part, settled, ks))
    if few is not centred:
        settled = _lloyd(centred, _means(centred, settled, ks))
    inertias = _inertias(centred, settled, ks)
    return [Fit(y.astype(np.int64), w) for y, w in zip(settled, inertias, strict=True)]


def _part(n_images: int, ks: Sequence[int], rng: np.random.Generator) -> Ints | slice:
    """Return the rows of the images that starts are compared on: all, or a random part."""
    size = max(_MIN_PART, _MIN_PART_EACH * max(ks))
    return slice(None) if n_images <= size else np.sort(rng.permutation(n_images)[:size])


def _leading(x: Floats32, rows: Ints | slice) -> Floats32:
    """Return the scores of centred images along the leading principal axes of some of them."""
    part, last = x[rows], x.shape[1] - 1
    _, axes = eigh(part.T @ part, subset_by_index=[last - _FEW + 1, last])
    return np.asarray(x @ axes, dtype=np.float32)


def _best(x: Floats32, tried: Sequence[Labels], ks: Sequence[int]) -> list[Labels]:
    """Return the clustering of least inertia for each k; the starts of a k lie side by side."""
    n_init = len(tried) // len(ks)
    inertias = np.array(_inertias(x, tried, np.repeat(ks, n_init).tolist()))
    places = inertias.reshape(-1, n_init).argmin(axis=1)
    return [tried[i * n_init + place] for i, place in enumerate(places)]


def _seeding(x: Floats32, k: int, rng: np.random.Generator) -> Floats32:
    """Return k starting centres by greedy k-means++: (k, n_components)."""
    squares = np.einsum("ij,ij->i", x, x)
    chosen = [int(rng.integers(len(x)))]
    nearest = _squared(x, squares, x[chosen])[:, 0]
    for found in range(1, k):
        n_tries = 2 + int(np.log(found))  # not of k: fewer clusters draw the same first centres
        total = np.cumsum(nearest, dtype=np.float64)
        drawn = np.searchsorted(total, rng.random(n_tries) * total[-1])
        tries = np.minimum(drawn, len(x) - 1)
        left = np.minimum(nearest[:, None], _squared(x, squares, x[tries]))
        best = int(left.sum(axis=0, dtype=np.float64).argmin())
        chosen.append(int(tries[best]))
        nearest = left[:, best]
    return x[chosen]


def _squared(x: Floats32, squares: Floats32, centres: Floats32) -> Floats32:
    """Return squared distances, float32 (n_images, n_centres), never below 0."""
    found = x @ (-2.0 * centres.T)
    found += squares[:, None]
    found += np.einsum("ij,ij->i", centres, centres)
    return np.maximum(found, 0.0, out=found)


def _lloyd(x: Floats32, starts: Sequence[Floats32]) -> list[Labels]:
    """Move each set of centres until it has settled; return the labels of each.

    An empty cluster stays where it is.
    """
    enough = _TOLERANCE * float(np.einsum("ij,ij->", x, x, dtype=np.float64)) / x.size
    labelings = [np.zeros(len(x), dtype=np.int32) for _ in starts]
    moving: dict[int, Floats32] = dict(enumerate(starts))
    for _ in range(MAX_ROUNDS):
        if not moving:
            break
        found = _nearest(x, list(moving.values()))
        means = _means(x, found, [len(centres) for centres in moving.values()])
        for task, labels, centres in zip(list(moving), found, means, strict=True):
            before = moving.pop(task)
            empty = np.bincount(labels, minlength=len(centres)) == 0
            centres[empty] = before[empty]
            labelings[task] = labels
            if ((centres - before) ** 2).sum() > enough:
                moving[task] = centres
    return labelings


def _nearest(x: Floats32, centres: Sequence[Floats32]) -> list[Labels]:
    """Return, for each set of centres, the nearest one to every image."""
    table = np.concatenate(centres)
    offset = (0.5 * np.einsum("ij,ij->i", table, table))[:, None]
    ends = np.cumsum([len(part) for part in centres])
    labelings = [np.empty(len(x), dtype=np.int32) for _ in centres]
    size = max(64, _CELLS // len(table))
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        far = table @ x[rows].T  # half the squared distance, less what all centres share
        np.subtract(offset, far, out=far)
        for labels, part, end in zip(labelings, centres, ends, strict=True):
            labels[rows] = _row_of_least(far[end - len(part) : end])
    return labelings


def _row_of_least(table: Floats32) -> NDArray[np.unsignedinteger[Any]]:
    """Return `table.argmin(axis=0)`, which NumPy computes without vector instructions."""
    least = table[0]
    place = np.zeros(table.shape[1], dtype=np.min_scalar_type(len(table)))
    for i, row in enumerate(table[1:], start=1):
        np.maximum(place, (row < least) * place.dtype.type(i), out=place)
        least = np.minimum(least, row)
    return place


def members_of(labelings: Sequence[NDArray[Any]], ks: Sequence[int], dtype: type) -> csc_matrix:
    """Return which cluster holds which image, several clusterings below each other.

    Parameters
    ----------
    labelings : sequence of arrays of int, each (n_images,) and in [0, k)
    ks : sequence of int, one for each
    dtype : type of the ones

    Returns
    -------
    sparse matrix, shape (sum of ks, n_images)
        1 where the cluster of the row holds the image of the column.
    """
    first = np.cumsum([0, *ks[:-1]], dtype=np.int32)
    places = (np.stack(labelings, axis=1) + first).astype(np.int32).ravel()
    ends = np.arange(0, len(places) + 1, len(ks))
    return csc_matrix((np.ones(len(places), dtype), places, ends), (sum(ks), len(labelings[0])))


def split_by(table: NDArray[Any], ks: Sequence[int]) -> list[NDArray[Any]]:
    """Return the rows of each clustering: undo the joining of `members_of`."""
    return np.split(table, np.cumsum(ks)[:-1])


def _means(x: Floats32, labelings: Sequence[Labels], ks: Sequence[int]) -> list[Floats32]:
    """Return the mean of each cluster, 0 for an empty one: (k, n_components) for each k."""
    members = members_of(labelings, ks, np.float32)
    means = members @ x
    means /= np.maximum(np.bincount(members.indices, minlength=len(means)), 1)[:, None]
    return split_by(means, ks)


def _inertias(x: Floats32, labelings: Sequence[Labels], ks: Sequence[int]) -> list[float]:
    """Return the sum of squared distances to the means of the labels, for each k."""
    members = members_of(labelings, ks, np.float64)
    sums: Floats = np.zeros((sum(ks), x.shape[1]))
    size = max(64, _CELLS // x.shape[1])
    for start in range(0, len(x), size):  # in double precision, a block at a time
        sums += members[:, start : start + size] @ x[start : start + size]
    total = float(np.einsum("ij,ij->", x, x, dtype=np.float64))
    sizes = np.maximum(np.bincount(members.indices, minlength=len(sums)), 1)
    kept = np.einsum("ij,ij->i", sums, sums) / sizes
    return [max(0.0, total - float(part.sum())) for part in split_by(kept, ks)]
