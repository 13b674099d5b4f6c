"""Which models answer the same question, and what each of them said of the same images.

A question is: of these images, by these labels, which of these classes? Models that were trained
on finer classes answer it, too, once their probabilities are added up within its classes; whoever
cannot is set apart, with the reason. Everything on Compare starts here, and nothing is retrained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.analysis.class_map import ClassMap
from core.errors import InvalidInput
from core.language import t
from core.records import CascadeRecord, HeldOut, Run
from core.services.cascades import members, saving
from core.services.classes.mapping import get_class_map, get_record
from core.services.comparing import wording
from core.services.data.datasets import get_dataset, split_index
from core.services.labels import label_sets
from core.services.labels.label_sets import ORIGINAL
from core.services.runs import training
from core.store.database import Workspace


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of which images."""

    dataset_id: str
    classes: tuple[str, ...]  # column order of the probabilities
    class_map_id: str | None = None  # None: the labels as they are
    pair: tuple[str, ...] | None = None  # only images of these classes
    labels: str = ORIGINAL  # the label set that says what is true
    split: HeldOut = "test"

    @property
    def key(self) -> str:
        """Return what tells it from other questions about the same split."""
        return "|".join([self.class_map_id or "", *self.classes, "/".join(self.pair or ())])


@dataclass(frozen=True, slots=True)
class Model:
    """A run, or a cascade with the run that is its generalist."""

    run: Run
    cascade: CascadeRecord | None = None

    @property
    def id(self) -> str:
        """Return the id of the cascade if it is one, else of the run."""
        return self.cascade.id if self.cascade else self.run.id


@dataclass(frozen=True, slots=True)
class Apart:
    """A model that does not take part, and why."""

    model: Model
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What one model said of the images of a question; rows are the same for all its models."""

    model: str
    positions: np.ndarray  # int64 (n_images,), rows in the data set, ascending
    y: np.ndarray  # int64 (n_images,), true classes
    probs: np.ndarray  # float32 (n_images, n_classes), calibrated unless asked otherwise
    predicted: np.ndarray  # int64 (n_images,); a tie goes to the first class
    confidence: np.ndarray  # float32 (n_images,), of the predicted class

    @property
    def right(self) -> np.ndarray:
        """Return whether each answer is right, bool (n_images,)."""
        return np.asarray(self.predicted == self.y)


def models_of(ws: Workspace, dataset_id: str) -> list[Model]:
    """Return the runs and cascades of a data set that are not hidden, newest first."""
    runs = training.list_runs(ws, dataset_id)
    shown = {run.id: run for run in runs}
    cascades = [
        Model(shown[record.generalist], record)
        for record in saving.all_of(ws, dataset_id)
        if record.generalist in shown
    ]
    return cascades + [Model(run) for run in runs]


def questions(models: Sequence[Model]) -> list[Question]:
    """Return what these models were trained to answer: all labels first, pairs last."""
    counted = Counter(own(model) for model in models)

    def order(asked: Question) -> tuple[bool, bool, int]:
        return asked.pair is not None, asked.class_map_id is not None, -counted[asked]

    return sorted(counted, key=order)


def question(
    ws: Workspace, dataset_id: str, class_map: str | None = None, labels: str = ORIGINAL
) -> Question:
    """Return the question about all classes of a class map, by a label set.

    Parameters
    ----------
    class_map : str or None
        Id, name or name@version; None: the labels as they are.
    labels : str
        Id, name or name@version of a label set, or ORIGINAL.

    Raises
    ------
    NotFound
        If there is no such class map or label set.
    """
    dataset = get_dataset(ws, dataset_id)
    map_id = get_record(ws, dataset.id, class_map).id if class_map else None
    truth_set = label_sets.find(ws, dataset, labels)
    classes = get_class_map(ws, dataset.id, map_id).classes
    return Question(dataset.id, classes, map_id, labels=truth_set.id if truth_set else ORIGINAL)


def own(model: Model) -> Question:
    """Return the question that a model was trained to answer, on test images."""
    run = model.run
    return Question(run.dataset_id, run.classes, run.class_map_id, run.pair)


def takes_part(
    ws: Workspace, question: Question, models: Sequence[Model]
) -> tuple[list[Model], list[Apart]]:
    """Split models into those that answer a question and those that cannot, with the reason."""
    able, apart = [], []
    for model in models:
        try:
            columns_in(ws, question, model)
        except InvalidInput as error:
            apart.append(Apart(model, error.what))
        else:
            able.append(model)
    return able, apart


def find(ws: Workspace, model_id: str) -> Model:
    """Return a run or a cascade by id.

    Raises
    ------
    NotFound
        If it is neither.
    """
    if model_id.startswith("cas-"):
        record = saving.get(ws, model_id)
        return Model(training.get_run(ws, record.generalist), record)
    return Model(training.get_run(ws, model_id))


def columns_in(ws: Workspace, question: Question, model: Model) -> np.ndarray:
    """Return where each class of a model goes in a question, int64 (n_classes of the model,).

    -1 stands for a class that the question does not ask about.

    Raises
    ------
    InvalidInput
        If the model cannot answer; `what` is the reason.
    """
    run = model.run
    if run.dataset_id != question.dataset_id:
        raise InvalidInput(t("it was trained on another data set"))
    if run.pair and run.pair != question.pair:
        raise InvalidInput(
            t("it is an expert and knows only {classes}", classes=wording.listed(run.pair))
        )
    if run.pair and run.class_map_id != question.class_map_id:
        raise InvalidInput(t("its two classes come from another class map"))
    theirs = get_class_map(ws, run.dataset_id, run.class_map_id)
    asked = get_class_map(ws, question.dataset_id, question.class_map_id)
    index = {name: i for i, name in enumerate(question.classes)}
    return np.array([index.get(_one(theirs, asked, name), -1) for name in run.classes], np.int64)


def answers(ws: Workspace, question: Question, model: Model, *, calibrated: bool = True) -> Answers:
    """Return what a model said of a question's images.

    Parameters
    ----------
    calibrated : bool
        Or as they were before temperature scaling; a cascade has no such answers, because its
        members are calibrated before it decides which of them is asked.

    Raises
    ------
    InvalidInput
        If the model cannot answer the question.

    Notes
    -----
    Classes that the question puts together have their probabilities added up. Where it asks about
    a pair, what a model believes of the two is divided by what it believes of both.
    """
    columns = columns_in(ws, question, model)
    positions, y = truth(ws, question)
    said = _said(ws, model, positions) if calibrated else _raw(ws, model, positions)
    probs = _projected(said, columns, len(question.classes))
    predicted = probs.argmax(axis=1)
    confidence = probs[np.arange(len(probs)), predicted]
    return Answers(model.id, positions, y, probs, predicted, confidence)


def truth(ws: Workspace, question: Question) -> tuple[np.ndarray, np.ndarray]:
    """Return the images of a question and their true classes, int64 (n_images,) each.

    Raises
    ------
    InvalidInput
        If there is no image of these classes.
    """
    dataset = get_dataset(ws, question.dataset_id)
    class_map = get_class_map(ws, dataset.id, question.class_map_id)
    index = {name: i for i, name in enumerate(question.classes)}
    column = np.array([index.get(name, -1) for name in class_map.classes], dtype=np.int64)
    rows = split_index(ws, dataset.id, question.split)
    y = column[class_map.apply(label_sets.indices(ws, dataset, question.labels)[rows])]
    if not (y >= 0).any():
        raise InvalidInput(
            t("there is no image to compare on"),
            expected=t(
                "{split} images of {classes}",
                split=question.split,
                classes=", ".join(question.classes),
            ),
            received=t("none"),
        )
    return rows[y >= 0], y[y >= 0]


def _one(theirs: ClassMap, asked: ClassMap, name: str) -> str:
    """Return the one class of `asked` that holds all labels of the class `name` of `theirs`."""
    labels = [label for label, c in zip(theirs.labels, theirs.class_of, strict=True) if c == name]
    homes = {asked.class_of[asked.labels.index(label)] for label in labels}
    if len(homes) != 1:
        raise InvalidInput(
            t(
                "its class {name} holds {labels}, which are asked apart",
                name=name,
                labels=wording.listed(labels),
            )
        )
    return homes.pop()


def _said(ws: Workspace, model: Model, rows: np.ndarray) -> np.ndarray:
    """Return a model's calibrated probabilities, float64 (n_images, n_classes of the model)."""
    if model.cascade is None:
        return members.calibrated(ws, model.run, rows)
    return saving.answered(ws, model.cascade, rows).probs


def _raw(ws: Workspace, model: Model, rows: np.ndarray) -> np.ndarray:
    """Return a run's probabilities as stored, float64 (n_images, n_classes of the model)."""
    if model.cascade is not None:
        raise InvalidInput(
            t("a cascade has no uncalibrated answers"),
            expected=t("a run"),
            received=model.id,
            todo=t("ask for its generalist"),
        )
    return np.asarray(ws.blobs.open_array(model.run.predictions)[rows], dtype=np.float64)


def _projected(said: np.ndarray, columns: np.ndarray, n_classes: int) -> np.ndarray:
    """Add up within the question's classes; where some are left out, divide by what remains."""
    probs = said @ (columns[:, None] == np.arange(n_classes)).astype(np.float64)
    if (columns < 0).any():
        total = probs.sum(axis=1, keepdims=True)
        none = np.full_like(probs, 1.0 / n_classes)
        probs = np.divide(probs, total, out=none, where=total > 0)
    return np.asarray(probs, dtype=np.float32)
