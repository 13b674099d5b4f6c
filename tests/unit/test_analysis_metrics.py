"""Metrics against scikit-learn, SciPy and hand calculations."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics as reference

from core.analysis import metrics
from core.analysis.class_map import ClassMap
from core.errors import InvalidInput

RNG = np.random.default_rng(7)
FIGURES = (metrics.accuracy, metrics.kappa, metrics.mutual_information_bits)


def _answers(n=400, k=5):
    y = RNG.integers(0, k, n)
    predicted = np.where(RNG.random(n) < 0.6, y, RNG.integers(0, k, n))
    return y, predicted


def test_figures_equal_scikit_learn():
    for _ in range(20):
        y, predicted = _answers()
        C = metrics.confusion_matrix(y, predicted, 5)
        assert (reference.confusion_matrix(y, predicted) == C).all()
        assert metrics.accuracy(C) == pytest.approx(reference.accuracy_score(y, predicted))
        balanced = reference.balanced_accuracy_score(y, predicted)
        assert metrics.balanced_accuracy(C) == pytest.approx(balanced)
        f1 = reference.f1_score(y, predicted, average="macro")
        assert metrics.macro_f1(C) == pytest.approx(f1)
        assert metrics.kappa(C) == pytest.approx(reference.cohen_kappa_score(y, predicted))
        bits = reference.mutual_info_score(y, predicted) / np.log(2)
        assert metrics.mutual_information_bits(C) == pytest.approx(bits)


def test_classes_that_do_not_occur_count_for_nothing():
    C = metrics.confusion_matrix([0, 0, 1], [0, 1, 1], 4)
    assert C.shape == (4, 4)
    assert metrics.balanced_accuracy(C) == pytest.approx(0.75)
    assert metrics.macro_f1(C) == pytest.approx(2 / 3)


def test_the_worked_example_of_a_right_merge():
    """Seven classes x 1,000, 4 % background, two pairs 45 % swapped; figures computed elsewhere.

    Seven: accuracy .714, kappa .667, 1.946 bits; five, the pairs merged: .964, .953, 1.942.
    """
    C = np.full((7, 7), 0.04 / 6)
    np.fill_diagonal(C, 0.96)
    swap = np.eye(7)
    for a, b in ((0, 1), (2, 3)):
        swap[[a, b], [a, b]], swap[[a, b], [b, a]] = 0.55, 0.45
    C = 1000 * C @ swap
    merges = ClassMap.from_merges(tuple("abcdefg"), [("a", "b"), ("c", "d")])
    expected = {7: (0.714, 0.667, 1.946), 5: (0.964, 0.953, 1.942)}
    for matrix in (C, merges.merge_confusion(C)):
        figures = (f(matrix) for f in FIGURES)
        assert tuple(figures) == pytest.approx(expected[len(matrix)], abs=1e-3)
    assert metrics.chance_accuracy(C) == pytest.approx(1 / 7)


def test_one_class_leaves_nothing_to_tell_apart():
    assert metrics.kappa([[9]]) == 0.0
    assert metrics.mutual_information_bits([[9]]) == 0.0


@pytest.mark.parametrize(("k", "n"), [(0, 5), (5, 5), (3, 7), (59, 59), (811, 1050), (1, 1)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_wilson_equals_scipy(k, n, level):
    expected = binomtest(k, n).proportion_ci(level, method="wilson")
    assert metrics.wilson_interval(k, n, level) == pytest.approx((expected.low, expected.high))


def test_wilson_without_images_knows_nothing():
    assert metrics.wilson_interval(0, 0) == (0.0, 1.0)
    assert metrics.wilson_intervals([], 5).shape == (0, 2)


def test_log_loss_equals_scikit_learn_and_survives_zeros():
    y = RNG.integers(0, 4, 300)
    P = RNG.dirichlet(np.ones(4), 300).astype(np.float32)
    exact = P.astype(np.float64)
    expected = reference.log_loss(y, exact / exact.sum(axis=1, keepdims=True))
    assert metrics.log_loss(y, P) == pytest.approx(expected, rel=1e-5)
    assert np.isfinite(metrics.log_loss([0], np.array([[0.0, 1.0]])))


def test_a_summary_is_plain_json_with_the_keys_a_run_records():
    y = RNG.integers(0, 3, 90)
    P = RNG.dirichlet(np.ones(3), 90).astype(np.float32)
    figures = metrics.summary(y, P)
    assert json.loads(json.dumps(figures)) == figures
    keys = "n_images accuracy accuracy_ci balanced_accuracy macro_f1 kappa bits chance log_loss ece"
    assert set(figures) == set(keys.split())
    low, high = figures["accuracy_ci"]
    assert low <= figures["accuracy"] <= high
    C = metrics.confusion_matrix(y, P.argmax(axis=1), 3)
    assert figures.items() >= metrics.from_confusion(C).items()


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: metrics.confusion_matrix([0, 3], [0, 0], 3), "does not exist"),
        (lambda: metrics.confusion_matrix([0, -1], [0, 0], 3), "does not exist"),
        (lambda: metrics.confusion_matrix([0.5], [0], 3), "class indices"),
        (lambda: metrics.confusion_matrix([0, 1], [0], 3), "same images"),
        (lambda: metrics.accuracy(np.zeros((2, 2))), "no images"),
        (lambda: metrics.accuracy(np.zeros((2, 3))), "square"),
        (lambda: metrics.accuracy([[1, -1], [0, 1]]), "counts"),
        (lambda: metrics.summary([], np.zeros((0, 3))), "no images"),
        (lambda: metrics.log_loss([], np.zeros((0, 3))), "no images"),
        (lambda: metrics.summary([0], np.array([[np.nan, 1.0]])), "no probabilities"),
        (lambda: metrics.summary([0], np.array([[0.2, 0.2]])), "sum to 1"),
        (lambda: metrics.summary([0], np.array([[1, 0]])), "table of probabilities"),
        (lambda: metrics.wilson_interval(6, 5), "among its images"),
        (lambda: metrics.wilson_interval(1, 5, level=1.0), "level"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(call, what):
    with pytest.raises(InvalidInput, match=what):
        call()
