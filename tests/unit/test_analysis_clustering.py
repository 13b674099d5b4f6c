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

from core.analysis.clusters import clustering, verdict
from core.analysis.clusters.silhouette import silhouettes
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
    found = clustering.sweep(reduced, range(1, 8), seed=0)
    return reduced, y, found.rows, found.clusters


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
    reduced, y, _, _ = blobs
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
    rows = clustering.sweep(same, [1, 2, 3]).rows
    assert [row["silhouette"] for row in rows] == [None] * 3
    assert json.dumps(rows, allow_nan=False)
    assert clustering.verdict(rows, clustering.suggest(rows)).kind != "structure"


def test_silhouettes_equal_scikit_learn():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 6))  # more than one block of distances
    labelings = [rng.integers(0, k, 1500) for k in (2, 5, 9)]
    labelings.append(np.r_[7, np.ones(1499, dtype=int)])  # one image alone, numbers with gaps
    expected = [silhouette_score(x, found) for found in labelings]
    assert silhouettes(x, labelings) == pytest.approx(expected, abs=1e-5)
    undefined = [np.zeros(1500, dtype=int), np.arange(1500)]
    assert silhouettes(x, undefined) == [None, None]


def test_the_evidence_finds_the_blobs_that_are_there(blobs):
    _, _, rows, _ = blobs
    assert [row["k"] for row in rows] == list(range(1, 8))
    assert json.loads(json.dumps(rows)) == rows
    assert [row["silhouette"] is None for row in rows] == [True] + [False] * 6
    assert all(a["inertia"] > b["inertia"] for a, b in zip(rows, rows[1:], strict=False))
    suggestions = clustering.suggest(rows)
    assert suggestions == dict.fromkeys(("silhouette", "pac", "gap", "bic", "stability"), 4)
    said = clustering.verdict(rows, suggestions)
    assert (said.kind, said.k) == ("structure", 4)
    assert said.sentence.startswith("4 clusters: gap statistic, BIC and stability name 4.")
    assert f"BIC 4 ({rows[3]['n_chosen']['bic']})" in said.sentence
    assert rows[3]["n_chosen"]["bic"] >= 18
    for name in ("gap", "bic", "stability"):
        assert sum(row["n_chosen"][name] for row in rows) <= 20
    assert [verdict.is_apart(row) for row in rows] == [False, True, True, True] + [False] * 3
    assert rows[3]["pac"] < 0.02 < rows[3]["pac_null"]
    assert rows[0]["pac"] == rows[0]["pac_null"] == 0.0


def test_the_clusters_kept_are_those_that_were_judged(blobs):
    reduced, _, rows, clusters = blobs
    for found, row in zip(clusters, rows, strict=True):
        assert (found == clustering.kmeans(reduced, row["k"], seed=0)).all()
        means = np.stack([reduced[found == c].mean(axis=0) for c in range(row["k"])])
        assert ((reduced - means[found]) ** 2).sum() == pytest.approx(row["inertia"], rel=1e-4)


def test_one_cloud_is_called_no_structure():
    embedding, _ = _blobs(k=1)
    rows = clustering.sweep(clustering.reduce(embedding), range(1, 7)).rows
    suggestions = clustering.suggest(rows)
    assert suggestions["gap"] == 1
    said = clustering.verdict(rows, suggestions)
    assert (said.kind, said.k) == ("none", None)


def test_a_continuum_is_not_called_classes():
    rng = np.random.default_rng(0)
    growth = rng.random((400, 1))
    along = np.hstack([np.sin(growth * (i + 1)) * 3 for i in range(16)])
    x = clustering.reduce(along + rng.normal(size=along.shape))
    rows = clustering.sweep(x, range(1, 9)).rows
    assert clustering.verdict(rows, clustering.suggest(rows)).kind != "structure"


def _row(k, gap, bic, stability, *, silhouette=0.3, step_se=0.01, stability_null=0.5, apart=0.1):
    return {
        "k": k, "inertia": 1.0, "silhouette": None if k == 1 else silhouette,
        "gap": gap, "gap_se": 0.01, "gap_step_se": step_se, "bic": bic, "stability": stability,
        "stability_null": 1.0 if k == 1 else stability_null, "pac": 0.0, "pac_null": 0.0,
        "separation": None if k == 1 else apart, "separation_se": None if k == 1 else 0.01,
        "n_chosen": {"gap": 2, "bic": 3, "stability": 4},
    }  # fmt: skip


def _said(rows):
    return clustering.verdict(rows, clustering.suggest(rows))


def test_criteria_that_rise_to_the_edge_support_no_number():
    rows = [_row(k, 0.1 * k, k, 0.95, silhouette=0.1 * k) for k in range(1, 5)]
    suggestions = clustering.suggest(rows)
    assert suggestions == {"silhouette": 4, "bic": 4, "stability": 4}  # the gap has no answer
    said = clustering.verdict(rows, suggestions)
    assert (said.kind, said.k) == ("disagree", None)
    assert "try more" in said.sentence


def test_two_criteria_that_find_one_cluster_enough_deny_structure():
    rows = [_row(1, 0.0, 2, 1.0), _row(2, -0.5, 1, 0.4), _row(3, -0.4, 1, 0.3)]
    assert clustering.suggest(rows) == {"silhouette": 2, "gap": 1, "bic": 1, "stability": 1}
    said = _said(rows)
    assert (said.kind, said.k) == ("none", None)
    assert "gap statistic, BIC and stability name one cluster" in said.sentence
    assert "Classes that touch look the same." in said.sentence
    assert "gap statistic 1 (2), BIC 1 (3), stability 1 (4)" in said.sentence
    assert "without a vote: silhouette 2" in said.sentence


def test_few_clusters_that_come_back_trivially_do_not_win():
    rows = [
        _row(1, 0.0, 0, 1.0), _row(2, 0.1, 1, 1.0), _row(3, 0.2, 2, 1.0, silhouette=0.4),
        _row(4, 0.3, 3, 0.6), _row(5, 0.5, 5, 0.95), _row(6, 0.5, 4, 0.5),
    ]  # fmt: skip
    assert clustering.suggest(rows) == {"silhouette": 3, "gap": 5, "bic": 5, "stability": 5}
    assert (_said(rows).kind, _said(rows).k) == ("structure", 5)


def test_stability_counts_only_beyond_that_of_data_without_clusters():
    rows = [_row(1, 0.0, 0, 1.0), _row(2, 0.5, 1, 0.95, stability_null=0.99), _row(3, 0.4, 0, 0.1)]
    assert clustering.suggest(rows)["stability"] == 1
    assert clustering.suggest(rows[1:])["gap"] == 2
    assert "stability" not in clustering.suggest(rows[1:])  # 1 was not tried


def test_a_step_within_its_error_ends_the_search_of_the_gap():
    rows = [_row(1, 0.0, 0, 1.0), _row(2, 0.5, 1, 0.1), _row(3, 0.6, 0, 0.1, step_se=0.2)]
    assert clustering.suggest(rows)["gap"] == 2
    rows[2]["gap_step_se"] = 0.05
    assert "gap" not in clustering.suggest(rows)


@pytest.mark.parametrize(
    ("weak", "why"),
    [({"separation": -0.02}, "halves of one cloud"), ({"stability": 0.6}, "do not come back")],
)
def test_clusters_that_touch_or_do_not_come_back_are_no_structure(weak, why):
    rows = [_row(1, 0.0, 0, 1.0), _row(2, 0.5, 1, 0.95), _row(3, 0.4, 0, 0.1)]
    assert _said(rows).kind == "structure"
    named = {"gap": 2, "bic": 2, "stability": 1}
    said = clustering.verdict([rows[0], rows[1] | weak, rows[2]], named)
    assert said.kind == "disagree"
    assert why in said.sentence


def test_halves_of_one_stretched_cluster_come_back_and_are_not_counted():
    rows = [
        _row(1, 0.0, 0, 1.0), _row(2, 0.3, 1, 1.0), _row(3, 0.6, 3, 1.0),
        _row(4, 0.7, 2, 0.97, apart=-0.01), _row(5, 0.6, 1, 0.3, apart=-0.01),
    ]  # fmt: skip
    assert clustering.suggest(rows) == {"silhouette": 2, "gap": 4, "bic": 3, "stability": 3}
    assert (_said(rows).kind, _said(rows).k) == ("structure", 3)


def test_the_pac_names_the_number_that_is_surest_beyond_data_without_clusters():
    rows = [_row(k, 0.5, 0, 0.9) for k in range(1, 4)]
    assert "pac" not in clustering.suggest(rows)
    rows[1] |= {"pac": 0.1, "pac_null": 0.2}
    rows[2] |= {"pac": 0.2, "pac_null": 0.5}
    assert clustering.suggest(rows)["pac"] == 3


def test_criteria_that_disagree_support_no_number():
    rows = [_row(k, 0.5, 0, 0.9) for k in range(1, 7)]
    said = clustering.verdict(rows, {"silhouette": 2, "gap": 3, "bic": 4, "stability": 5})
    assert (said.kind, said.k) == ("disagree", None)
    assert "gap statistic 3 (2), BIC 4 (3), stability 5 (4)" in said.sentence
    rows = [row | {"separation": -0.1, "separation_se": 0.01} for row in rows]
    said = clustering.verdict(rows, {"gap": 3, "bic": 4, "stability": 5})
    assert "Whatever the number, the closest two are halves of one cloud" in said.sentence


def test_progress_is_told_and_what_it_raises_ends_the_work(blobs):
    reduced, _, _, _ = blobs
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


def test_labels_that_share_a_cluster_are_named_with_the_least_share():
    table = [[90, 80, 0, 30], [10, 20, 100, 30], [0, 0, 0, 40]]
    assert clustering.shared_labels(table) == [((0, 1), 0, 0.8)]
    assert clustering.shared_labels([[5, 6], [1, 0]]) == []  # one cluster for all tells nothing
    assert clustering.shared_labels([[5, 0, 0, 0], [0, 5, 5, 0]]) == [((1, 2), 1, 1.0)]
    assert clustering.shared_labels(np.zeros((0, 3))) == []


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
    """On the digits the gap first falls, yet there are ten real classes, in groups."""
    x = clustering.reduce(load_digits().data)
    rows = clustering.sweep(x, range(1, 13)).rows
    assert rows[1]["gap"] < 0.0
    assert clustering.suggest(rows)["bic"] >= 8
    assert clustering.verdict(rows, clustering.suggest(rows)).kind == "disagree"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_the_verdict_holds_over_seeds(seed):
    for k, kind in ((5, "structure"), (1, "none")):
        embedding, _ = _blobs(n=500, k=k, seed=seed)
        rows = clustering.sweep(clustering.reduce(embedding), range(1, 9), seed=seed).rows
        said = clustering.verdict(rows, clustering.suggest(rows))
        assert said.kind == kind
        assert said.k == (k if kind == "structure" else None)
