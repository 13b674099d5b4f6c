"""Do new images look like those a model was measured on? The nearest training images tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from core.analysis import novelty
from core.analysis._checks import Floats, Ints
from core.records import Dataset, Run
from core.services.data.datasets import get_dataset, split_index
from core.services.data.embedding import embedder_for, embedding_matrix, embedding_status
from core.services.runs import predicting
from core.settings import DEFAULT_BACKBONE
from core.store.database import Workspace

HELD_OUT_MOST = 2_000  # test images; their quantiles need no more, and each costs a pass
FAR_SHARE = 0.01  # "farther from the training images than 99 of 100 test images"
DRIFT_LEVEL = 0.01  # of the p-value: one batch in a hundred is warned of for nothing


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The training images that new images are held against.

    Parameters
    ----------
    backbone : str
        Whose embeddings are compared.
    positions : array of int, shape (n_train,)
        In the data set.
    vectors : array of float32, shape (n_train, dim)
        Their embeddings.
    """

    backbone: str
    positions: Ints
    vectors: np.ndarray

    def nearest(self, vectors: np.ndarray) -> tuple[Ints, Floats]:
        """Return the position of the nearest training image of each image, and its distance."""
        rows, distances = novelty.nearest(vectors, self.vectors)
        return self.positions[rows], distances


def reference(ws: Workspace, dataset: Dataset, run: Run) -> Reference | None:
    """Return what a run's new images are held against, or None without embeddings.

    Parameters
    ----------
    run : Run
        The generalist; its own embeddings are compared, or the usual ones if it is on pixels.
    """
    backbone = str(run.config.get("backbone") or DEFAULT_BACKBONE)
    positions = split_index(ws, dataset.id, "train")
    if embedding_status(ws, dataset.id, backbone) is None or not len(positions):
        return None
    return Reference(backbone, positions, embedding_matrix(ws, dataset, backbone)[positions])


def held_out(ws: Workspace, dataset: Dataset, run: Run) -> Floats:
    """Return the distance of each test image to its nearest training image; none: empty.

    Of many test images, some that are spread over all of them.
    """
    backbone = str(run.config.get("backbone") or DEFAULT_BACKBONE)
    if embedding_status(ws, dataset.id, backbone) is None:
        return np.empty(0)
    return _held_out(ws, dataset.id, backbone, embedder_for(ws, dataset, backbone))


def is_far(ws: Workspace, model_id: str, file: tuple[str, bytes]) -> bool:
    """Tell whether hardly a test image (1 of 100) is as far from the training images as this one.

    Never without embeddings, or with fewer than 99 test images.

    Raises
    ------
    InvalidInput, NotFound
        As `predicting.predict`.
    """
    dataset, generalist, _ = predicting.model_of(ws, model_id)
    known, usual = reference(ws, dataset, generalist), held_out(ws, dataset, generalist)
    if known is None:
        return False
    _, distances = known.nearest(predicting.embed_files(ws, dataset.id, known.backbone, [file]))
    return float(novelty.p_values(distances, usual)[0]) <= FAR_SHARE


def drift(ws: Workspace, model_id: str, rows: Sequence[Mapping[str, Any]]) -> novelty.Drift | None:
    """Return how many of the images answered in a batch lie far out.

    Parameters
    ----------
    rows : sequence of dict
        From `batch.answers`.

    Returns
    -------
    Drift or None
        As `novelty.drift`; None without embeddings.
    """
    distances = [row["distance"] for row in rows if row.get("distance") is not None]
    dataset, generalist, _ = predicting.model_of(ws, model_id)
    return novelty.drift(distances, held_out(ws, dataset, generalist))


@lru_cache(maxsize=8)
def _held_out(ws: Workspace, dataset_id: str, backbone: str, embedder: str) -> Floats:
    """Keep for the process what takes seconds for 60,000 training images and never changes."""
    train, test = (split_index(ws, dataset_id, name) for name in ("train", "test"))
    if not len(train) or not len(test):
        return np.empty(0)
    test = test[:: -(-len(test) // HELD_OUT_MOST)]
    matrix = embedding_matrix(ws, get_dataset(ws, dataset_id), backbone)
    return novelty.nearest(matrix[test], matrix[train])[1]
