"""Do new images look like those a model was measured on? The nearest training images tell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.analysis import novelty
from core.analysis._checks import Floats, Ints
from core.records import Dataset, Run
from core.services.data.datasets import get_dataset, split_index
from core.services.data.embedding import embedder_for, embedding_matrix, embedding_status
from core.settings import DEFAULT_BACKBONE
from core.store.database import Workspace

HELD_OUT_MOST = 2_000  # test images; their quantiles need no more, and each costs a pass
FAR_SHARE = 0.01  # "farther from the training images than 99 of 100 test images"
DRIFT_LEVEL = 0.01  # a p-value below it is said: one batch in a hundred is warned of for nothing


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What new images are held against.

    Parameters
    ----------
    backbone : str
        Whose embeddings are compared.
    positions : array of int, shape (n_train,)
        Of the training images, in the data set.
    vectors : array of float32, shape (n_train, dim)
        Their embeddings.
    held_out : array of float
        The cosine distance of each test image to its nearest training image.
    """

    backbone: str
    positions: Ints
    vectors: np.ndarray
    held_out: Floats

    def nearest(self, vectors: np.ndarray) -> tuple[Ints, Floats]:
        """Return the position of the nearest training image of each image, and its distance."""
        rows, distances = novelty.nearest(vectors, self.vectors)
        return self.positions[rows], distances

    def is_far(self, distance: float) -> bool:
        """Tell whether hardly a test image (1 of 100) is as far from the training images.

        With fewer than 99 test images it is never said.
        """
        return float(novelty.p_values([distance], self.held_out)[0]) <= FAR_SHARE


def reference(ws: Workspace, dataset: Dataset, run: Run) -> Reference | None:
    """Return what a run's new images are held against, or None without embeddings.

    Parameters
    ----------
    run : Run
        The generalist; its own embeddings are compared, or those that the data set has.
    """
    backbone = str(run.config.get("backbone") or DEFAULT_BACKBONE)
    positions = split_index(ws, dataset.id, "train")
    if embedding_status(ws, dataset.id, backbone) is None or not len(positions):
        return None
    vectors = embedding_matrix(ws, dataset, backbone)[positions]
    held_out = _held_out(ws, dataset.id, backbone, embedder_for(ws, dataset, backbone))
    return Reference(backbone, positions, vectors, held_out)


def drift(distances: np.ndarray, reference: Reference) -> novelty.Drift | None:
    """Return how many new images lie far out, None where nothing can be said."""
    return novelty.drift(distances, reference.held_out)


@lru_cache(maxsize=8)
def _held_out(ws: Workspace, dataset_id: str, backbone: str, embedder: str) -> Floats:
    """Keep for the process what takes seconds for 60,000 training images and never changes."""
    rows = split_index(ws, dataset_id, "test")
    rows = rows[:: -(-len(rows) // HELD_OUT_MOST) or 1]  # spread over all of them
    if not len(rows):
        return np.empty(0)
    matrix = embedding_matrix(ws, get_dataset(ws, dataset_id), backbone)
    return novelty.nearest(matrix[rows], matrix[split_index(ws, dataset_id, "train")])[1]
