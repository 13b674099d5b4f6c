"""What were new labels worth? The same recipe and seeds on old and new ones, on the same images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.analysis.comparisons import paired
from core.analysis.labels.votes import NOBODY
from core.errors import InvalidInput, NotReady
from core.language import t
from core.records import Run
from core.services.classes.mapping import get_class_map
from core.services.data.datasets import get_dataset, split_index
from core.services.labels import label_sets
from core.services.labels.by_people import FEWEST_IMAGES, labels_by_people
from core.services.labels.label_sets import ORIGINAL
from core.services.runs.planning import TrainRequest
from core.services.runs.training import (
    get_run,
    planned_runs,
    request_of,
    submit_training,
    training_s,
)
from core.store.database import Workspace

_START_S = 10.0  # two processes, the backend's import and its first graph, on a laptop


@dataclass(frozen=True, slots=True)
class Worth:
    """Two trainings of one recipe, on old and new labels, about the same reviewed test images.

    Attributes
    ----------
    before, after : tuple of str
        Runs, one a seed, on the labels before and on the new ones.
    n_images : int
        Test images whose label people agree on, or somebody decided.
    accuracy_before, accuracy_after : float
        Mean over seeds, by what people say of these images.
    difference, ci
        After less before, with its 95 % bootstrap interval over images.
    verdict : {"better", "worse", "no measurable effect"}
        By whether the interval leaves 0 out.
    n_changed : int
        Training images whose label differs.
    positions : array of int64, shape (n_images,)
        The images behind these numbers.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    n_images: int
    accuracy_before: float
    accuracy_after: float
    difference: float
    ci: tuple[float, float]
    verdict: Literal["better", "worse", "no measurable effect"]
    n_changed: int
    positions: np.ndarray


def submit_worth(ws: Workspace, run_id: str, labels: str, seeds: Sequence[int] = (0, 1, 2)) -> str:
    """Train a run's recipe on its own labels and on new ones; return the id of the second job.

    Parameters
    ----------
    run_id : str
        The recipe, and the labels before.
    labels : str
        The new labels: a label set, or "original".
    seeds : sequence of int
        Runs that exist already are found, not trained again. Jobs run in the order of submission:
        when the second is done, so is the first.

    Raises
    ------
    InvalidInput
        If the labels are those the run was trained on.
    NotReady
        If there are too few reviewed test images to tell anything.
    NotFound
        If there is no such label set.
    """
    before, after = _requests(ws, run_id, labels, seeds)
    _truth(ws, get_run(ws, run_id))
    if not all(exists for _, exists in planned_runs(ws, before)):
        submit_training(ws, before)
    return submit_training(ws, after)


def estimate(ws: Workspace, run_id: str, seeds: Sequence[int] = (0, 1, 2)) -> float:
    """Return about how long `submit_worth` will take, in seconds, when no run exists yet."""
    return _START_S + 2 * len(seeds) * training_s(get_run(ws, run_id))


def worth(
    ws: Workspace, run_id: str, labels: str, seeds: Sequence[int] = (0, 1, 2)
) -> Worth | None:
    """Return what new labels changed, or None while a run of either kind is missing.

    Notes
    -----
    The truth of a test image is what most people said of it, or what was decided: no model has a
    voice in it, as it has in CROWDLAB, or it would be judged by itself. Images on which people tie
    are left out, and so are those that nobody reviewed: their label may be the wrong one.

    Raises
    ------
    InvalidInput, NotReady, NotFound
        As `submit_worth`.
    """
    requests = _requests(ws, run_id, labels, seeds)
    planned = [planned_runs(ws, request) for request in requests]
    run = get_run(ws, run_id)
    positions, y = _truth(ws, run)
    if not all(exists for its in planned for _, exists in its):
        return None
    before, after = (tuple(found for found, _ in its) for its in planned)
    right_before, right_after = (_right(ws, its, positions, y) for its in (before, after))
    difference, ci = paired.mean_difference(right_after - right_before)
    return Worth(
        before,
        after,
        len(positions),
        float(right_before.mean()),
        float(right_after.mean()),
        difference,
        ci,
        "better" if ci[0] > 0 else "worse" if ci[1] < 0 else "no measurable effect",
        _n_changed(ws, run, labels),
        positions,
    )


def _requests(
    ws: Workspace, run_id: str, labels: str, seeds: Sequence[int]
) -> tuple[TrainRequest, TrainRequest]:
    run = get_run(ws, run_id)
    new = label_sets.find(ws, get_dataset(ws, run.dataset_id), labels)
    new_id = ORIGINAL if new is None else new.id
    if new_id == run.config.get("labels", ORIGINAL):
        raise InvalidInput(
            t("there is nothing to compare: the run was trained on these labels"),
            expected=t("another label set"),
            received=labels,
        )
    if run.pair:
        raise InvalidInput(t("an expert answers for a part of the images only"), received=run.id)
    before = request_of(run, seeds=tuple(seeds))
    return before, request_of(run, seeds=tuple(seeds), labels=new_id)


def _truth(ws: Workspace, run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Return positions and classes of the test images that people have settled."""
    dataset = get_dataset(ws, run.dataset_id)
    labels = labels_by_people(ws, dataset.id)
    test = split_index(ws, dataset.id, "test")
    positions = test[labels[test] != NOBODY]
    if len(positions) < FEWEST_IMAGES:
        raise NotReady(
            t("too few test images were reviewed to tell what new labels are worth"),
            expected=t(
                "{fewest_images} or more on which people agree", fewest_images=FEWEST_IMAGES
            ),
            received=str(len(positions)),
            todo=t("review the random queue"),
        )
    class_map = get_class_map(ws, dataset.id, run.class_map_id)
    return positions, class_map.apply(labels[positions])


def _right(
    ws: Workspace, run_ids: Sequence[str], positions: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Return for each image the share of the runs that are right, float (n,)."""
    answers = [ws.blobs.open_array(get_run(ws, its).predictions)[positions] for its in run_ids]
    return np.asarray(np.mean([probs.argmax(axis=1) == y for probs in answers], axis=0))


def _n_changed(ws: Workspace, run: Run, labels: str) -> int:
    dataset = get_dataset(ws, run.dataset_id)
    train = split_index(ws, dataset.id, "train")
    old, new = (
        label_sets.indices(ws, dataset, its)[train]
        for its in (run.config.get("labels", ORIGINAL), labels)
    )
    return int((old != new).sum())
