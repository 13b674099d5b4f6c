"""Which models answer the same question, and what they said of the same images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import InvalidInput, NotFound
from core.services.cascades import members, saving
from core.services.comparing import questions, sharing
from core.services.comparing.questions import Question
from core.services.data import datasets
from core.services.labels import label_sets
from core.services.runs import training
from core.store.database import Workspace
from tests.seeding import LABELS, Seeded, seed


@pytest.fixture
def ids(workspace: Workspace) -> Seeded:
    return seed(workspace)


@pytest.fixture
def four(workspace: Workspace, ids: Seeded) -> Question:
    return Question(ids.dataset, LABELS)


def test_models_ask_what_they_were_trained_on_all_labels_first_and_pairs_last(workspace, ids):
    models = questions.models_of(workspace, ids.dataset)
    assert [m.id for m in models[:1]] == [ids.cascade]
    found = questions.questions(models)
    assert [(q.classes, q.pair) for q in found] == [
        (LABELS, None),
        (("A", "B", "C+D"), None),
        (("C", "D"), ("C", "D")),
    ]


def test_a_hidden_generalist_hides_its_cascade(workspace, ids):
    training.archive_run(workspace, ids.generalist)
    assert ids.cascade not in [m.id for m in questions.models_of(workspace, ids.dataset)]


def test_who_cannot_answer_is_set_apart_with_the_reason(workspace, ids, four):
    models = questions.models_of(workspace, ids.dataset)
    able, apart = questions.takes_part(workspace, four, models)
    assert {m.id for m in able} == {ids.generalist, ids.second, ids.cascade}
    said = {a.model.id: a.reason for a in apart}
    assert said[ids.expert] == "it is an expert and knows only C and D"
    assert said[ids.merged] == "its class C+D holds C and D, which are asked apart"


def test_answers_of_a_run_are_its_calibrated_probabilities(workspace, ids, four):
    run = training.get_run(workspace, ids.generalist)
    mine = questions.answers(workspace, four, questions.find(workspace, run.id))
    rows = datasets.split_index(workspace, ids.dataset, "test")
    np.testing.assert_array_equal(mine.positions, rows)
    np.testing.assert_allclose(mine.probs, members.calibrated(workspace, run, rows), atol=1e-6)
    assert mine.right.mean() == pytest.approx(run.metrics["test"]["accuracy"])
    np.testing.assert_array_equal(mine.confidence, mine.probs.max(axis=1))


def test_finer_classes_are_added_up_for_a_coarser_question(workspace, ids, four):
    merged = questions.find(workspace, ids.merged)
    asked = sharing.same_question(
        workspace, [merged, questions.find(workspace, ids.generalist)], "test"
    )
    assert asked.classes == ("A", "B", "C+D")
    fine = questions.answers(workspace, four, questions.find(workspace, ids.generalist))
    coarse = questions.answers(workspace, asked, questions.find(workspace, ids.generalist))
    np.testing.assert_allclose(coarse.probs[:, 2], fine.probs[:, 2:].sum(axis=1), rtol=1e-6)
    np.testing.assert_array_equal(coarse.y, np.minimum(fine.y, 2))
    assert coarse.right.sum() >= fine.right.sum()


def test_between_two_classes_belief_in_others_does_not_count(workspace, ids, four):
    pair = Question(ids.dataset, ("C", "D"), pair=("C", "D"))
    expert = questions.answers(workspace, pair, questions.find(workspace, ids.expert))
    both = questions.answers(workspace, pair, questions.find(workspace, ids.generalist))
    fine = questions.answers(workspace, four, questions.find(workspace, ids.generalist))
    wanted = fine.probs[fine.y >= 2][:, 2:]
    np.testing.assert_allclose(both.probs, wanted / wanted.sum(1, keepdims=True), rtol=1e-5)
    np.testing.assert_array_equal(both.positions, expert.positions)
    assert set(both.y) == {0, 1}


def test_answers_of_a_cascade_are_those_in_its_report(workspace, ids, four):
    record = saving.get(workspace, ids.cascade)
    mine = questions.answers(workspace, four, questions.find(workspace, ids.cascade))
    assert mine.right.mean() == pytest.approx(record.report["test"]["accuracy"])
    np.testing.assert_allclose(mine.probs.sum(axis=1), 1.0, rtol=1e-5)


def test_another_label_set_says_what_is_true(workspace, ids, four):
    dataset = datasets.get_dataset(workspace, ids.dataset)
    y = datasets.label_indices(workspace, dataset)
    turned = label_sets.save_label_set(
        workspace, ids.dataset, "turned", (y + 1) % 4, origin={"method": "test"}
    )
    model = questions.find(workspace, ids.generalist)
    before = questions.answers(workspace, four, model)
    after = questions.answers(workspace, replace(four, labels=turned.id), model)
    np.testing.assert_array_equal(after.y, (before.y + 1) % 4)
    np.testing.assert_array_equal(after.probs, before.probs)


def test_training_images_and_unknown_models_are_refused(workspace, ids):
    with pytest.raises(InvalidInput, match="not learned from"):
        sharing.same_question(workspace, [questions.find(workspace, ids.second)], "train")
    with pytest.raises(NotFound):
        questions.find(workspace, "run-0")
    with pytest.raises(NotFound):
        questions.find(workspace, "cas-0")


def test_an_expert_and_a_merged_run_share_no_question(workspace, ids):
    models = [questions.find(workspace, i) for i in (ids.expert, ids.merged)]
    with pytest.raises(InvalidInput, match="do not answer the same question"):
        sharing.same_question(workspace, models, "test")
