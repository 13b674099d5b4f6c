"""What models confuse, where they differ, and the images behind every cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from core.analysis import metrics
from core.analysis.clusters.clustering import crosstab
from core.analysis.comparisons import class_order
from core.analysis.comparisons.cell_differences import CellDifferences, cell_differences
from core.errors import InvalidInput
from core.language import t
from core.services.classes.mapping import get_class_map
from core.services.comparing.questions import Answers, Question
from core.services.data import exploring
from core.services.data.datasets import get_dataset, label_indices
from core.store.database import Workspace


class Answer(NamedTuple):
    """What one model said of one image."""

    predicted: str
    confidence: float


class CellImages(NamedTuple):
    """The images of one cell of a difference, as positions."""

    only_a: list[int]  # those A is surest of first
    only_b: list[int]  # those B is surest of first
    n_both: int


def confusion(said: Answers) -> np.ndarray:
    """Return the confusion matrix of some answers, int64 (n_classes, n_classes), row = true."""
    return metrics.confusion_matrix(said.y, said.predicted, said.probs.shape[1])


def difference(a: Answers, b: Answers) -> CellDifferences:
    """Return how the matrices of two models differ, and in which cells by more than luck."""
    return cell_differences(a.y, a.predicted, b.predicted, a.probs.shape[1])


def together(matrices: Sequence[np.ndarray]) -> np.ndarray:
    """Return the confusions of all models in one matrix, int64 (n_classes, n_classes)."""
    return np.asarray(np.sum(matrices, axis=0))


def by_confusion(matrix: np.ndarray) -> list[int]:
    """Return the classes' numbers, those beside each other that are confused most."""
    return [int(i) for i in class_order.by_confusion(matrix)]


def by_cluster(ws: Workspace, question: Question) -> list[int] | None:
    """Return the classes' numbers, those beside each other that lie in one cluster of embeddings.

    Returns
    -------
    list of int, or None
        None where no clusters were looked for. Of the numbers of clusters that were, the one that
        Explore shows first.
    """
    found = exploring.exploration(ws, question.dataset_id)
    if found is None:
        return None
    dataset = get_dataset(ws, question.dataset_id)
    clusters = found["clusters"][found["crosstab"]["k"]]
    table = crosstab(clusters, label_indices(ws, dataset), len(dataset.labels))
    asked = get_class_map(ws, dataset.id, question.class_map_id)
    into = np.array([[name == c for c in question.classes] for name in asked.class_of], np.int64)
    return [int(i) for i in class_order.by_cluster(table @ into)]


def cell_positions(
    said: Answers, classes: Sequence[str], true_class: str, predicted_class: str
) -> list[int]:
    """Return the positions of the images in one cell, those the model is surest of first.

    Raises
    ------
    InvalidInput
        If `classes`, those of the question, hold no such class.
    """
    return _surest(said, _inside(said, classes, true_class, predicted_class))


def difference_positions(
    a: Answers, b: Answers, classes: Sequence[str], true_class: str, predicted_class: str
) -> CellImages:
    """Return the images that make a cell of the difference: those that one model alone puts there.

    Raises
    ------
    InvalidInput
        If `classes`, those of the question, hold no such class.
    """
    in_a = _inside(a, classes, true_class, predicted_class)
    in_b = _inside(b, classes, true_class, predicted_class)
    return CellImages(_surest(a, in_a & ~in_b), _surest(b, in_b & ~in_a), int((in_a & in_b).sum()))


def answers_at(said: Answers, classes: Sequence[str], positions: Sequence[int]) -> list[Answer]:
    """Return what a model said of images of its question, in the order given."""
    rows = np.searchsorted(said.positions, np.asarray(positions, dtype=np.int64))
    return [Answer(classes[said.predicted[row]], float(said.confidence[row])) for row in rows]


def _inside(
    said: Answers, classes: Sequence[str], true_class: str, predicted_class: str
) -> np.ndarray:
    """Return which answers are in a cell, bool (n_images,)."""
    for name in (true_class, predicted_class):
        if name not in classes:
            raise InvalidInput(
                t("there is no such class"), expected=", ".join(classes), received=repr(name)
            )
    true, predicted = classes.index(true_class), classes.index(predicted_class)
    return np.asarray((said.y == true) & (said.predicted == predicted))


def _surest(said: Answers, inside: np.ndarray) -> list[int]:
    """Return the positions of some answers, those the model is surest of first."""
    rows = np.flatnonzero(inside)
    order = np.argsort(-said.confidence[rows], kind="stable")
    return [int(p) for p in said.positions[rows[order]]]
