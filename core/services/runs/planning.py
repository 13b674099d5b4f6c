"""Turn a request to train into a plan: every default filled in, everything checked beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from core.errors import InvalidInput, NotReady
from core.ids import content_id
from core.language import phrase, t
from core.models import get_algorithm
from core.models.options import parse
from core.records import Dataset
from core.services.classes.mapping import get_class_map, get_record
from core.services.data.datasets import get_dataset, splits
from core.services.data.embedding import embedder_for, require_embedding
from core.services.labels import label_sets
from core.services.labels.label_sets import ORIGINAL
from core.settings import DEFAULT_BACKBONE
from core.store.database import Workspace

FORMAT = 1  # of what a run holds: part of its id
MOST_BUDGET_MIN = 10_080  # a week


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """What to train; options left out take the algorithm's defaults."""

    dataset: str  # id or name
    algorithm: str
    class_map: str | None = None  # id, name or name@version; None: the labels as they are
    labels: str = ORIGINAL  # whose labels: those of the import, or a label set (as class_map)
    pair: tuple[str, ...] | None = None  # two classes or more: train an expert for them
    seeds: tuple[int, ...] = (0,)
    backbone: str = DEFAULT_BACKBONE
    options: Mapping[str, Any] = field(default_factory=dict)
    time_budget_min: float = 0.0  # each run ends with its best weights after so long; 0: no limit


def request_from(params: Mapping[str, Any]) -> TrainRequest:
    """Return the request that a training job carries in its parameters."""
    pair = tuple(params["pair"]) if params["pair"] else None
    return TrainRequest(**{**params, "pair": pair, "seeds": tuple(params["seeds"])})


@dataclass(frozen=True, slots=True)
class Plan:
    """A request with every default filled in: all that decides what a run will be."""

    dataset: Dataset
    classes: tuple[str, ...]
    class_map_id: str | None
    y: np.ndarray  # int64 (n_images,), index into `classes`; -1 outside the pair
    config: dict[str, Any]

    @property
    def labels(self) -> str:
        """The label set that `y` follows from: its id, or ORIGINAL."""
        return str(self.config.get("labels", ORIGINAL))

    @property
    def time_budget_s(self) -> float | None:
        """How long one fit may take, in seconds; None for no limit."""
        minutes = self.config.get("time_budget_min")
        return None if minutes is None else 60.0 * float(minutes)

    def run_id(self, seed: int) -> str:
        """Return the id that the run with this seed has, whether it exists or not."""
        return content_id("run", {**self.config, "seed": seed})


def make_plan(ws: Workspace, request: TrainRequest) -> Plan:
    """Fill in every default and check everything that can be checked before the job.

    Raises
    ------
    InvalidInput
        If the algorithm, an option, a class of the pair, the seeds or the time budget cannot be
        used, or there is only one class.
    NotReady
        If the algorithm needs embeddings that are not there, or a split has no images.
    """
    dataset = get_dataset(ws, request.dataset)
    algorithm = get_algorithm(request.algorithm)
    different = len(set(request.seeds)) == len(request.seeds) > 0
    if not different or min(request.seeds) < 0:
        raise InvalidInput(
            t("the seeds of a submission differ from each other"),
            expected=t("one or more different whole numbers from 0 on"),
            received=str(list(request.seeds)),
        )
    if not 0 <= request.time_budget_min <= MOST_BUDGET_MIN:  # NaN is neither
        raise InvalidInput(
            t("the time budget cannot be used"),
            expected=t(
                "minutes from 0 (no limit) to {most_budget_min:,}", most_budget_min=MOST_BUDGET_MIN
            ),
            received=str(request.time_budget_min),
        )
    class_map_id = get_record(ws, dataset.id, request.class_map).id if request.class_map else None
    class_map = get_class_map(ws, dataset.id, class_map_id)
    labels = label_sets.find(ws, dataset, request.labels)
    y = class_map.apply(label_sets.indices(ws, dataset, labels))
    classes = class_map.classes
    if request.pair:
        classes, y = _only_pair(classes, y, request.pair)
    needs_embedding = algorithm.input == "embedding"
    config = {
        "format": FORMAT,
        "dataset": dataset.id,
        "algorithm": algorithm.name,
        "options": asdict(parse(algorithm.options, request.options)),
        "embedder": embedder_for(ws, dataset, request.backbone) if needs_embedding else None,
        "backbone": request.backbone if needs_embedding else None,
        "classes": list(classes),
        "class_map": class_map_id,
        "pair": list(classes) if request.pair else None,
    }
    if labels is not None:  # a run on the original labels keeps the id it had before there were any
        config["labels"] = labels.id
    if request.time_budget_min:  # likewise
        config["time_budget_min"] = float(request.time_budget_min)
    plan = Plan(dataset, classes, class_map_id, y, config)
    _check_trainable(ws, plan)
    if needs_embedding:
        require_embedding(ws, dataset, request.backbone)
    return plan


def _only_pair(
    classes: tuple[str, ...], y: np.ndarray, pair: tuple[str, ...]
) -> tuple[tuple[str, ...], np.ndarray]:
    unknown = [name for name in pair if name not in classes]
    if unknown or len(set(pair)) != len(pair) or not 2 <= len(pair) <= max(2, len(classes) - 1):
        raise InvalidInput(
            t("an expert is for two or more different classes, not for all of them"),
            expected=t("two or more of {classes}", classes=", ".join(classes)),
            received=t(" and ").join(pair),
        )
    ordered = tuple(name for name in classes if name in pair)
    recode = np.full(len(classes), -1, dtype=np.int64)
    for index, name in enumerate(ordered):
        recode[classes.index(name)] = index
    return ordered, recode[y]


_NO_IMAGE = {
    "train": phrase("the train split has no image of these classes"),
    "val": phrase("the val split has no image of these classes"),
    "test": phrase("the test split has no image of these classes"),
}


def _check_trainable(ws: Workspace, plan: Plan) -> None:
    if len(plan.classes) < 2:
        raise InvalidInput(
            t("there is nothing to tell apart"),
            expected=t("2 classes or more"),
            received=", ".join(plan.classes),
            todo=t("choose another class map, or import images of another class"),
        )
    split = splits(ws, plan.dataset.id)
    for name in ("train", "val", "test"):
        here = plan.y[(split == name) & (plan.y >= 0)]
        absent = [c for i, c in enumerate(plan.classes) if not (here == i).any()]
        if name == "train" and absent:
            raise NotReady(
                t("there is no training image of {name}", name=absent[0]),
                expected=t("at least one training image of every class"),
                todo=t("import more images, or merge the class into another"),
            )
        if not len(here):
            raise NotReady(
                t(_NO_IMAGE[name]),
                expected=t("validation images to tune on and test images to report on"),
                todo=t("import the images again with shares for all three splits"),
            )
