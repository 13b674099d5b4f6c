"""What a cascade must beat: as many images at random, and a second generalist on the same ones."""

from __future__ import annotations

from types import SimpleNamespace

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
    assert set(found.values()) == {0, found["accuracy"]}


@given(cascade_inputs())
def test_deferring_all_of_the_pairs_leaves_nothing_to_chance_within_them(case):
    everything = every_owned_image(case)
    found = controls.random_deferral(everything, everything, case.probs, case.y)
    was = np.mean(case.probs.argmax(axis=1) == case.y)
    gain = np.mean(everything.answer == case.y) - was
    assert found["gain_in_pair"] == pytest.approx(gain)
    assert found["sd_in_pair"] == pytest.approx(0.0, abs=1e-9)
    if len(case.pairs) == 1:  # of all images, as many as the pair owns
        assert found["gain"] == pytest.approx(gain * np.mean(everything.asked >= 0))


def drawn_by_hand(case, m, pool, everything):
    """Return the accuracies when `m` images of a pool are passed on, over 4,000 draws."""
    rng, drawn = np.random.default_rng(1), []
    right = case.probs.argmax(axis=1) == case.y
    for _ in range(4000):
        now, chosen = right.copy(), rng.choice(pool, m, replace=False)
        now[chosen] = everything.answer[chosen] == case.y[chosen]
        drawn.append(now.mean())
    return drawn


def test_random_deferral_equals_drawing_at_random():
    rng = np.random.default_rng(0)
    probs = rng.dirichlet([1, 1, 0.5], 300)
    y, q = rng.integers(0, 2, 300), [rng.dirichlet([1, 1], 300)]
    q[0][np.arange(300), y] += 1.0  # an expert that is mostly right
    q[0] /= q[0].sum(axis=1, keepdims=True)
    case = SimpleNamespace(probs=probs, y=y, pairs=[(0, 1)], expert_probs=q)
    routed, everything = sent(case, 0.7), every_owned_image(case)
    m = int((routed.asked >= 0).sum())
    found = controls.random_deferral(routed, everything, probs, y)
    base = np.mean(probs.argmax(axis=1) == y)
    for gain, sd, pool in (
        ("gain", "accuracy_sd", np.arange(300)),
        ("gain_in_pair", "sd_in_pair", np.flatnonzero(everything.asked >= 0)),
    ):
        drawn = drawn_by_hand(case, m, pool, everything)
        assert found[gain] == pytest.approx(np.mean(drawn) - base, abs=0.002)
        assert found[sd] == pytest.approx(np.std(drawn), rel=0.1)
    assert found["accuracy"] == pytest.approx(base + found["gain"])
    assert found["gain_in_pair"] > found["gain"] + 0.02


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
