"""Out-of-fold answers: whose they are, what they may know, how they are kept and found again."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from core.errors import InvalidInput, NotFound, NotReady
from core.jobs.execution import execute
from core.services import jobs
from core.services.classes import mapping
from core.services.data import datasets
from core.services.runs import crossvalidating
from core.services.runs.crossvalidating import answer, estimate, out_of_fold, submit_crossval
from core.services.runs.planning import TrainRequest, make_plan
from core.services.runs.training import get_run
from core.services.tasks import TASKS
from tests.seeding import LABELS, add_run, generalist_probs, seed

OPTIONS = {"epochs": 2}


@pytest.fixture
def ids(workspace):
    return seed(workspace)


@pytest.fixture
def quick(workspace, ids):
    """Return the id of a run of two epochs over the four labels."""
    dataset = datasets.get_dataset(workspace, ids.dataset)
    y = datasets.label_indices(workspace, dataset)
    split = datasets.splits(workspace, dataset.id)
    probs = generalist_probs(y, np.random.default_rng(0))
    return add_run(workspace, dataset, y, split, probs, options=OPTIONS)


@pytest.fixture
def do(workspace):
    """Return a function that runs a job in this process and returns it as it ended."""

    def run_job(job_id):
        execute(workspace, job_id, 1, TASKS)
        return jobs.get_job(workspace, job_id)

    return run_job


class Context:
    """A job's context that only takes notes."""

    def __init__(self, workspace):
        self.workspace, self.told = workspace, []

    def report(self, share, step):
        self.told.append((share, step))

    def should_stop(self):
        return False


@pytest.fixture
def fits(monkeypatch):
    """Replace every training by a note of (x, train, val), and every answer by even odds."""
    notes = []

    def fit(context, plan, x, train, val, seed, report):
        notes.append((train, val))
        for epoch in (1, 2):
            report({"epoch": epoch, "n_epochs": 4, "loss": 1.0})
        return SimpleNamespace(model=len(plan.classes))

    def even(n_classes, x, rows):
        return np.full((len(rows), n_classes), 1 / n_classes, np.float32)

    monkeypatch.setattr(crossvalidating, "fit_plan", fit)
    monkeypatch.setattr("core.models.pipelines.ask", even)
    return notes


def test_a_job_keeps_the_answers_and_asking_again_finds_them(workspace, quick, do, monkeypatch):
    assert out_of_fold(workspace, quick, n_folds=2) is None
    job_id = submit_crossval(workspace, quick, n_folds=2)
    assert submit_crossval(workspace, quick, n_folds=2) == job_id  # a double click is one job
    job = do(job_id)
    assert job.state == "done", job.error
    found = out_of_fold(workspace, quick, n_folds=2)
    assert found.probs.shape == (96, 4) and found.probs.dtype == np.float32
    np.testing.assert_allclose(found.probs.sum(axis=1), 1, atol=1e-5)
    assert job.result["n_images"] == len(found.y) == 96 and job.result["n_folds"] == 2
    right = found.probs.argmax(axis=1) == found.y
    assert job.result["accuracy"] == right.mean() > 0.6  # C and D are one clump, A and B are not
    assert right[found.y < 2].all()
    assert found.duration_s == job.result["duration_s"] > 0
    monkeypatch.setattr(crossvalidating, "answer", None)  # whoever trained again would fail
    again = do(submit_crossval(workspace, quick, n_folds=2))
    assert again.id != job_id and again.result == job.result
    assert out_of_fold(workspace, quick) is None  # five folds are another question


def test_the_label_of_an_image_does_not_reach_its_own_answer(workspace, ids):
    request = TrainRequest(ids.dataset, "probe", options=OPTIONS)
    plan = make_plan(workspace, request)
    positions = np.arange(len(plan.y))
    of_image = crossvalidating.assign_folds(plan.y, 2, seed=0)
    folds = crossvalidating.nested_folds(of_image, plan.y, seed=0)
    image = folds[0].held_out[0]
    flipped = plan.y.copy()
    flipped[image] = (flipped[image] + 1) % len(LABELS)
    again = crossvalidating.nested_folds(of_image, flipped, seed=0)
    first = answer(Context(workspace), plan, 0, positions, folds)
    other = answer(Context(workspace), replace(plan, y=flipped), 0, positions, again)
    assert np.array_equal(first[of_image == 0], other[of_image == 0])
    assert not np.array_equal(first[of_image == 1], other[of_image == 1])  # these learned from it


def test_test_images_are_neither_answered_for_nor_learned_from(workspace, ids, do, fits):
    do(submit_crossval(workspace, ids.generalist))
    split = datasets.splits(workspace, ids.dataset)
    found = out_of_fold(workspace, ids.generalist)
    assert found.positions.tolist() == np.flatnonzero(split != "test").tolist()
    y = datasets.label_indices(workspace, datasets.get_dataset(workspace, ids.dataset))
    assert found.y.tolist() == y[found.positions].tolist()
    assert len(fits) == 5
    for train, val in fits:
        assert set(split[train]) | set(split[val]) == {"train", "val"}
        assert not set(train) & set(val)


def test_all_images_are_answered_for_when_asked(workspace, ids, do, fits):
    do(submit_crossval(workspace, ids.generalist, over="all"))
    assert out_of_fold(workspace, ids.generalist) is None
    assert out_of_fold(workspace, ids.generalist, over="all").positions.tolist() == [*range(120)]


def test_an_expert_answers_for_the_images_of_its_pair(workspace, ids, do, fits):
    job = do(submit_crossval(workspace, ids.expert))
    found = out_of_fold(workspace, ids.expert)
    assert job.title == "Cross-validate expert C / D on seeded"
    assert job.result["n_images"] == len(found.positions) == 48
    assert found.probs.shape == (48, 2) and np.bincount(found.y).tolist() == [24, 24]
    assert (found.positions >= 60).all()  # C and D


def test_a_run_over_a_class_map_keeps_its_classes(workspace, ids, do, fits):
    do(submit_crossval(workspace, ids.merged))
    found = out_of_fold(workspace, ids.merged)
    assert found.probs.shape == (96, 3) and np.bincount(found.y).tolist() == [24, 24, 48]


def test_groups_are_left_out_together(workspace, ids, do, fits, monkeypatch):
    def grouped(ws, dataset_id):
        frame = datasets.images(ws, dataset_id)
        return frame.assign(group=[f"plant {p // 4}" for p in frame["position"]])

    monkeypatch.setattr(crossvalidating, "images", grouped)
    assert do(submit_crossval(workspace, ids.generalist)).state == "done"
    for train, val in fits:
        assert not set(train // 4) & set(val // 4)
        learned = set(np.concatenate([train, val]) // 4)
        left_out = set(out_of_fold(workspace, ids.generalist).positions) - {*train, *val}
        assert left_out and not learned & {p // 4 for p in left_out}


def test_progress_counts_folds_and_epochs_and_never_falls(workspace, ids, fits):
    plan = make_plan(workspace, TrainRequest(ids.dataset, "probe"))
    folds = crossvalidating.nested_folds(
        crossvalidating.assign_folds(plan.y, 3, seed=0), plan.y, seed=0
    )
    context = Context(workspace)
    answer(context, plan, 0, np.arange(len(plan.y)), folds)
    shares = [share for share, _ in context.told]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] < 1
    assert context.told[-1][1] == "fold 3 of 3: epoch 2 of at most 4"


def test_a_cancelled_job_stops_between_folds_and_keeps_nothing(
    workspace, ids, do, fits, monkeypatch, until
):
    job_id = submit_crossval(workspace, ids.generalist)
    fit = crossvalidating.fit_plan

    def fit_and_cancel(context, *rest):
        fitted = fit(context, *rest)
        jobs.cancel_job(workspace, job_id)
        until(context.should_stop)
        return fitted

    monkeypatch.setattr(crossvalidating, "fit_plan", fit_and_cancel)
    assert do(job_id).state == "cancelled" and len(fits) == 1
    assert out_of_fold(workspace, ids.generalist) is None


def test_a_class_with_too_few_images_is_one_sentence_before_the_job(workspace, ids, monkeypatch):
    def one_plant(ws, dataset_id):  # all images of A show one plant
        frame = datasets.images(ws, dataset_id)
        return frame.assign(group=["plant" if x == "A" else None for x in frame["label"]])

    monkeypatch.setattr(crossvalidating, "images", one_plant)
    with pytest.raises(NotReady, match=r"^A has too few images to be left out in turn;"):
        submit_crossval(workspace, ids.generalist)
    assert jobs.list_jobs(workspace) == []


@pytest.mark.parametrize(
    "wrong", [{"n_folds": 1}, {"n_folds": 21}, {"over": "test"}, {"n_folds": 0}]
)
def test_other_folds_and_images_are_refused(workspace, ids, wrong):
    with pytest.raises(InvalidInput):
        submit_crossval(workspace, ids.generalist, **wrong)
    with pytest.raises(NotFound):
        submit_crossval(workspace, "run-none")


def test_a_run_whose_embeddings_are_made_otherwise_now_is_refused(workspace, ids, monkeypatch):
    run = get_run(workspace, ids.generalist)
    changed = replace(run, config={**run.config, "embedder": "another"})
    monkeypatch.setattr(crossvalidating, "get_run", lambda *_: changed)
    with pytest.raises(NotReady, match="train it again"):
        submit_crossval(workspace, ids.generalist)


def test_the_estimate_is_a_start_and_a_training_a_fold(workspace, ids):
    five, ten = (estimate(workspace, ids.generalist, n_folds=n) for n in (5, 10))
    assert ten - five == pytest.approx(5 * 1.5) and five > 5 * 1.5


def test_the_classes_are_those_of_the_run_however_labels_are_merged_later(workspace, ids, do, fits):
    do(submit_crossval(workspace, ids.merged))
    before = out_of_fold(workspace, ids.merged)
    mapping.save_class_map(workspace, ids.dataset, "three", dict(zip(LABELS, "AABC", strict=True)))
    assert out_of_fold(workspace, ids.merged).y.tolist() == before.y.tolist()
