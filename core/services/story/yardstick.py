"""The images that every step is measured on, and who says what they show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.analysis.labels.votes import NOBODY
from core.services.data.datasets import get_dataset, label_indices, split_index
from core.services.labels.by_people import FEWEST_IMAGES, labels_by_people
from core.services.labels.votes import votes_of
from core.store.database import Workspace

_UNPICKED = ("random", "import")  # queues that do not look for hard images


@dataclass(frozen=True, slots=True, eq=False)
class Yardstick:
    """Test images and their true labels: the best truth there is.

    Attributes
    ----------
    reviewed : bool
        People settled these labels; otherwise they are those of the import, on all test images.
    positions, y : array of int64, shape (n_images,)
        Rows of the data set, ascending, and the label of each.
    n_test : int
        Test images in all.
    n_settled : int
        Test images that people settled; fewer than are needed where `reviewed` is false.
    n_picked : int
        Images here that only queues brought up which look for hard images.
    """

    reviewed: bool
    positions: np.ndarray
    y: np.ndarray
    n_test: int
    n_settled: int
    n_picked: int


def yardstick(ws: Workspace, dataset_id: str) -> Yardstick:
    """Return the reviewed test images, or all of them by the import's labels.

    Notes
    -----
    No model has a voice in what is true, or it would be judged by itself.
    """
    dataset = get_dataset(ws, dataset_id)
    test = split_index(ws, dataset.id, "test")
    people = labels_by_people(ws, dataset.id)
    settled = test[people[test] != NOBODY]
    if len(settled) < FEWEST_IMAGES:
        y = label_indices(ws, dataset)[test]
        return Yardstick(False, test, y, len(test), len(settled), 0)
    seen = [(votes_of(ws, dataset.id, source=its).votes != NOBODY).any(axis=1) for its in _UNPICKED]
    unpicked = np.logical_or.reduce(seen)
    n_picked = int((~unpicked[settled]).sum())
    return Yardstick(True, settled, people[settled], len(test), len(settled), n_picked)
