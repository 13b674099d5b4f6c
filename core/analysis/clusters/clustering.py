"""How many clusters do the embeddings show? The evidence, over k, on the embedding itself.

Everything here runs on standardised, PCA-reduced embeddings and never on the 2-D picture. The
elbow of the inertia is not used: it has no statistical meaning (E. Schubert, "Stop using the
elbow criterion for k-means and how to choose the number of clusters instead", 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import Ints, class_indices, matrix_2d, same_length
from core.analysis.clusters.k_evidence import Reduced, Report, fits_of, gather, one_thread
from core.analysis.clusters.reduction import reduce
from core.analysis.clusters.verdict import Verdict, suggest, verdict
from core.errors import InvalidInput
from core.language import t

__all__ = [
    "Report",
    "Shared",
    "Sweep",
    "Verdict",
    "agreement",
    "crosstab",
    "kmeans",
    "reduce",
    "shared_labels",
    "suggest",
    "sweep",
    "verdict",
]


_LIES_IN = 0.5  # of a label's images in one cluster


class Sweep(NamedTuple):
    """The evidence: `rows`, one for each k, and the `clusters` of all images that it judges."""

    rows: list[dict[str, Any]]
    clusters: list[Ints]


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
    The best of 10 k-means++ starts (`batched_kmeans`). Cluster 0 is the largest; ties go to the
    cluster whose first image comes first. With fewer different images than k some clusters stay
    empty. The same that `sweep` judges for the same seed.
    """
    data, numbers = _checked(x, [k])
    with one_thread():
        return fits_of(data, numbers, seed)[0].labels


def sweep(x: ArrayLike, ks: Sequence[int], seed: int = 0, report: Report | None = None) -> Sweep:
    """Return the evidence for each number of clusters, and the clusters.

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
    Sweep
        In a row: k; inertia (sum of squared distances to the centres); silhouette (None for
        k = 1 and where only one cluster is filled); gap and gap_se; bic (larger is better);
        stability and stability_null; pac and pac_null; separation and separation_se of the two
        clusters least apart (None for k = 1, or a cluster of fewer than 10 images); n_chosen,
        {criterion: in how many of 20 resamples it suggests this k}. `k_evidence` says how each
        is computed.
    """
    data, numbers = _checked(x, ks)
    with one_thread():
        rows, fits = gather(data, numbers, seed, report or (lambda share, text: None))
    return Sweep(rows, [fit.labels for fit in fits])


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


class Shared(NamedTuple):
    """Labels that lie in one cluster: `labels` and `cluster`, numbers; `share` of the images.

    `share` is that of the label that lies there least.
    """

    labels: tuple[int, ...]
    cluster: int
    share: float


def shared_labels(table: ArrayLike) -> list[Shared]:
    """Return which labels share a cluster, by cluster.

    Parameters
    ----------
    table : array of int, shape (n_clusters, n_labels)
        From `crosstab`.

    Notes
    -----
    A label lies in the cluster that holds at least half of its images; of two that hold half
    each, in the first. Labels that lie in the same cluster share it, unless all labels do: that
    tells none of them apart. A label without images, or spread over clusters, shares none.

    Examples
    --------
    >>> shared_labels([[9, 8, 0], [1, 2, 5]])
    [Shared(labels=(0, 1), cluster=0, share=0.8)]
    """
    counts = np.asarray(table, dtype=np.float64)
    if counts.size == 0:
        return []
    shares = counts / np.maximum(counts.sum(axis=0), 1.0)
    home, share = shares.argmax(axis=0), shares.max(axis=0)
    home = np.where(share >= _LIES_IN, home, -1)
    groups = [(c, np.flatnonzero(home == c)) for c in range(len(counts))]
    return [
        Shared(tuple(int(i) for i in labels), c, float(share[labels].min()))
        for c, labels in groups
        if 2 <= len(labels) < counts.shape[1]
    ]


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


def _checked(x: ArrayLike, ks: Sequence[int]) -> tuple[Reduced, list[int]]:
    """Return valid data and numbers of clusters; these ascend within [1, n_images]."""
    data, numbers = matrix_2d(x, "x").astype(np.float32), [int(k) for k in ks]
    n_images = len(data)
    if not numbers or numbers[0] < 1 or numbers[-1] > n_images or numbers != sorted(set(numbers)):
        raise InvalidInput(
            t("the numbers of clusters cannot be used"),
            expected=t(
                "ascending numbers in [1, {n_images}], at most one cluster an image",
                n_images=n_images,
            ),
            received=str(numbers),
        )
    return data, numbers
