"""What a model that had not learned from an image says of its label: suspects, overlap, twins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from core.analysis.labels import suspects as confident_learning
from core.analysis.labels.suspects import Suspects
from core.errors import InvalidInput, NotReady
from core.language import t
from core.records import Dataset, Run
from core.services.data.datasets import get_dataset, image_ids, images
from core.services.data.embedding import embedding_matrix
from core.services.labels.label_sets import ORIGINAL, indices
from core.services.runs.crossvalidating import out_of_fold
from core.services.runs.training import get_run, list_runs
from core.settings import DEFAULT_BACKBONE
from core.store.database import Workspace


@dataclass(frozen=True, slots=True)
class Evidence:
    """Out-of-fold probabilities of every image of a data set, and the labels they judge."""

    run: Run
    labels: np.ndarray  # int64 (n_images,): those that the run learned
    probs: np.ndarray  # float32 (n_images, n_labels)


def usable_runs(ws: Workspace, dataset_id: str) -> list[Run]:
    """Return the runs whose answers can judge labels, the best on validation first.

    Notes
    -----
    Those over the labels as they are: a merged class cannot say which of its labels is right, and
    an expert knows two only; one trained elsewhere cannot be trained again without some images.
    """
    runs = [
        run
        for run in list_runs(ws, dataset_id)
        if not (run.pair or run.class_map_id or run.is_imported)
    ]
    return sorted(runs, key=lambda run: -run.metrics["val"]["accuracy"])


def evidence(ws: Workspace, dataset_id: str, run_id: str | None = None) -> Evidence:
    """Return out-of-fold probabilities for every image.

    Parameters
    ----------
    run_id : str, optional
        Default: of the runs that were cross-validated over all images the best on validation.

    Raises
    ------
    InvalidInput
        If `run_id` is a run over merged classes, an expert, or of another data set.
    NotReady
        If there is no such run, or it was not cross-validated over all images.
    """
    dataset = get_dataset(ws, dataset_id)
    runs = usable_runs(ws, dataset.id)
    if run_id is not None:
        runs = [run for run in runs if run.id == get_run(ws, run_id).id]
        if not runs:
            raise InvalidInput(
                t("this run cannot judge labels"),
                expected=t("a run over all labels of {name}, unmerged", name=dataset.name),
                received=run_id,
            )
    if not runs:
        raise NotReady(
            t("no run can judge these labels yet"),
            todo=t("train one with `python -m core train {name}`", name=dataset.name),
        )
    for run in runs:
        found = out_of_fold(ws, run.id, over="all")
        if found is not None:
            labels = indices(ws, dataset, run.config.get("labels", ORIGINAL))
            return Evidence(run, labels, found.probs)
    raise NotReady(
        t("{id} has not answered for images that it did not learn from", id=runs[0].id),
        expected=t("out-of-fold answers for all images: others would only repeat the labels"),
        todo=t("compute them with `python -m core crossval {id} --over all`", id=runs[0].id),
    )


@lru_cache(maxsize=8)
def _suspects_of(ws: Workspace, dataset_id: str, run_id: str) -> Suspects:
    """Judge once a process what never changes: a run's answers and its labels."""
    its = evidence(ws, dataset_id, run_id)
    return confident_learning.find_suspects(its.labels, its.probs)


def find_suspects(
    ws: Workspace, dataset_id: str, run_id: str | None = None
) -> tuple[Suspects, Evidence]:
    """Return which labels are probably wrong, and by whose answers.

    Raises
    ------
    InvalidInput, NotReady
        As `evidence`.
    """
    its = evidence(ws, dataset_id, run_id)
    return _suspects_of(ws, get_dataset(ws, dataset_id).id, its.run.id), its


def suspects(ws: Workspace, dataset_id: str, run_id: str | None = None) -> dict[str, Any]:
    """Return the labels that are probably wrong, the most suspicious first.

    Returns
    -------
    dict
        dataset, run, labels (whose labels: "original" or the id of a label set), n_images,
        n_suspects and `suspects`: [{image, path, position, split, label, suggested, score,
        confidence}]. `score` is 1 - the probability of the label, `confidence` the probability
        of the suggested one; both out-of-fold and calibrated.

    Raises
    ------
    InvalidInput, NotReady
        As `evidence`.
    """
    dataset = get_dataset(ws, dataset_id)
    found, its = find_suspects(ws, dataset.id, run_id)
    frame, ids = images(ws, dataset.id), image_ids(ws, dataset.id)
    rows = [
        {
            "image": ids[p],
            "path": frame["path"][p],
            "position": int(p),
            "split": frame["split"][p],
            "label": dataset.labels[its.labels[p]],
            "suggested": dataset.labels[found.suggested[p]],
            "score": float(found.score[p]),
            "confidence": float(its.probs[p, found.suggested[p]]),
        }
        for p in found.order
    ]
    return {
        "dataset": dataset.id,
        "run": its.run.id,
        "labels": its.run.config.get("labels", ORIGINAL),
        "n_images": dataset.n_images,
        "n_suspects": len(rows),
        "suspects": rows,
    }


def overlap(ws: Workspace, dataset_id: str, run_id: str | None = None) -> list[dict[str, Any]]:
    """Return the pairs of labels whose images are labelled one for the other, the worst first.

    Returns
    -------
    list of dict
        a, b, share (of all images, estimated), n_images (the same as a number).

    Raises
    ------
    InvalidInput, NotReady
        As `evidence`.
    """
    dataset, its = get_dataset(ws, dataset_id), evidence(ws, dataset_id, run_id)
    return [
        {
            "a": dataset.labels[pair.a],
            "b": dataset.labels[pair.b],
            "share": pair.share,
            "n_images": pair.n_images,
        }
        for pair in confident_learning.overlapping_classes(its.labels, its.probs)
    ]


def twins(
    ws: Workspace,
    dataset_id: str,
    *,
    labels: str = ORIGINAL,
    min_cosine: float = 0.95,
    backbone: str = DEFAULT_BACKBONE,
    n_most: int = 200,
) -> list[dict[str, Any]]:
    """Return pairs of images that look nearly the same and have different labels.

    Parameters
    ----------
    labels : str
        Whose labels: "original" or a label set.
    min_cosine : float
        Cosine similarity of their embeddings from which images count as nearly the same.

    Returns
    -------
    list of dict
        positions (two), images (two), labels (two), cosine; the most alike first.

    Raises
    ------
    NotReady
        If the data set has no embeddings of this backbone.
    NotFound
        If there is no such label set.
    """
    dataset = get_dataset(ws, dataset_id)
    y, ids = indices(ws, dataset, labels), image_ids(ws, dataset.id)
    matrix = embedding_matrix(ws, dataset, backbone)
    pairs = confident_learning.twins_named_apart(matrix, y, min_cosine=min_cosine, n_most=n_most)
    return [
        {
            "positions": [a, b],
            "images": [ids[a], ids[b]],
            "labels": [dataset.labels[y[a]], dataset.labels[y[b]]],
            "cosine": cosine,
        }
        for a, b, cosine in pairs
    ]


def confidence(
    ws: Workspace, dataset: Dataset, run_id: str | None = None
) -> tuple[np.ndarray, Run] | None:
    """Return the confidence of answers about images that were not learned from, or None.

    Returns
    -------
    confidence, run
        float (n_images,), NaN where there is no such answer: without cross-validation a run
        answers for its validation and test images only.
    """
    try:
        its = evidence(ws, dataset.id, run_id)
    except NotReady:
        runs = usable_runs(ws, dataset.id)
        if not runs:
            return None
        return ws.blobs.open_array(runs[0].predictions).max(axis=1), runs[0]
    return its.probs.max(axis=1), its.run
