"""Learned deferral: it finds where an expert helps although the confidence does not say so."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from core.analysis.cascades import learned, routes
from core.analysis.cascades.deferral import route
from tests.strategies import cascade_inputs

PAIRS = [(0, 1)]


def world(n: int, seed: int):
    """Return a pair whose expert helps only where class 2 gets some belief, whatever the doubt."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    helps = rng.random(n) < 0.5
    third = np.where(helps, 0.2, 0.02)
    p0 = rng.uniform(0.3, 0.7, n)
    probs = np.stack([p0 * (1 - third), (1 - p0) * (1 - third), third], axis=1)
    right = np.where(helps, rng.random(n) < 0.95, rng.random(n) < 0.3)
    said = np.where(right, y, 1 - y)
    q = np.where(said[:, None] == [0, 1], 0.9, 0.1)
    return probs, y, q, helps


def test_it_defers_where_the_expert_helps_and_confidence_does_not_know():
    probs, y, q, _ = world(2000, 0)
    owner = route(probs, PAIRS)
    rules, _ = learned.learn(probs, y, owner, PAIRS, [q])
    new, truth, said, helps = world(2000, 1)
    keys = learned.keys(new, route(new, PAIRS), rules)
    sent = routes.send(new, PAIRS, [said], routes.Thresholds((0.5,)), keys)
    asked = sent.asked >= 0
    assert helps[asked].mean() > 0.95 and asked[helps].mean() > 0.9
    by_doubt = max(
        np.mean(routes.send(new, PAIRS, [said], routes.Thresholds((t,))).answer == truth)
        for t in np.linspace(0, 1, 51)
    )
    assert np.mean(sent.answer == truth) > by_doubt + 0.02


def test_keys_of_the_images_it_learned_from_are_not_its_own_answers():
    rng = np.random.default_rng(0)
    n, k = 60, 30
    probs = rng.dirichlet(np.ones(k), n)
    probs[:, :2] += 1.0
    probs /= probs.sum(axis=1, keepdims=True)
    y, q = rng.integers(0, 2, n), rng.dirichlet([1, 1], n)
    owner = route(probs, PAIRS)
    rules, keys = learned.learn(probs, y, owner, PAIRS, [q])
    own = learned.keys(probs, owner, rules)
    gain = (np.where(q[:, 1] > q[:, 0], 1, 0) == y) * 1.0 - (probs.argmax(1) == y)
    assert abs(np.corrcoef(keys, gain)[0, 1]) < 0.4
    assert not np.allclose(own, keys)


@given(cascade_inputs())
def test_keys_are_shares_and_leave_unowned_images_alone(case):
    owner = route(case.probs, case.pairs)
    rules, keys = learned.learn(case.probs, case.y, owner, case.pairs, case.expert_probs)
    for found in (keys, learned.keys(case.probs, owner, rules)):
        assert ((found >= 0) & (found <= 1)).all() and (found[owner < 0] == 1).all()
    assert len(rules) == len(case.pairs)


def test_few_images_tell_only_the_mean():
    probs = np.tile([0.6, 0.4], (4, 1))
    y, q = np.array([1, 1, 1, 0]), np.tile([0.1, 0.9], (4, 1))
    rules, _ = learned.learn(probs, y, route(probs, PAIRS), PAIRS, [q])
    assert set(rules[0].weights) == {0.0} and rules[0].intercept == 0.5
