"""What a model's answers cost, by the costs that somebody entered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.analysis import mistake_costs as analysis
from core.analysis.comparisons.intervals import Estimate
from core.errors import InvalidInput
from core.language import t
from core.records import HeldOut, MistakeCosts
from core.services.comparing import questions
from core.services.comparing.questions import Model
from core.services.costs import entering
from core.services.data.datasets import get_dataset
from core.services.labels import label_sets
from core.services.labels.label_sets import ORIGINAL
from core.store.database import Workspace


@dataclass(frozen=True, slots=True)
class ModelCost:
    """What a model's answers cost."""

    model: str
    per_image: Estimate
    n_images: int
    unit: str
    treated_as: dict[str, str]  # the label as which an answer of each class is treated


def of_model(
    ws: Workspace,
    entered: MistakeCosts,
    model: Model,
    *,
    split: HeldOut = "test",
    labels: str = ORIGINAL,
) -> ModelCost:
    """Return what a model's answers to the images of a split cost, on average.

    Raises
    ------
    InvalidInput
        If the model is an expert: it does not answer for all labels.
    NotReady
        If the costs were taken back.
    """
    by_label, its, treated, said = _answered(ws, entered, model, split, labels)
    counts = np.zeros((len(its), its.shape[1]), dtype=np.int64)
    np.add.at(counts, (by_label, said), 1)
    return ModelCost(model.id, analysis.mean_cost(its, counts), len(said), entered.unit, treated)


def of_models(
    ws: Workspace,
    dataset_id: str,
    models: Sequence[Model],
    split: HeldOut = "test",
    labels: str | None = None,
) -> list[Estimate | None]:
    """Return what each model's answers cost an image; None for experts, and without costs."""
    entered = entering.current(ws, dataset_id)
    return [
        None
        if entered is None or model.run.pair
        else of_model(ws, entered, model, split=split, labels=labels or ORIGINAL).per_image
        for model in models
    ]


def _answered(
    ws: Workspace, entered: MistakeCosts, model: Model, split: HeldOut, labels: str
) -> tuple[np.ndarray, np.ndarray, dict[str, str], np.ndarray]:
    """Return (true labels, costs (labels, classes), labels treated as, answers) of the images."""
    if model.run.pair:
        raise InvalidInput(
            t("an expert does not answer for all labels"),
            received=model.id,
            todo=t("ask for a cascade that it takes part in"),
        )
    asked = replace(questions.own(model), split=split, labels=labels)
    said = questions.answers(ws, asked, model)
    dataset = get_dataset(ws, entered.dataset_id)
    truth = label_sets.indices(ws, dataset, labels)[said.positions]
    its, treated = entering.columns(ws, entered, model.run.class_map_id)
    return truth, its, treated, said.predicted
