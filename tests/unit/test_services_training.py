"""Requests to train: what is refused before a job, what the job is given, what a run records."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.analysis import metrics
from core.errors import InvalidInput, NotFound, NotReady, StoreError
from core.jobs.execution import execute
from core.services import jobs
from core.services.classes import mapping
from core.services.runs import fitting, planning, training
from core.services.tasks import TASKS
from core.store.checkpoints import Checkpoints
from core.store.database import Workspace
from tests.seeding import LABELS, Seeded, seed


@pytest.fixture
def ids(workspace: Workspace) -> Seeded:
    return seed(workspace)


def test_a_plan_names_the_same_run_for_the_same_request(workspace, ids):
    request = training.TrainRequest("seeded", "probe", seeds=(0, 1))
    first = training.planned_runs(workspace, request)
    again = training.planned_runs(
        workspace, training.TrainRequest(ids.dataset, "probe", seeds=(1,))
    )
    assert [exists for _, exists in first] == [False, False]
    assert again[0] == first[1] and first[0] != first[1]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"algorithm": "magic"}, InvalidInput),
        ({"pair": ("A", "A")}, InvalidInput),
        ({"pair": ("A", "Z")}, InvalidInput),
        ({"seeds": ()}, InvalidInput),
        ({"seeds": (-1,)}, InvalidInput),
        ({"options": {"epochs": -1}}, InvalidInput),
        ({"options": {"nonsense": 1}}, InvalidInput),
        ({"options": {"schedule": "sideways"}}, InvalidInput),
        ({"time_budget_min": -1.0}, InvalidInput),
        ({"time_budget_min": float("nan")}, InvalidInput),
        ({"time_budget_min": float("inf")}, InvalidInput),
        ({"class_map": "none"}, NotFound),
        ({"backbone": "resnet50"}, NotReady),
    ],
)
def test_a_request_that_cannot_be_trained_is_refused_before_the_job(workspace, ids, change, error):
    request = training.TrainRequest(**({"dataset": "seeded", "algorithm": "probe"} | change))
    with pytest.raises(error):
        training.submit_training(workspace, request)


def test_one_class_is_refused_before_the_job(workspace, ids):
    mapping.save_class_map(workspace, ids.dataset, "one", dict.fromkeys(LABELS, "bud"))
    with pytest.raises(InvalidInput, match="nothing to tell apart"):
        training.submit_training(
            workspace, training.TrainRequest("seeded", "probe", class_map="one")
        )


def test_a_job_trains_the_version_that_was_asked_for(workspace, ids):
    request = training.TrainRequest("seeded", "probe", class_map="three")
    job = jobs.get_job(workspace, training.submit_training(workspace, request))
    mapping.save_class_map(workspace, ids.dataset, "three", dict(zip(LABELS, "AABC", strict=True)))
    assert job.params["class_map"] == ids.class_map


def test_the_figures_of_a_run_are_those_of_calibrated_probabilities():
    rng = np.random.default_rng(0)
    y, split = np.arange(600) % 3, np.repeat(["train", "val", "test"], 200)
    sure = np.where(rng.random(600) < 0.7, y, (y + 1) % 3)  # 70 % right, and always sure
    predictions = np.full((600, 3), 0.005, dtype=np.float32)
    predictions[np.arange(600), sure] = 0.99
    found = fitting.run_figures(y, predictions, split)
    raw = metrics.summary(y[400:], predictions[400:])
    assert found["metrics"]["test"]["accuracy"] == raw["accuracy"]
    assert found["metrics"]["test"]["ece"] < 0.1 < 0.2 < raw["ece"]
    assert found["metrics"]["test"]["log_loss"] < raw["log_loss"]


def test_a_double_click_on_train_is_one_job(workspace, ids):
    request = training.TrainRequest("seeded", "probe")
    assert training.submit_training(workspace, request) == training.submit_training(
        workspace, request
    )


def test_a_training_that_failed_goes_on_from_its_checkpoint(workspace, ids, monkeypatch):
    """The disk is full at the third epoch; later, the first two need no repeating."""
    save, n_saved = Checkpoints.save, 0

    def full(self, number, state, arrays):
        nonlocal n_saved
        n_saved += 1
        if n_saved == 3:
            raise StoreError("the disk is full: a checkpoint could not be written")
        save(self, number, state, arrays)

    monkeypatch.setattr(Checkpoints, "save", full)
    monkeypatch.setattr(
        Workspace,
        "checkpoints",
        lambda ws, name: Checkpoints(ws.path / "checkpoints" / name, every_s=0),
    )
    request = training.TrainRequest("seeded", "probe", options={"epochs": 5, "patience": 5})
    first = training.submit_training(workspace, request)
    assert execute(workspace, first, 1, TASKS) == 1
    job = jobs.get_job(workspace, first)
    assert "the disk is full" in job.error
    assert training.kept_epochs(workspace, job) == 2
    again = jobs.retry_job(workspace, first)
    assert execute(workspace, again, 1, TASKS) == 0
    run_id = jobs.get_job(workspace, again).result["runs"][0]["run"]
    assert len(training.get_run(workspace, run_id).history["loss"]) == 5
    assert n_saved == 6  # one, two, the full one; then three, four and five
    assert training.live_history(workspace, again)["epoch"].tolist()[::6] == [1, 2, 3, 4, 5]
    assert training.kept_epochs(workspace, job) == 0
    assert not list((workspace.path / "checkpoints").iterdir())


def test_a_time_budget_is_another_run_and_none_changes_no_id(workspace, ids):
    plain, none, some = (
        planning.make_plan(workspace, training.TrainRequest("seeded", "probe", **more))
        for more in ({}, {"time_budget_min": 0}, {"time_budget_min": 5})
    )
    assert "time_budget_min" not in plain.config and plain.run_id(0) == none.run_id(0)
    assert some.config["time_budget_min"] == 5.0 and some.run_id(0) != plain.run_id(0)
    request = training.TrainRequest("seeded", "probe", time_budget_min=5)
    job = jobs.get_job(workspace, training.submit_training(workspace, request))
    assert job.params["time_budget_min"] == 5


def test_training_a_run_again_has_its_time_budget(workspace, ids):
    run = training.get_run(workspace, ids.generalist)
    assert training.request_of(run).time_budget_min == 0
    budgeted = replace(run, config={**run.config, "time_budget_min": 3.0})
    assert training.request_of(budgeted).time_budget_min == 3
