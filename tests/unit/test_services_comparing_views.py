"""Calibration, coverage, mistakes and slices of stored answers, on a seeded workspace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.analysis import calibration, metrics
from core.analysis.comparisons.noise_floor import claims
from core.analysis.comparisons.risk import augrc
from core.errors import InvalidInput
from core.services.cascades import saving
from core.services.comparing import calibrations, coverage, mistakes, questions, slicing
from core.services.comparing.questions import Answers, Question
from core.services.data import brightness, datasets, exploring
from core.services.labels import label_sets
from core.services.runs import exporting, training
from core.store.database import Workspace
from tests.seeding import LABELS, Seeded, seed


@pytest.fixture
def ids(workspace: Workspace) -> Seeded:
    return seed(workspace)


@pytest.fixture
def four(workspace: Workspace, ids: Seeded) -> Question:
    return Question(ids.dataset, LABELS)


@pytest.fixture
def two(workspace: Workspace, ids: Seeded, four: Question) -> list[Answers]:
    models = [questions.find(workspace, i) for i in (ids.generalist, ids.second)]
    return [questions.answers(workspace, four, model) for model in models]


def test_raw_answers_are_the_stored_probabilities(workspace, ids, four):
    model = questions.find(workspace, ids.generalist)
    raw = questions.answers(workspace, four, model, calibrated=False)
    stored = workspace.blobs.open_array(model.run.predictions)[raw.positions]
    np.testing.assert_allclose(raw.probs, stored, rtol=1e-6)
    corrected = questions.answers(workspace, four, model)
    np.testing.assert_array_equal(raw.predicted, corrected.predicted)
    with pytest.raises(InvalidInput, match="no uncalibrated answers"):
        questions.answers(workspace, four, questions.find(workspace, ids.cascade), calibrated=False)


def test_before_and_after_are_measured_on_the_same_images(workspace, ids, four):
    found = calibrations.correction(calibrations.evidence(workspace, four, ids.generalist))
    run = training.get_run(workspace, ids.generalist)
    model = questions.find(workspace, run.id)
    raw = questions.answers(workspace, four, model, calibrated=False)
    corrected = questions.answers(workspace, four, model)
    assert found.temperatures == {run.id: run.temperature}
    assert (found.n_images, found.n_fitted) == (24, run.metrics["val"]["n_images"])
    for state, said in ((found.before, raw), (found.after, corrected)):
        ece = calibration.expected_calibration_error(said.probs, said.y)
        assert state.ece.value == pytest.approx(ece)
        assert state.log_loss == pytest.approx(metrics.log_loss(said.y, said.probs))
        assert state.bins["n_images"].sum() == 24
        assert (state.bins["low"] <= state.bins["accuracy"]).all()
        assert (state.bins["accuracy"] <= state.bins["high"]).all()
    change, low, high = found.loss_change
    assert change == pytest.approx(found.after.log_loss - found.before.log_loss)
    assert low < change < high
    assert found.after.ece.low <= found.after.ece.high
    assert found.after.ece.value == pytest.approx(run.metrics["test"]["ece"], abs=1e-6)


def test_a_cascade_says_how_its_members_are_calibrated(workspace, ids, four):
    found = calibrations.correction(calibrations.evidence(workspace, four, ids.cascade))
    members = [ids.generalist, ids.expert]
    assert found.temperatures == {i: training.get_run(workspace, i).temperature for i in members}
    assert found.before is None and found.loss_change is None
    table = calibrations.summary_table(
        [found, calibrations.correction(calibrations.evidence(workspace, four, ids.second))]
    )
    assert table["ece_before"].isna().tolist() == [True, False]
    bins = calibrations.bins_table([found])
    assert set(bins["answers"]) == {"after"} and bins["n_images"].sum() == 24


def test_whoever_claims_too_much_leans_that_way():
    n = 400
    rng = np.random.default_rng(0)
    right = rng.random(n) < 0.6
    for claimed, lean in ((0.9, 1), (0.3, -1), (float(right.mean()), 0)):
        said = _answers(right, np.full(n, claimed, dtype=np.float32))
        found = calibrations.reliability(claims(said.confidence, said.right), 1.0)
        assert found.lean == lean
        assert found.off == (lean != 0)


def test_a_threshold_is_chosen_on_validation_and_reported_on_test(workspace, ids, four):
    model = questions.find(workspace, ids.generalist)
    test = questions.answers(workspace, four, model)
    val = questions.answers(workspace, replace(four, split="val"), model)
    on, report = coverage.coverage(val, "val"), coverage.coverage(test, "test")
    point = coverage.operate(on, report, "accuracy", 0.9)
    assert (point.chosen_on, point.reported_on) == ("val", "test")
    above = val.confidence >= point.threshold
    assert val.right[above].mean() >= 0.9
    kept = test.confidence >= point.threshold
    assert point.reported == (24, kept.sum(), test.right[kept].sum())
    half = coverage.operate(on, report, "coverage", 0.5)
    assert half.chosen.coverage == pytest.approx(0.5, abs=1 / 24)
    assert report.augrc.low <= report.augrc.value <= report.augrc.high
    assert report.augrc.value == pytest.approx(augrc(test.confidence, test.right))
    assert report.drawn["coverage"].iloc[-1] == 1.0
    assert report.drawn["accuracy"].iloc[-1] == pytest.approx(test.right.mean())


def test_an_accuracy_that_no_threshold_reaches_is_no_point(workspace, ids, four):
    wrong = coverage.coverage(_answers(np.array([False, False]), np.array([0.9, 0.8])), "val")
    point = coverage.operate(wrong, wrong, "accuracy", 0.9)
    assert point.threshold is None and point.reported is None
    assert point.chosen == (2, 2, 0)
    table = coverage.points_table([wrong], {"m": point}, "accuracy", 0.9)
    assert table["threshold"].isna().all()
    assert len(coverage.curves_table([wrong])) == 2


def test_what_two_models_share_and_could_gain(two):
    a, b = two
    shared = mistakes.shared(two)
    assert set(shared.rows) == set(np.flatnonzero(~a.right & ~b.right))
    found = mistakes.worth(two)
    assert found.any_right.n_right == (a.right | b.right).sum()
    assert [len(rows) for rows in found.alone] == [(a.right & ~b.right).sum(),
                                                   (b.right & ~a.right).sum()]  # fmt: skip
    mean = ((a.probs + b.probs) / 2).argmax(axis=1)
    assert found.averaged.n_right == (mean == a.y).sum()
    assert found.best == int(b.right.sum() > a.right.sum())
    assert found.gain == pytest.approx(found.averaged.accuracy - found.own[found.best].accuracy)
    assert found.gain_ci[0] <= found.gain <= found.gain_ci[1]
    table = mistakes.worth_table(two, found, "test")
    assert table["n_right_alone"].tolist()[:2] == [len(rows) for rows in found.alone]


def test_images_are_told_with_every_answer(workspace, two, four):
    rows = mistakes.surest(two[0])
    table = mistakes.images_table(workspace, four, two, rows)
    frame = datasets.images(workspace, four.dataset_id)
    assert table["path"].tolist() == frame["path"].iloc[two[0].positions[rows]].tolist()
    assert (table["true"] != table[f"answer_{two[0].model}"]).all()
    assert table[f"confidence_{two[0].model}"].is_monotonic_decreasing


def test_no_formula_leaves_in_a_csv():
    table = pd.DataFrame({"=a": ["=1+1", "b"], "n": [-1, 2]})
    assert exporting.csv_bytes(table).decode().splitlines() == ["'=a,n", "'=1+1,-1", "b,2"]


def test_brightness_is_measured_once(workspace, ids, monkeypatch):
    first = brightness.brightness(workspace, ids.dataset)
    assert first.shape == (120, 2)
    monkeypatch.setattr(brightness, "brightness_and_contrast", None)
    np.testing.assert_array_equal(brightness.brightness(workspace, ids.dataset), first)


def test_slices_divide_all_images_of_a_question(workspace, ids, four, two):
    divided = slicing.slicings(workspace, four)
    assert [its.by for its in divided] == ["class", "brightness", "contrast", "cluster"]
    light = brightness.brightness(workspace, ids.dataset)[two[0].positions, 0]
    (bright,) = (its for its in divided if its.by == "brightness")
    for code, (low, high) in enumerate(bright.parts):
        mine = light[bright.codes == code]
        assert (mine.min(), mine.max()) == pytest.approx((low, high))
    found = slicing.findings(two[0], divided)
    assert len(found) == sum(len(its.parts) for its in divided)
    assert [f.worse for f in found] == sorted((f.worse for f in found), reverse=True)
    for one in found:
        assert one.holm_p >= one.slice.p_value
        rows, right = slicing.images_in(two[0], divided, one)
        assert len(rows) == one.slice.n_images
        assert right.sum() == one.slice.n_right
        assert right.tolist() == sorted(right.tolist())
    table = slicing.table(found, two[0].model, "test")
    assert len(table) == len(found)
    assert table["slice"].isna().sum() == table["least"].notna().sum()


def test_reviewed_labels_are_a_slicing_and_change_the_version(workspace, ids, four):
    before = slicing.version(workspace, ids.dataset)
    dataset = datasets.get_dataset(workspace, ids.dataset)
    y = datasets.label_indices(workspace, dataset)
    rows = datasets.split_index(workspace, ids.dataset, "test")
    labels, quality = y.copy(), np.full(len(y), np.nan, dtype=np.float32)
    labels[rows[:3]] = (labels[rows[:3]] + 1) % 4
    quality[rows[:10]] = 0.9
    label_sets.save_label_set(
        workspace, ids.dataset, "seen", labels, origin={"method": "test"}, quality=quality
    )
    assert slicing.version(workspace, ids.dataset) != before
    (reviewed,) = (s for s in slicing.slicings(workspace, four) if s.by == "labels")
    assert np.bincount(reviewed.codes).tolist() == [7, 3, 14]


def test_without_an_exploration_there_are_no_clusters(workspace, ids, four, monkeypatch):
    monkeypatch.setattr(exploring, "exploration", lambda ws, dataset_id: None)
    assert "cluster" not in [its.by for its in slicing.slicings(workspace, four)]
    assert slicing.version(workspace, ids.dataset).startswith("slicing-")


def test_a_cascade_takes_part_in_everything(workspace, ids, four, two):
    record = saving.get(workspace, ids.cascade)
    its = questions.answers(workspace, four, questions.find(workspace, record.id))
    assert mistakes.worth([*two, its]).own[2].accuracy == pytest.approx(
        record.report["test"]["accuracy"]
    )
    assert coverage.coverage(its, "test").n_images == 24


def _answers(right: np.ndarray, sure: np.ndarray) -> Answers:
    """Answers of one model over two classes, all predicted 0."""
    probs = np.stack([sure, 1 - sure], axis=1)
    y = np.where(right, 0, 1)
    return Answers("m", np.arange(len(y)), y, probs, np.zeros_like(y), sure)
