"""Queues: who sees what next, how much is left, how long it takes."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InvalidInput, NotReady
from core.services.data.datasets import get_dataset, image_ids, label_indices
from core.services.labels import review_queues, reviewing
from core.services.labels.review_queues import QUEUES, pace, queue
from tests.seeding import add_crossval, add_small_dataset, generalist_probs, seed


@pytest.fixture
def seeded(workspace):
    its = seed(workspace)
    truth = label_indices(workspace, get_dataset(workspace, its.dataset))
    rng = np.random.default_rng(1)
    add_crossval(workspace, its.generalist, generalist_probs(truth, rng))
    return its


def answer(ws, dataset_id, reviewer, position, label="A", verdict="label"):
    image = image_ids(ws, dataset_id)[position]
    return reviewing.submit(
        ws,
        dataset_id,
        image,
        reviewer=reviewer,
        event_id=f"{reviewer}-{position}-{verdict}",
        verdict=verdict,
        label=label if verdict == "label" else None,
    )


ARGUMENTS = {"pair": {"pair": ("A", "B")}, "selection": {"positions": [5, 9, 9, 40, 77]}}


@pytest.mark.parametrize("kind", QUEUES)
def test_every_queue_empties_as_it_is_answered(workspace, seeded, kind):
    options = ARGUMENTS.get(kind, {})
    for position in range(4):  # something to disagree on, by others
        answer(workspace, seeded.dataset, "Ana", position, "A")
        answer(workspace, seeded.dataset, "Bea", position, "B")
    its = queue(workspace, seeded.dataset, kind, "Carlos", n_next=1_000, **options)
    assert 0 < its.n_total == its.n_left == len(its.next) == len(set(its.next))
    assert its.left_s is None  # nothing answered yet
    for verdict, position in zip(("label", "skip", "not_sure"), its.next, strict=False):
        answer(workspace, seeded.dataset, "Carlos", position, verdict=verdict)
    left = queue(workspace, seeded.dataset, kind, "Carlos", n_next=1_000, **options)
    assert left.n_left == max(0, its.n_left - 3) and left.n_total == its.n_total
    assert left.next == its.next[3:]  # the order stays
    reviewing.undo(workspace, seeded.dataset, reviewer="Carlos", event_id="u")
    back = queue(workspace, seeded.dataset, kind, "Carlos", **options)
    assert back.n_left == left.n_left + 1


@pytest.mark.parametrize("kind", ["random", "pair", "unsure"])
def test_everybody_has_an_order_of_their_own(workspace, seeded, kind):
    options = ARGUMENTS.get(kind, {}) | {"n_next": 1_000}
    ana = queue(workspace, seeded.dataset, kind, "Ana", **options).next
    bea = queue(workspace, seeded.dataset, kind, "Bea", **options).next
    assert ana != bea and set(ana) == set(bea)
    assert queue(workspace, seeded.dataset, kind, "Ana", **options).next == ana


def test_the_least_sure_come_first_in_blocks(workspace, seeded):
    from core.services.labels.label_evidence import evidence

    sure = evidence(workspace, seeded.dataset).probs.max(axis=1)
    shown = queue(workspace, seeded.dataset, "unsure", "Ana", n_next=120).next
    blocks = sure[list(shown)].reshape(-1, 20)
    assert (blocks[:-1].max(axis=1) <= blocks[1:].min(axis=1)).all()


def test_without_out_of_fold_answers_held_out_images_are_what_is_known(workspace):
    its = seed(workspace)
    shown = queue(workspace, its.dataset, "unsure", "Ana", n_next=1_000)
    assert shown.n_total == 48  # validation and test of 120
    with pytest.raises(NotReady, match="crossval"):
        queue(workspace, its.dataset, "suspects", "Ana")


def test_without_any_model(workspace):
    dataset_id, _ = add_small_dataset(workspace, 5)
    for kind in ("unsure", "suspects"):
        with pytest.raises(NotReady, match="train"):
            queue(workspace, dataset_id, kind, "Ana")
    assert queue(workspace, dataset_id, "disagreements", "Ana").n_total == 0


def test_a_pair_holds_what_anybody_called_so(workspace, seeded):
    before = queue(workspace, seeded.dataset, "pair", "Ana", pair=("A", "B")).n_total
    assert before == 60
    answer(workspace, seeded.dataset, "Bea", 100, "B")  # labelled D
    assert queue(workspace, seeded.dataset, "pair", "Ana", pair=("A", "B")).n_total == 61


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("nothing", {}),
        ("pair", {}),
        ("pair", {"pair": ("A", "A")}),
        ("pair", {"pair": ("A", "Z")}),
        ("selection", {}),
        ("selection", {"positions": [-1]}),
        ("selection", {"positions": [120]}),
    ],
)
def test_what_is_no_queue_is_a_sentence(workspace, seeded, kind, options):
    with pytest.raises(InvalidInput):
        queue(workspace, seeded.dataset, kind, "Ana", **options)


def test_the_pace_forgets_pauses(workspace, seeded):
    assert pace([50.0, 47.0, 44.0, 41.0, 38.0, 35.0 - 3_600]) == 3.0
    assert pace([]) is None
    for position in range(6):
        answer(workspace, seeded.dataset, "Ana", position)
    its = queue(workspace, seeded.dataset, "random", "Ana")
    assert 0 <= its.pace_s < 30
    assert its.left_s == pytest.approx(its.pace_s * its.n_left)


def test_images_of_positions(workspace, seeded):
    ids = image_ids(workspace, seeded.dataset)
    assert review_queues.images_of(workspace, seeded.dataset, [3, 0]) == [ids[3], ids[0]]
