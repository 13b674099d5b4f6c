"""What a model confuses, and the images behind every cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.analysis import metrics
from core.errors import InvalidInput
from core.services.comparing.questions import Answers


def confusion(said: Answers) -> np.ndarray:
    """Return the confusion matrix of some answers, int64 (n_classes, n_classes), row = true."""
    return metrics.confusion_matrix(said.y, said.predicted, said.probs.shape[1])


def cell_positions(
    said: Answers, classes: Sequence[str], true_class: str, predicted_class: str
) -> list[int]:
    """Return the positions of the images in one cell, those the model is surest of first.

    Raises
    ------
    InvalidInput
        If `classes`, those of the question, hold no such class.
    """
    for name in (true_class, predicted_class):
        if name not in classes:
            raise InvalidInput(
                "there is no such class", expected=", ".join(classes), received=repr(name)
            )
    true, predicted = classes.index(true_class), classes.index(predicted_class)
    inside = np.flatnonzero((said.y == true) & (said.predicted == predicted))
    order = np.argsort(-said.confidence[inside], kind="stable")
    return [int(p) for p in said.positions[inside[order]]]
