"""Which pairs of classes deserve an expert: what is confused, what could be gained, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.analysis.cascades import cascade
from core.models import get_algorithm
from core.models.options import describe
from core.records import Run
from core.services.cascades.members import experts_of
from core.services.classes.advising import People, people_of
from core.services.classes.mapping import run_classes, run_confusion
from core.services.classes.overlaps import overlap_matrix
from core.services.data.datasets import get_dataset, splits
from core.services.labels.label_sets import ORIGINAL
from core.services.runs.training import TrainRequest, get_run
from core.settings import DEFAULT_BACKBONE
from core.store.database import Workspace

_SHARPER = 2  # times an algorithm's own side of the image
_SIDE = "input_px"


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """A pair that a generalist confuses, on validation images.

    Parameters
    ----------
    a, b : str
        In class order.
    n_confused : int
        Images of one taken for the other, both ways.
    share_of_errors : float
    oracle_gain : float
        The most that a perfect expert could add to the accuracy.
    overlap : float or None
        Share of images whose nearest neighbours have the other label, in the embedding: 0 is
        apart, one half is one clump that no expert on this backbone divides. None without
        embeddings.
    people : (alpha, low, high) or None
        How far reviewers agree within the pair: where they do not, no expert can be right.
    n_train : int
        Training images of the two classes, which is all that an expert learns from.
    expert : str or None
        The newest expert for these two classes.
    """

    a: str
    b: str
    n_confused: int
    share_of_errors: float
    oracle_gain: float
    overlap: float | None
    people: People | None
    n_train: int
    expert: str | None


def confused_pairs(ws: Workspace, run_id: str) -> list[ConfusedPair]:
    """Return the pairs that a generalist confuses on validation images, most often first."""
    run = get_run(ws, run_id)
    confusion = run_confusion(ws, run, "val")
    overlaps = overlap_matrix(ws, run, confusion)
    people = {} if run.class_map_id else people_of(ws, run.dataset_id)
    y = run_classes(ws, run)
    n_train = np.bincount(y[(splits(ws, run.dataset_id) == "train") & (y >= 0)],
                          minlength=len(run.classes))  # fmt: skip
    known = {expert.pair: expert.id for expert in reversed(experts_of(ws, run_id))}
    found = []
    for row in cascade.pair_table(confusion, run.classes):
        names, overlap = (row["a"], row["b"]), float(overlaps[row["pair"]])
        found.append(
            ConfusedPair(
                *names,
                n_confused=row["n_confused"],
                share_of_errors=row["share_of_errors"],
                oracle_gain=row["oracle_gain"],
                overlap=None if np.isnan(overlap) else overlap,
                people=people.get(names),
                n_train=int(n_train[list(row["pair"])].sum()),
                expert=known.get(names),
            )
        )
    return found


def can_be_sharper(algorithm: str) -> bool:
    """Return whether an algorithm can be shown larger images than it takes by itself."""
    return any(option.name == _SIDE for option in describe(get_algorithm(algorithm).options))


def expert_request(
    ws: Workspace, generalist: Run, classes: Sequence[str], algorithm: str, *, sharper: bool = False
) -> TrainRequest:
    """Return the request for an expert with the generalist's class map, labels and backbone.

    Parameters
    ----------
    classes : sequence of str
        Two or more of the generalist's.
    sharper : bool
        Show it images of twice the side that the algorithm takes by itself, as far as the data set
        has them: fine detail is what a pair differs in.
    """
    options = {}
    if sharper and can_be_sharper(algorithm):
        described = describe(get_algorithm(algorithm).options)
        (side,) = [option.default for option in described if option.name == _SIDE]
        most = get_dataset(ws, generalist.dataset_id).size_px
        options[_SIDE] = max(int(side), min(_SHARPER * int(side), most))
    return TrainRequest(
        dataset=generalist.dataset_id,
        algorithm=algorithm,
        class_map=generalist.class_map_id,
        labels=generalist.config.get("labels", ORIGINAL),
        pair=tuple(classes),
        backbone=generalist.config.get("backbone") or DEFAULT_BACKBONE,
        options=options,
    )
