"""Would more images help: what is fitted on what, how it is kept, found again and said."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from core.analysis.comparisons.learning_curve import Estimate
from core.errors import InvalidInput, NotFound, NotReady
from core.jobs.execution import execute
from core.services import jobs
from core.services.classes import mapping
from core.services.comparing import more_images
from core.services.comparing.more_images import (
    curve,
    estimate,
    question_of,
    report,
    submit_curve,
    table,
)
from core.services.comparing.questions import Question
from core.services.data import datasets
from core.services.tasks import TASKS
from tests.seeding import LABELS, add_small_dataset, seed


@pytest.fixture
def ids(workspace):
    return seed(workspace)


@pytest.fixture
def question(ids):
    return Question(ids.dataset, LABELS)


@pytest.fixture
def do(workspace):
    """Return a function that runs a job in this process and returns it as it ended."""

    def run_job(job_id):
        execute(workspace, job_id, 1, TASKS)
        return jobs.get_job(workspace, job_id)

    return run_job


@pytest.fixture
def fits(monkeypatch):
    """Replace every training by a note of (train, val); A and B are told, and D with all images."""
    notes = []

    def fit(context, plan, x, train, val, seed, report):
        notes.append((train, val))
        report({"epoch": 2, "n_epochs": 4, "loss": 1.0})
        return SimpleNamespace(
            model=(plan, len(train), datasets.splits(context.workspace, plan.dataset.id))
        )

    def ask(model, x, rows):
        plan, n_train, split = model
        assert set(split[rows]) == {"test"}
        said = np.where((plan.y[rows] == len(plan.classes) - 1) & (n_train < 60), 0, plan.y[rows])
        return np.eye(len(plan.classes))[said]

    monkeypatch.setattr(more_images, "fit_plan", fit)
    monkeypatch.setattr("core.models.pipelines.ask", ask)
    return notes


def test_real_probes_are_fitted_and_asking_again_finds_them(workspace, question, do, monkeypatch):
    monkeypatch.setattr("core.analysis.comparisons.training_parts.REPEATS", (1, 1, 1))
    assert curve(workspace, question) is None
    job_id = submit_curve(workspace, question)
    assert submit_curve(workspace, question) == job_id  # a double click is one job
    job = do(job_id)
    assert job.state == "done", job.error
    assert job.title == "Learning curve of seeded" and job.kind == "learning_curve"
    found = curve(workspace, question)
    assert found.curve.sizes.tolist() == job.result["n_train"] and found.curve.n_train == 72
    assert found.curve.accuracies[-1].value > 0.6  # C and D are one clump, A and B are not
    assert found.duration_s > 0 and found.classes == LABELS
    monkeypatch.setattr(more_images, "fit_plan", None)  # whoever trained again would fail
    again = do(submit_curve(workspace, question))
    assert again.id != job_id and again.result == job.result


def test_parts_of_the_training_images_are_learned_and_test_images_answered(
    workspace, question, do, fits
):
    job = do(submit_curve(workspace, question))
    split = datasets.splits(workspace, question.dataset_id)
    test = np.flatnonzero(split == "test")
    assert len(fits) == 15 and job.result["n_test"] == len(test) == 24
    for train, val in fits:
        assert (
            set(split[train]) == {"train"}
            and val.tolist() == np.flatnonzero(split == "val").tolist()
        )
    assert fits[-1][0].tolist() == np.flatnonzero(split == "train").tolist()
    found = curve(workspace, question)
    assert [its.value for its in found.curve.accuracies] == [0.75, 0.75, 0.75, 0.75, 1.0]
    assert found.n_val == 24


def test_the_split_that_is_looked_at_does_not_matter(workspace, question, do, fits):
    do(submit_curve(workspace, question))
    assert curve(workspace, replace(question, split="val")) is not None


def test_every_question_has_its_own_curve(workspace, ids, question, do, fits):
    do(submit_curve(workspace, question))
    merged = question_of(workspace, "seeded", "three")
    assert merged == Question(ids.dataset, ("A", "B", "C+D"), ids.class_map)
    pair = Question(ids.dataset, ("C", "D"), pair=("C", "D"))
    for other, classes, n_train in ((merged, ("A", "B", "C+D"), 72), (pair, ("C", "D"), 36)):
        assert curve(workspace, other) is None
        do(submit_curve(workspace, other))
        found = curve(workspace, other)
        assert found.classes == classes and found.curve.n_train == n_train
    title = jobs.list_jobs(workspace)[0].title
    assert title == "Learning curve of seeded for C / D"


def test_a_newer_version_of_a_class_map_is_another_question(workspace, ids, do, fits):
    old = question_of(workspace, "seeded", "three")
    do(submit_curve(workspace, old))
    mapping.save_class_map(workspace, ids.dataset, "three", dict(zip(LABELS, "AABC", strict=True)))
    assert curve(workspace, old) is not None
    assert curve(workspace, question_of(workspace, "seeded", "three")) is None


def test_groups_are_not_split(workspace, question, do, fits, monkeypatch):
    def grouped(ws, dataset_id):
        frame = datasets.images(ws, dataset_id)
        return frame.assign(group=[f"plant {p // 5}" for p in frame["position"]])

    monkeypatch.setattr(more_images, "images", grouped)
    assert do(submit_curve(workspace, question)).state == "done"
    for train, _ in fits:
        assert {p for p in fits[-1][0] if p // 5 in set(train // 5)} == set(train)


def test_a_cancelled_job_stops_between_fits_and_keeps_nothing(
    workspace, question, do, fits, monkeypatch, until
):
    job_id = submit_curve(workspace, question)
    fit = more_images.fit_plan

    def fit_and_cancel(context, *rest):
        fitted = fit(context, *rest)
        jobs.cancel_job(workspace, job_id)
        until(context.should_stop)
        return fitted

    monkeypatch.setattr(more_images, "fit_plan", fit_and_cancel)
    assert do(job_id).state == "cancelled" and len(fits) == 1
    assert curve(workspace, question) is None


def test_progress_counts_fits_and_never_falls(workspace, question, fits):
    told = []
    context = SimpleNamespace(workspace=workspace, report=lambda *said: told.append(said))
    plan = more_images._plan(workspace, question, "efficientnet_lite0")
    more_images._answer(context, plan, more_images._parts(workspace, plan))
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and shares[0] == 0 and 0.9 < shares[-1] < 1
    assert told[-1][1] == "fit 15 of 15, on 72 images"


def test_without_embeddings_it_is_one_sentence_before_the_job(workspace):
    dataset_id, _ = add_small_dataset(workspace, 60)
    question = Question(dataset_id, LABELS)
    for ask in (submit_curve, curve, estimate):
        with pytest.raises(NotReady, match="have no embeddings from efficientnet_lite0 yet"):
            ask(workspace, question)
    assert jobs.list_jobs(workspace) == []


def test_too_few_images_of_a_class_are_one_sentence_before_the_job(workspace):
    ids = seed(workspace, n_per_label=5, name="few")
    with pytest.raises(NotReady, match="too few training images for a learning curve"):
        submit_curve(workspace, Question(ids.dataset, LABELS))
    assert jobs.list_jobs(workspace) == []


def test_what_is_not_there_is_said(workspace, ids, question):
    with pytest.raises(NotFound):
        question_of(workspace, "none")
    with pytest.raises(NotFound):
        question_of(workspace, "seeded", "none")
    with pytest.raises(InvalidInput):
        submit_curve(workspace, question, "no-backbone")
    with pytest.raises(NotReady, match="not there yet"):
        report(workspace, question, "efficientnet_lite0")


def test_the_estimate_grows_with_the_images(workspace, ids, question):
    pair = Question(ids.dataset, ("C", "D"), pair=("C", "D"))
    assert 0 < estimate(workspace, pair) <= estimate(workspace, question)


@pytest.mark.parametrize(
    ("gain", "begin"),
    [
        (Estimate(0.021, (0.004, 0.039)), "Twice the images (144) would bring about +2.1 points "
         "(0.4 to 3.9) of accuracy on the 24 test images."),
        (Estimate(0.005, (0.0, 0.02)), "No gain can be told: twice the images (144) would bring"),
        (Estimate(0.005, (0.0004, 0.02)), "No gain can be told: twice"),  # prints as 0.0
        (Estimate(0.001, (0.0, 0.009)), "More images would hardly help: twice the images (144)"),
        (Estimate(0.004, (0.001, 0.009)), "Twice the images (144) would bring about +0.4 points"),
    ],
)  # fmt: skip
def test_the_sentence_can_say_no(workspace, question, do, fits, gain, begin):
    do(submit_curve(workspace, question))
    found = curve(workspace, question)
    said = replace(found, curve=replace(found.curve, gains={2: gain, 4: gain})).sentence
    assert said.startswith(begin)


def test_the_table_has_what_was_measured_and_what_is_expected(workspace, question, do, fits):
    do(submit_curve(workspace, question))
    found = curve(workspace, question)
    rows = table(found)
    assert [row["kind"] for row in rows] == ["measured"] * 5 + ["expected"] * 2
    assert [row["n_train"] for row in rows[4:]] == [72, 144, 288]
    assert [row["n_fits"] for row in rows] == [5, 4, 3, 2, 1, 0, 0]
    assert {row["n_test"] for row in rows} == {24}
    assert rows[0]["gain"] is None and rows[5]["gain"] == found.curve.gains[2].value
    for row in rows:
        assert row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"]
    said = report(workspace, question, "efficientnet_lite0")
    assert said["curve"] == rows and said["sentence"] == found.sentence
    assert set(said["law"]) == {"asymptote", "scale", "exponent"}
