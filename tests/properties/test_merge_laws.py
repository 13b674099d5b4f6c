"""The laws of merging, on confusion matrices with empty rows, ties and single images."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analysis import metrics
from core.analysis.class_map import ClassMap
from core.analysis.merges import merging
from core.analysis.merges.itca import gains_of_many, greedy_path, score
from core.analysis.merges.merge_evidence import pair_p_values
from core.analysis.merges.partitions import all_partitions, canonical, group_sizes
from tests.strategies import confusions


@given(confusions())
def test_figures_are_those_of_the_merged_matrix(matrix):
    labels = tuple(str(i) for i in range(len(matrix)))
    rows = all_partitions(len(matrix))[::5]
    scores = score(matrix, rows)
    for i, row in enumerate(rows):
        merged = ClassMap(labels, tuple(f"g{g}" for g in row)).merge_confusion(matrix)
        assert scores.n_classes[i] == len(merged)
        assert scores.accuracy[i] == pytest.approx(metrics.accuracy(merged))
        assert scores.chance[i] == pytest.approx(metrics.chance_accuracy(merged))
        assert scores.kappa[i] == pytest.approx(metrics.kappa(merged), abs=1e-9)
        assert scores.bits[i] == pytest.approx(metrics.mutual_information_bits(merged), abs=1e-9)
        p = merged.sum(axis=1) / merged.sum()
        right = np.diag(merged) / merged.sum()
        itca = sum(-np.log(a) * b for a, b in zip(p, right, strict=True) if a > 0)
        assert scores.itca[i] == pytest.approx(itca, abs=1e-12)


@given(confusions())
def test_merging_never_lowers_accuracy_nor_raises_bits(matrix):
    scores = score(matrix, all_partitions(len(matrix)))
    assert (scores.accuracy >= scores.accuracy[0] - 1e-12).all()
    assert (scores.bits <= scores.bits[0] + 1e-12).all()
    assert ((scores.bits_kept_share >= 0) & (scores.bits_kept_share <= 1)).all()


@given(confusions())
def test_gains_of_many_matrices_are_those_of_each(matrix):
    rows = all_partitions(len(matrix))[::3]
    both = np.stack([matrix, matrix[::-1, ::-1]])
    for one, gains in zip(both, gains_of_many(both, rows), strict=True):
        scores = score(one, np.vstack([all_partitions(len(matrix))[:1], rows]))
        assert gains == pytest.approx(scores.itca[1:] - scores.itca[0], abs=1e-9)


@given(confusions(), st.randoms(use_true_random=False))
def test_figures_are_blind_to_the_order_of_classes(matrix, random):
    order = list(range(len(matrix)))
    random.shuffle(order)
    rows = all_partitions(len(matrix))[::7]
    here, there = score(matrix, rows), score(matrix[np.ix_(order, order)], rows[:, order])
    for name in ("accuracy", "chance", "kappa", "bits", "itca"):
        assert getattr(here, name) == pytest.approx(getattr(there, name), abs=1e-9)


@given(st.lists(st.lists(st.integers(0, 6), min_size=7, max_size=7), min_size=1, max_size=9))
def test_canonical_rows_are_the_same_partitions(groups):
    rows = np.array(groups)
    found = canonical(rows)
    together = rows[:, :, None] == rows[:, None, :]
    assert ((found[:, :, None] == found[:, None, :]) == together).all()
    assert (canonical(found) == found).all() and not found[:, 0].any()
    assert (group_sizes(found) == group_sizes(rows)).all()


@given(confusions(), st.booleans())
def test_a_greedy_path_loses_one_class_a_step(matrix, ordinal):
    path = greedy_path(matrix, ordinal=ordinal)
    assert (path.max(axis=1) + 1).tolist() == list(range(len(matrix), 0, -1))
    if ordinal:
        assert set(np.diff(path, axis=1).ravel().tolist()) <= {0, 1}


@settings(max_examples=40)
@given(confusions())
def test_p_values_are_symmetric_shares(matrix):
    p = pair_p_values(matrix, np.random.default_rng(0), n_simulations=19)
    assert ((p >= 1 / 20) & (p <= 1)).all() and (p == p.T).all()


@settings(max_examples=25)
@given(confusions(max_count=9))
def test_every_merge_gets_a_verdict_and_a_rank(matrix):
    box = merging.open_sandbox(matrix, [str(i) for i in range(len(matrix))])
    for found in [*merging.best(box, 3), merging.suggest(box)]:
        assert 1 <= found.gain_rank <= found.n_same_sizes
        assert found.ci[0] <= found.ci[1] and found.itca_gain_ci[0] <= found.itca_gain_ci[1]
        assert found.reason and (found.verdict == "baseline") == (found.n_classes == len(matrix))
