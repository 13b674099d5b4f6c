"""Clustering: reduction, k-means, the evidence over k, and what is said about it."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler

from core.analysis import clustering
from core.analysis.silhouette import silhouettes
from core.errors import InvalidInput, JobCancelled


def _blobs(n=400, k=4, dim=300, seed=0):
    """Gaussian blobs seen through a random ReLU layer, as embeddings are; (embedding, y)."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    latent = rng.normal(size=(k, 32))[y] + rng.normal(size=(n, 32))
    return np.maximum(latent @ rng.normal(size=(32, dim)), 0.0), y


@pytest.fixture(scope="module")
def blobs():
    embedding, y = _blobs()
    reduced = clustering.reduce(embedding)
    return reduced, y, clustering.sweep(reduced, range(1, 8), seed=0)


@pytest.mark.parametrize("shape", [(50, 20), (20, 50), (30, 30)])
def test_reduction_equals_scikit_learn_up_to_sign(shape):
    x = np.random.default_rng(0).normal(size=shape) @ np.diag(np.linspace(1, 3, shape[1]))
    mine = clustering.reduce(x, 8)
    expected = PCA(8, svd_solver="full").fit_transform(StandardScaler().fit_transform(x))
    assert mine.dtype == np.float32
    assert np.abs(mine) == pytest.approx(np.abs(expected), abs=1e-4)
    assert (mine[np.abs(mine).argmax(axis=0), np.arange(8)] > 0).all()
    assert (clustering.reduce(x[::-1], 8)[::-1] == pytest.approx(mine, abs=1e-4)) is True


def test_reduction_holds_one_copy_of_the_embedding_and_leaves_the_given_one_alone():
    x = np.random.default_rng(0).normal(size=(8000, 300)).astype(np.float32)
    tracemalloc.start()
    clustering.reduce(x, 2)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 1.5 * 8 * x.size
    double = x.astype(np.float64)
    clustering.reduce(double, 2)
    np.testing.assert_array_equal(double, x)


def test_reduction_takes_what_there_is():
    assert clustering.reduce([[1.0, 2.0]]).shape == (1, 1)
    assert clustering.reduce(np.ones((5, 3))).tolist() == [[0.0] * 3] * 5
    x = np.random.default_rng(0).normal(size=(20, 3))
    constant = np.hstack([x, np.full((20, 2), 7.0)])
    assert np.abs(clustering.reduce(constant, 3)) == pytest.approx(
        np.abs(clustering.reduce(x, 3)), abs=1e-5
    )


def test_clusters_are_found_seeded_and_numbered_by_size(blobs):
    reduced, y, _ = blobs
    found = clustering.kmeans(reduced, 4, seed=1)
    assert (found == clustering.kmeans(reduced, 4, seed=1)).all()
    sizes = np.bincount(found)
    assert (np.diff(sizes) <= 0).all()
    assert clustering.agreement(found, y)["ari"] > 0.95
    assert clustering.kmeans(reduced, 1).tolist() == [0] * len(reduced)
    assert len(set(clustering.kmeans(reduced[:5], 5))) == 5


def test_identical_images_are_no_reason_to_stop():
    same = np.zeros((12, 3))
    assert clustering.kmeans(same, 3).shape == (12,)
    rows = clustering.sweep(same, [1, 2, 3])
    assert [row["silhouette"] for row in rows] == [None] * 3
    assert json.dumps(rows, allow_nan=False)
    assert clustering.verdict(rows, clustering.suggest(rows)).kind != "structure"


def test_silhouettes_equal_scikit_learn():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 6))  # more than one block of distances
    labelings = [rng.integers(0, k, 1500) for k in (2, 5, 9)]
    labelings.append(np.r_[7, np.ones(1499, dtype=int)])  # one image alone, numbers with gaps
    expected = [silhouette_score(x, found) for found in labelings]
    assert silhouettes(x, labelings) == pytest.approx(expected, abs=1e-6)
    undefined = [np.zeros(1500, dtype=int), np.arange(1500)]
    assert silhouettes(x, undefined) == [None, None]


def test_the_evidence_finds_the_blobs_that_are_there(blobs):
    _, _, rows = blobs
    keys = ["k", "inertia", "silhouette", "gap", "gap_se", "bic", "stability"]
    assert [list(row) for row in rows] == [keys] * 7
    assert json.loads(json.dumps(rows)) == rows
    assert [row["silhouette"] is None for row in rows] == [True] + [False] * 6
    assert all(a["inertia"] > b["inertia"] for a, b in zip(rows, rows[1:], strict=False))
    suggestions = clustering.suggest(rows)
    assert suggestions["gap"] == suggestions["silhouette"] == suggestions["stability"] == 4
    said = clustering.verdict(rows, suggestions)
    assert (said.kind, said.k) == ("structure", 4)
    assert "4 clusters" in said.sentence


def test_one_cloud_is_called_no_structure():
    embedding, _ = _blobs(k=1)
    rows = clustering.sweep(clustering.reduce(embedding), range(1, 7))
    suggestions = clustering.suggest(rows)
    assert suggestions["gap"] == 1
    said = clustering.verdict(rows, suggestions)
    assert (said.kind, said.k) == ("none", None)


def test_a_continuum_is_not_called_classes():
    rng = np.random.default_rng(0)
    growth = rng.random((400, 1))
    along = np.hstack([np.sin(growth * (i + 1)) * 3 for i in range(16)])
    x = clustering.reduce(along + rng.normal(size=along.shape))
    rows = clustering.sweep(x, range(1, 9))
    assert clustering.verdict(rows, clustering.suggest(rows)).kind != "structure"


def _row(k, silhouette, gap, bic, stability):
    return {
        "k": k, "inertia": 1.0, "silhouette": silhouette, "gap": gap, "gap_se": 0.01,
        "bic": bic, "stability": stability,
    }  # fmt: skip


def test_criteria_that_rise_to_the_edge_support_no_number():
    rows = [_row(k, None if k == 1 else 0.1 * k, 0.1 * k, k, 0.9) for k in range(1, 5)]
    suggestions = clustering.suggest(rows)
    assert suggestions == {"silhouette": 4, "bic": 4, "stability": 4}  # the gap has no answer
    said = clustering.verdict(rows, suggestions)
    assert said.kind == "disagree"
    assert "try more" in said.sentence


def test_clusters_that_overlap_and_are_not_stable_are_no_structure():
    rows = [_row(1, None, 0.0, 1, 1.0), _row(2, 0.1, 0.5, 2, 0.4), _row(3, 0.1, 0.4, 1, 0.3)]
    said = clustering.verdict(rows, clustering.suggest(rows))
    assert said.kind == "none"
    assert "stable" in said.sentence


def test_progress_is_told_and_what_it_raises_ends_the_work(blobs):
    reduced, _, _ = blobs
    told = []
    clustering.sweep(reduced[:60], [1, 2], report=lambda share, text: told.append((share, text)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert all(text for _, text in told)

    def cancel(share, text):
        raise JobCancelled("asked to stop")

    with pytest.raises(JobCancelled):
        clustering.sweep(reduced, range(1, 8), report=cancel)


def test_crosstab_counts_clusters_by_labels():
    table = clustering.crosstab([0, 0, 1, 2], [1, 1, 0, 1], n_labels=3)
    assert table.tolist() == [[0, 2, 0], [1, 0, 0], [0, 1, 0]]
    assert clustering.agreement([1, 1, 0, 0], [0, 0, 1, 1]) == {"ari": 1.0, "ami": 1.0}


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: clustering.reduce(np.zeros((0, 4))), "not empty"),
        (lambda: clustering.reduce([[np.nan]]), "finite"),
        (lambda: clustering.reduce([[1.0]], 0), "n_components"),
        (lambda: clustering.kmeans([[1.0], [2.0]], 3), "numbers of clusters"),
        (lambda: clustering.kmeans([[1.0], [2.0]], 0), "numbers of clusters"),
        (lambda: clustering.sweep([[1.0], [2.0]], []), "numbers of clusters"),
        (lambda: clustering.sweep([[1.0], [2.0]], [2, 1]), "numbers of clusters"),
        (lambda: clustering.crosstab([0], [0, 1], 2), "same images"),
        (lambda: clustering.agreement([0], [0, 1]), "same images"),
        (lambda: clustering.suggest([]), "no evidence"),
    ],
)
def test_what_cannot_be_clustered_is_refused_in_a_sentence(call, what):
    with pytest.raises(InvalidInput, match=what):
        call()


@pytest.mark.slow
def test_nested_structure_is_not_mistaken_for_one_cluster():
    """On the digits the gap's rule stops at 1, yet there are ten real, stable clusters."""
    x = clustering.reduce(load_digits().data)
    rows = clustering.sweep(x, range(1, 13))
    suggestions = clustering.suggest(rows)
    assert suggestions["gap"] == 1
    assert clustering.verdict(rows, suggestions).kind != "none"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_the_verdict_holds_over_seeds(seed):
    for k, kind in ((5, "structure"), (1, "none")):
        embedding, _ = _blobs(n=500, k=k, seed=seed)
        rows = clustering.sweep(clustering.reduce(embedding), range(1, 9), seed=seed)
        said = clustering.verdict(rows, clustering.suggest(rows))
        assert said.kind == kind
        assert said.k == (k if kind == "structure" else None)
