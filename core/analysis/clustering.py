"""How many clusters do the embeddings show? The evidence, over k, on the embedding itself.

Everything here runs on standardised, PCA-reduced embeddings and never on the 2-D picture. The
elbow of the inertia is not used: it has no statistical meaning (E. Schubert, "Stop using the
elbow criterion for k-means and how to choose the number of clusters instead", 2022).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh

from core.analysis._checks import Floats, Ints, class_indices, matrix_2d, same_length
from core.analysis.silhouette import silhouettes
from core.analysis.verdict import Verdict, suggest, verdict
from core.errors import InvalidInput

__all__ = [
    "Report",
    "Verdict",
    "agreement",
    "crosstab",
    "kmeans",
    "reduce",
    "suggest",
    "sweep",
    "verdict",
]

Report = Callable[[float, str], None]
Reduced = NDArray[np.float32]  # (n_images, n_components)

N_COMPONENTS = 64
N_INIT = 10  # k-means++ starts of a clustering that is shown
N_INIT_COMPARED = 4  # ... and of the many that are only compared with it
N_REFERENCES = 10  # gap statistic; clusterSim's default
N_SUBSAMPLES = 10
SUBSAMPLE_SHARE = 0.8  # Ben-Hur et al. use 0.6 to 0.8


def reduce(embedding: ArrayLike, n_components: int = N_COMPONENTS) -> Reduced:
    """Standardise every dimension and keep the strongest principal components.

    Parameters
    ----------
    embedding : array of float, shape (n_images, dim)
    n_components : int, at least 1

    Returns
    -------
    array of float32, shape (n_images, min(n_components, n_images, dim))
        Scores, strongest component first. Dimensions that never vary count for nothing.

    Raises
    ------
    InvalidInput
        When the embedding is empty or not finite.

    Notes
    -----
    Exact (an eigendecomposition of the smaller Gram matrix), hence deterministic. An
    eigenvector's sign is free: the score of largest size in each column is made positive.
    """
    x = matrix_2d(embedding, "embedding")
    if n_components < 1:
        raise InvalidInput("n_components is out of range", expected="1 or more")
    x = _standardised(x.copy() if np.shares_memory(x, embedding) else x)
    size = min(n_components, *x.shape)
    wide = x.shape[1] > x.shape[0]
    gram = x @ x.T if wide else x.T @ x
    last = len(gram) - 1
    values, vectors = eigh(gram, subset_by_index=[last - size + 1, last])
    values, vectors = values[::-1].clip(0.0, None), vectors[:, ::-1]
    scores = vectors * np.sqrt(values) if wide else x @ vectors
    strongest = scores[np.abs(scores).argmax(axis=0), np.arange(size)]
    return np.asarray(scores * np.where(strongest < 0, -1.0, 1.0), dtype=np.float32)


def kmeans(x: ArrayLike, k: int, seed: int = 0) -> Ints:
    """Return the cluster of each image: int64 (n_images,), clusters numbered by size.

    Parameters
    ----------
    x : array of float, shape (n_images, n_components)
        From `reduce`.
    k : int in [1, n_images]
    seed : int

    Notes
    -----
    The best of 10 k-means++ starts. Cluster 0 is the largest; ties go to the cluster whose
    first image comes first. With fewer different images than k some clusters stay empty.

    References
    ----------
    S. Lloyd, "Least squares quantization in PCM", 1982. D. Arthur, S. Vassilvitskii,
    "k-means++: the advantages of careful seeding", 2007.
    """
    data = matrix_2d(x, "x").astype(np.float32)
    _check_ks([k], len(data))
    with _one_thread():
        return _fit(data, k, seed, N_INIT)[0]


def sweep(
    x: ArrayLike, ks: Sequence[int], seed: int = 0, report: Report | None = None
) -> list[dict[str, Any]]:
    """Return the evidence for each number of clusters.

    Parameters
    ----------
    x : array of float, shape (n_images, n_components)
        From `reduce`.
    ks : sequence of int, ascending, in [1, n_images]
    seed : int
    report : callable, optional
        Called with a share in [0, 1] and a step text; what it raises ends the computation.

    Returns
    -------
    list of dict, one for each k
        k; inertia (sum of squared distances to the centres); silhouette (None for k = 1 and
        where only one cluster is filled); gap and gap_se; bic (larger is better); stability
        (mean adjusted Rand index of clusterings of 80 % subsamples with that of all images; 1
        for k = 1).

    References
    ----------
    P. Rousseeuw, "Silhouettes", 1987. R. Tibshirani, G. Walther, T. Hastie, "Estimating the
    number of clusters in a data set via the gap statistic", 2001 (references uniform in a box
    aligned with the principal components; s_k = sd_k sqrt(1 + 1/B)). D. Pelleg, A. Moore,
    "X-means", 2000 (BIC of spherical Gaussians of one variance). A. Ben-Hur, A. Elisseeff,
    I. Guyon, "A stability based method for discovering structure in clustered data", 2002.
    """
    data = matrix_2d(x, "x").astype(np.float32)
    ks = [int(k) for k in ks]
    _check_ks(ks, len(data))
    with _one_thread():
        return _evidence(data, ks, seed, report or (lambda share, text: None))


def crosstab(clusters: ArrayLike, y: ArrayLike, n_labels: int) -> Ints:
    """Count images by cluster (row) and label (column): int64 (n_clusters, n_labels).

    Notes
    -----
    Two labels that fall into one cluster are candidates for a merge.
    """
    truth = class_indices(y, n_labels, "y")
    found = class_indices(clusters, np.iinfo(np.int64).max, "clusters")
    same_length("clusters", len(found), "y", len(truth))
    n_clusters = int(found.max(initial=-1)) + 1
    cells = np.bincount(found * n_labels + truth, minlength=n_clusters * n_labels)
    return cells.reshape(n_clusters, n_labels).astype(np.int64, copy=False)


def agreement(clusters: ArrayLike, y: ArrayLike) -> dict[str, float]:
    """Return how far clusters and labels say the same: {"ari", "ami"}, 0 by chance, 1 equal.

    References
    ----------
    L. Hubert, P. Arabie, "Comparing partitions", 1985. N. Vinh, J. Epps, J. Bailey,
    "Information theoretic measures for clusterings comparison", 2010.
    """
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    same_length("clusters", np.size(clusters), "y", np.size(y))
    return {
        "ari": float(adjusted_rand_score(y, clusters)),
        "ami": float(adjusted_mutual_info_score(y, clusters)),
    }


def _standardised(x: Floats) -> Floats:
    """Standardise in place: every other copy of 70,000 embeddings is 0.7 GB."""
    mean = x.mean(axis=0)
    x -= mean
    deviation = np.sqrt(np.einsum("ij,ij->j", x, x) / len(x))
    varies = deviation > 1e-12 * np.maximum(1.0, np.abs(mean))
    x *= np.where(varies, 1.0 / np.where(varies, deviation, 1.0), 0.0)
    return x


def _one_thread() -> AbstractContextManager[object]:
    """Keep these fits of milliseconds on one thread.

    On a busy machine OpenMP threads that wait for each other cost 50 times what they save.
    """
    import sklearn.cluster  # noqa: F401  (a library not yet loaded is not limited)
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    return cast("AbstractContextManager[object]", threadpool_limits(limits=1))


def _check_ks(ks: Sequence[int], n_images: int) -> None:
    """Raise unless the numbers of clusters ascend within [1, n_images]."""
    if not ks or ks[0] < 1 or ks[-1] > n_images or list(ks) != sorted(set(ks)):
        raise InvalidInput(
            "the numbers of clusters cannot be used",
            expected=f"ascending numbers in [1, {n_images}], at most one cluster an image",
            received=str(list(ks)),
        )


def _evidence(data: Reduced, ks: Sequence[int], seed: int, tell: Report) -> list[dict[str, Any]]:
    """Compute `sweep` from valid arguments."""
    labels, inertias = [], []
    for i, k in enumerate(ks):
        tell(0.2 * i / len(ks), f"Clustering with k = {k}")
        found, inertia = _fit(data, k, seed, N_INIT)
        labels.append(found)
        inertias.append(inertia)
    tell(0.2, "Measuring silhouettes")
    widths = silhouettes(data, labels, seed)
    gaps, gap_ses = _gaps(data, ks, inertias, seed, lambda s, text: tell(0.25 + 0.4 * s, text))
    stable = _stability(data, ks, labels, seed, lambda s, text: tell(0.65 + 0.35 * s, text))
    fits = zip(inertias, labels, ks, strict=True)
    bics = [_bic(inertia, found, k, data) for inertia, found, k in fits]
    tell(1.0, "Done")
    names = ("k", "inertia", "silhouette", "gap", "gap_se", "bic", "stability")
    rows = zip(ks, inertias, widths, gaps, gap_ses, bics, stable, strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _fit(x: Reduced, k: int, seed: int, n_init: int) -> tuple[Ints, float]:
    """Return clusters numbered by size, and the inertia."""
    if k == 1:
        centred = x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)
        return np.zeros(len(x), dtype=np.int64), float((centred**2).sum())
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different images than k
        model = KMeans(n_clusters=k, n_init=n_init, random_state=seed).fit(x)
    return _by_size(model.labels_.astype(np.int64), k), float(model.inertia_)


def _by_size(labels: Ints, k: int) -> Ints:
    """Renumber clusters: the largest is 0; of equals the one whose first image comes first."""
    sizes = np.bincount(labels, minlength=k)
    first = np.full(k, len(labels))
    np.minimum.at(first, labels, np.arange(len(labels)))
    rank = np.empty(k, dtype=np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(k)
    return rank[labels]


def _gaps(
    x: Reduced, ks: Sequence[int], inertias: Sequence[float], seed: int, tell: Report
) -> tuple[list[float], list[float]]:
    """Return Gap(k) and s_k from references uniform in the box along x's principal axes."""
    rng = np.random.default_rng(seed)
    _, axes = eigh(np.cov(x.T, dtype=np.float64).reshape(x.shape[1], x.shape[1]))
    scores = x @ axes
    low, high = scores.min(axis=0), scores.max(axis=0)
    logs = np.empty((N_REFERENCES, len(ks)))
    for b in range(N_REFERENCES):
        tell(b / N_REFERENCES, f"Comparing with structureless data, {b + 1} of {N_REFERENCES}")
        reference = rng.uniform(low, high, size=scores.shape).astype(np.float32)
        logs[b] = _log([_fit(reference, k, seed, N_INIT_COMPARED)[1] for k in ks])
    spread = logs.std(axis=0) * np.sqrt(1.0 + 1.0 / N_REFERENCES)
    return (logs.mean(axis=0) - _log(inertias)).tolist(), spread.tolist()


def _log(inertias: Sequence[float]) -> Floats:
    """Return ln W_k; images that all sit on their centre count as a very small spread."""
    return np.asarray(np.log(np.maximum(inertias, 1e-12)))


def _stability(
    x: Reduced, ks: Sequence[int], labels: Sequence[Ints], seed: int, tell: Report
) -> list[float]:
    """Return, for each k, how well clusterings of subsamples agree with that of all images."""
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(seed + 1)
    size = max(2, round(SUBSAMPLE_SHARE * len(x)))
    scores = np.ones((N_SUBSAMPLES, len(ks)))
    for b in range(N_SUBSAMPLES):
        tell(b / N_SUBSAMPLES, f"Clustering subsamples, {b + 1} of {N_SUBSAMPLES}")
        rows = np.sort(rng.permutation(len(x))[:size])
        for i, k in enumerate(ks):
            if 1 < k <= len(rows):
                found = _fit(x[rows], k, seed + b, N_INIT_COMPARED)[0]
                scores[b, i] = adjusted_rand_score(labels[i][rows], found)
    return [float(score) for score in scores.mean(axis=0)]


def _bic(inertia: float, labels: Ints, k: int, x: Reduced) -> float:
    """Return the BIC of k spherical Gaussians that share one variance; larger is better."""
    n, dim = x.shape
    free = (k - 1) + k * dim + 1
    variance = max(inertia / (dim * max(1, n - k)), 1e-12)
    sizes = np.bincount(labels, minlength=k)
    sizes = sizes[sizes > 0]
    mixing = float((sizes * np.log(sizes / n)).sum())
    fit = -0.5 * n * dim * np.log(2.0 * np.pi * variance) - 0.5 * dim * (n - k)
    return float(mixing + fit - 0.5 * free * np.log(n))
