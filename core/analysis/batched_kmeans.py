"""k-means for many k, and several starts of each, in shared matrix products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse import coo_matrix

from core.analysis._checks import Ints

Floats32 = NDArray[np.float32]

MAX_ROUNDS = 100
_TOLERANCE = 1e-4  # of the mean variance: where scikit-learn stops too
_FEW = 64  # dimensions in which starts are compared when there are more than twice as many
_CELLS = 4_000_000  # distances held at a time


class Fit(NamedTuple):
    """One clustering: `labels`, int64 (n_images,), and its `inertia`."""

    labels: Ints
    inertia: float


class _Task:
    """The clustering of all images into k clusters from one start, between two rounds."""

    def __init__(self, x: Floats32, centres: Floats32) -> None:
        self.centres = centres.copy()
        self.labels = np.full(len(x), -1, dtype=np.int32)
        self.sums = np.zeros(centres.shape, dtype=np.float64)
        self.sizes = np.zeros(len(centres), dtype=np.float64)

    def move(self, x: Floats32, found: NDArray[np.int32]) -> float:
        """Take new labels and return the squared length that all centres moved."""
        changed = np.flatnonzero(found != self.labels)
        now, before = found[changed], self.labels[changed]
        self.labels = found
        known = before >= 0
        rows = np.concatenate([now, before[known]])
        columns = np.concatenate([changed, changed[known]])
        signs = np.concatenate([np.ones(len(now)), -np.ones(int(known.sum()))])
        table = coo_matrix(
            (signs.astype(np.float32), (rows, columns)), shape=(len(self.sizes), len(x))
        )
        self.sums += table.tocsr() @ x
        self.sizes += np.bincount(rows, weights=signs, minlength=len(self.sizes))
        filled = self.sizes > 0.5
        centres = self.centres.copy()
        centres[filled] = self.sums[filled] / self.sizes[filled, None]
        moved = float(((centres - self.centres) ** 2).sum()) if len(changed) else 0.0
        self.centres = centres
        return moved


def fit_all(x: Floats32, ks: Sequence[int], rng: np.random.Generator, n_init: int = 1) -> list[Fit]:
    """Cluster the same images into each k of `ks` and keep the best of `n_init` starts.

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
    images are read once and not once for each k; what has settled leaves the product. With fewer
    different images than k some clusters stay empty. Inertias are exact for the labels given.
    Starts in more than 128 dimensions are compared along the 64 leading axes; the best of each k
    then settles in all dimensions.

    References
    ----------
    S. Lloyd, "Least squares quantization in PCM", 1982. D. Arthur, S. Vassilvitskii,
    "k-means++: the advantages of careful seeding", 2007 (the greedy variant, whose prefixes are
    the seedings of every smaller k).
    """
    centred = np.ascontiguousarray(x - x.mean(axis=0, dtype=np.float64), dtype=np.float32)
    squares = np.einsum("ij,ij->i", centred, centred)
    if centred.shape[1] > 2 * _FEW:
        found = fit_all(_leading(centred), ks, rng, n_init)
        tasks = [
            [_Task(centred, _means(centred, f.labels, k))] for f, k in zip(found, ks, strict=True)
        ]
    else:
        starts = [_seeding(centred, squares, max(ks), own) for own in rng.spawn(n_init)]
        tasks = [[_Task(centred, start[:k]) for start in starts] for k in ks]
    _lloyd(centred, squares, [task for row in tasks for task in row if len(task.centres) > 1])
    best = []
    for row in tasks:
        fits = [Fit(t.labels.astype(np.int64).clip(0), _inertia(centred, t)) for t in row]
        best.append(min(fits, key=lambda fit: fit.inertia))
    return best


def _leading(x: Floats32) -> Floats32:
    """Return the scores of centred images along their leading principal axes."""
    last = x.shape[1] - 1
    _, axes = eigh(x.T @ x, subset_by_index=[last - _FEW + 1, last])
    return np.asarray(x @ axes, dtype=np.float32)


def _means(x: Floats32, labels: Ints, k: int) -> Floats32:
    """Return the mean of each cluster, 0 for an empty one: (k, n_components)."""
    members = coo_matrix((np.ones(len(x)), (labels, np.arange(len(x)))), shape=(k, len(x)))
    sizes = np.maximum(np.bincount(labels, minlength=k), 1)
    return np.asarray((members.tocsr() @ x) / sizes[:, None], dtype=np.float32)


def _seeding(x: Floats32, squares: Floats32, k: int, rng: np.random.Generator) -> Floats32:
    """Return k starting centres by greedy k-means++: (k, n_components)."""
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


def _lloyd(x: Floats32, squares: Floats32, tasks: list[_Task]) -> None:
    """Move the centres of every task until it has settled."""
    enough = _TOLERANCE * float(squares.mean(dtype=np.float64)) / x.shape[1]
    for _ in range(MAX_ROUNDS):
        if not tasks:
            return
        found = _nearest(x, [task.centres for task in tasks])
        moves = [task.move(x, labels) for task, labels in zip(tasks, found, strict=True)]
        tasks = [task for task, moved in zip(tasks, moves, strict=True) if moved > enough]


def _nearest(x: Floats32, centres: Sequence[Floats32]) -> list[NDArray[np.int32]]:
    """Return, for each set of centres, the nearest one to every image."""
    table = np.concatenate(centres)
    weights, offset = -2.0 * table.T, np.einsum("ij,ij->i", table, table)
    ends = np.cumsum([len(part) for part in centres])
    found = [np.empty(len(x), dtype=np.int32) for _ in centres]
    for rows in _blocks(len(x), len(table)):
        near = x[rows] @ weights
        near += offset
        for labels, part, end in zip(found, centres, ends, strict=True):
            labels[rows] = near[:, end - len(part) : end].argmin(axis=1)
    return found


def _blocks(n: int, width: int) -> Iterator[slice]:
    size = max(64, _CELLS // width)
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def _inertia(x: Floats32, task: _Task) -> float:
    """Return the sum of squared distances to the means of the labels."""
    k = len(task.centres)
    if k == 1:
        return float(np.einsum("ij,ij->", x, x, dtype=np.float64))
    table = coo_matrix((np.ones(len(x)), (task.labels, np.arange(len(x)))), shape=(k, len(x)))
    sums = table.tocsr() @ x.astype(np.float64)
    sizes = np.maximum(np.bincount(task.labels, minlength=k), 1)
    total = float(np.einsum("ij,ij->", x, x, dtype=np.float64))
    return max(0.0, total - float((sums**2 / sizes[:, None]).sum()))
