"""What people say an image shows, without any model's voice: the best truth there is."""

from __future__ import annotations

import numpy as np

from core.analysis.labels import label_consensus
from core.analysis.labels.votes import NOBODY
from core.services.data.datasets import get_dataset, positions_by_id
from core.services.labels.votes import votes_of
from core.store import adjudications
from core.store.database import Workspace

FEWEST_IMAGES = 10  # below that, nothing could be told apart


def labels_by_people(ws: Workspace, dataset_id: str) -> np.ndarray:
    """Return what most reviewers say of every image, or what somebody decided.

    Returns
    -------
    array of int64, shape (n_images,)
        Index into the labels of the data set; -1 where nobody said anything, or people tie.
    """
    dataset = get_dataset(ws, dataset_id)
    its = votes_of(ws, dataset.id)
    labels = np.full(dataset.n_images, NOBODY, dtype=np.int64)
    if its.reviewers:
        found = label_consensus.majority(its.votes, len(dataset.labels))
        labels = np.where(found.tied, NOBODY, found.labels)
    with ws.read() as conn:
        decided = adjudications.current(conn, dataset.id)
    for image, decision in decided.items():
        labels[positions_by_id(ws, dataset.id)[image]] = dataset.labels.index(str(decision.label))
    return labels
