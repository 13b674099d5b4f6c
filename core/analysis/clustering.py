"""How many clusters do the embeddings show? The evidence, over k, on the embedding itself.

Everything here runs on standardised, PCA-reduced embeddings and never on the 2-D picture. The
elbow of the inertia is not used: it has no statistical meaning (E. Schubert, "Stop using the
elbow criterion for k-means and how to choose the number of clusters instead", 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh

from core.analysis._checks import Floats, Ints, class_indices, matrix_2d, same_length
from core.analysis.k_evidence import Reduced, Report, fits_of, gather, one_thread
from core.analysis.verdict import Verdict, suggest, verdict
from core.errors import InvalidInput

__all__ = [
    "Report",
    "Verdict",
    "agreement",
    "crosstab",
    "kmeans",
    "partitions",
    "reduce",
    "suggest",
    "sweep",
    "verdict",
]

N_COMPONENTS = 64


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
    One row of `partitions`.
    """
    return partitions(x, [k], seed)[0]


def partitions(x: ArrayLike, ks: Sequence[int], seed: int = 0) -> list[Ints]:
    """Return the clusters of all images for each k: int64 (n_images,), numbered by size.

    Parameters
    ----------
    x : array of float, shape (n_images, n_components)
        From `reduce`.
    ks : sequence of int, ascending, in [1, n_images]
    seed : int

    Notes
    -----
    The best of 10 k-means++ starts (`batched_kmeans`). Cluster 0 is the largest; ties go to the
    cluster whose first image comes first. With fewer different images than k some clusters stay
    empty. The same that `sweep` judges for the same seed.
    """
    data, numbers = _checked(x, ks)
    with one_thread():
        return [fit.labels for fit in fits_of(data, numbers, seed)]


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
        where only one cluster is filled); gap and gap_se; bic (larger is better); stability and
        stability_null; n_chosen, {criterion: in how many of 20 resamples it suggests this k}.
        `k_evidence` says how each is computed.
    """
    data, numbers = _checked(x, ks)
    with one_thread():
        return gather(data, numbers, seed, report or (lambda share, text: None))


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


def _checked(x: ArrayLike, ks: Sequence[int]) -> tuple[Reduced, list[int]]:
    """Return valid data and numbers of clusters; these ascend within [1, n_images]."""
    data, numbers = matrix_2d(x, "x").astype(np.float32), [int(k) for k in ks]
    n_images = len(data)
    if not numbers or numbers[0] < 1 or numbers[-1] > n_images or numbers != sorted(set(numbers)):
        raise InvalidInput(
            "the numbers of clusters cannot be used",
            expected=f"ascending numbers in [1, {n_images}], at most one cluster an image",
            received=str(numbers),
        )
    return data, numbers
