"""What mistakes cost: kept append-only, and the same by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis.cascades.routes import PERSON, Thresholds
from core.errors import InvalidInput, NotReady
from core.services.cascades import members, reporting, saving
from core.services.cascades.plan import read_plan
from core.services.classes import mapping, merging
from core.services.comparing import questions
from core.services.costs import charging, entering
from core.services.decisions import charged
from core.services.runs.training import get_run
from tests import seeding

COSTS = [[0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 5], [1, 1, 2, 0]]  # A, B, C, D


def test_every_save_is_a_version_and_nothing_is_lost(workspace):
    seeded = seeding.seed(workspace)
    assert entering.current(workspace, seeded.dataset) is None
    first = entering.enter(workspace, seeded.dataset, COSTS, unit="EUR", who="Ana", why="claims")
    assert entering.current(workspace, seeded.dataset) == first
    entering.enter(workspace, seeded.dataset, None, who="Ana", why="out of date")
    assert entering.current(workspace, seeded.dataset) is None
    taken_back, kept = entering.history(workspace, seeded.dataset)
    assert kept == first
    assert (taken_back.version, taken_back.why) == (2, "out of date")
    with pytest.raises(NotReady):
        charging.of_model(workspace, taken_back, questions.find(workspace, seeded.generalist))


def test_a_model_costs_what_its_answers_cost_one_by_one(workspace):
    seeded = seeding.seed(workspace)
    entered = entering.enter(workspace, seeded.dataset, COSTS, unit="EUR")
    model = questions.find(workspace, seeded.generalist)
    said = questions.answers(workspace, questions.own(model), model)
    each = np.array(COSTS)[said.y, said.predicted]
    found = charging.of_model(workspace, entered, model)
    assert found.per_image.value == pytest.approx(each.mean())
    assert found.per_image.low < found.per_image.value < found.per_image.high
    assert (found.n_images, found.unit) == (len(each), "EUR")
    assert found.treated_as == {name: name for name in seeding.LABELS}


def test_a_merged_class_is_treated_as_its_cheaper_label_and_what_it_cannot_tell_is_paid(workspace):
    seeded = seeding.seed(workspace)
    entered = entering.enter(workspace, seeded.dataset, COSTS)
    model = questions.find(workspace, seeded.merged)
    found = charging.of_model(workspace, entered, model)
    assert found.treated_as["C+D"] == "C"  # a D treated as C costs 2, a C as D costs 5
    said = questions.answers(workspace, questions.own(model), model)
    by_label = np.repeat(np.arange(4), 30)[said.positions]
    treated = np.array([0, 1, 2])
    each = np.array(COSTS)[by_label, treated[said.predicted]]
    assert found.per_image.value == pytest.approx(each.mean())


def test_what_a_cascade_saves_is_paired_and_the_same_on_its_desk_its_card_and_the_leaderboard(
    workspace,
):
    seeded = seeding.seed(workspace)
    entered = entering.enter(workspace, seeded.dataset, COSTS)
    run, record = get_run(workspace, seeded.generalist), saving.get(workspace, seeded.cascade)
    card = charged.of_cascade(workspace, run, record)
    one, other = (
        charging.of_model(workspace, entered, questions.find(workspace, i)).per_image
        for i in (seeded.generalist, seeded.cascade)
    )
    assert card is not None
    assert card["saved"] == pytest.approx(one.value - other.value)
    assert card["low"] <= card["saved"] <= card["high"]
    its = members.load(workspace, run.id, record.experts)
    told = reporting.figures(its, its.test, read_plan(record.plan).thresholds)["charged"]
    assert told["saved"] == pytest.approx(card["saved"])
    assert told["saved_ci"] == pytest.approx([card["low"], card["high"]])
    assert (told["per_image"], *told["per_image_ci"]) == pytest.approx(tuple(other))
    assert (told["unit"], told["version"]) == ("points", 1)


def test_what_a_person_costs_is_charged_once_it_is_known(workspace):
    seeded = seeding.seed(workspace)
    its = members.load(workspace, seeded.generalist, [seeded.expert])
    unsure = float(np.median(its.test.send(its.pairs, Thresholds((0.9,))).confidence))
    thresholds = Thresholds((0.9,), unsure)

    def told(person):
        entering.enter(workspace, seeded.dataset, COSTS, person=person)
        its = members.load(workspace, seeded.generalist, [seeded.expert])
        routed = its.test.send(its.pairs, thresholds)
        return its, routed, reporting.figures(its, its.test, thresholds)["charged"]

    its, routed, unknown = told(None)
    answered, before = routed.route != PERSON, its.test.probs.argmax(axis=1)
    each, was = (np.array(COSTS)[its.test.y, said] for said in (routed.answer, before))
    assert 0 < answered.sum() < len(each)
    assert unknown["n_images"] == answered.sum()
    assert unknown["per_image"] == pytest.approx(each[answered].mean())
    assert unknown["saved"] == pytest.approx((was - each)[answered].mean())
    _, _, known = told(0.25)
    assert known["n_images"] == len(each)
    assert known["per_image"] == pytest.approx(np.where(answered, each, 0.25).mean())
    assert known["saved"] == pytest.approx((was - np.where(answered, each, 0.25)).mean())
    for wrong in (-1.0, float("nan")):
        with pytest.raises(InvalidInput, match="asking a person"):
            entering.enter(workspace, seeded.dataset, COSTS, person=wrong)


def test_over_a_class_map_the_cheapest_threshold_is_that_of_the_labels(workspace):
    seeded = seeding.seed(workspace)
    entering.enter(workspace, seeded.dataset, COSTS)
    its = members.load(workspace, seeded.merged, [])
    assert its.test.charged is not None
    each = its.test.charged.of(its.test.probs.argmax(axis=1))
    entered = entering.current(workspace, seeded.dataset)
    model = charging.of_model(workspace, entered, questions.find(workspace, seeded.merged))
    told = reporting.figures(its, its.test, Thresholds(()))["charged"]
    assert each.mean() == pytest.approx(model.per_image.value)
    assert told["per_image"] == pytest.approx(model.per_image.value)


def test_merges_are_ranked_by_what_they_save_and_a_saved_map_is_charged_the_same(workspace):
    seeded = seeding.seed(workspace)
    with pytest.raises(NotReady, match="no costs of mistakes"):
        merging.rank_merges(workspace, seeded.generalist, order="cost")
    without = merging.rank_merges(workspace, seeded.generalist)
    assert without["costs"] is without["merges"][1]["saved"] is None
    entered = entering.enter(workspace, seeded.dataset, COSTS, unit="EUR")
    found = merging.rank_merges(workspace, seeded.generalist, order="cost")
    assert found["costs"] == {"version": entered.version, "unit": "EUR"}
    first, *ranked = found["merges"][:11]
    assert first["class_map"] == "no merge"
    assert first["saved"] == 0
    saved = [merge["saved"] for merge in ranked]
    assert saved == pytest.approx(sorted(saved, reverse=True))
    (mine,) = [m for m in found["merges"] if m["class_map"] == "C+D"]
    run = get_run(workspace, seeded.generalist)
    record = mapping.get_record(workspace, seeded.dataset, seeded.class_map)
    card = charged.of_class_map(workspace, run, record)
    assert card is not None
    assert mine["test_saved"] == pytest.approx(card["saved"])
    assert mine["test_saved_ci"] == pytest.approx((card["low"], card["high"]))
    merged = merging.rank_merges(workspace, seeded.merged)
    assert merged["costs"] is None  # what its classes merged already is no label any more


def test_what_does_not_fit_is_refused_and_nothing_is_saved(workspace):
    seeded = seeding.seed(workspace)
    with pytest.raises(InvalidInput, match="labels by labels"):
        entering.enter(workspace, seeded.dataset, [[0, 1], [1, 0]])
    with pytest.raises(InvalidInput, match="too long"):
        entering.enter(workspace, seeded.dataset, COSTS, why="x" * 3_000)
    assert entering.history(workspace, seeded.dataset) == []
    entered = entering.enter(workspace, seeded.dataset, COSTS)
    with pytest.raises(InvalidInput, match="an expert"):
        charging.of_model(workspace, entered, questions.find(workspace, seeded.expert))
