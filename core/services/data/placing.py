"""Place new images on the map of a data set, which stays as it is."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from core.analysis import placement
from core.analysis.clusters import clustering
from core.errors import NotReady
from core.language import t
from core.records import Run
from core.services.data import embedding, exploring
from core.services.data.datasets import get_dataset
from core.settings import DEFAULT_BACKBONE
from core.store.database import Workspace


def place(
    ws: Workspace,
    dataset_id: str,
    vectors: np.ndarray,
    backbone: str = DEFAULT_BACKBONE,
    *,
    kind: str = "pca",
    seed: int = 0,
) -> np.ndarray:
    """Return the places of new images on a data set's plane, float32 (n_new, 2).

    Parameters
    ----------
    vectors : array of float, shape (n_new, dim)
        Embeddings of the new images, made like those of the data set
        (`predicting.embed_files`).
    kind : {"pca", "umap"}
        On PCA the projection is exact; on UMAP an image lies among its nearest neighbours.
    seed : int
        Of the UMAP plane.

    Raises
    ------
    InvalidInput
        If the vectors are of another dimension.
    NotReady
        If the data set has no embeddings from this backbone, or its UMAP plane is not drawn.
    """
    dataset = get_dataset(ws, dataset_id)
    points = exploring.points(ws, dataset.id, backbone, kind=kind, seed=seed)
    if points is None:
        raise NotReady(
            t("the UMAP map of {dataset} is not drawn yet", dataset=dataset.name),
            todo=t("draw it on the Explore page"),
        )
    key = embedding.embedder_for(ws, dataset, backbone)
    if kind == "pca":
        return placement.project(vectors, _pca_axes(ws, dataset.id, backbone, key))
    reference, axes = _reduced(ws, dataset.id, backbone, key)
    return placement.among_neighbours(placement.project(vectors, axes), reference, points)


def map_backbone(ws: Workspace, run: Run) -> str | None:
    """Return the backbone whose map a run's images are placed on, None if there is no map.

    A run on embeddings has its own; for a run on pixels it is the first that the data set was
    embedded with.
    """
    own = run.config.get("backbone")
    known = embedding.embedded_with(ws, run.dataset_id)
    return str(own) if own in known else next(iter(known), None)


@lru_cache(maxsize=4)
def _pca_axes(ws: Workspace, dataset_id: str, backbone: str, embedder: str) -> placement.Axes:
    """Keep for the process what takes a second for 70,000 images and never changes."""
    dataset = get_dataset(ws, dataset_id)
    matrix = embedding.embedding_matrix(ws, dataset, backbone)
    return placement.axes_of(matrix, embedding.pca_plane(ws, dataset, backbone))


@lru_cache(maxsize=2)
def _reduced(
    ws: Workspace, dataset_id: str, backbone: str, embedder: str
) -> tuple[np.ndarray, placement.Axes]:
    """Return the space the UMAP plane was made from, (n_images, n_components), and its axes."""
    matrix = embedding.embedding_matrix(ws, get_dataset(ws, dataset_id), backbone)
    reduced = clustering.reduce(matrix)
    return reduced, placement.axes_of(matrix, reduced)
