"""Cascades over a seeded workspace: members, figures, controls, promises, and what is saved."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis.cascades.routes import PERSON, Thresholds
from core.errors import InvalidInput, NotFound
from core.language import speaking
from core.services.cascades import guaranteeing, members, reporting, saving
from core.services.cascades.members import Members
from core.services.cascades.plan import read_plan
from core.services.classes import mapping
from core.services.data import datasets
from core.services.runs import training
from core.store.database import Workspace
from tests.seeding import Seeded, add_cascade, add_run, seed


@pytest.fixture
def ids(workspace: Workspace) -> Seeded:
    return seed(workspace)


@pytest.fixture
def its(workspace: Workspace, ids: Seeded) -> Members:
    return members.load(workspace, ids.generalist, [ids.expert])


def at(its: Members, tau: float, person: float = 0.0) -> Thresholds:
    return Thresholds((tau,) * len(its.experts), person)


def test_every_cell_opens_as_many_images_as_it_counts(its):
    for thresholds in (at(its, 0.0), at(its, its.best_tau), at(its, 1.0, 0.7)):
        found = reporting.figures(its, its.test, thresholds)
        for i in range(4):
            for j in range(4):
                mine = reporting.cell_positions(its, thresholds, (i, j))
                assert len(mine) == found["confusion"][i][j]
                parts = [
                    reporting.cell_positions(its, thresholds, (i, j), route=route)
                    for route in ("generalist", "experts")
                ]
                assert sorted(mine) == sorted(parts[0] + parts[1])
            assert len(reporting.cell_positions(its, thresholds, (i, 4))) == found["asked"][i]


def test_at_tau_0_the_cascade_is_the_generalist(workspace, ids, its):
    found = reporting.report(workspace, its, at(its, 0.0))
    matrix = mapping.run_confusion(workspace, training.get_run(workspace, ids.generalist), "test")
    assert found["test"]["confusion"] == matrix.tolist()
    assert found["test"]["deferral_rate"] == found["controls"]["random"]["gain"] == 0
    assert "nothing is deferred" in found["verdict"]


def test_a_threshold_between_the_positions_of_the_slider_is_exact(its):
    tau, part = 0.51234567, its.test
    routed = part.send(its.pairs, at(its, tau))
    assert ((routed.asked >= 0) <= (part.probs.max(axis=1) < tau)).all()
    expected = (routed.answer == part.y).mean()
    assert reporting.figures(its, part, at(its, tau))["accuracy"] == pytest.approx(expected)


def test_figures_without_a_person_are_those_of_the_sweep(its):
    for tau in (0.3, its.best_tau, 0.9):
        mine = reporting.figures(its, its.test, at(its, tau))
        swept = its.test.sweep.at(tau)
        for name in ("accuracy", "accuracy_ci", "gain", "gain_ci", "deferral_rate", "recovery",
                     "breakage", "n_recovered", "n_broken"):  # fmt: skip
            assert mine[name] == pytest.approx(swept[name])
        assert mine["confusion"] == swept["confusion"]


def test_what_a_person_is_asked_about_is_not_counted_as_answered(its):
    middle = float(np.median(its.test.send(its.pairs, at(its, 0.9)).confidence))
    found = reporting.figures(its, its.test, at(its, 0.9, middle))
    routed = its.test.send(its.pairs, at(its, 0.9, middle))
    kept = routed.route != PERSON
    assert 0 < found["n_answered"] == kept.sum() < found["n_images"]
    assert found["accuracy"] == pytest.approx((routed.answer == its.test.y)[kept].mean())
    assert found["person_rate"] == pytest.approx(1 - kept.mean())
    was = its.test.probs.argmax(axis=1) == its.test.y
    assert found["gain"] == pytest.approx(found["accuracy"] - was[kept].mean())


def test_the_thresholds_are_chosen_on_validation(its):
    swept = its.val.sweep
    assert swept.n_correct[swept.index_of(its.best_tau)] == max(swept.n_correct)
    each = reporting.figures(its, its.val, Thresholds(its.best_taus))
    assert each["accuracy"] >= reporting.figures(its, its.val, at(its, its.best_tau))["accuracy"]


def test_the_controls_come_from_the_test_images(workspace, ids, its):
    found = reporting.report(workspace, its, at(its, 0.9))
    ensemble = found["controls"]["ensemble"]
    assert ensemble["run"] == ids.second
    lead = found["test"]["accuracy"] - ensemble["accuracy"]
    assert ensemble["lead"] == pytest.approx(lead)
    assert found["controls"]["random"]["n_deferred"] == found["test"]["n_deferred"] > 0
    training.archive_run(workspace, ids.second)
    assert reporting.report(workspace, its, at(its, 0.9))["controls"]["ensemble"] is None


def test_costs_are_told_only_where_they_are_known(workspace, its):
    costs = reporting.report(workspace, its, at(its, 0.9))["costs"]
    assert costs["added_training_s"] == 1.5
    assert costs["added_ms_per_image"] is None  # of a seeded run nobody measured it


@pytest.mark.parametrize(
    ("gain", "ci", "random", "in_pair", "lead", "words"),
    [
        (0.05, [0.02, 0.08], 0.01, 0.01, [0.01, 0.03], "The experts pay: +5.0 points"),
        (0.05, [0.02, 0.08], 0.05, 0.05, [0.01, 0.03], "at random would gain as much"),
        (0.05, [0.02, 0.08], 0.01, 0.05, [0.01, 0.03], "The threshold adds nothing"),
        (0.05, [0.02, 0.08], 0.01, 0.01, [-0.01, 0.03], "second generalist in their place"),
        (0.01, [-0.02, 0.04], 0.0, 0.0, [0.0, 0.1], "No measurable gain"),
        (-0.05, [-0.08, -0.02], 0.0, 0.0, [0.0, 0.1], "The experts do harm"),
    ],
)
def test_the_verdict_can_say_no(gain, ci, random, in_pair, lead, words):
    said = verdict_of(gain, ci, random, in_pair, lead, {"n_deferred": 9, "n_owned": 20})
    assert words in said
    doubts = ("at random would gain", "threshold adds nothing", "second generalist")
    assert sum(doubt in said for doubt in doubts) == any(doubt in words for doubt in doubts)


def test_a_threshold_that_passes_on_the_whole_pair_is_not_held_against_the_expert():
    whole = {"n_deferred": 9, "n_owned": 9}
    assert "adds nothing" not in verdict_of(0.05, [0.02, 0.08], 0.01, 0.05, [0.01, 0.03], whole)


def test_of_several_experts_the_verdict_names_those_that_do_not_pay():
    pays = {"pair": ["A", "B"], "gain": 0.06, "gain_ci": [0.04, 0.08]}
    idle = {"pair": ["C", "D"], "gain": -0.01, "gain_ci": [-0.03, 0.01]}
    rows = [{**row, "n_deferred": 9, "n_owned": 20} for row in (pays, idle)]
    said = verdict_of(0.05, [0.02, 0.08], 0.01, 0.01, [0.01, 0.03], *rows)
    assert said.startswith("The experts pay: +5.0 points")
    assert "Not the one for C / D: -1.0 points (-3.0 to +1.0)." in said and "A / B" not in said
    silent = verdict_of(0.05, [0.02, 0.08], 0.01, 0.01, [0.01, 0.03], {**rows[1]})
    assert "Not the one" not in silent  # the only one is what the first sentence is about


def verdict_of(gain, ci, random, in_pair, lead, *rows):
    test = {"gain": gain, "gain_ci": ci, "n_deferred": sum(row["n_deferred"] for row in rows),
            "n_answered": 99, "n_images": 99, "pairs": list(rows)}  # fmt: skip
    chance = {"gain": random, "accuracy_sd": 0.002, "gain_in_pair": in_pair, "sd_in_pair": 0.002}
    return reporting.verdict(
        {"test": test, "controls": {"random": chance, "ensemble": {"lead_ci": lead}}}
    )


@pytest.mark.parametrize(
    ("generalist", "experts", "sentence"),
    [
        ("expert", ["expert"], "answers for all classes"),
        ("generalist", ["second"], "trained on some of the classes"),
        ("generalist", ["expert", "expert"], "two experts answer"),
        ("merged", ["expert"], "another data set or class map"),
    ],
)
def test_members_that_do_not_fit_are_refused(workspace, ids, generalist, experts, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        members.load(workspace, getattr(ids, generalist), [getattr(ids, e) for e in experts])


def test_unknown_rules_splits_and_cells_are_refused(workspace, ids, its):
    with pytest.raises(InvalidInput, match="unknown rule"):
        members.load(workspace, ids.generalist, [ids.expert], "doubt")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="held-out"):
        its.on("train")
    for cell, route in (((0, 5), "all"), ((4, 0), "all"), ((0, 0), "person")):
        with pytest.raises(InvalidInput, match="no such cell"):
            reporting.cell_positions(its, at(its, 0.5), cell, route=route)


def test_an_expert_for_three_classes_divides_what_the_three_have(workspace, ids):
    dataset = datasets.get_dataset(workspace, ids.dataset)
    y, split = datasets.label_indices(workspace, dataset), datasets.splits(workspace, dataset.id)
    probs = np.full((len(y), 3), 0.1)
    probs[np.arange(len(y)), np.clip(y - 1, 0, 2)] = 0.8
    group = add_run(
        workspace, dataset, np.where(y >= 1, y - 1, -1), split, probs, pair=("B", "C", "D")
    )
    its = members.load(workspace, ids.generalist, [group])
    assert its.pairs == ((1, 2, 3),)
    found = reporting.figures(its, its.test, at(its, 1.0))
    assert found["accuracy"] == 1.0 and found["pairs"][0]["pair"] == ["B", "C", "D"]
    with pytest.raises(InvalidInput, match="two experts answer for C / D"):
        members.load(workspace, ids.generalist, [group, ids.expert])


def test_learned_deferral_is_learned_on_validation_and_saved(workspace, ids):
    its = members.load(workspace, ids.generalist, [ids.expert], "learned")
    saved = saving.save(workspace, its, at(its, 0.5))
    rows = its.test.positions
    again = saving.answered(workspace, saving.get(workspace, saved.id), rows)
    here = its.test.send(its.pairs, at(its, 0.5))
    np.testing.assert_array_equal(again.asked, here.asked)
    np.testing.assert_allclose(again.probs, here.probs, rtol=1e-6)
    assert saved.plan["rule"] == "learned" and len(saved.plan["rules"]) == 1


def test_a_threshold_set_by_hand_is_not_called_tuned_and_the_reverse(workspace, ids):
    tuned = saving.get(workspace, ids.cascade)
    by_hand = saving.get(workspace, add_cascade(workspace, ids.generalist, [ids.expert], tuned.tau))
    assert (tuned.tau_from, by_hand.tau_from) == ("validation", "hand")
    assert len(saving.all_of(workspace, "seeded")) == 2


def test_a_saved_cascade_answers_as_it_did(workspace, ids, its):
    thresholds = Thresholds((0.9,), 0.6)
    saved = saving.save(workspace, its, thresholds)
    assert read_plan(saved.plan).thresholds == thresholds
    assert saved.report["test"] == reporting.figures(its, its.test, thresholds)
    assert saving.save(workspace, its, thresholds).id == saved.id
    with pytest.raises(NotFound):
        saving.get(workspace, "cas-0")
    with pytest.raises(InvalidInput, match="at least one expert"):
        none = members.load(workspace, ids.generalist, [])
        saving.save(workspace, none, Thresholds(()))


def test_half_of_the_test_images_calibrate_whatever_the_cascade(workspace, ids, its):
    mine = members.kept_for_calibration(workspace, its)
    other = members.load(workspace, ids.second, [ids.expert])
    np.testing.assert_array_equal(mine, members.kept_for_calibration(workspace, other))
    assert 0.2 < mine.mean() < 0.8


def test_with_few_images_nothing_is_promised_and_it_says_how_many_are_missing(workspace, its):
    found = guaranteeing.promise(workspace, its, (0.5,), 0.05, 0.95)
    assert found.thresholds is None
    assert found.guarantee.n_missing == 59 - found.guarantee.n_accepted > 0
    assert "are missing" in found.sentence and "59" in found.sentence
    assert found.summary()["threshold"] is None


def test_a_promise_holds_for_its_thresholds_and_is_saved_with_them_only(tmp_path, workspace):
    ids = seed(workspace, n_per_label=300, name="large")
    its = members.load(workspace, ids.generalist, [ids.expert])
    found = guaranteeing.promise(workspace, its, (its.best_tau,), 0.2, 0.95)
    assert found.thresholds is not None and found.thresholds.taus == (its.best_tau,)
    kept = saving.save(workspace, its, found.thresholds, promise=found)
    assert kept.plan["promise"]["sentence"] == found.sentence
    with speaking("es"):  # who saves it in Spanish saves the same, and reads it in Spanish
        again = saving.save(workspace, its, found.thresholds, promise=found)
        assert again.id == kept.id and again.plan == kept.plan
        assert guaranteeing.sentence(again.plan["promise"]).startswith("De lo que se responde")
        assert reporting.verdict(again.report) != again.report["verdict"]
    assert guaranteeing.sentence(again.plan["promise"]) == found.sentence
    assert again.report["verdict"] == reporting.verdict(again.report)
    moved = Thresholds(found.thresholds.taus, found.thresholds.person + 0.05)
    assert saving.save(workspace, its, moved, promise=found).plan["promise"] is None
    calibrating = members.kept_for_calibration(workspace, its)
    routed = its.test.send(its.pairs, found.thresholds)
    kept_here = calibrating & (routed.route != PERSON)
    assert found.guarantee.n_accepted == kept_here.sum()
    wrong = routed.answer != its.test.y
    assert found.guarantee.n_errors == (wrong & kept_here).sum()
    checked = ~calibrating & (routed.route != PERSON)
    assert (found.n_checked, found.n_wrong) == (checked.sum(), (wrong & checked).sum())
