"""Merge after training, or train on merged classes? Both ways on the same test images.

References
----------
Z. Chen, R. Ding, T.-W. Chin, D. Marculescu, "Understanding the impact of label granularity on
CNN-based image classification", 2018, arXiv:1901.07012: fine labels often raise coarse accuracy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.analysis import metrics
from core.analysis.comparisons import paired
from core.errors import InvalidInput
from core.language import t
from core.records import Run
from core.services.classes.mapping import get_class_map, get_record, held_out
from core.services.runs.planning import TrainRequest
from core.services.runs.training import get_run, planned_runs, request_of, submit_training
from core.store.database import Workspace


@dataclass(frozen=True, slots=True)
class Retrained:
    """The two ways to get merged classes from one recipe and seed, on the same images.

    Attributes
    ----------
    run : str
        The run that was trained on the merged classes.
    classes : tuple of str
    split : str
    n_images : int
    merged, retrained : mapping
        Figures (`metrics.from_confusion`) of the fine run with its probabilities summed within
        each class, and of the run trained on the merged classes.
    difference, ci
        Accuracy of `retrained` less that of `merged`, with its 95 % paired bootstrap interval.
    mcnemar_p : float
    """

    run: str
    classes: tuple[str, ...]
    split: str
    n_images: int
    merged: Mapping[str, Any]
    retrained: Mapping[str, Any]
    difference: float
    ci: tuple[float, float]
    mcnemar_p: float


def retrained(
    ws: Workspace, run_id: str, class_map: str, *, split: str = "test"
) -> Retrained | None:
    """Compare merging a run's answers with the same recipe trained on the merged classes.

    Parameters
    ----------
    run_id : str
        A run over the labels as they are.
    class_map : str
        Id or name of a saved class map.

    Returns
    -------
    Retrained, or None while the recipe was not trained on the merged classes.

    Raises
    ------
    InvalidInput
        If the run's own classes are merged already, or it is an expert.
    """
    fine = _fine(ws, run_id)
    ((run_id_merged, exists),) = planned_runs(ws, _request(ws, fine, class_map))
    if not exists:
        return None
    coarse = get_run(ws, run_id_merged)
    merge = get_class_map(ws, fine.dataset_id, class_map)
    _, y_fine, probs = held_out(ws, fine, split)
    _, y, answers = held_out(ws, coarse, split)
    if not np.array_equal(merge.apply(y_fine), y) or merge.classes != coarse.classes:
        raise InvalidInput(
            t("the two runs do not answer for the same images"),
            expected=t("one class map over the labels of the data set"),
            received=t("{first} and {second}", first=fine.id, second=coarse.id),
        )
    said = merge.merge_probabilities(probs).argmax(axis=1), answers.argmax(axis=1)
    right = [guess == y for guess in said]
    difference, ci = paired.paired_difference(right[1], right[0])
    merged, new = (
        metrics.from_confusion(metrics.confusion_matrix(y, guess, len(merge.classes)))
        for guess in said
    )
    p = paired.mcnemar_exact(right[1], right[0])
    return Retrained(
        coarse.id, merge.classes, split, len(y), merged, new, difference, (ci[0], ci[1]), p
    )


def figures(ws: Workspace, run_id: str, class_map: str) -> dict[str, Any] | None:
    """Return `retrained` on test images as the command line prints it."""
    found = retrained(ws, run_id, class_map)
    return None if found is None else asdict(found)


def submit_retraining(ws: Workspace, run_id: str, class_map: str) -> str:
    """Train a run's recipe and seed on merged classes in the background; return the job's id.

    Raises
    ------
    InvalidInput
        As for `retrained`.
    NotReady
        If the run's embeddings are no longer there.
    """
    return submit_training(ws, _request(ws, _fine(ws, run_id), class_map))


def _request(ws: Workspace, fine: Run, class_map: str) -> TrainRequest:
    return request_of(fine, class_map=get_record(ws, fine.dataset_id, class_map).id)


def _fine(ws: Workspace, run_id: str) -> Run:
    """Return the run, if its answers can be merged by a class map over the labels."""
    run = get_run(ws, run_id)
    if run.pair or run.class_map_id is not None:
        raise InvalidInput(
            t("only a run over the labels as they are can be compared with a merged one"),
            received=run.id,
            todo=t("choose a run without a class map"),
        )
    return run
