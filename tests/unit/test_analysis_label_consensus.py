from __future__ import annotations

import numpy as np
import pytest

from core.analysis.labels import label_consensus
from core.errors import InvalidInput


def crowd(n=600, n_classes=4, rates=(0.9, 0.85, 0.6, 0.55), seed=0):
    """Truth, votes of two good and two bad reviewers (each saw two thirds), and a model."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_classes, n)
    votes = np.empty((n, len(rates)), dtype=np.int64)
    for j, rate in enumerate(rates):
        votes[:, j] = np.where(rng.random(n) < rate, truth, rng.integers(0, n_classes, n))
    votes[rng.random(votes.shape) < 1 / 3] = -1
    logits = 2.0 * np.eye(n_classes)[truth] + rng.normal(0, 1, (n, n_classes))
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return truth, votes, probs


def error(found, truth, votes):
    rows = (votes >= 0).any(axis=1)
    return (found.labels[rows] != truth[rows]).mean()


def test_crowdlab_beats_the_majority_where_there_is_a_model_and_reviewers_differ():
    truth, votes, probs = crowd()
    majority = label_consensus.majority(votes, 4)
    crowdlab = label_consensus.crowdlab(votes, probs)
    assert error(crowdlab, truth, votes) < 0.7 * error(majority, truth, votes)
    assert crowdlab.model_weight > 0


def test_dawid_skene_knows_the_careless_from_the_careful():
    truth, votes, _ = crowd(n=2_000)
    found = label_consensus.dawid_skene(votes, 4)
    assert error(found, truth, votes) <= error(label_consensus.majority(votes, 4), truth, votes)
    assert found.reviewer_quality[:2].min() > found.reviewer_quality[2:].max() + 0.1
    truly = [(votes[:, j] == truth)[votes[:, j] >= 0].mean() for j in range(4)]
    np.testing.assert_allclose(found.reviewer_quality, truly, atol=0.05)


def test_dawid_skene_follows_a_reviewer_who_swaps_two_classes_always():
    """To swap is no noise: whoever knows the habit can read what was meant."""
    truth = np.arange(300) % 3
    swapped = np.array([0, 2, 1])[truth]
    votes = np.stack([truth, truth, swapped], axis=1)
    assert (label_consensus.dawid_skene(votes, 3).labels == truth).all()


def test_a_majority_tie_goes_to_the_class_that_is_more_common():
    votes = [[0, 1], [1, 1], [2, 0], [1, -1]]
    found = label_consensus.majority(votes, 3)
    assert found.labels.tolist() == [1, 1, 0, 1]
    assert found.tied.tolist() == [True, False, True, False]
    np.testing.assert_allclose(found.quality, [0.5, 1.0, 0.5, 1.0])


METHODS = [
    lambda v, p: label_consensus.majority(v, 4),
    lambda v, p: label_consensus.dawid_skene(v, 4),
    label_consensus.crowdlab,
]


@pytest.mark.parametrize("method", METHODS)
def test_who_said_nothing_and_what_nobody_saw_have_no_figures(method):
    _, votes, probs = crowd(n=60)
    votes = np.hstack([votes, np.full((60, 1), -1)])
    votes[7] = -1
    probs[7] = np.nan  # not looked at
    found = method(votes, probs)
    assert found.labels[7] == -1 and np.isnan(found.quality[7]) and not found.tied[7]
    assert np.isnan(found.reviewer_quality[4])
    others = np.arange(60) != 7
    seen = others & (votes >= 0).any(axis=1)
    assert (found.labels[seen] >= 0).all()
    assert ((found.quality[seen] > 0) & (found.quality[seen] <= 1)).all()
    assert len(found.labels) == len(found.quality) == len(found.tied) == 60


@pytest.mark.parametrize("method", METHODS)
def test_everybody_says_the_same(method):
    votes = np.repeat(np.arange(40)[:, None] % 4, 3, axis=1)
    probs = np.full((40, 4), 0.1) + 0.6 * np.eye(4)[votes[:, 0]]
    found = method(votes, probs)
    assert (found.labels == votes[:, 0]).all()
    assert found.reviewer_quality.min() > 0.9


def test_the_order_of_reviewers_does_not_matter():
    _, votes, probs = crowd(n=200)
    turn = np.array([2, 0, 3, 1])
    for method in METHODS:
        straight, turned = method(votes, probs), method(votes[:, turn], probs)
        assert (straight.labels == turned.labels).all()
        np.testing.assert_allclose(straight.reviewer_quality[turn], turned.reviewer_quality)


def test_crowdlab_needs_an_image_that_two_people_saw():
    votes = np.array([[0, -1], [-1, 1]])
    with pytest.raises(InvalidInput, match="two people"):
        label_consensus.crowdlab(votes, np.full((2, 2), 0.5))


def test_no_votes_at_all():
    votes = np.full((3, 0), -1)
    for found in (label_consensus.majority(votes, 2), label_consensus.dawid_skene(votes, 2)):
        assert found.labels.tolist() == [-1, -1, -1]
