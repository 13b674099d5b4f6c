"""How many labels are right, where the truth is known: a drawn data set knows what it drew."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

import numpy as np

from core.analysis.comparisons import paired
from core.services.data.datasets import get_dataset, images
from core.services.labels import label_sets
from core.services.labels.label_sets import ORIGINAL
from core.store import datasets
from core.store.database import Workspace


@dataclass(frozen=True, slots=True)
class LabelAccuracy:
    """How many labels are right before and after; shares of `n_images`.

    Attributes
    ----------
    n_images : int
        Images whose truth is known.
    before, after : float
    difference, ci
        `after` less `before`, with its 95 % paired bootstrap interval.
    """

    n_images: int
    before: float
    after: float
    difference: float
    ci: tuple[float, float]


def label_accuracy(
    ws: Workspace, dataset_id: str, after: str, *, before: str = ORIGINAL
) -> LabelAccuracy | None:
    """Return how many labels of two label sets are right; None where nobody knows the truth.

    Parameters
    ----------
    after, before : str
        Label sets, or "original".

    Raises
    ------
    NotFound
        If there is no such label set.
    """
    dataset = get_dataset(ws, dataset_id)
    truth = _truth(ws, dataset.id)
    known = truth >= 0
    if not known.any():
        return None
    old, new = (label_sets.indices(ws, dataset, name) == truth for name in (before, after))
    difference, ci = paired.paired_difference(new[known], old[known])
    return LabelAccuracy(
        int(known.sum()), float(old[known].mean()), float(new[known].mean()), difference, ci
    )


@lru_cache(maxsize=4)
def _truth(ws: Workspace, dataset_id: str) -> np.ndarray:
    """Return the true label of each image as an index into the labels, -1 where unknown."""
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        blob = datasets.sidecar(conn, dataset.id)
    said = json.loads(ws.blobs.path(blob).read_bytes())["images"] if blob else {}
    index = {label: i for i, label in enumerate(dataset.labels)}
    named = [PurePosixPath(path).name for path in images(ws, dataset.id)["path"]]
    return np.array(
        [index.get(said[name]["true_label"], -1) if name in said else -1 for name in named],
        dtype=np.int64,
    )
