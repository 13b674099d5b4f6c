"""What new labels were worth: measured on what people say of test images, never on the model's."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis.comparisons.paired import mean_difference
from core.errors import InvalidInput, NotReady
from core.services.data.datasets import get_dataset, image_ids, label_indices, splits
from core.services.labels import adjudicating, label_sets, label_worth
from core.services.runs import training
from core.services.runs.planning import make_plan
from core.store import reviews, runs
from core.store.database import utc_now
from tests.seeding import LABELS, seed


@pytest.fixture
def seeded(workspace):
    return seed(workspace)


def put_run(ws, plan, seed, right):
    """Insert the run of a plan that is right where `right` says so (and else answers the next)."""
    dataset = plan.dataset
    truth = label_indices(ws, dataset)
    probs = np.eye(4)[np.where(right, truth, (truth + 1) % 4)].astype(np.float32)
    probs[splits(ws, dataset.id) == "train"] = np.nan
    with ws.write() as conn:
        runs.add(
            conn,
            {
                "id": plan.run_id(seed),
                "dataset_id": dataset.id,
                "algorithm": "probe",
                "class_map_id": None,
                "classes": list(plan.classes),
                "pair": None,
                "seed": seed,
                "config": {**plan.config, "seed": seed},
                "history": {},
                "metrics": {"val": {"accuracy": 0.5}, "test": {}},
                "temperature": 1.0,
                "artifact": {},
                "predictions": ws.blobs.put_array(probs),
                "n_parameters": 1,
                "duration_s": 1.0,
                "device": "test",
                "created_at": utc_now(),
            },
        )
    return plan.run_id(seed)


@pytest.fixture
def relabelled(workspace, seeded):
    """A run on the original labels, a label set with five changes, and people who reviewed."""
    dataset = get_dataset(workspace, seeded.dataset)
    truth = label_indices(workspace, dataset)
    new = truth.copy()
    new[np.flatnonzero(splits(workspace, dataset.id) == "train")[:5]] = 3
    saved = label_sets.save_label_set(workspace, dataset.id, "new", new, origin={})
    plain, other = (
        make_plan(workspace, training.TrainRequest(dataset.id, "probe", labels=name))
        for name in ("original", "new")
    )
    ids = image_ids(workspace, dataset.id)
    events = [
        {
            "event_id": f"{position}-{who}",
            "dataset_id": dataset.id,
            "image_id": ids[position],
            "reviewer": who,
            "verdict": "label",
            "label": LABELS[truth[position]],
            "undoes": None,
            "note": "",
            "source": "random",
            "blind": True,
            "created_at": utc_now(),
        }
        for position in np.flatnonzero(splits(workspace, dataset.id) == "test")
        for who in ("Ana", "Bea")
    ]
    with workspace.write() as conn:
        reviews.add_many(conn, events)
    return plain, other, saved


def both(ws, plans, right_before, right_after, seeds=(0, 1)):
    for seed_ in seeds:
        before = put_run(ws, plans[0], seed_, right_before)
        put_run(ws, plans[1], seed_, right_after)
    return before


def test_better_labels_are_told_from_no_effect(workspace, relabelled):
    plain, other, _ = relabelled
    n = plain.dataset.n_images
    worse = np.arange(n) % 10 >= 8  # the test images have positions 4, 9, 14, ...: half of them
    run_id = both(workspace, (plain, other), worse, np.ones(n, dtype=bool))
    found = label_worth.worth(workspace, run_id, "new", seeds=(0, 1))
    assert (found.n_images, found.n_changed, found.verdict) == (24, 5, "better")
    assert found.accuracy_before == 0.5 and found.accuracy_after == 1.0
    assert 0 < found.ci[0] < found.difference == 0.5 < found.ci[1]
    assert len(found.before) == len(found.after) == 2


def test_no_measurable_effect_is_an_answer(workspace, relabelled):
    plain, other, _ = relabelled
    n = plain.dataset.n_images
    one = np.ones(n, dtype=bool)
    one[4] = False
    run_id = both(workspace, (plain, other), np.ones(n, dtype=bool), one)
    found = label_worth.worth(workspace, run_id, "new", seeds=(0, 1))
    assert found.verdict == "no measurable effect"
    assert found.ci[0] < found.difference < 0 <= found.ci[1]


def test_what_people_did_not_settle_is_not_looked_at(workspace, relabelled):
    plain, other, _ = relabelled
    n = plain.dataset.n_images
    run_id = both(workspace, (plain, other), np.ones(n, dtype=bool), np.ones(n, dtype=bool))
    ids = image_ids(workspace, plain.dataset.id)
    with workspace.write() as conn:
        conn.exec_driver_sql(
            "UPDATE review SET label = 'D' WHERE reviewer = 'Ana' AND image_id IN (?, ?)",
            (ids[4], ids[9]),
        )
    found = label_worth.worth(workspace, run_id, "new", seeds=(0, 1))
    assert found.n_images == 22 and not {4, 9} & set(found.positions.tolist())
    adjudicating.adjudicate(
        workspace, plain.dataset.id, ids[4], who="Ana", event_id="d", label="B", expected_version=0
    )
    found = label_worth.worth(workspace, run_id, "new", seeds=(0, 1))
    assert found.n_images == 23 and found.accuracy_after < 1.0  # it was an A


def test_runs_that_are_missing_are_trained_and_then_found(workspace, relabelled):
    plain, other, saved = relabelled
    run_id = put_run(workspace, plain, 0, np.ones(plain.dataset.n_images, dtype=bool))
    assert label_worth.worth(workspace, run_id, "new", seeds=(0,)) is None
    job = label_worth.submit_worth(workspace, run_id, "new", seeds=(0,))
    from core.services.jobs import get_job, list_jobs

    assert get_job(workspace, job).params["labels"] == saved.id
    assert len(list_jobs(workspace)) == 1  # the run on the old labels is there


def test_what_cannot_be_compared(workspace, seeded, relabelled):
    plain, _, _ = relabelled
    run_id = put_run(workspace, plain, 0, np.ones(plain.dataset.n_images, dtype=bool))
    with pytest.raises(InvalidInput, match="trained on these labels"):
        label_worth.worth(workspace, run_id, "original")
    with pytest.raises(InvalidInput, match="expert"):
        label_worth.worth(workspace, seeded.expert, "new")


def test_without_reviewed_test_images_nothing_can_be_said(workspace, seeded):
    dataset = get_dataset(workspace, seeded.dataset)
    labels = label_indices(workspace, dataset)
    label_sets.save_label_set(workspace, dataset.id, "new", labels, origin={})
    plan = make_plan(workspace, training.TrainRequest(dataset.id, "probe"))
    run_id = put_run(workspace, plan, 0, np.ones(dataset.n_images, dtype=bool))
    with pytest.raises(NotReady, match="too few test images were reviewed"):
        label_worth.submit_worth(workspace, run_id, "new")


def test_mean_difference_knows_its_doubts():
    mean, (low, high) = mean_difference([0.5, 0.0, 0.0, 1.0] * 25)
    assert mean == 0.375 and low < mean < high and low > 0.29
    mean, (low, high) = mean_difference(np.zeros(50))
    assert mean == 0.0 and low < 0 < high
    for broken in ([], [np.nan], [[0.0]]):
        with pytest.raises(InvalidInput):
            mean_difference(broken)
