"""The laws of class maps and metrics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis import metrics
from core.analysis.class_map import ClassMap
from tests.strategies import class_maps, confusions, distributions


@given(st.data())
def test_composition_is_associative(data):
    first = data.draw(class_maps())
    second = data.draw(class_maps(first.classes))
    third = data.draw(class_maps(second.classes))
    assert first.compose(second).compose(third) == first.compose(second.compose(third))


@given(class_maps())
def test_the_identity_is_neutral(one):
    assert ClassMap.identity(one.labels).compose(one) == one
    assert one.compose(ClassMap.identity(one.classes)) == one


@given(st.data())
def test_composing_maps_is_applying_one_after_the_other(data):
    first = data.draw(class_maps())
    second = data.draw(class_maps(first.classes))
    y = np.arange(len(first.labels))
    assert (first.compose(second).apply(y) == second.apply(first.apply(y))).all()


@given(st.data())
def test_merged_confusion_is_that_of_merged_answers(data):
    one = data.draw(class_maps())
    k = len(one.labels)
    answers = st.lists(st.integers(0, k - 1), min_size=30, max_size=30)
    y, predicted = np.array(data.draw(answers)), np.array(data.draw(answers))
    C, M = metrics.confusion_matrix(y, predicted, k), one.matrix()
    merged = metrics.confusion_matrix(one.apply(y), one.apply(predicted), one.n_classes)
    assert (one.merge_confusion(C) == merged).all()
    assert (merged == M.T @ C @ M).all()


@given(st.data())
def test_merging_never_lowers_accuracy_and_never_adds_bits(data):
    one = data.draw(class_maps())
    C = data.draw(confusions(len(one.labels)))
    merged = one.merge_confusion(C)
    assert merged.sum() == C.sum()
    assert metrics.accuracy(merged) >= metrics.accuracy(C)
    bits = metrics.mutual_information_bits
    assert bits(merged) <= bits(C) + 1e-9


@given(st.data())
def test_merged_probabilities_are_distributions_and_compose(data):
    first = data.draw(class_maps())
    second = data.draw(class_maps(first.classes))
    P = data.draw(distributions(6, len(first.labels)))
    in_steps = second.merge_probabilities(first.merge_probabilities(P))
    assert in_steps == pytest.approx(first.compose(second).merge_probabilities(P))
    assert in_steps.sum(axis=1) == pytest.approx(1.0)


@given(confusions())
def test_kappa_is_in_range_and_knows_perfection(C):
    assert -1.0 <= metrics.kappa(C) <= 1.0 + 1e-12
    perfect = np.diag(np.diag(C) + 1)
    assert metrics.kappa(perfect) == pytest.approx(1.0 if len(C) > 1 else 0.0)


@given(st.data())
def test_figures_are_blind_to_renaming_classes(data):
    C = data.draw(confusions())
    order = data.draw(st.permutations(range(len(C))))
    renamed = metrics.from_confusion(C[np.ix_(order, order)])
    for name, value in metrics.from_confusion(C).items():
        assert renamed[name] == pytest.approx(value), name


@given(confusions())
def test_bits_are_bounded_by_what_labels_and_answers_hold(C):
    def entropy(counts):
        p = counts[counts > 0] / counts.sum()
        return float(-(p * np.log2(p)).sum())

    bits = metrics.mutual_information_bits(C)
    assert 0.0 <= bits <= min(entropy(C.sum(axis=0)), entropy(C.sum(axis=1))) + 1e-9


@given(st.integers(1, 500), st.data())
def test_wilson_holds_the_share_and_narrows_with_images(n, data):
    k = data.draw(st.integers(0, n))
    low, high = metrics.wilson_interval(k, n)
    assert 0.0 <= low <= k / n <= high <= 1.0
    narrower = metrics.wilson_interval(10 * k, 10 * n)
    assert narrower[1] - narrower[0] < high - low
