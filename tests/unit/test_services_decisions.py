"""Decisions: what a proposal says, what it is tied to, and what makes a decision stale."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.analysis.merges import merging as analysis
from core.errors import Conflict, InvalidInput, NotFound
from core.language import say, speaking
from core.services.cascades import guaranteeing, members, saving
from core.services.classes import mapping, merging
from core.services.costs import entering
from core.services.data import datasets
from core.services.decisions import cards, deciding, listing
from core.services.labels import label_sets, reviewing
from core.services.runs import marking, training
from tests import seeding

THREE = {"A": "A", "B": "B", "C": "C+D", "D": "C+D"}


@pytest.fixture
def ids(workspace):
    return seeding.seed(workspace)


def approve(ws, proposal_id, **more):
    return deciding.decide(ws, proposal_id, action="approve", name="Ana", **more)


def stale(ws, proposal_id):
    return listing.proposal(ws, proposal_id).stale


def test_each_saved_class_map_and_cascade_is_a_proposal_newest_first(workspace, ids):
    found = listing.proposals(workspace, ids.dataset)
    assert [p.id for p in found] == [ids.cascade, ids.class_map]
    assert [p.kind for p in found] == ["cascade", "class_map"]
    assert {(p.state, p.stale, p.events) for p in found} == {("open", None, ())}
    assert found[1].title == "Treat C and D as one class"
    assert found[1].changes[0] == (
        "C and D can no longer be told apart: the answer for each is “C+D”."
    )


def test_the_figures_of_a_class_map_are_those_of_the_sandbox_and_of_the_test_images(workspace, ids):
    figures = listing.proposal(workspace, ids.class_map).figures
    run = training.get_run(workspace, ids.generalist)
    box = merging.open_sandbox(workspace, run.id)
    merge = analysis.examine(box, [0, 1, 2, 2])
    assert figures["verdict"] == merge.verdict == "merge"
    assert figures["itca_gain"] == round(merge.itca_gain, 4)
    assert figures["before"]["accuracy"] == round(run.metrics["test"]["accuracy"], 4)
    C = mapping.run_confusion(workspace, run, "test")
    M = np.eye(4, 3)[[0, 1, 2, 2]]
    assert figures["after"]["accuracy"] == round(np.trace(M.T @ C @ M) / C.sum(), 4)
    assert figures["n_merged"] == C[2:].sum()
    low, high = figures["after"]["kappa_ci"]
    assert low <= figures["after"]["kappa"] <= high


def test_the_figures_of_a_cascade_are_those_of_its_report(workspace, ids):
    found = listing.proposal(workspace, ids.cascade)
    test = saving.get(workspace, ids.cascade).report["test"]
    assert found.figures["gain"] == round(test["gain"], 4)
    assert found.figures["after"]["accuracy"] == round(test["accuracy"], 4)
    assert found.evidence_ids["experts"] == [ids.expert]
    assert found.evidence_ids["generalist"] == ids.generalist


def test_without_a_model_a_class_map_is_proposed_and_nothing_is_claimed(workspace, ids):
    for run in (ids.generalist, ids.second):
        training.archive_run(workspace, run)
    found = listing.proposal(workspace, ids.class_map)
    assert found.figures == {"n_labels": 4, "n_classes": 3}
    card = cards.card(workspace, found)
    assert (card.speaks, card.gains, card.why) == ("unknown", (), "")
    assert approve(workspace, found.id).state == "approved"


def test_a_version_that_was_replaced_is_proposed_only_if_somebody_spoke_of_it(workspace, ids):
    newer = mapping.save_class_map(workspace, ids.dataset, "three", THREE)
    listed = {p.id for p in listing.proposals(workspace, ids.dataset)}
    assert newer.id in listed and ids.class_map not in listed
    approve(workspace, ids.class_map)
    assert ids.class_map in {p.id for p in listing.proposals(workspace, ids.dataset)}


def test_a_newer_version_a_deleted_run_and_a_better_one_make_a_decision_stale(workspace, ids):
    approve(workspace, ids.class_map)
    assert stale(workspace, ids.class_map) is None
    mapping.save_class_map(workspace, ids.dataset, "three", THREE)
    assert "Version 2 of this class map" in stale(workspace, ids.class_map)
    assert approve(workspace, ids.class_map).stale is None
    training.archive_run(workspace, ids.generalist)
    assert f"another model, {ids.second}" in stale(workspace, ids.class_map)
    assert "accuracy as it is today was" in stale(workspace, ids.class_map)
    training.restore_run(workspace, ids.generalist)
    assert stale(workspace, ids.class_map) is None


def test_deleting_a_part_of_a_cascade_is_told_until_it_is_brought_back(workspace, ids):
    approve(workspace, ids.cascade)
    training.archive_run(workspace, ids.expert)
    assert f"deleted: {ids.expert}" in stale(workspace, ids.cascade)
    training.restore_run(workspace, ids.expert)
    assert stale(workspace, ids.cascade) is None
    marking.hide(workspace, ids.cascade)
    assert f"deleted: {ids.cascade}" in stale(workspace, ids.cascade)


def test_new_labels_make_a_decision_stale(workspace, ids):
    approve(workspace, ids.cascade)
    y = datasets.label_indices(workspace, datasets.get_dataset(workspace, ids.dataset))
    label_sets.save_label_set(workspace, ids.dataset, "consensus", y, origin={})
    assert stale(workspace, ids.cascade) == "New labels were saved since: consensus@1."


def test_reviews_make_a_decision_stale_when_they_change_what_is_shown(workspace, ids):
    approve(workspace, ids.class_map)
    images = datasets.image_ids(workspace, ids.dataset)
    rng = np.random.default_rng(0)
    for who in ("Bea", "Carlos"):
        for i in range(60, 100):  # C and D, by the toss of a coin
            reviewing.submit(
                workspace, ids.dataset, images[i], reviewer=who, event_id=f"{who}{i}",
                label="CD"[rng.integers(2)],
            )  # fmt: skip
    assert "Reviewers now agree" in stale(workspace, ids.class_map)
    told = " ".join(cards.card(workspace, listing.proposal(workspace, ids.class_map)).evidence)
    assert "People do not agree which is which either" in told


def test_costs_that_are_entered_are_charged_and_make_a_decision_stale(workspace, ids):
    approve(workspace, ids.class_map)
    W = 1.0 - np.eye(4)
    entering.enter(workspace, ids.dataset, W.tolist(), unit="€")
    found = listing.proposal(workspace, ids.class_map)
    assert found.stale == "What mistakes cost was entered anew, or changed."
    figures = found.figures
    assert figures["cost"]["unit"] == "€"
    (told,) = [s for s in cards.card(workspace, found).costs if "€" in s]
    assert ("more" in told) is (figures["cost"]["saved"] < 0)
    # With every mistake at 1 and C and D treated as one of them, half of both is paid for.
    C = mapping.run_confusion(workspace, training.get_run(workspace, ids.generalist), "test")
    before, merged = C.sum() - np.trace(C), C[2:, 2:].sum()
    one = max(C[2, 2:].sum(), C[3, 2:].sum())
    after = before - (merged - C[2, 2] - C[3, 3]) + merged - one
    assert figures["cost"]["saved"] == pytest.approx((before - after) / C.sum(), abs=1e-4)


def test_withdrawing_opens_it_again_and_the_record_keeps_both(workspace, ids):
    with pytest.raises(InvalidInput, match="no decision to withdraw"):
        deciding.decide(workspace, ids.class_map, action="withdraw", name="Ana")
    approve(workspace, ids.class_map)
    found = deciding.decide(workspace, ids.class_map, action="withdraw", name="Bea")
    assert found.state == "open"
    assert [e.action for e in found.events] == ["approve", "withdraw"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"action": "decline"}, "whoever declines says why"),
        ({"action": "comment", "reason": " \n "}, "a comment says something"),
        ({"action": "approve", "reason": "x" * 2_001}, "at most 2,000 characters"),
        ({"action": "approve", "name": " "}, "needs a name"),
        ({"action": "approve", "name": "x" * 65}, "needs a name"),
        ({"action": "approve", "name": "a\u202eb"}, "needs a name"),
        ({"action": "nonsense"}, "unknown decision"),
        ({"action": "approve", "event_id": ""}, "needs an event id"),
    ],
)
def test_what_cannot_be_recorded_is_a_sentence_and_nothing_is_stored(workspace, ids, more, said):
    with pytest.raises(InvalidInput, match=said):
        deciding.decide(workspace, ids.class_map, **{"name": "Ana", **more})
    assert listing.proposal(workspace, ids.class_map).events == ()


def test_who_was_first_and_what_changed_meanwhile_is_told(workspace, ids):
    seen = deciding.seen_of(listing.proposal(workspace, ids.class_map))
    approve(workspace, ids.class_map, seen=seen, event_id="one")
    with pytest.raises(Conflict, match="Ana approved this at"):
        approve(workspace, ids.class_map, seen=seen, event_id="two")
    assert len(approve(workspace, ids.class_map, seen=seen, event_id="one").events) == 1
    with pytest.raises(Conflict, match="the evidence changed"):
        approve(workspace, ids.class_map, seen=seen._replace(n_events=1, evidence_hash="0"))
    with pytest.raises(Conflict, match="used for another decision"):
        deciding.decide(
            workspace, ids.class_map, action="comment", name="Ana", reason="x", event_id="one"
        )


def test_what_does_not_exist_is_not_found(workspace, ids):
    with pytest.raises(NotFound, match="no such proposal"):
        listing.proposal(workspace, "map-0")
    assert listing.find(workspace, ids.dataset, "map-0") is None
    other, _ = seeding.add_small_dataset(workspace, 8)
    assert listing.find(workspace, other, ids.class_map) is None


def test_a_card_tells_everything_and_its_examples_show_the_labels_concerned(workspace, ids):
    dataset = datasets.get_dataset(workspace, ids.dataset)
    y = datasets.label_indices(workspace, dataset)
    for proposal in listing.proposals(workspace, ids.dataset):
        card = cards.card(workspace, proposal)
        assert card.answer and card.gains and card.costs and card.evidence and card.alternatives
        (example,) = card.examples
        assert example.title == "C and D"
        if proposal.kind == "cascade":
            told = saving.get(workspace, proposal.id).report["verdict"]
            assert card.evidence[0] == say(told)
        assert {dataset.labels[y[p]] for p in example.positions} == {"C", "D"}
    assert card.page == "classes" and card.query == {"run": ids.generalist}
    assert "no merge" in card.alternatives[0].name
    assert "C + D" not in {row.name for row in card.alternatives}  # that is the proposal


def test_too_few_images_are_said_and_more_are_offered_until_they_are_used(workspace):
    ids = seeding.seed(workspace, n_per_label=20)
    found = listing.proposal(workspace, ids.class_map)
    card = cards.card(workspace, found)
    assert (card.speaks, found.figures["n_judged"]) == ("neither", 16)
    assert (card.more_images.name, card.more_images.n_images) == ("crossval", 64)
    assert "judged on 16 validation images" in card.evidence[0]
    assert "told on 16 test images" in card.evidence[0]
    learned = datasets.splits(workspace, ids.dataset) != "test"
    run = training.get_run(workspace, ids.generalist)
    truth = np.eye(4)[mapping.run_classes(workspace, run)[learned]]
    seeding.add_crossval(workspace, run.id, truth, over="train+val")
    found = listing.proposal(workspace, ids.class_map)
    card = cards.card(workspace, found)
    assert (found.evidence_ids["judged_on"], card.more_images) == ("crossval", None)
    assert "64 training and validation images" in card.evidence[0]


def test_a_promise_is_told_in_the_language_of_whoever_looks(workspace, ids):
    its = members.load(workspace, ids.generalist, [ids.expert])
    promise = guaranteeing.promise(workspace, its, (its.best_tau,), 0.5, 0.9)
    saved = saving.save(workspace, its, promise.thresholds, tau_from="validation", promise=promise)
    with speaking("es"):
        told = " ".join(cards.card(workspace, listing.proposal(workspace, saved.id)).evidence)
    assert "imágenes de calibración" in told and "calibration" not in told


def test_a_card_is_told_in_the_language_of_whoever_looks_and_its_hash_stays(workspace, ids):
    english = listing.proposal(workspace, ids.class_map)
    with speaking("es"):
        spanish = listing.proposal(workspace, ids.class_map)
        assert spanish.title == "Tratar C y D como una sola clase"
        assert "imágenes de prueba" in cards.card(workspace, spanish).gains[0]
    assert spanish.evidence_hash == english.evidence_hash


def test_evidence_is_plain_json(workspace, ids):
    for found in listing.proposals(workspace, ids.dataset):
        kept = {"ids": found.evidence_ids, "figures": found.figures}
        assert json.loads(json.dumps(kept, allow_nan=False)) == kept


def test_all_in_one_class_and_no_merge_at_all_are_told_apart(workspace, ids):
    one = mapping.save_class_map(workspace, ids.dataset, "one", dict.fromkeys("ABCD", "all"))
    same = mapping.save_class_map(
        workspace, ids.dataset, "same", dict(zip("ABCD", "ABCE", strict=True))
    )
    found = {p.id: p for p in listing.proposals(workspace, ids.dataset)}
    assert found[one.id].figures["after"]["kappa_ci"] is None
    assert cards.card(workspace, found[one.id]).gains
    assert found[same.id].title == "Keep all 4 classes as they are"
    assert found[same.id].changes == ("D is called “E”.", "3 classes stay as they are.")
    assert cards.card(workspace, found[same.id]).costs == ()
