"""Risk over coverage against thresholds tried one by one, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import auc

from core.analysis.comparisons import risk
from core.errors import InvalidInput

ANSWERS = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=40).map(
    lambda rows: (np.array([r[0] for r in rows]) / 6, np.array([r[1] for r in rows]))
)


def _by_trying(confidence, right):
    """Keep what is at least as sure, for every confidence that occurs."""
    points = []
    for threshold in sorted(set(confidence.tolist()), reverse=True):
        kept = confidence >= threshold
        wrong = (kept & ~right).sum()
        points.append((threshold, kept.mean(), wrong / kept.sum(), wrong / len(right)))
    return np.array(points).T


@given(ANSWERS)
def test_the_curve_is_what_trying_every_threshold_gives(answers):
    np.testing.assert_allclose(np.stack(risk.risk_coverage(*answers)), _by_trying(*answers))


@given(ANSWERS)
def test_augrc_is_the_area_under_that_curve(answers):
    _, coverage, _, generalized = _by_trying(*answers)
    area = auc(np.append(0.0, coverage), np.append(0.0, generalized))
    assert risk.augrc(*answers) == pytest.approx(area)


@given(ANSWERS, st.randoms(use_true_random=False))
def test_the_order_of_images_and_the_scale_of_confidence_do_not_matter(answers, random):
    confidence, right = answers
    order = list(range(len(right)))
    random.shuffle(order)
    assert risk.augrc(confidence[order], right[order]) == pytest.approx(risk.augrc(*answers))
    assert risk.augrc(2.0 * confidence - 5.0, right) == pytest.approx(risk.augrc(*answers))


@given(ANSWERS)
def test_augrc_is_the_chance_that_a_wrong_answer_is_surer_than_another(answers):
    confidence, right = answers
    surer = confidence[:, None] > confidence[None, :]
    equal = confidence[:, None] == confidence[None, :]
    pairs = (~right)[:, None] * (surer + 0.5 * equal)
    assert risk.augrc(*answers) == pytest.approx(pairs.mean())


def test_a_perfect_order_has_no_excess_whatever_the_accuracy():
    confidence = np.linspace(0.1, 0.9, 10)
    for n_wrong in range(11):
        right = np.arange(10) >= n_wrong
        assert risk.augrc(confidence, right) == pytest.approx((n_wrong / 10) ** 2 / 2)
        assert risk.e_augrc(confidence, right) == pytest.approx(0.0, abs=1e-12)
    assert risk.e_augrc(confidence, np.arange(10) < 9) == pytest.approx(0.095 - 0.005)


def test_one_confidence_for_all_is_half_the_error_rate():
    right = np.array([True, False, True, True])
    assert risk.augrc(np.full(4, 0.7), right) == pytest.approx(0.125)


def test_what_is_no_answer_is_refused():
    with pytest.raises(InvalidInput, match="no images"):
        risk.augrc([], [])
    with pytest.raises(InvalidInput, match="no images"):
        risk.e_augrc([], [])
    with pytest.raises(InvalidInput, match="one number an image"):
        risk.risk_coverage([np.nan], [True])
    with pytest.raises(InvalidInput, match="same images"):
        risk.augrc([0.5, 0.6], [True])
    with pytest.raises(InvalidInput, match="right or wrong"):
        risk.augrc([0.5], [1])
