"""The laws of the cascade: its sweep is exact, and it changes nothing it may not change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis import metrics
from core.analysis.cascades import cascade
from core.analysis.mistake_costs import ChargedImages
from tests.strategies import TAUS, CascadeInput, cascade_inputs


def _swept(case: CascadeInput, grid=None) -> cascade.Sweep:
    return cascade.sweep(case.probs, case.y, case.pairs, case.expert_probs, grid)


def _directly(case: CascadeInput, tau: float) -> tuple[np.ndarray, np.ndarray]:
    """Decide image by image, as the design says it in words: (answers, deferred)."""
    decided, deferred = [], []
    pairs = [set(pair) for pair in case.pairs]
    for i, row in enumerate(case.probs.astype(np.float64)):
        ranking = sorted(range(len(row)), key=lambda c: (-row[c], c))
        answer, top_two = ranking[0], set(ranking[:2])
        index = next((p for p, pair in enumerate(pairs) if top_two <= pair), None)
        if index is not None and len(pairs[index]) > 2:
            inside = row[list(case.pairs[index])].mean()
            if any(row[c] >= inside for c in ranking if c not in pairs[index]):
                index = None
        defers = len(row) > 1 and index is not None and row[answer] < tau
        if defers:
            said = dict(zip(case.pairs[index], case.expert_probs[index][i], strict=True))
            answer = min(said, key=lambda c: (-said[c], c))
        decided.append(answer)
        deferred.append(defers)
    return np.array(decided), np.array(deferred)


@given(cascade_inputs(), TAUS)
def test_the_sweep_equals_the_direct_computation(case, tau):
    answers, deferred = _directly(case, tau)
    at = _swept(case).at(tau)
    expected = metrics.confusion_matrix(case.y, answers, case.probs.shape[1])
    assert at["confusion"] == expected.tolist()
    assert at["n_deferred"] == deferred.sum()
    assert at["accuracy"] == np.mean(answers == case.y)
    was_right = case.probs.argmax(axis=1) == case.y
    assert at["n_recovered"] == np.sum((answers == case.y) & ~was_right)
    assert at["n_broken"] == np.sum((answers != case.y) & was_right)


@given(cascade_inputs(), st.lists(st.floats(0, 1), min_size=1, max_size=6, unique=True))
def test_the_sweep_is_exact_on_any_grid(case, taus):
    swept = _swept(case, sorted(taus))
    for i, tau in enumerate(sorted(taus)):
        answers, _ = _directly(case, tau)
        expected = metrics.confusion_matrix(case.y, answers, case.probs.shape[1])
        assert (swept.confusion_at(i) == expected).all()


@given(cascade_inputs(), TAUS)
def test_the_vectorised_decision_is_the_one_in_words(case, tau):
    owner = cascade.route(case.probs, case.pairs)
    deferred = cascade.deferred_mask(case.probs, owner, tau)
    answers = cascade.answers(case.probs, owner, case.expert_probs, deferred, pairs=case.pairs)
    expected, expected_deferred = _directly(case, tau)
    assert (answers == expected).all()
    assert (deferred == expected_deferred).all()


@given(cascade_inputs())
def test_tau_zero_defers_nothing_and_equals_the_generalist(case):
    at = _swept(case).at(0.0)
    generalist = metrics.confusion_matrix(case.y, case.probs.argmax(axis=1), case.probs.shape[1])
    assert at["n_deferred"] == 0
    assert at["deferral_rate"] == at["gain"] == at["recovery"] == at["breakage"] == 0.0
    assert at["confusion"] == generalist.tolist()
    assert at["accuracy"] == at["generalist_accuracy"]


@given(cascade_inputs())
def test_the_deferral_rate_never_falls_as_tau_rises(case):
    swept = _swept(case)
    assert (np.diff(swept.n_deferred_by_pair, axis=1) >= 0).all()
    assert (swept.n_deferred <= swept.n_owned.sum()).all()


@given(cascade_inputs())
def test_row_sums_do_not_depend_on_tau(case):
    swept = _swept(case)
    for i in range(0, len(swept.taus), 50):
        C = swept.confusion_at(i)
        assert (C.sum(axis=1) == swept.base.sum(axis=1)).all()
        assert (C >= 0).all()


@given(cascade_inputs(), TAUS)
def test_only_images_an_expert_covers_can_change_and_only_inside_the_pair(case, tau):
    owner = cascade.route(case.probs, case.pairs)
    deferred = cascade.deferred_mask(case.probs, owner, tau)
    combined = cascade.combine(case.probs, owner, case.expert_probs, deferred, pairs=case.pairs)
    assert not deferred[owner < 0].any()
    before = case.probs.astype(np.float64)
    assert (combined[~deferred] == before[~deferred]).all()
    for index, pair in enumerate(case.pairs):
        mine = deferred & (owner == index)
        others = [c for c in range(combined.shape[1]) if c not in pair]
        assert (combined[np.ix_(mine, others)] == before[np.ix_(mine, others)]).all()
        mass = before[mine][:, list(pair)].sum(axis=1)
        assert np.allclose(combined[mine][:, list(pair)].sum(axis=1), mass)
        largest = combined[mine][:, list(pair)].max(axis=1)
        rounding = 1e-6
        assert (combined[np.ix_(mine, others)] <= largest[:, None] + rounding).all()


@given(cascade_inputs())
def test_the_best_tau_is_the_smallest_of_the_most_accurate(case):
    swept = _swept(case)
    best = cascade.best_tau(swept)
    n_correct = swept.n_correct
    at = swept.index_of(best)
    assert n_correct[at] == n_correct.max()
    assert (n_correct[:at] < n_correct[at]).all()
    assert swept.at(best)["gain"] >= 0.0


@st.composite
def charged_inputs(draw) -> tuple[CascadeInput, ChargedImages]:
    """Draw predictions, and what answers cost by labels that the classes may merge."""
    case = draw(cascade_inputs())
    k, n_labels = case.probs.shape[1], draw(st.integers(1, 6))
    cells = draw(st.lists(st.integers(0, 9), min_size=n_labels * k, max_size=n_labels * k))
    labels = draw(
        st.lists(st.integers(0, n_labels - 1), min_size=len(case.y), max_size=len(case.y))
    )
    return case, ChargedImages(np.array(labels), np.array(cells, dtype=float).reshape(n_labels, k))


@given(charged_inputs())
def test_what_a_threshold_costs_is_what_its_answers_cost_and_the_best_is_the_cheapest(drawn):
    case, charged = drawn
    swept = cascade.sweep(case.probs, case.y, case.pairs, case.expert_probs, charged=charged)
    for i in range(0, len(swept.taus), 100):
        answers, _ = _directly(case, swept.taus[i])
        assert swept.cost[i] == pytest.approx(charged.costs[charged.labels, answers].sum())
    best = swept.index_of(cascade.best_tau(swept))
    assert swept.cost[best] == pytest.approx(swept.cost.min())
    assert (swept.cost[:best] > swept.cost[best]).all()


@given(cascade_inputs(), st.floats(0.01, 1000))
def test_where_every_mistake_costs_alike_the_cheapest_is_the_most_accurate(case, rate):
    alike = ChargedImages(case.y, rate * (1 - np.eye(case.probs.shape[1])))
    free = ChargedImages(case.y, np.zeros_like(alike.costs))
    swept, charged, freely = (
        cascade.sweep(case.probs, case.y, case.pairs, case.expert_probs, charged=its)
        for its in (None, alike, free)
    )
    assert cascade.best_tau(charged) == cascade.best_tau(swept)
    assert cascade.best_taus(charged) == cascade.best_taus(swept)
    assert cascade.best_tau(freely) == 0.0  # nothing to save: nobody is asked
