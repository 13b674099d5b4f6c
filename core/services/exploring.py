"""Explore the embeddings: the map for the eye, and the evidence for how many classes there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from core.analysis import clustering, projection, verdict
from core.analysis.silhouette import MAX_EXACT
from core.errors import InvalidInput
from core.ids import content_id
from core.jobs import engine
from core.jobs.context import JobContext
from core.records import Dataset
from core.services.datasets import get_dataset, label_indices
from core.services.embedding import (
    embedder_for,
    embedding_matrix,
    find_plane,
    keep_plane,
    pca_plane,
)
from core.settings import DEFAULT_BACKBONE
from core.store import results
from core.store.database import Workspace

K_MOST = 50  # beyond that a person cannot look at the table


def submit_projection(
    ws: Workspace, dataset_id: str, backbone: str = DEFAULT_BACKBONE, *, seed: int = 0
) -> str:
    """Start the UMAP projection in the background and return the job's id."""
    dataset = get_dataset(ws, dataset_id)
    params = {"dataset": dataset.id, "backbone": backbone, "seed": seed}
    title = f"Draw the map of {dataset.name}"
    exists = points(ws, dataset.id, backbone, kind="umap", seed=seed) is not None
    return engine.submit(
        ws,
        "projection",
        params,
        title=title,
        dataset_id=dataset.id,
        idem_key=content_id("projection", [params, exists]),  # a double click is one job
    )


def run_projection(context: JobContext, params: Mapping[str, Any]) -> dict[str, Any]:
    """Compute the UMAP plane (in the job process) and keep it."""
    ws = context.workspace
    dataset = get_dataset(ws, params["dataset"])
    context.report(0.02, "reading embeddings")
    reduced = clustering.reduce(embedding_matrix(ws, dataset, params["backbone"]))
    points = projection.umap_points(reduced, seed=params["seed"], report=context.report)
    key = _projection_key(ws, dataset, params["backbone"], params["seed"])
    return {"projection": keep_plane(ws, dataset, key, points)}


def points(
    ws: Workspace,
    dataset_id: str,
    backbone: str = DEFAULT_BACKBONE,
    *,
    kind: str = "pca",
    seed: int = 0,
) -> np.ndarray | None:
    """Return the plane of a data set's images, float32 (n_images, 2).

    Parameters
    ----------
    kind : {"pca", "umap"}
        The PCA plane is computed at once; UMAP is None until its job has run.
    """
    dataset = get_dataset(ws, dataset_id)
    if kind == "pca":
        return pca_plane(ws, dataset, backbone)
    return find_plane(ws, dataset, _projection_key(ws, dataset, backbone, seed))


def submit_explore(
    ws: Workspace,
    dataset_id: str,
    backbone: str = DEFAULT_BACKBONE,
    *,
    k_min: int = 1,
    k_max: int = 12,
    seed: int = 0,
) -> str:
    """Start the sweep over numbers of clusters in the background and return the job's id.

    Raises
    ------
    InvalidInput
        If the range of k is empty, starts below 1, or goes beyond K_MOST or the images.
    """
    dataset = get_dataset(ws, dataset_id)
    most = min(K_MOST, dataset.n_images - 1)
    if not 1 <= k_min <= k_max <= most:
        raise InvalidInput(
            "this range of k cannot be explored",
            expected=f"1 <= from <= to <= {most}",
            received=f"{k_min}..{k_max}",
        )
    params = {
        "dataset": dataset.id,
        "backbone": backbone,
        "k_min": k_min,
        "k_max": k_max,
        "seed": seed,
    }
    title = f"Explore {dataset.name}"
    key = _exploration_key(ws, dataset, backbone, range(k_min, k_max + 1), seed)
    with ws.read() as conn:
        exists = results.find(conn, "explore", dataset.id, key) is not None
    return engine.submit(
        ws,
        "explore",
        params,
        title=title,
        dataset_id=dataset.id,
        idem_key=content_id("explore", [key, exists]),  # a double click is one job
    )


def run_explore(context: JobContext, params: Mapping[str, Any]) -> dict[str, Any]:
    """Sweep k (in the job process), keep and return what `explore` prints."""
    ws = context.workspace
    dataset = get_dataset(ws, params["dataset"])
    ks = list(range(params["k_min"], params["k_max"] + 1))
    context.report(0.02, "reading embeddings")
    reduced = clustering.reduce(embedding_matrix(ws, dataset, params["backbone"]))
    rows = clustering.sweep(
        reduced, ks, params["seed"], report=lambda share, text: context.report(0.9 * share, text)
    )
    context.report(0.9, "Keeping the clusters")
    clusters = np.array(clustering.partitions(reduced, ks, params["seed"]), dtype=np.int32)
    context.report(0.98, "Comparing clusters with labels")
    value = _evidence(ws, dataset, rows, dict(zip(ks, clusters, strict=True)))
    value |= {"backbone": params["backbone"], "seed": params["seed"]}
    blob = ws.blobs.put_array(clusters)
    key = _exploration_key(ws, dataset, params["backbone"], ks, params["seed"])
    with ws.write() as conn:
        results.add(
            conn,
            kind="explore",
            dataset_id=dataset.id,
            params=key,
            value=value,
            blob=blob,
        )
    return value


def exploration(
    ws: Workspace, dataset_id: str, backbone: str = DEFAULT_BACKBONE
) -> dict[str, Any] | None:
    """Return the newest evidence, with `clusters`: {k: cluster of every image}; or None."""
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        found = results.latest(conn, "explore", dataset.id, embedder_for(ws, dataset, backbone))
    if found is None:
        return None
    params, value, blob = found
    if blob is None:
        return None
    return value | {"clusters": dict(zip(params["ks"], ws.blobs.open_array(blob), strict=True))}


def cluster_table(
    ws: Workspace, dataset_id: str, clusters: np.ndarray
) -> tuple[np.ndarray, dict[str, float]]:
    """Return the table cluster x label, int (k, n_labels), and {ari, ami} for these clusters."""
    dataset = get_dataset(ws, dataset_id)
    labels = label_indices(ws, dataset)
    table = clustering.crosstab(clusters, labels, len(dataset.labels))
    return table, clustering.agreement(clusters, labels)


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


def _evidence(
    ws: Workspace, dataset: Dataset, rows: list[dict[str, Any]], clusters: Mapping[int, np.ndarray]
) -> dict[str, Any]:
    suggested = verdict.suggest(rows)
    found = verdict.verdict(rows, suggested)
    said = found.sentence
    if dataset.n_images > MAX_EXACT:
        said += f" Silhouettes are those of {MAX_EXACT:,} images drawn at random."
    shown = found.k or min(clusters, key=lambda k: abs(k - len(dataset.labels)))
    table, agreement = cluster_table(ws, dataset.id, clusters[shown])
    return {
        "k": rows,
        "suggested": suggested,
        "verdict": {"text": said, "kind": found.kind, "k": found.k},
        "crosstab": {
            "k": int(shown),
            "labels": list(dataset.labels),
            "counts": table.tolist(),
        },
        **agreement,
        "n_images": dataset.n_images,
    }


def _exploration_key(
    ws: Workspace, dataset: Dataset, backbone: str, ks: Iterable[int], seed: int
) -> dict[str, Any]:
    return {"embedder": embedder_for(ws, dataset, backbone), "ks": list(ks), "seed": seed}


def _projection_key(ws: Workspace, dataset: Dataset, backbone: str, seed: int) -> dict[str, Any]:
    return {"embedder": embedder_for(ws, dataset, backbone), "kind": "umap", "seed": seed}
