"""k-means of all k at once: as good as scikit-learn's, exact about itself, and seeded."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans

from core.analysis.clusters.batched_kmeans import fit_all


def _fits(x, ks, seed=0, n_init=1):
    return fit_all(x.astype(np.float32), ks, np.random.default_rng(seed), n_init)


@pytest.fixture(scope="module")
def clouds():
    rng = np.random.default_rng(0)
    return (rng.normal(size=(6, 8))[rng.integers(0, 6, 900)] * 2 + rng.normal(size=(900, 8))) + 5


def test_inertia_is_at_most_one_percent_worse_than_scikit_learns(clouds):
    ks = range(1, 11)
    for k, fit in zip(ks, _fits(clouds, ks, n_init=5), strict=True):
        peer = KMeans(k, n_init=5, random_state=0).fit(clouds)
        assert fit.inertia <= 1.01 * peer.inertia_
        assert fit.labels.dtype == np.int64


def test_inertia_is_that_of_the_labels(clouds):
    for fit in _fits(clouds, [1, 3, 7]):
        parts = [clouds[fit.labels == c] for c in np.unique(fit.labels)]
        total = sum(((part - part.mean(axis=0)) ** 2).sum() for part in parts)
        assert fit.inertia == pytest.approx(total, rel=1e-5)


def _nearest_centre(x, fit):
    means = np.stack([x[fit.labels == c].mean(axis=0) for c in np.unique(fit.labels)])
    return np.stack([((x - mean) ** 2).sum(axis=1) for mean in means]).argmin(axis=0)


def test_labels_are_a_fixed_point_of_lloyd(clouds):
    for fit in _fits(clouds, [4, 6]):
        assert (_nearest_centre(clouds, fit) == fit.labels).mean() > 0.99


def test_a_k_does_not_depend_on_the_others(clouds):
    alone, together = _fits(clouds, [5], n_init=3)[0], _fits(clouds, [2, 5, 9], n_init=3)[1]
    assert (alone.labels == together.labels).all()
    assert alone.inertia == pytest.approx(together.inertia)


def test_more_starts_are_never_worse(clouds):
    for few, many in zip(_fits(clouds, [4, 8]), _fits(clouds, [4, 8], n_init=6), strict=True):
        assert many.inertia <= few.inertia


def test_starts_are_compared_on_a_part_and_the_best_settles_on_all():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(8, 140))[rng.integers(0, 8, 5000)] * 3 + rng.normal(size=(5000, 140))
    ks = [1, 4, 8, 11]
    fits = _fits(x, ks, n_init=5)
    for k, fit in zip(ks, fits, strict=True):
        peer = KMeans(k, n_init=5, random_state=0).fit(x)
        assert fit.inertia <= 1.01 * peer.inertia_
    assert (_nearest_centre(x, fits[2]) == fits[2].labels).mean() > 0.99
    again = _fits(x, ks, n_init=5)
    assert all((a.labels == b.labels).all() for a, b in zip(fits, again, strict=True))
    alone = _fits(x, [8], n_init=5)[0]
    assert (alone.labels == fits[2].labels).all()


def test_more_clusters_than_a_part_of_the_images_could_start():
    x = np.random.default_rng(0).normal(size=(2500, 2))
    fit = _fits(x, [2400])[0]
    assert len(np.unique(fit.labels)) > 2300


def test_an_image_a_cluster_and_images_that_are_all_the_same():
    apart = np.arange(6.0)[:, None] * 10
    fit = _fits(apart, [6])[0]
    assert sorted(fit.labels.tolist()) == list(range(6))
    assert fit.inertia == pytest.approx(0.0, abs=1e-6)
    same = _fits(np.full((7, 3), 4.0), [1, 3])
    assert [fit.inertia for fit in same] == [0.0, 0.0]
    assert _fits(np.ones((1, 2)), [1])[0].labels.tolist() == [0]
