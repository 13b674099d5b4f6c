"""The leaderboard: every model, one question, and who should be taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import update

from core.analysis.comparisons import paired
from core.analysis.comparisons.estimates import FIGURES
from core.errors import NotFound
from core.services.cascades import saving
from core.services.comparing import choosing, leaderboard, questions
from core.services.data import datasets
from core.services.labels import label_sets
from core.services.runs import marking, training
from core.store import tables
from core.store.database import Workspace
from tests.seeding import LABELS, Seeded, add_run, generalist_probs, seed


@pytest.fixture
def ids(workspace: Workspace) -> Seeded:
    return seed(workspace)


def _row(table, model_id):
    (row,) = table[table["run"] == model_id].to_dict("records")
    return row


def test_without_a_question_figures_are_those_that_runs_recorded(workspace, ids):
    for split in ("test", "val"):
        table, apart = leaderboard.leaderboard(workspace, ids.dataset, split=split)
        assert not apart
        for run in training.list_runs(workspace, ids.dataset):
            row = _row(table, run.id)
            for name in ("n_images", "chance", *FIGURES):
                if name in run.metrics[split]:
                    assert row[name] == pytest.approx(run.metrics[split][name], abs=1e-6)
            wilson = run.metrics[split]["accuracy_ci"]
            assert [row["accuracy_low"], row["accuracy_high"]] == pytest.approx(wilson)
        record = saving.get(workspace, ids.cascade)
        assert _row(table, ids.cascade)["accuracy"] == pytest.approx(
            record.report[split]["accuracy"]
        )


def test_the_order_is_that_of_validation_whatever_is_shown(workspace, ids):
    table, _ = leaderboard.leaderboard(workspace, ids.dataset)
    assert list(table["val_accuracy"]) == sorted(table["val_accuracy"], reverse=True)
    assert len(set(table["val_accuracy"])) > 1
    run = training.get_run(workspace, ids.second)
    assert _row(table, ids.second)["val_accuracy"] == run.metrics["val"]["accuracy"]


def test_a_question_sets_apart_who_cannot_answer_and_merges_the_others(workspace, ids):
    three = questions.question(workspace, ids.dataset, "three")
    table, apart = leaderboard.leaderboard(workspace, ids.dataset, question=three)
    assert set(table["run"]) == {ids.generalist, ids.second, ids.merged, ids.cascade}
    assert [a.model.id for a in apart] == [ids.expert]
    assert set(table["n_classes"]) == {3}
    assert set(table["classes"]) == {"A, B, C+D"}
    four = questions.question(workspace, ids.dataset)
    assert four.classes == LABELS
    _, apart = leaderboard.leaderboard(workspace, ids.dataset, question=four)
    assert {a.model.id for a in apart} == {ids.expert, ids.merged}
    with pytest.raises(NotFound):
        questions.question(workspace, ids.dataset, "four")
    with pytest.raises(NotFound):
        questions.question(workspace, ids.dataset, labels="settled")


def test_another_label_set_changes_the_figures(workspace, ids):
    dataset = datasets.get_dataset(workspace, ids.dataset)
    y = datasets.label_indices(workspace, dataset)
    turned = label_sets.save_label_set(
        workspace, ids.dataset, "turned", (y + 1) % 4, origin={"method": "test"}
    )
    asked = questions.question(workspace, ids.dataset, labels="turned")
    assert asked.labels == turned.id
    table, _ = leaderboard.leaderboard(workspace, ids.dataset, question=asked)
    usual, _ = leaderboard.leaderboard(workspace, ids.dataset)
    assert _row(table, ids.second)["accuracy"] < 0.5 < _row(usual, ids.second)["accuracy"]


def _set_time(ws, run_id, ms):
    with ws.write() as conn:
        conn.execute(update(tables.run).where(tables.run.c.id == run_id).values(ms_per_image=ms))


def test_a_cascade_costs_what_its_members_cost(workspace, ids):
    table, _ = leaderboard.leaderboard(workspace, ids.dataset)
    row = _row(table, ids.cascade)
    assert (row["algorithm"], row["duration_s"], row["n_parameters"]) == ("cascade", 3.0, 136)
    assert np.isnan(row["ms_per_image"])
    _set_time(workspace, ids.generalist, 2.0)
    _set_time(workspace, ids.expert, 10.0)
    table, _ = leaderboard.leaderboard(workspace, ids.dataset)
    asked = saving.get(workspace, ids.cascade).report["test"]["deferral_rate"]
    assert 0 < asked < 1
    assert _row(table, ids.cascade)["ms_per_image"] == pytest.approx(2.0 + asked * 10.0)


def test_seeds_of_one_recipe_become_one_row(workspace, ids):
    four = questions.question(workspace, ids.dataset)
    table, _ = leaderboard.leaderboard(workspace, ids.dataset, question=four)
    folded = leaderboard.by_recipe(table)
    assert list(folded["n_seeds"]) == ([1, 2] if table["run"].iloc[0] == ids.cascade else [2, 1])
    row = folded[folded["n_seeds"] == 2].iloc[0]
    seeds = table[table["run"].isin([ids.generalist, ids.second])]
    assert row["seed"] == "0, 1"
    assert set(row["runs"]) == {ids.generalist, ids.second}
    for name in FIGURES:
        assert row[name] == pytest.approx(seeds[name].mean())
        assert row[f"{name}_sd"] == pytest.approx(seeds[name].std())
        assert row[f"{name}_low"] == pytest.approx(seeds[f"{name}_low"].mean())
    alone = folded[folded["n_seeds"] == 1].iloc[0]
    assert np.isnan(alone["accuracy_sd"])


def test_another_option_is_another_recipe(workspace, ids):
    dataset = datasets.get_dataset(workspace, ids.dataset)
    y = datasets.label_indices(workspace, dataset)
    probs = generalist_probs(y, np.random.default_rng(5))
    split = datasets.splits(workspace, ids.dataset)
    add_run(workspace, dataset, y, split, probs, seed=2, options={"l2": 1.0})
    four = questions.question(workspace, ids.dataset)
    table, _ = leaderboard.leaderboard(workspace, ids.dataset, question=four)
    assert sorted(leaderboard.by_recipe(table)["n_seeds"]) == [1, 1, 2]


def test_marks_stand_in_the_row_and_hidden_models_in_none(workspace, ids):
    marking.rename(workspace, ids.second, "the other")
    marking.pin(workspace, ids.cascade)
    marking.hide(workspace, ids.merged)
    table, _ = leaderboard.leaderboard(workspace, ids.dataset)
    assert _row(table, ids.second)["name"] == "the other"
    assert _row(table, ids.cascade)["pinned"] and not _row(table, ids.second)["pinned"]
    assert ids.merged not in set(table["run"])


def test_an_empty_leaderboard_has_its_columns(workspace, ids):
    for run in training.list_runs(workspace, ids.dataset):
        marking.hide(workspace, run.id)
    table, apart = leaderboard.leaderboard(workspace, ids.dataset)
    assert table.empty and not apart
    assert "augrc_high" in table
    assert leaderboard.by_recipe(table).empty


def test_rivals_are_paired_and_corrected_for_their_number(workspace, ids):
    four = questions.question(workspace, ids.dataset)
    said = [
        questions.answers(workspace, four, questions.find(workspace, i))
        for i in (ids.cascade, ids.generalist, ids.second)
    ]
    found = choosing.rivals(said)
    assert [r.model for r in found] == [ids.generalist, ids.second]
    raw = [paired.mcnemar_exact(said[0].right, other.right) for other in said[1:]]
    assert [r.p for r in found] == pytest.approx(list(paired.holm(raw)))
    assert found[0].difference == pytest.approx(said[0].right.mean() - said[1].right.mean())
    assert found[0].low <= found[0].difference <= found[0].high
    assert choosing.rivals([]) == choosing.rivals(said[:1]) == []
    assert not replace(found[0], p=0.05).is_told_apart
    assert replace(found[0], p=0.049).is_told_apart
