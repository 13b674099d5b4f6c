"""The images that look most like one: its nearest neighbours in the embedding."""

from __future__ import annotations

import numpy as np

from core.services.data.datasets import get_dataset
from core.services.data.embedding import embedding_matrix
from core.settings import DEFAULT_BACKBONE
from core.store.database import Workspace


def neighbours(
    ws: Workspace, dataset_id: str, position: int, *, n: int = 12, backbone: str = DEFAULT_BACKBONE
) -> list[tuple[int, float]]:
    """Return the n images most like one, as (position, cosine similarity), itself left out."""
    dataset = get_dataset(ws, dataset_id)
    matrix = embedding_matrix(ws, dataset, backbone)
    near = nearest(matrix, matrix[position], n + 1)
    return [pair for pair in near if pair[0] != position][:n]


def nearest(matrix: np.ndarray, vector: np.ndarray, n: int) -> list[tuple[int, float]]:
    """Return the n rows of `matrix` (n_images, dim) nearest to `vector` by cosine similarity."""
    norms = np.linalg.norm(matrix, axis=1) * np.linalg.norm(vector)
    cosine = matrix @ vector / np.maximum(norms, 1e-12)
    order = np.argsort(-cosine, kind="stable")[:n]
    return [(int(index), float(cosine[index])) for index in order]
