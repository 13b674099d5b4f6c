"""What one model reaches on the images of the story."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.analysis import metrics
from core.services.classes.mapping import get_class_map
from core.services.comparing import questions
from core.services.comparing.questions import Model, Question
from core.services.labels.label_sets import ORIGINAL
from core.services.story.choosing import labels_of
from core.services.story.yardstick import Yardstick
from core.store.database import Workspace


@dataclass(frozen=True, slots=True)
class Level:
    """What one model reaches on the images of the waterfall; intervals 95 %.

    Attributes
    ----------
    model, algorithm : str
        Id of a run or a cascade, and what answers.
    labels : str
        The label set it learned, or "original".
    class_map : str or None
    n_right, n_images, n_classes : int
    accuracy : float
        Share of right answers; `low` and `high` are Wilson's interval.
    chance, kappa, bits : float
        See the glossary; `chance` is that of guessing by the classes' sizes.
    """

    model: str
    algorithm: str
    labels: str
    class_map: str | None
    n_right: int
    n_images: int
    n_classes: int
    accuracy: float
    low: float
    high: float
    chance: float
    kappa: float
    bits: float


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """A level with the answers behind it."""

    level: Level
    right: np.ndarray  # bool (n_images,)
    confusion: np.ndarray  # int64 (n_classes, n_classes), row = true


def answered(ws: Workspace, rod: Yardstick, asked: Question, model: Model) -> Answered:
    """Ask a model about the images of the yardstick, by its labels and the classes of a question.

    Notes
    -----
    The images are among the test images of the question; only who says what they show differs.
    """
    said = questions.answers(ws, replace(asked, labels=ORIGINAL, split="test"), model)
    here = np.searchsorted(said.positions, rod.positions)  # both ascending
    y = get_class_map(ws, asked.dataset_id, asked.class_map_id).apply(rod.y)
    predicted = said.predicted[here]
    confusion = metrics.confusion_matrix(y, predicted, len(asked.classes))
    figures = metrics.from_confusion(confusion)
    right = np.asarray(predicted == y)
    low, high = figures["accuracy_ci"]
    level = Level(
        model.id,
        "cascade" if model.cascade else model.run.algorithm,
        labels_of(model.run),
        asked.class_map_id,
        int(right.sum()),
        len(y),
        len(asked.classes),
        figures["accuracy"],
        low,
        high,
        figures["chance"],
        figures["kappa"],
        figures["bits"],
    )
    return Answered(level, right, confusion)
