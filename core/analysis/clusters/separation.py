"""Is it one cloud or two? A split is believed when it beats that of a cloud as stretched.

A stretched cloud is cut in the same place each time, so that its halves come back on every
resample: coming back is no proof of two. What proves two is a gap between them, and a gap makes
the halves tighter than those of any cloud with one peak.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from core.analysis._checks import Floats, Ints
from core.analysis.clusters.batched_kmeans import Floats32, fit_all

N_REFERENCES = 20  # clouds without a gap, for each pair of clusters
N_INIT = 3  # k-means++ starts on each: two clusters are found by the first, nearly always
FEWEST = 10  # images of a cluster; fewer are stray images, however far away
MAX_SPLIT = 1_000  # images of one split that are compared
N_ERRORS = 1.645  # one-sided 95 %
_N_SIMULATED = 2  # of the pairs of clusters: those that look least apart
_HALVED = 0.75  # of a uniform axis' variance, what cutting it in the middle removes


class Split(NamedTuple):
    """How far two groups are apart: `gap`, in ln of their spread, and its standard `error`."""

    gap: float
    error: float

    @property
    def apart(self) -> bool:
        """Whether the groups are two: no cloud in 20 with one peak would have this gap."""
        return self.gap > N_ERRORS * self.error


def split(
    x: Floats32, second: Ints, rng: np.random.Generator, n_references: int = N_REFERENCES
) -> Split:
    """Compare two groups with the two halves of clouds that have no gap.

    Parameters
    ----------
    x : array of float32, shape (n_images, n_components)
        The images of both groups.
    second : array of int, shape (n_images,)
        1 for the images of the second group, else 0.
    rng : Generator
    n_references : int, at least 2

    Returns
    -------
    Split
        The mean over the references of ln(spread within / spread in all), minus that of the
        groups. (0, 0), which is not apart, for an empty group or images that are all the same.

    Notes
    -----
    The gap statistic of two clusters against one, inside these images. A reference has their
    own principal axes and variances and is uniform along each: of all clouds with one peak it
    is split best (Tibshirani et al. 2001, theorem 1), so the test errs towards one.

    References
    ----------
    Y. Liu, D. Hayes, A. Nobel, J. Marron, "Statistical significance of clustering for
    high-dimension, low-sample size data", 2008 (a Gaussian in place of the uniform). R.
    Tibshirani, G. Walther, T. Hastie, "Estimating the number of clusters in a data set via the
    gap statistic", 2001.
    """
    if len(x) > MAX_SPLIT:
        rows = rng.permutation(len(x))[:MAX_SPLIT]
        x, second = x[rows], second[rows]
    found = _log_index(x, second)
    if found is None:
        return Split(0.0, 0.0)
    scale = np.linalg.svd(x - x.mean(axis=0), compute_uv=False) * np.sqrt(3.0 / len(x))
    logs = []
    for _ in range(n_references):
        cloud = (rng.uniform(-1.0, 1.0, (len(x), len(scale))) * scale).astype(np.float32)
        index = _log_index(cloud, fit_all(cloud, [2], rng, N_INIT)[0].labels)
        logs.append(found if index is None else index)
    error = np.std(logs) * np.sqrt(1.0 + 1.0 / n_references)
    return Split(float(np.mean(logs) - found), float(error))


def least_apart(x: Floats32, labels: Ints, k: int, rng: np.random.Generator) -> Split | None:
    """Return the split between the two clusters that are least apart, None without two.

    Parameters
    ----------
    x : array of float32, shape (n_images, n_components)
    labels : array of int, shape (n_images,)
        Clusters 0 to k - 1.
    k : int, at least 2
    rng : Generator

    Notes
    -----
    Moments of the clusters tell which pairs look least apart; those are simulated. One pair that
    is not apart is enough to deny k clusters, so that nothing is tested more than once. Fewer
    than 10 images are no cluster to be apart from: None.
    """
    pairs = _weakest(x, labels, k)
    if pairs is None:
        return None
    splits = []
    for a, b in pairs:
        rows = np.flatnonzero((labels == a) | (labels == b))
        splits.append(split(x[rows], (labels[rows] == b).astype(np.int64), rng))
    return min(splits, key=lambda found: found.gap - N_ERRORS * found.error)


def _log_index(x: Floats32, second: Ints) -> float | None:
    """Return ln(spread within two groups / spread in all), None where it is not defined."""
    sizes = np.bincount(second, minlength=2).astype(np.float64)
    centred = (x - x.mean(axis=0)).astype(np.float64)
    total = float((centred**2).sum())
    if sizes.min() == 0 or total <= 0.0:
        return None
    sums = np.stack([centred[second == side].sum(axis=0) for side in (0, 1)])
    within = total - float((sums**2 / sizes[:, None]).sum())
    return float(np.log(max(within / total, 1e-12)))


def _weakest(x: Floats32, labels: Ints, k: int) -> list[tuple[int, int]] | None:
    """Return the pairs of clusters whose split exceeds least that of a uniform cloud.

    None when a cluster is a handful of images.
    """
    sizes, means, scatters = _moments(x, labels, k)
    if sizes.min() < FEWEST:
        return None
    a, b = np.triu_indices(k, 1)
    step = means[a] - means[b]
    apart = (sizes[a] * sizes[b] / (sizes[a] + sizes[b]))[:, None, None]
    union = scatters[a] + scatters[b]
    within = np.trace(union, axis1=1, axis2=2)
    union += apart * step[:, :, None] * step[:, None, :]
    total = np.maximum(np.trace(union, axis1=1, axis2=2), 1e-12)
    longest = np.linalg.eigvalsh(union)[:, -1]
    excess = np.log1p(-_HALVED * longest / total) - np.log(np.maximum(within / total, 1e-12))
    order = np.argsort(excess, kind="stable")[:_N_SIMULATED]
    return [(int(a[i]), int(b[i])) for i in order]


def _moments(x: Floats32, labels: Ints, k: int) -> tuple[Floats, Floats, Floats]:
    """Return the size, mean and scatter matrix of each cluster."""
    sizes = np.bincount(labels, minlength=k).astype(np.float64)
    means, scatters = [], []
    for cluster in range(k):
        own = x[labels == cluster].astype(np.float64)
        mean = own.sum(axis=0) / max(len(own), 1)
        means.append(mean)
        scatters.append((own - mean).T @ (own - mean))
    return sizes, np.array(means), np.array(scatters)
