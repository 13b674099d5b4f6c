"""The laws of the three routes: the table of the sliders equals what each image does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis import metrics
from core.analysis.cascades import cascade, routes
from core.analysis.cascades.routes import PERSON, Thresholds
from core.analysis.mistake_costs import ChargedImages
from core.errors import InvalidInput
from tests.strategies import CascadeInput, cascade_inputs

POSITIONS = st.integers(0, routes.N_STEPS)


@st.composite
def positions(draw) -> tuple[CascadeInput, list[int], int]:
    case = draw(cascade_inputs())
    return case, [draw(POSITIONS) for _ in case.pairs], draw(POSITIONS)


def sent(case: CascadeInput, taus, person) -> routes.Routed:
    limits = Thresholds(tuple(t / routes.N_STEPS for t in taus), person / routes.N_STEPS)
    return routes.send(case.probs, case.pairs, case.expert_probs, limits)


@given(positions())
def test_the_table_equals_the_direct_computation_at_every_position(drawn):
    case, taus, person = drawn
    K = case.probs.shape[1]
    table = routes.table(case.probs, case.y, case.pairs, case.expert_probs)
    generalist, expert, asked = table.confusion_at(taus, person)
    found = sent(case, taus, person)
    for matrix, mine in ((generalist, found.route == -1), (expert, found.route >= 0)):
        wanted = metrics.confusion_matrix(case.y[mine], found.answer[mine], K)
        np.testing.assert_array_equal(matrix, wanted)
    by_person = np.bincount(case.y[found.route == PERSON], minlength=K)
    np.testing.assert_array_equal(asked, by_person)


@given(cascade_inputs(), POSITIONS)
def test_one_threshold_for_all_pairs_and_no_person_is_the_sweep(case, tau):
    table = routes.table(case.probs, case.y, case.pairs, case.expert_probs)
    generalist, expert, asked = table.confusion_at([tau] * len(case.pairs), 0)
    swept = cascade.sweep(case.probs, case.y, case.pairs, case.expert_probs)
    np.testing.assert_array_equal(generalist + expert, swept.confusion_at(tau))
    assert not asked.any() and expert.sum() == swept.n_deferred[tau]


@given(positions())
def test_row_sums_do_not_depend_on_any_threshold(drawn):
    case, taus, person = drawn
    table = routes.table(case.probs, case.y, case.pairs, case.expert_probs)
    generalist, expert, asked = table.confusion_at(taus, person)
    of_each = np.bincount(case.y, minlength=case.probs.shape[1])
    np.testing.assert_array_equal(generalist.sum(1) + expert.sum(1) + asked, of_each)


@given(positions(), POSITIONS)
def test_a_higher_threshold_never_asks_a_person_less_often(drawn, other):
    case, taus, person = drawn
    low, high = sorted([person, other])
    before, after = (sent(case, taus, p).route == PERSON for p in (low, high))
    assert (after | ~before).all()


@given(positions())
def test_an_answer_has_the_confidence_that_its_probabilities_say(drawn):
    case, taus, person = drawn
    found = sent(case, taus, person)
    np.testing.assert_allclose(found.probs.sum(axis=1), case.probs.sum(axis=1), rtol=1e-6)
    np.testing.assert_allclose(found.confidence, found.probs.max(axis=1), rtol=1e-9)


@given(positions(), st.integers(0, 2**31))
def test_what_is_held_against_tau_may_be_learned(drawn, seed):
    case, taus, person = drawn
    keys = np.random.default_rng(seed).random(len(case.y)).round(3)
    table = routes.table(case.probs, case.y, case.pairs, case.expert_probs, keys)
    limits = Thresholds(tuple(t / routes.N_STEPS for t in taus), person / routes.N_STEPS)
    found = routes.send(case.probs, case.pairs, case.expert_probs, limits, keys)
    _, expert, asked = table.confusion_at(taus, person)
    assert expert.sum() == (found.route >= 0).sum()
    assert asked.sum() == (found.route == PERSON).sum()


@given(positions(), st.integers(0, 2**31))
def test_the_table_costs_what_each_answer_costs(drawn, seed):
    case, taus, person = drawn
    rng, K = np.random.default_rng(seed), case.probs.shape[1]
    charged = ChargedImages(rng.integers(0, 3, len(case.y)), rng.integers(0, 9, (3, K)) / 4)
    found, before = sent(case, taus, person), case.probs.argmax(axis=1)
    table = routes.table(case.probs, case.y, case.pairs, case.expert_probs, charged=charged)
    kept = found.route != PERSON
    was, now = (charged.costs[charged.labels, said][kept].sum() for said in (before, found.answer))
    assert table.cost_at(taus, person) == pytest.approx((now, was - now))
    plain = routes.table(case.probs, case.y, case.pairs, case.expert_probs)
    assert plain.cost_at(taus, person) is None  # and nothing else is another
    np.testing.assert_array_equal(plain.kept, table.kept)
    np.testing.assert_array_equal(plain.owned, table.owned)
    np.testing.assert_array_equal(plain.n_owned, table.n_owned)


def test_what_is_no_threshold_is_refused():
    probs, q = np.array([[0.6, 0.4]]), [np.array([[0.5, 0.5]])]
    for taus, person in (((), 0.0), ((1.1,), 0.0), ((0.5,), float("nan"))):
        with pytest.raises(InvalidInput):
            routes.send(probs, [(0, 1)], q, Thresholds(taus, person))
