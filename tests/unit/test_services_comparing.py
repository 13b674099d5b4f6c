"""Models side by side: what is computed from their answers equals what the arrays say."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis import metrics
from core.errors import InvalidInput
from core.services.comparing import confusions, questions
from core.services.comparing.questions import Answers, Question
from core.services.data import datasets
from core.services.runs import training
from core.store.database import Workspace
from tests.seeding import LABELS, Seeded, add_small_dataset, seed


@pytest.fixture
def ids(workspace: Workspace) -> Seeded:
    return seed(workspace)


@pytest.fixture
def said(workspace: Workspace, ids: Seeded) -> Answers:
    model = questions.find(workspace, ids.generalist)
    return questions.answers(workspace, Question(ids.dataset, LABELS), model)


def test_confusion_is_recomputed_from_the_stored_probabilities(workspace, ids, said):
    matrix = confusions.confusion(said)
    rows = datasets.split_index(workspace, ids.dataset, "test")
    run = training.get_run(workspace, ids.generalist)
    y = datasets.label_indices(workspace, datasets.get_dataset(workspace, ids.dataset))
    predicted = workspace.blobs.open_array(run.predictions)[rows].argmax(axis=1)
    np.testing.assert_array_equal(matrix, metrics.confusion_matrix(y[rows], predicted, 4))
    assert np.trace(matrix) / matrix.sum() == pytest.approx(run.metrics["test"]["accuracy"])


def test_every_cell_of_the_confusion_matrix_opens_as_many_images_as_it_counts(said):
    matrix = confusions.confusion(said)
    for i, true in enumerate(LABELS):
        for j, predicted in enumerate(LABELS):
            found = confusions.cell_positions(said, LABELS, true, predicted)
            assert len(found) == matrix[i, j]
            rows = np.searchsorted(said.positions, found)
            assert list(-said.confidence[rows]) == sorted(-said.confidence[rows])


def test_a_class_that_is_not_asked_about_has_no_cell(said):
    with pytest.raises(InvalidInput, match="no such class"):
        confusions.cell_positions(said, LABELS, "A", "E")


@pytest.fixture
def other(workspace: Workspace, ids: Seeded) -> Answers:
    model = questions.find(workspace, ids.second)
    return questions.answers(workspace, Question(ids.dataset, LABELS), model)


def test_every_cell_of_a_difference_opens_the_images_that_make_it(said, other):
    found = confusions.difference(said, other)
    np.testing.assert_array_equal(
        found.difference, confusions.confusion(said) - confusions.confusion(other)
    )
    for i, true in enumerate(LABELS):
        for j, predicted in enumerate(LABELS):
            inside = confusions.difference_positions(said, other, LABELS, true, predicted)
            in_a = set(confusions.cell_positions(said, LABELS, true, predicted))
            in_b = set(confusions.cell_positions(other, LABELS, true, predicted))
            assert set(inside.only_a) == in_a - in_b and set(inside.only_b) == in_b - in_a
            assert inside.n_both == len(in_a & in_b) == found.both[i, j]
            assert len(inside.only_a) - len(inside.only_b) == found.difference[i, j]


def test_what_was_said_of_an_image_is_its_class_and_confidence(said):
    positions = [int(said.positions[i]) for i in (5, 0, 3)]
    found = confusions.answers_at(said, LABELS, positions)
    assert [answer.predicted for answer in found] == [LABELS[said.predicted[i]] for i in (5, 0, 3)]
    assert [answer.confidence for answer in found] == pytest.approx(said.confidence[[5, 0, 3]])


def test_classes_are_ordered_by_what_all_models_confuse(said, other):
    both = confusions.together([confusions.confusion(its) for its in (said, other)])
    assert both.sum() == 2 * len(said.y)
    order = confusions.by_confusion(both)
    assert sorted(order) == [0, 1, 2, 3]
    assert abs(order.index(2) - order.index(3)) == 1


def test_classes_are_ordered_by_cluster_where_clusters_were_looked_for(workspace, ids):
    """Of three clusters in the seeded exploration, C and D share one."""
    back = Question(ids.dataset, tuple(reversed(LABELS)))
    assert confusions.by_cluster(workspace, back) == [0, 1, 2, 3]
    apart = Question(ids.dataset, ("C", "A", "D", "B"))
    assert confusions.by_cluster(workspace, apart) == [0, 2, 1, 3]
    merged = Question(ids.dataset, ("C+D", "A", "B"), class_map_id=ids.class_map)
    assert sorted(confusions.by_cluster(workspace, merged)) == [0, 1, 2]
    bare, _ = add_small_dataset(workspace, 20)
    assert confusions.by_cluster(workspace, Question(bare, LABELS)) is None
