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
from tests.seeding import LABELS, Seeded, seed


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
