"""How far the classes that a run confuses overlap in the embedding."""

from __future__ import annotations

import numpy as np

from core.analysis.cascades import cascade
from core.analysis.clusters import clustering
from core.analysis.merges.overlap import overlap_share
from core.records import Run
from core.services.classes.mapping import run_classes
from core.services.data.datasets import get_dataset, splits
from core.services.data.embedding import embedded_with, embedding_matrix
from core.store.database import Workspace

MOST_PAIRS = 60  # the most confused; each costs some milliseconds
LEAST_CONFUSED = 2  # images


def overlap_matrix(ws: Workspace, run: Run, confusion: np.ndarray) -> np.ndarray:
    """Return the overlap of every confused pair: (n_classes, n_classes), symmetric, in [0, 1].

    Parameters
    ----------
    confusion : array of int, shape (n_classes, n_classes)
        Says which pairs to look at: those with two confused images or more, 60 at most.

    Notes
    -----
    NaN for other pairs, and everywhere without embeddings. They are those the run learned from,
    else the first of the data set; test images are left out. See `analysis.overlap`.
    """
    k = len(run.classes)
    found = np.full((k, k), np.nan)
    there = embedded_with(ws, run.dataset_id)
    known = [name for name in (run.config["backbone"], *there) if name in there]
    pairs = [
        row["pair"]
        for row in cascade.pair_table(confusion, run.classes)
        if row["n_confused"] >= LEAST_CONFUSED
    ][:MOST_PAIRS]
    if not known or not pairs:
        return found
    dataset = get_dataset(ws, run.dataset_id)
    rows = np.flatnonzero(splits(ws, dataset.id) != "test")
    reduced = clustering.reduce(embedding_matrix(ws, dataset, known[0]))[rows]
    y = run_classes(ws, run)[rows]
    for a, b in pairs:
        share = overlap_share(reduced, y, (a, b))
        found[a, b] = found[b, a] = np.nan if share is None else share
    return found
