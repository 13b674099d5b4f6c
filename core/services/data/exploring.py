"""Explore the embeddings: the map for the eye, and the evidence for how many classes there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from core.analysis import projection
from core.analysis.clusters import clustering, splitting, verdict
from core.analysis.clusters.silhouette import MAX_EXACT
from core.errors import InvalidInput
from core.ids import content_id
from core.jobs import engine
from core.jobs.context import JobContext
from core.language import t
from core.records import Dataset
from core.services.data.datasets import get_dataset, label_indices
from core.services.data.embedding import (
    embedder_for,
    embedding_matrix,
    find_plane,
    keep_plane,
    pca_plane,
    submit_embed,
)
from core.settings import DEFAULT_BACKBONE
from core.store import results
from core.store.database import Workspace

K_MOST = 50  # beyond that a person cannot look at the table
K_SHOWN = 20  # largest k that is tried when nobody says otherwise
RULES = 2  # of the evidence: what other rules have found is not shown as if these had


def submit_embed_and_map(ws: Workspace, dataset_id: str, backbone: str = DEFAULT_BACKBONE) -> str:
    """Start embedding, and after it the UMAP projection; return the id of the first job.

    Notes
    -----
    So nobody waits for the map: on a machine that never drew one, umap-learn compiles for about
    20 seconds.
    """
    job_id = submit_embed(ws, dataset_id, backbone)
    submit_projection(ws, dataset_id, backbone)
    return job_id


def submit_projection(
    ws: Workspace, dataset_id: str, backbone: str = DEFAULT_BACKBONE, *, seed: int = 0
) -> str:
    """Start the UMAP projection in the background and return the job's id."""
    dataset = get_dataset(ws, dataset_id)
    params = {"dataset": dataset.id, "backbone": backbone, "seed": seed}
    title = t("Draw the map of {dataset}", dataset=dataset.name)
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
    context.report(0.02, t("reading embeddings"))
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
    k_max: int | None = None,
    seed: int = 0,
) -> str:
    """Start the sweep over numbers of clusters in the background and return the job's id.

    Parameters
    ----------
    k_min, k_max : int
        The range; up to 20 clusters by default, or as many as there are images but one.

    Raises
    ------
    InvalidInput
        If the range of k is empty, starts below 1, or goes beyond K_MOST or the images.
    """
    dataset = get_dataset(ws, dataset_id)
    most = min(K_MOST, dataset.n_images - 1)
    k_max = min(K_SHOWN, most) if k_max is None else k_max
    if not 1 <= k_min <= k_max <= most:
        raise InvalidInput(
            t("this range of k cannot be explored"),
            expected=t("1 <= from <= to <= {most}", most=most),
            received=f"{k_min}..{k_max}",
        )
    params = {
        "dataset": dataset.id,
        "backbone": backbone,
        "k_min": k_min,
        "k_max": k_max,
        "seed": seed,
    }
    title = t("Explore {dataset}", dataset=dataset.name)
    key = _exploration_key(ws, dataset, backbone, range(k_min, k_max + 1), seed)
    with ws.read() as conn:
        exists = results.find(conn, "explore", dataset.id, key) is not None
    return engine.submit(
        ws,
        "explore",
        params,
        title=title,
        dataset_id=dataset.id,
        idem_key=content_id("explore", [dataset.id, key, exists]),  # a double click is one job
    )


def run_explore(context: JobContext, params: Mapping[str, Any]) -> dict[str, Any]:
    """Sweep k (in the job process), keep and return what `explore` prints."""
    ws = context.workspace
    dataset = get_dataset(ws, params["dataset"])
    ks = list(range(params["k_min"], params["k_max"] + 1))
    context.report(0.02, t("reading embeddings"))
    reduced = clustering.reduce(embedding_matrix(ws, dataset, params["backbone"]))
    found = clustering.sweep(
        reduced, ks, params["seed"], report=lambda share, text: context.report(0.8 * share, text)
    )
    labels = label_indices(ws, dataset)
    splits = splitting.suggest_splits(
        reduced,
        labels,
        len(dataset.labels),
        params["seed"],
        report=lambda share, text: context.report(0.8 + 0.18 * share, text),
    )
    context.report(0.98, t("Comparing clusters with labels"))
    value = _evidence(dataset, found.rows, dict(zip(ks, found.clusters, strict=True)), labels)
    value |= {"backbone": params["backbone"], "seed": params["seed"]}
    value["splits"] = [_split(dataset, split) for split in splits]
    halves = np.max([split.groups for split in splits], axis=0)  # of each image, in its label
    blob = ws.blobs.put_array(np.array([*found.clusters, halves], dtype=np.int32))
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
    """Return the newest evidence, or None.

    Returns
    -------
    dict or None
        What `explore` prints, with `clusters`, {k: cluster of every image}, and `halves`, of
        every image the group (0 or 1) into which its label would split. None where nothing was
        explored, or only by other rules.
    """
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        found = results.latest(conn, "explore", dataset.id, embedder_for(ws, dataset, backbone))
    if found is None:
        return None
    params, value, blob = found
    if blob is None or params.get("rules") != RULES:
        return None
    *clusters, halves = ws.blobs.open_array(blob)
    return value | {
        # said again: the job that found it has no reader
        "verdict": _verdict(dataset, value["k"], value["suggested"]),
        "clusters": dict(zip(params["ks"], clusters, strict=True)),
        "halves": halves,
    }


def cluster_table(
    ws: Workspace, dataset_id: str, clusters: np.ndarray
) -> tuple[np.ndarray, dict[str, float]]:
    """Return the table cluster x label, int (k, n_labels), and {ari, ami} for these clusters."""
    dataset = get_dataset(ws, dataset_id)
    labels = label_indices(ws, dataset)
    table = clustering.crosstab(clusters, labels, len(dataset.labels))
    return table, clustering.agreement(clusters, labels)


def _evidence(
    dataset: Dataset,
    rows: list[dict[str, Any]],
    clusters: Mapping[int, np.ndarray],
    labels: np.ndarray,
) -> dict[str, Any]:
    suggested = verdict.suggest(rows)
    found = _verdict(dataset, rows, suggested)
    shown = found["k"] or min(clusters, key=lambda k: (abs(k - len(dataset.labels)), k))
    table = clustering.crosstab(clusters[shown], labels, len(dataset.labels))
    return {
        "k": rows,
        "suggested": suggested,
        "verdict": found,
        "crosstab": {
            "k": int(shown),
            "labels": list(dataset.labels),
            "counts": table.tolist(),
        },
        "shared": [
            {
                "labels": [dataset.labels[label] for label in shared.labels],
                "cluster": shared.cluster,
                "share": shared.share,
            }
            for shared in clustering.shared_labels(table)
        ],
        **clustering.agreement(clusters[shown], labels),
        "n_images": dataset.n_images,
    }


def _verdict(
    dataset: Dataset, rows: list[dict[str, Any]], suggested: Mapping[str, int]
) -> dict[str, Any]:
    """Return what the criteria say together: text, kind, k."""
    found = verdict.verdict(rows, suggested)
    said = found.sentence
    if dataset.n_images > MAX_EXACT:
        said = t(
            "{verdict} Silhouettes are those of {n:,} images drawn at random.",
            verdict=said,
            n=MAX_EXACT,
        )
    return {"text": said, "kind": found.kind, "k": found.k}


def _split(dataset: Dataset, split: splitting.LabelSplit) -> dict[str, Any]:
    """Return what is kept of one label's split; the groups are kept beside the clusters."""
    value = split._asdict()
    del value["groups"]
    names = [None if like is None else dataset.labels[like] for like in split.looks_like]
    return value | {
        "label": dataset.labels[split.label],
        "sizes": list(split.sizes),
        "looks_like": names,
    }


def _exploration_key(
    ws: Workspace, dataset: Dataset, backbone: str, ks: Iterable[int], seed: int
) -> dict[str, Any]:
    embedder = embedder_for(ws, dataset, backbone)
    return {"embedder": embedder, "ks": list(ks), "seed": seed, "rules": RULES}


def _projection_key(ws: Workspace, dataset: Dataset, backbone: str, seed: int) -> dict[str, Any]:
    return {"embedder": embedder_for(ws, dataset, backbone), "kind": "umap", "seed": seed}
