"""The evidence behind a sweep over k: each criterion against data that have no clusters.

Real embeddings are stretched, their tails are heavy and their groups lie in groups: criteria
that compare with round Gaussians find ever more clusters, and those that ask for wide gaps find
two. Here the *null* has the images' own principal axes and variances, and is uniform along
them: of all single-peaked shapes the uniform one is split best (Tibshirani et al. 2001, theorem
1), so what splits better than it is more than one peak.

References
----------
P. Rousseeuw, "Silhouettes", 1987. R. Tibshirani, G. Walther, T. Hastie, "Estimating the number
of clusters in a data set via the gap statistic", 2001; box with matched variances after
Y. Liu, D. Hayes, A. Nobel, J. Marron, "Statistical significance of clustering for
high-dimension, low-sample size data", 2008. R. Tibshirani, G. Walther, "Cluster validation by
prediction strength", 2005; C. Hennig, "Cluster-wise assessment of cluster stability", 2007;
A. Ben-Hur, A. Elisseeff, I. Guyon, "A stability based method for discovering structure in
clustered data", 2002; C. John et al., "M3C: Monte Carlo reference-based consensus clustering",
2020; Y. Senbabaoglu, G. Michailidis, J. Li, "Critical limitations of consensus clustering in
class discovery", 2014. M. Symons, "Clustering criteria and multivariate normal mixtures", 1981;
C. Biernacki, G. Celeux, G. Govaert, "Assessing a mixture model for clustering with the
integrated completed likelihood", 2000; D. Jackson, "Stopping rules in principal components
analysis", 1993.
J. Shao, C. Wu, "A general theory for jackknife variance estimation", 1989.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from core.analysis._checks import Floats, Ints
from core.analysis.clusters.batched_kmeans import Fit, fit_all
from core.analysis.clusters.consensus import MAX_IMAGES, N_RESAMPLES, SHARE, least_jaccard, pac_of
from core.analysis.clusters.separation import least_apart
from core.analysis.clusters.silhouette import silhouettes
from core.analysis.clusters.verdict import VOTERS, suggest
from core.language import t

Report = Callable[[float, str], None]
Reduced = NDArray[np.float32]  # (n_images, n_components)

N_INIT = 10  # k-means++ starts of a clustering that is shown
N_INIT_COMPARED = 5  # ... and of the many that are only compared with it
N_REFERENCES = 10  # data without clusters; clusterSim's default
N_PAC_REFERENCES = 2  # each is clustered 20 times, and two differ little
MAX_COMPARED = 5_000  # images in a resample or a reference: enough for every error quoted


class _Sample(NamedTuple):
    """What a clustering of some rows says, over k."""

    log_inertia: Floats
    stability: Floats
    fits: list[Fit]
    rows: Ints


def gather(
    x: Reduced, ks: Sequence[int], seed: int, tell: Report
) -> tuple[list[dict[str, Any]], list[Fit]]:
    """Compute what `clustering.sweep` returns: the rows, and the clusterings they judge.

    Parameters
    ----------
    x, ks, seed, tell
        Those of `clustering.sweep`, already checked.
    """
    tell(0.0, t("Clustering with k = {low} to {high}", low=ks[0], high=ks[-1]))
    fits = fits_of(x, ks, seed)
    tell(0.1, t("Measuring silhouettes"))
    widths = silhouettes(x, [fit.labels for fit in fits], seed)
    rng = np.random.default_rng(seed + 1)
    apart = _separations(x, ks, fits, rng, lambda s, text: tell(0.15 + 0.1 * s, text))
    doubts = _doubts(x, ks, rng, lambda s, text: tell(0.25 + 0.2 * s, text))
    nulls, null_samples = _references(x, ks, rng, lambda s, text: tell(0.45 + 0.25 * s, text))
    samples = []
    for b in range(N_RESAMPLES):
        step = t("Clustering resamples, {n} of {total}", n=b + 1, total=N_RESAMPLES)
        tell(0.7 + 0.25 * b / N_RESAMPLES, step)
        samples.append(_sample(x, ks, fits, rng))
    rows = _rows(x, ks, fits, nulls, samples, null_samples)
    for row, width, of_k in zip(rows, widths, zip(apart, *doubts, strict=True), strict=True):
        separation, doubt, null_doubt = of_k
        row |= {"silhouette": width, "pac": doubt, "pac_null": null_doubt} | separation
    tell(0.95, t("Counting what the resamples suggest"))
    _count_choices(x, rows, samples, null_samples)
    tell(1.0, t("Done"))
    return rows, fits


def fits_of(x: Reduced, ks: Sequence[int], seed: int) -> list[Fit]:
    """Return the clusterings that are judged and shown, clusters numbered by size."""
    fits = fit_all(x, ks, np.random.default_rng(seed), N_INIT)
    return [Fit(by_size(fit.labels, k), fit.inertia) for fit, k in zip(fits, ks, strict=True)]


def by_size(labels: Ints, k: int) -> Ints:
    """Renumber clusters: the largest is 0; of equals the one whose first image comes first."""
    sizes = np.bincount(labels, minlength=k)
    first = np.full(k, len(labels))
    np.minimum.at(first, labels, np.arange(len(labels)))
    rank = np.empty(k, dtype=np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(k)
    return rank[labels]


def one_thread() -> AbstractContextManager[object]:
    """Keep products of milliseconds on one thread.

    On a busy machine threads that wait for each other cost 50 times what they save.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    return cast("AbstractContextManager[object]", threadpool_limits(limits=1))


def bic(x: Reduced, labels: Ints, k: int) -> float:
    """Return the BIC of k Gaussians that share a covariance; larger is better.

    Notes
    -----
    The likelihood of images *and* clusters (ICL): splitting one Gaussian, or one uniform cloud,
    costs at least as much in the clusters' entropy as it gains in variance. Every shape of a
    covariance is allowed, so that stretched clusters are not cut. Only the axes that hold more
    variance than a stick broken at random count (Jackson 1993): the others would let every
    faint regularity of a large data set become a class.
    """
    n = len(x)
    axes = x[:, : _n_axes(x)].astype(np.float64)
    members = np.eye(k)[labels]
    sizes = members.sum(axis=0)
    means = members.T @ axes / np.maximum(sizes, 1.0)[:, None]
    within = axes - means[labels]
    q = axes.shape[1]
    scale = max(float((axes**2).sum()) / (n * q), 1e-12)
    covariance = within.T @ within / n + 1e-6 * scale * np.eye(q)
    _, log_volume = np.linalg.slogdet(covariance)
    filled = sizes[sizes > 0]
    entropy = float((filled * np.log(filled / n)).sum())
    free = k * q + k - 1
    return float(-0.5 * n * log_volume + entropy - 0.5 * free * np.log(n))


def _n_axes(x: Reduced) -> int:
    """Return how many leading axes exceed the broken stick, at least 1."""
    variances = x.var(axis=0, dtype=np.float64)
    shares = variances / max(float(variances.sum()), 1e-12)
    sticks = np.cumsum((1.0 / np.arange(1, len(shares) + 1))[::-1])[::-1] / len(shares)
    return max(1, int(np.argmin(np.append(shares > sticks, False))))


def _separations(
    x: Reduced, ks: Sequence[int], fits: Sequence[Fit], rng: np.random.Generator, tell: Report
) -> list[dict[str, float | None]]:
    """Return how far the two clusters that are least apart are, for each k; None without two."""
    found: list[dict[str, float | None]] = []
    for i, (k, fit) in enumerate(zip(ks, fits, strict=True)):
        tell(i / len(ks), t("Looking between neighbouring clusters, k = {k}", k=k))
        closest = least_apart(x, fit.labels, k, rng) if k > 1 else None
        gap, error = closest or (None, None)
        found.append({"separation": gap, "separation_se": error})
    return found


def _doubts(
    x: Reduced, ks: Sequence[int], rng: np.random.Generator, tell: Report
) -> tuple[list[float], list[float]]:
    """Return the PAC of each k, and the mean PAC of data without clusters."""
    part = x[np.sort(rng.permutation(len(x))[:MAX_IMAGES])]
    tell(0.0, t("Counting images that change company"))
    found = pac_of(part, ks, rng)
    nulls = []
    for b in range(N_PAC_REFERENCES):
        tell((1 + b) / (1 + N_PAC_REFERENCES), t("Counting the same in structureless data"))
        nulls.append(pac_of(_null(x, len(part), rng), ks, rng))
    return found.tolist(), np.mean(nulls, axis=0).tolist()


def _null(x: Reduced, n: int, rng: np.random.Generator) -> Reduced:
    """Draw n images without clusters, uniform along the axes of x and as spread in all."""
    variances = x.var(axis=0, dtype=np.float64)
    null = (rng.uniform(-1.0, 1.0, (n, x.shape[1])) * np.sqrt(3.0 * variances)).astype(np.float32)
    drawn = max(float(((null - null.mean(axis=0)) ** 2).sum()), 1e-12)
    return np.asarray(null * np.sqrt(max(float(variances.sum()) * n, 1e-12) / drawn), np.float32)


def _references(
    x: Reduced, ks: Sequence[int], rng: np.random.Generator, tell: Report
) -> tuple[Floats, list[_Sample]]:
    """Return log inertias of data without clusters (n_references, n_k), and a resample of each."""
    n = min(len(x), MAX_COMPARED)
    logs, samples = [], []
    for b in range(N_REFERENCES):
        step = t("Comparing with structureless data, {n} of {total}", n=b + 1, total=N_REFERENCES)
        tell(b / N_REFERENCES, step)
        null = _null(x, n, rng)
        fits = fit_all(null, ks, rng, N_INIT_COMPARED)
        logs.append(_log([fit.inertia / n for fit in fits]))
        samples.append(_sample(null, ks, fits, rng))
    return np.array(logs), samples


def _sample(
    x: Reduced, ks: Sequence[int], fits: Sequence[Fit], rng: np.random.Generator
) -> _Sample:
    """Cluster a part of the images again and compare."""
    size = max(1, min(round(SHARE * len(x)), MAX_COMPARED))
    rows = np.sort(rng.permutation(len(x))[:size])
    found = fit_all(x[rows], [min(k, size) for k in ks], rng, N_INIT_COMPARED)
    agreed = [
        least_jaccard(fit.labels[rows], again.labels, k)
        for fit, again, k in zip(fits, found, ks, strict=True)
    ]
    logs = _log([fit.inertia / size for fit in found])
    return _Sample(logs, np.array(agreed), found, rows)


def _log(inertias: Sequence[float]) -> Floats:
    """Return ln W_k; images that all sit on their centre count as a very small spread."""
    return np.asarray(np.log(np.maximum(inertias, 1e-12)))


def _rows(
    x: Reduced,
    ks: Sequence[int],
    fits: Sequence[Fit],
    nulls: Floats,
    samples: Sequence[_Sample],
    null_samples: Sequence[_Sample],
) -> list[dict[str, Any]]:
    """Join the criteria into one row a k.

    gap_se is s_k = sd_k sqrt(1 + 1/B). The error of the step that leads to k counts the images
    too: a delete-d jackknife multiplies the variance over subsamples by size / (n - size).
    """
    n, size = len(x), len(samples[0].rows)
    logs = np.array([sample.log_inertia for sample in samples])
    more = 1.0 + 1.0 / N_REFERENCES
    of_images = np.diff(logs, axis=1, prepend=logs[:, :1]).var(axis=0) * size / max(1, n - size)
    of_nulls = np.diff(nulls, axis=1, prepend=nulls[:, :1]).var(axis=0) * more
    gaps = nulls.mean(axis=0) - _log([fit.inertia / n for fit in fits])
    errors, step_errors = np.sqrt(nulls.var(axis=0) * more), np.sqrt(of_images + of_nulls)
    stable = np.median([sample.stability for sample in samples], axis=0)
    null_stable = np.max([sample.stability for sample in null_samples], axis=0)
    return [
        {
            "k": k,
            "inertia": fits[i].inertia,
            "gap": float(gaps[i]),
            "gap_se": float(errors[i]),
            "gap_step_se": float(step_errors[i]),
            "bic": bic(x, fits[i].labels, k),
            "stability": float(stable[i]),
            "stability_null": float(null_stable[i]),
        }
        for i, k in enumerate(ks)
    ]


def _count_choices(
    x: Reduced,
    rows: list[dict[str, Any]],
    samples: Sequence[_Sample],
    null_samples: Sequence[_Sample],
) -> None:
    """Add to each row how many resamples choose it, by criterion."""
    for row in rows:
        row["n_chosen"] = dict.fromkeys(VOTERS, 0)
    nulls = np.mean([sample.log_inertia for sample in null_samples], axis=0)
    places = {row["k"]: row for row in rows}
    for sample in samples:
        part = x[sample.rows]
        labels = [fit.labels for fit in sample.fits]
        gaps = nulls - sample.log_inertia
        again = [
            row
            | {
                "gap": float(gaps[i]),
                "bic": bic(part, labels[i], row["k"]),
                "stability": float(sample.stability[i]),
            }
            for i, row in enumerate(rows)
        ]
        for name, k in suggest(again).items():
            if name in VOTERS:
                places[k]["n_chosen"][name] += 1
