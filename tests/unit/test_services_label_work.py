"""Reviews of many people, made up, through agreement, consensus and the model's suspicion."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InvalidInput, NotFound, NotReady
from core.services.data.datasets import get_dataset, image_ids, label_indices
from core.services.labels import (
    adjudicating,
    label_evidence,
    label_sets,
    label_work,
    review_queues,
    reviewing,
    settling,
)
from core.services.labels.votes import reviews_version, votes_of
from core.store import reviews
from core.store.database import utc_now
from tests.seeding import LABELS, add_crossval, generalist_probs, seed

PEOPLE = {"Ana": 0.95, "Bea": 0.9, "Carlos": 0.6}


@pytest.fixture
def seeded(workspace):
    return seed(workspace)


def put_reviews(ws, dataset_id, votes, *, source="import", blind=True):
    """Store a table of votes, columns in the order of PEOPLE."""
    ids, people = image_ids(ws, dataset_id), list(PEOPLE)
    events = [
        {
            "event_id": f"{source}-{image}-{person}",
            "dataset_id": dataset_id,
            "image_id": ids[image],
            "reviewer": people[person],
            "verdict": "label",
            "label": LABELS[votes[image, person]],
            "undoes": None,
            "note": "",
            "source": source,
            "blind": blind,
            "created_at": utc_now(),
        }
        for image, person in np.argwhere(votes >= 0)
    ]
    with ws.write() as conn:
        assert reviews.add_many(conn, events) == len(events)


@pytest.fixture
def reviewed(workspace, seeded):
    """Three people reviewed the first hundred images; the model was cross-validated."""
    rng = np.random.default_rng(0)
    truth = label_indices(workspace, get_dataset(workspace, seeded.dataset))
    votes = np.stack(
        [
            np.where(rng.random(120) < rate, truth, rng.integers(0, 4, 120))
            for rate in PEOPLE.values()
        ],
        axis=1,
    )
    votes[100:] = -1
    put_reviews(workspace, seeded.dataset, votes)
    add_crossval(workspace, seeded.generalist, generalist_probs(truth, rng))
    return seeded, truth, votes


def test_votes_are_what_counts(workspace, reviewed):
    seeded, _, votes = reviewed
    its = votes_of(workspace, seeded.dataset)
    np.testing.assert_array_equal(its.votes, votes)
    assert its.reviewers == tuple(PEOPLE)
    before = reviews_version(workspace, seeded.dataset)
    ids = image_ids(workspace, seeded.dataset)
    for n, verdict in enumerate(["not_sure", "skip"]):
        reviewing.submit(
            workspace, seeded.dataset, ids[n], reviewer="Ana", event_id=f"v{n}", verdict=verdict
        )
    its = votes_of(workspace, seeded.dataset)
    assert its.votes[:3, 0].tolist() == [-1, -1, votes[2, 0]]
    assert (its.not_sure.tolist(), its.skipped.tolist()) == ([0], [1])
    assert its.last_seq == reviews_version(workspace, seeded.dataset) == before + 2


def test_agreement_in_all_its_parts(workspace, reviewed):
    seeded, truth, votes = reviewed
    found = label_work.agreement(workspace, seeded.dataset)
    assert (found["n_reviews"], found["n_reviewers"], found["n_images"]) == (300, 3, 100)
    low, high = found["agreement"]["alpha_ci"]
    assert low < found["agreement"]["alpha"] < high
    assert found["agreement"]["n_images"] == 100
    quality = {row["reviewer"]: row["kappa"] for row in found["reviewers"]}
    assert quality["Carlos"] < min(quality["Ana"], quality["Bea"])
    assert [(row["a"], row["b"]) for row in found["reviewer_pairs"]] == [
        ("Ana", "Bea"),
        ("Ana", "Carlos"),
        ("Bea", "Carlos"),
    ]
    first = found["class_pairs"][0]
    behind = label_work.disagreements(workspace, seeded.dataset, pair=(first["a"], first["b"]))
    assert len(behind) == first["n_disagreed"]
    pair = found["reviewer_pairs"][1]
    behind = label_work.disagreements(workspace, seeded.dataset, reviewers=(pair["a"], pair["b"]))
    assert len(behind) == pair["n_disagreed"]
    assert behind == np.flatnonzero(votes[:, 0] != votes[:, 2]).tolist()


def test_answers_that_were_not_blind_do_not_count_as_agreement(workspace, seeded):
    votes = np.zeros((120, 3), dtype=int)
    votes[0, 0] = 1
    put_reviews(workspace, seeded.dataset, votes, source="random", blind=False)
    found = label_work.agreement(workspace, seeded.dataset)
    assert (found["n_reviews"], found["n_not_blind"]) == (0, 360)
    assert found["agreement"]["alpha"] is None
    assert label_work.agreement(workspace, seeded.dataset, source="suspects")["n_not_blind"] == 0


def test_unknown_names_are_a_sentence(workspace, reviewed):
    with pytest.raises(InvalidInput, match="no such reviewer"):
        label_work.disagreements(workspace, reviewed[0].dataset, reviewers=("Ana", "Nobody"))
    with pytest.raises(InvalidInput, match="no such label"):
        label_work.disagreements(workspace, reviewed[0].dataset, pair=("A", "Z"))
    with pytest.raises(InvalidInput, match="no such method"):
        label_work.consensus(workspace, reviewed[0].dataset, method="vote")


@pytest.mark.parametrize("method", list(settling.METHODS))
def test_consensus_is_a_label_set_and_the_original_stays(workspace, reviewed, method):
    seeded, truth, _ = reviewed
    saved = label_work.consensus(workspace, seeded.dataset, method=method, who="Ana")
    dataset = get_dataset(workspace, seeded.dataset)
    labels = label_sets.indices(workspace, dataset, saved)
    assert (labels != truth).mean() < 0.06
    np.testing.assert_array_equal(labels[100:], truth[100:])  # nobody looked there
    quality = label_sets.quality(workspace, saved)
    assert np.isnan(quality[100:]).all() and (quality[:100] > 0).all()
    origin = saved.origin
    assert (origin["method"], origin["n_reviews"], origin["n_reviewed_images"]) == (
        method,
        300,
        100,
    )
    assert origin["last_review"] == reviews_version(workspace, dataset.id)
    assert origin["reviewer_quality"]["Ana"] > origin["reviewer_quality"]["Carlos"]
    assert origin["n_changed"] == (labels != truth).sum()
    assert (origin["run"] == seeded.generalist) is (method == "crowdlab")
    np.testing.assert_array_equal(label_indices(workspace, dataset), truth)


def test_the_same_reviews_give_the_same_version_and_a_decision_the_next(workspace, reviewed):
    seeded, truth, _ = reviewed
    first = label_work.consensus(workspace, seeded.dataset, method="majority")
    assert label_work.consensus(workspace, seeded.dataset, method="majority") == first
    image = image_ids(workspace, seeded.dataset)[110]
    adjudicating.adjudicate(
        workspace, seeded.dataset, image, who="Ana", event_id="d", label="D", expected_version=0
    )
    second = label_work.consensus(workspace, seeded.dataset, method="majority")
    assert (second.version, second.origin["decisions"]) == (2, ["d"])
    dataset = get_dataset(workspace, seeded.dataset)
    assert label_sets.indices(workspace, dataset, second)[110] == 3
    assert label_sets.quality(workspace, second)[110] == 1.0


def test_what_must_come_first_is_said(workspace, seeded):
    with pytest.raises(NotReady, match="nobody has reviewed"):
        label_work.consensus(workspace, seeded.dataset)
    with pytest.raises(NotReady, match=r"crossval run-\w+ --over all"):
        label_evidence.suspects(workspace, seeded.dataset)
    with pytest.raises(InvalidInput, match="cannot judge labels"):
        label_evidence.suspects(workspace, seeded.dataset, seeded.expert)
    with pytest.raises(NotFound):
        label_evidence.suspects(workspace, seeded.dataset, "run-0")


def test_suspects_name_the_label_and_a_better_one(workspace, seeded):
    truth = label_indices(workspace, get_dataset(workspace, seeded.dataset))
    wrong = np.array([1, 2, 40, 45, 50])
    shown = truth.copy()
    shown[wrong] = 1 - truth[wrong]  # what the pictures show, as the model sees them
    probs = 0.02 + 0.92 * np.eye(4)[shown]
    add_crossval(workspace, seeded.generalist, probs / probs.sum(axis=1, keepdims=True))
    found = label_evidence.suspects(workspace, seeded.dataset)
    assert {row["position"] for row in found["suspects"]} == set(wrong.tolist())
    assert found["run"] == seeded.generalist and found["n_suspects"] == 5
    for row in found["suspects"]:
        assert (row["label"], row["suggested"]) in {("A", "B"), ("B", "A")}
        assert row["score"] > 0.9 and row["confidence"] > 0.9
    assert label_evidence.overlap(workspace, seeded.dataset)[0]["a"] == "A"
    before = review_queues.queue(workspace, seeded.dataset, "suspects", "Ana")
    assert (before.n_total, before.n_left, set(before.next)) == (5, 5, set(wrong.tolist()))


def test_twins_come_with_both_labels(workspace, seeded):
    pairs = label_evidence.twins(workspace, seeded.dataset, min_cosine=0.5)
    assert pairs and all(set(pair["labels"]) == {"C", "D"} for pair in pairs)  # one clump
    assert label_evidence.twins(workspace, seeded.dataset, min_cosine=1.0) == []
