"""The cascade by hand: routing, ties, combination, figures, tables, refusals."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from core.analysis.cascades import cascade
from core.errors import InvalidInput

# Four images, three classes, an expert for (0, 1). The generalist is right on 0 and 3 only.
PROBS = np.array([[0.5, 0.4, 0.1], [0.6, 0.3, 0.1], [0.45, 0.35, 0.2], [0.1, 0.1, 0.8]])
Y = np.array([0, 1, 1, 2])
EXPERT = np.array([[0.2, 0.8], [0.1, 0.9], [0.3, 0.7], [np.nan, np.nan]])


def _swept(**changes):
    arguments = {"probs": PROBS, "y": Y, "pairs": [(0, 1)], "expert_probs": [EXPERT], **changes}
    return cascade.sweep(**arguments)


def test_an_image_belongs_to_the_pair_of_its_top_two_ties_in_class_order():
    probs = np.array([[0.4, 0.3, 0.3], [0.2, 0.4, 0.4], [0.3, 0.4, 0.3], [0.25, 0.25, 0.5]])
    assert cascade.route(probs, [(1, 0), (2, 1)]).tolist() == [0, 1, 0, -1]
    assert cascade.route(probs, []).tolist() == [-1] * 4
    assert cascade.route(np.zeros((0, 3)), [(0, 1)]).size == 0


def test_a_group_leaves_an_image_to_which_a_class_outside_fits_as_well():
    third = 1 / 3  # an expert with no opinion would leave 2/9 to each of the three, below 1/3
    probs = np.array([[0.0, third, third, third], [0.0, 0.4, 0.4, 0.2]])
    assert cascade.route(probs, [(0, 1, 2)]).tolist() == [-1, 0]
    assert cascade.route(probs, [(1, 2)]).tolist() == [0, 0]


def test_equality_keeps():
    owner = cascade.route(PROBS, [(0, 1)])
    assert owner.tolist() == [0, 0, 0, -1]
    assert cascade.deferred_mask(PROBS, owner, 0.5).tolist() == [False, False, True, False]
    assert cascade.deferred_mask(PROBS, owner, 0.501).tolist() == [True, False, True, False]


def test_the_expert_divides_what_the_pair_has():
    owner, deferred = np.array([0, 0, 0, -1]), np.array([True, False, False, False])
    combined = cascade.combine(PROBS, owner, [EXPERT], deferred, pairs=[(0, 1)])
    assert combined[0] == pytest.approx([0.9 * 0.2, 0.9 * 0.8, 0.1])
    assert (combined[1:] == PROBS[1:]).all()
    swapped = cascade.combine(PROBS, owner, [EXPERT[:, ::-1]], deferred, pairs=[(1, 0)])
    assert swapped == pytest.approx(combined)


@pytest.mark.parametrize("pair", [(0, 1), (1, 0)])
def test_an_expert_at_one_half_leaves_it_to_class_order(pair):
    probs = np.array([[0.3, 0.4, 0.3]])
    even = [np.array([[0.5, 0.5]])]
    deferred = np.array([True])
    answers = cascade.answers(probs, np.array([0]), even, deferred, pairs=[pair])
    combined = cascade.combine(probs, np.array([0]), even, deferred, pairs=[pair])
    assert answers.tolist() == combined.argmax(axis=1).tolist() == [0]


def test_figures_by_hand():
    """At 0.55 images 0 and 2 are deferred: 0 is spoilt, 2 is corrected. At 1, 1 is as well."""
    swept = _swept()
    at = swept.at(0.55)
    assert (at["n_deferred"], at["n_recovered"], at["n_broken"]) == (2, 1, 1)
    assert at["accuracy"] == at["generalist_accuracy"] == 0.5
    assert at["gain"] == 0.0
    assert at["gain_ci"][0] < 0.0 < at["gain_ci"][1]
    assert at["recovery"] == at["breakage"] == 0.5
    assert at["deferral_rate"] == 0.5
    assert at["confusion"] == [[0, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert json.loads(json.dumps(at)) == at
    assert swept.at(1.0)["accuracy"] == 0.75
    assert cascade.best_tau(swept) == 0.451  # the first at which 2 is deferred, and 0 not yet
    assert swept.at(0.451)["accuracy"] == 0.75


def test_a_slider_value_finds_its_position_though_it_is_binary():
    swept = _swept()
    assert swept.index_of(0.1 + 0.2) == 300
    assert swept.index_of(sum([0.001] * 700)) == 700
    with pytest.raises(InvalidInput, match="not a position"):
        swept.index_of(0.12345)
    assert _swept(grid=[0.12345]).at(0.12345)["n_deferred"] == 0


def test_without_experts_no_threshold_is_better_than_another():
    assert cascade.best_tau(cascade.sweep(PROBS, Y, [], [])) == 0.0


def test_pairs_are_sorted_by_confusion_and_ties_stay_in_class_order():
    C = np.array([[5, 1, 2], [3, 6, 0], [2, 0, 1]])
    rows = cascade.pair_table(C, ["x", "y", "z"])
    assert [(row["a"], row["b"], row["pair"], row["n_confused"]) for row in rows] == [
        ("x", "y", (0, 1), 4),
        ("x", "z", (0, 2), 4),
    ]
    assert rows[0]["share_of_errors"] == 0.5
    assert rows[0]["oracle_gain"] == pytest.approx(4 / 20)
    assert cascade.pair_table(np.eye(3, dtype=int), ["x", "y", "z"]) == []


def test_a_million_predictions_are_swept_in_well_under_a_second_and_read_in_microseconds():
    n, k, rng = 1_000_000, 10, np.random.default_rng(0)
    probs = rng.random((n, k), dtype=np.float32)
    probs /= probs.sum(axis=1, keepdims=True)
    q = rng.random(n, dtype=np.float32)
    expert = np.stack([q, 1 - q], axis=1)
    start = time.process_time()
    swept = cascade.sweep(probs, rng.integers(0, k, n), [(0, 1), (2, 5), (9, 4)], [expert] * 3)
    assert time.process_time() - start < 3.0  # measured: 0.2
    start = time.process_time()
    for i in range(1000):
        swept.confusion_at(i)
    assert time.process_time() - start < 0.3  # measured: 6 microseconds each
    assert sum(moves.nbytes for moves in swept.moves) < 300_000


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"pairs": [(0, 0)]}, "pair cannot be used"),
        ({"pairs": [(0, 3)]}, "pair cannot be used"),
        (
            {"pairs": [(0, 1), (1, 0)], "expert_probs": [EXPERT] * 2},
            "answered for by another expert",
        ),
        ({"expert_probs": []}, "one expert for each pair"),
        ({"expert_probs": [EXPERT[:2]]}, "answer for each image"),
        ({"expert_probs": [np.full((4, 2), np.nan)]}, "expert for classes 0 and 1"),
        ({"y": Y[:2]}, "same images"),
        ({"y": Y + 1}, "does not exist"),
        ({"probs": PROBS * 2}, "no probabilities"),
        ({"probs": PROBS[:0], "y": Y[:0], "expert_probs": [EXPERT[:0]]}, "no images"),
        ({"grid": []}, "grid"),
        ({"grid": [0.5, 0.4]}, "grid"),
        ({"grid": [0.5, 1.5]}, "grid"),
    ],
)
def test_what_cannot_be_swept_is_refused_in_a_sentence(change, what):
    with pytest.raises(InvalidInput, match=what):
        _swept(**change)


@pytest.mark.parametrize("tau", [-0.1, 1.1, float("nan")])
def test_tau_is_a_share(tau):
    with pytest.raises(InvalidInput, match="tau"):
        _swept().at(tau)
    with pytest.raises(InvalidInput, match="tau"):
        cascade.deferred_mask(PROBS, [0, 0, 0, -1], tau)


def test_a_table_of_pairs_needs_a_name_for_each_class():
    with pytest.raises(InvalidInput, match="classes"):
        cascade.pair_table(np.eye(3), ["x"])
