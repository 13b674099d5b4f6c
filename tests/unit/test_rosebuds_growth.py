"""The statistics that were built into the demo set, checked on its truth alone: no picture."""

from __future__ import annotations

import numpy as np
import pytest

from core.sources.rosebuds.growth import LABELS, LOOKS, MERGE_PAIRS, REVIEWERS, Bud, grow

N_BUDS = 14_000


@pytest.fixture(scope="module")
def buds() -> list[Bud]:
    return [grow(np.random.default_rng((11, index)), index) for index in range(N_BUDS)]


@pytest.fixture(scope="module")
def stages(buds):
    return np.array([bud.stage for bud in buds])


@pytest.fixture(scope="module")
def reviews(buds):
    return np.array([bud.reviews for bud in buds])  # (n_buds, n_reviewers)


def test_growth_tells_the_stage(buds):
    assert all(bud.stage <= bud.growth < bud.stage + 1 for bud in buds)
    assert all(0 <= bud.ripeness <= 1 for bud in buds)


def test_reviewers_differ_in_skill_and_the_first_is_wrong_in_six_percent(stages, reviews):
    wrong = (reviews != stages[:, None]).mean(axis=0)
    assert reviews.shape[1] == len(REVIEWERS) == 3
    assert 0.05 < wrong[0] < 0.07
    assert 0.02 < wrong[1] < 0.04
    assert 0.08 < wrong[2] < 0.12


def test_wrong_labels_are_mostly_neighbours(stages, reviews):
    first = reviews[:, 0]
    distance = np.abs(first - stages)[first != stages]
    assert (distance == 1).mean() > 0.9
    assert distance.max() > 1  # a slip of the finger can be anything


def test_labels_between_different_looks_are_rarely_wrong(buds, stages, reviews):
    look_of = {bud.stage: bud.look for bud in buds}
    look = np.vectorize(look_of.__getitem__)
    assert 0.01 < (look(reviews[:, 0]) != look(stages)).mean() < 0.025


def test_the_merge_pairs_and_no_others_share_a_look(buds):
    look_of = {LABELS[bud.stage]: LOOKS[bud.look] for bud in buds}
    shared = [(a, b) for a, b in zip(LABELS, LABELS[1:], strict=False) if look_of[a] == look_of[b]]
    assert tuple(shared) == MERGE_PAIRS
    assert len(set(look_of.values())) == 5


@pytest.mark.parametrize("pair", MERGE_PAIRS)
def test_nobody_can_tell_the_stages_of_a_pair_apart(pair, buds, stages):
    low, high = (LABELS.index(label) for label in pair)
    ripeness = np.array([bud.ripeness for bud in buds])
    inside = np.isin(stages, (low, high))
    best_guess = (ripeness[inside] > 0.5) == (stages[inside] == high)
    # with perfect sight of the only thing that differs; 0.5 would be tossing a coin
    assert 0.55 < best_guess.mean() < 0.63
