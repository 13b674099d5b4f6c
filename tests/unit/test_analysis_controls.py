"""What a cascade must beat: as many images at random, and a second generalist on the same ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from core.analysis.cascades import cascade, controls, routes
from core.analysis.cascades.routes import Thresholds
from core.errors import InvalidInput
from tests.strategies import TAUS, cascade_inputs


def sent(case, tau):
    limits = Thresholds((tau,) * len(case.pairs))
    return routes.send(case.probs, case.pairs, case.expert_probs, limits)


def every_owned_image(case):
    owner = cascade.route(case.probs, case.pairs)
    keys = np.where(owner >= 0, 0.0, 1.0)
    limits = Thresholds((1.0,) * len(case.pairs))
    return routes.send(case.probs, case.pairs, case.expert_probs, limits, keys)


@given(cascade_inputs())
def test_deferring_nothing_gains_nothing(case):
    found = controls.random_deferral(sent(case, 0.0), every_owned_image(case), case.probs, case.y)
    assert (found["gain"], found["accuracy_sd"], found["n_deferred"]) == (0.0, 0.0, 0)


@given(cascade_inputs())
def test_deferring_everything_leaves_nothing_to_chance(case):
    everything = every_owned_image(case)
    found = controls.random_deferral(everything, everything, case.probs, case.y)
    assert found["accuracy"] == pytest.approx(np.mean(everything.answer == case.y))
    assert found["accuracy_sd"] == pytest.approx(0.0, abs=1e-9)


def test_random_deferral_equals_drawing_at_random():
    rng = np.random.default_rng(0)
    probs = rng.dirichlet([1, 1, 0.1], 300)
    y, q = rng.integers(0, 2, 300), [rng.dirichlet([1, 1], 300)]
    case = type("Case", (), {"probs": probs, "y": y, "pairs": [(0, 1)], "expert_probs": q})
    routed, everything = sent(case, 0.7), every_owned_image(case)
    owned, m = np.flatnonzero(everything.asked >= 0), int((routed.asked >= 0).sum())
    right = probs.argmax(axis=1) == y
    drawn = []
    for _ in range(4000):
        now = right.copy()
        chosen = rng.choice(owned, m, replace=False)
        now[chosen] = everything.answer[chosen] == y[chosen]
        drawn.append(now.mean())
    found = controls.random_deferral(routed, everything, probs, y)
    assert found["accuracy"] == pytest.approx(np.mean(drawn), abs=0.002)
    assert found["accuracy_sd"] == pytest.approx(np.std(drawn), rel=0.1)


@given(cascade_inputs(), TAUS)
def test_a_second_generalist_like_the_first_changes_nothing(case, tau):
    found = controls.second_generalist(sent(case, tau), case.probs, case.probs, case.y)
    assert found["gain"] == 0.0
    routed = sent(case, tau)
    was = case.probs.argmax(axis=1) == case.y
    assert found["lead"] == pytest.approx(np.mean(routed.answer == case.y) - was.mean())


def test_only_deferred_images_see_the_second_generalist():
    probs = np.array([[0.9, 0.1], [0.55, 0.45]])
    others = np.array([[0.0, 1.0], [0.0, 1.0]])
    y = np.array([1, 1])
    routed = routes.send(probs, [(0, 1)], [np.array([[1.0, 0.0]] * 2)], Thresholds((0.6,)))
    found = controls.second_generalist(routed, probs, others, y)
    assert found["accuracy"] == 0.5 and found["gain"] == 0.5
    assert found["lead"] == -0.5


def test_without_images_there_is_nothing_to_measure():
    routed = routes.send(np.empty((0, 2)), [], [], Thresholds(()))
    with pytest.raises(InvalidInput):
        controls.second_generalist(routed, np.empty((0, 2)), np.empty((0, 2)), [])
