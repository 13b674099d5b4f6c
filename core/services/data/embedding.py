"""Embed the images of a data set once, and read the matrix back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from core.analysis import projection
from core.errors import InvalidInput, NotReady
from core.ids import content_id
from core.jobs import engine
from core.jobs.context import JobContext
from core.language import t
from core.models.backbones import BACKBONES
from core.models.backbones import get as get_backbone
from core.models.embedding import Embedder, embedder_key, open_embedder
from core.records import Dataset
from core.services.data.datasets import get_dataset, pixels
from core.settings import DEFAULT_BACKBONE
from core.store import embeddings, results
from core.store.database import Workspace, utc_now

Report = Callable[[float, str], None]

_LEAST_PX = 160  # a backbone of 224 px loses accuracy below it
_CHUNK = 512  # images between two durable steps: a killed job loses at most these


def embedder_for(ws: Workspace, dataset: Dataset, backbone: str) -> str:
    """Return the key of backbone, weights and preprocessing that vectors are cached under."""
    name, input_px = _resolve(dataset, backbone)
    return f"{embedder_key(name, input_px)}/{dataset.size_px}px-{dataset.fit}"


def open_for(
    ws: Workspace, dataset: Dataset, backbone: str, stop: Callable[[], bool] | None = None
) -> Embedder:
    """Open the embedder of a data set; the first time on a machine its backbone is exported."""
    name, input_px = _resolve(dataset, backbone)
    folder, settings = ws.path / "cache", ws.settings
    return open_embedder(
        name, settings.weights, folder, settings.n_threads, input_px=input_px, stop=stop
    )


def _resolve(dataset: Dataset, backbone: str) -> tuple[str, int]:
    """Return (name, input_px) of "NAME" or "NAME@PX".

    Without a size, images are not enlarged beyond what pays: on small pictures 160 px gives the
    accuracy of 224 px at half the time (benchmarks/README.md).
    """
    name, at, size = backbone.partition("@")
    known = get_backbone(name)
    if not at:
        enlarged = -(-max(dataset.size_px, _LEAST_PX) // 32) * 32
        return name, min(known.input_px, enlarged)
    if not size.isdecimal():
        raise InvalidInput(
            t("the size behind @ is not a number"), expected=f"{name}@160", received=repr(backbone)
        )
    return name, int(size)


def backbones() -> list[dict[str, Any]]:
    """Return name, title, dim, input_px, licence and source of each, the default first."""
    known = sorted(BACKBONES.values(), key=lambda b: b.name != DEFAULT_BACKBONE)
    told = ("name", "title", "dim", "input_px", "licence", "source")
    return [{field: getattr(b, field) for field in told} for b in known]


def embedded_with(ws: Workspace, dataset_id: str) -> list[str]:
    """Return the backbones ("NAME" or "NAME@PX") a data set has embeddings from, oldest first."""
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        rows = embeddings.all_of(conn, dataset.id)
    return [
        row["backbone"]
        for row in rows
        if row["embedder"] == embedder_for(ws, dataset, row["backbone"])
    ]


def submit_embed(ws: Workspace, dataset_id: str, backbone: str = DEFAULT_BACKBONE) -> str:
    """Start embedding a data set in the background and return the job's id."""
    dataset = get_dataset(ws, dataset_id)
    key = embedder_for(ws, dataset, backbone)  # an unknown backbone is told now
    with ws.read() as conn:
        n_missing = int(embeddings.rows_of(conn, dataset.id, key)["shard"].isna().sum())
    params = {"dataset": dataset.id, "backbone": backbone}
    return engine.submit(
        ws,
        "embed",
        params,
        title=t("Embed {dataset}", dataset=dataset.name),
        dataset_id=dataset.id,
        idem_key=content_id("embed", [params, key, n_missing]),  # a double click is one job
    )


def run_embed(context: JobContext, params: Mapping[str, Any]) -> dict[str, Any]:
    """Embed (in the job process) what is not cached yet; return what `embed` prints."""
    dataset = get_dataset(context.workspace, params["dataset"])
    return embed_now(
        context.workspace, dataset, params["backbone"], context.report, context.should_stop
    )


def embed_now(
    ws: Workspace, dataset: Dataset, backbone: str, report: Report, stop: Callable[[], bool]
) -> dict[str, Any]:
    """Embed the images that have no vector yet and record the embedding.

    Notes
    -----
    Vectors are kept by image bytes, backbone and preprocessing: m new images cost m, whichever
    data set they are in, and a second call decodes and computes nothing.
    """
    key = embedder_for(ws, dataset, backbone)
    with ws.read() as conn:
        rows = embeddings.rows_of(conn, dataset.id, key)
    missing = rows.loc[rows["shard"].isna()]
    started = time.perf_counter()
    if len(missing):
        report(0.0, t("opening {backbone}", backbone=backbone))
        embedder = open_for(ws, dataset, backbone, stop)
        started = time.perf_counter()  # the backbone is opened once a process, not once an image
        positions, ids = missing["position"].to_numpy(), missing["image_id"].tolist()
        source = pixels(ws, dataset)
        for start in range(0, len(ids), _CHUNK):
            part = slice(start, start + _CHUNK)
            vectors = embedder.embed(
                source[positions[part]],
                report=_within(report, start, min(_CHUNK, len(ids) - start), len(ids)),
                stop=stop,
            )
            shard = ws.blobs.put_array(vectors)
            with ws.write() as conn:
                embeddings.add_rows(conn, key, shard, ids[part])
    duration_s = time.perf_counter() - started if len(missing) else 0.0
    record = _record(ws, dataset, backbone, key, duration_s)
    report(1.0, t("drawing the first map"))
    pca_plane(ws, dataset, backbone)
    return {
        "embedding": record["id"],
        "n_images": dataset.n_images,
        "n_computed": len(missing),
        "dim": record["dim"],
        "duration_s": duration_s,
        "images_per_s": len(missing) / duration_s if duration_s else None,
    }


def pca_plane(ws: Workspace, dataset: Dataset, backbone: str) -> np.ndarray:
    """Return the plane of the two strongest principal components, float32 (n_images, 2).

    Computed once, by the job that embeds; whoever looks first makes up for a missing one.
    """
    key = {"kind": "pca", "embedder": embedder_for(ws, dataset, backbone)}
    plane = find_plane(ws, dataset, key)
    if plane is None:
        plane = projection.pca_points(embedding_matrix(ws, dataset, backbone))
        keep_plane(ws, dataset, key, plane)
    return plane


def find_plane(ws: Workspace, dataset: Dataset, key: Mapping[str, Any]) -> np.ndarray | None:
    """Return the picture that was made with these inputs, float32 (n_images, 2), or None."""
    with ws.read() as conn:
        found = results.find(conn, "projection", dataset.id, key)
    return ws.blobs.open_array(found[1]) if found and found[1] else None


def keep_plane(ws: Workspace, dataset: Dataset, key: Mapping[str, Any], plane: np.ndarray) -> str:
    """Keep the picture made with these inputs and return its id."""
    blob = ws.blobs.put_array(plane)
    with ws.write() as conn:
        return results.add(
            conn,
            kind="projection",
            dataset_id=dataset.id,
            params=key,
            value={"n_images": dataset.n_images},
            blob=blob,
        )


def _record(
    ws: Workspace, dataset: Dataset, backbone: str, key: str, duration_s: float
) -> dict[str, Any]:
    with ws.read() as conn:
        shard = embeddings.rows_of(conn, dataset.id, key)["shard"].iloc[0]
    record = {
        "id": content_id("emb", [dataset.id, key]),
        "dataset_id": dataset.id,
        "backbone": backbone,
        "embedder": key,
        "dim": int(ws.blobs.open_array(shard).shape[1]),
        "duration_s": duration_s,
        "created_at": utc_now(),
    }
    with ws.write() as conn:
        embeddings.add(conn, record)
    return record


def embedding_status(
    ws: Workspace, dataset_id: str, backbone: str = DEFAULT_BACKBONE
) -> dict[str, Any] | None:
    """Return the embedding of a data set (embedding, dim, duration_s, ...), or None."""
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        found = embeddings.find(conn, dataset.id, embedder_for(ws, dataset, backbone))
    if found is None:
        return None
    return {
        "embedding": found["id"],
        "backbone": backbone,
        "n_images": dataset.n_images,
        "dim": found["dim"],
        "duration_s": found["duration_s"],
    }


def require_embedding(ws: Workspace, dataset: Dataset, backbone: str) -> None:
    """Do nothing if a data set is embedded.

    Raises
    ------
    NotReady
        If it is not, with what to do.
    """
    if embedding_status(ws, dataset.id, backbone) is None:
        name = dataset.name
        raise NotReady(
            t(
                "the images of {dataset} have no embeddings from {backbone} yet",
                dataset=name,
                backbone=backbone,
            ),
            todo=t(
                "run `python -m core embed {dataset}`, or press Embed on the Explore page",
                dataset=name,
            ),
        )


def embedding_matrix(
    ws: Workspace, dataset: Dataset, backbone: str = DEFAULT_BACKBONE
) -> np.ndarray:
    """Return the embeddings of all images in order of position, float32 (n_images, dim).

    Raises
    ------
    NotReady
        If the data set has not been embedded with this backbone.
    """
    require_embedding(ws, dataset, backbone)
    places = _places(ws, dataset.id, embedder_for(ws, dataset, backbone))
    shards = [ws.blobs.open_array(name) for name, _, _ in places]
    matrix = np.empty((dataset.n_images, shards[0].shape[1]), dtype=np.float32)
    for shard, (_, positions, rows) in zip(shards, places, strict=True):
        matrix[positions] = shard[rows]
    return matrix


@lru_cache(maxsize=8)
def _places(
    ws: Workspace, dataset_id: str, embedder: str
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return (shard, positions, rows) of a finished embedding, which never changes.

    Kept for the process: of 70,000 images it takes a second, and Predict asks for every picture.
    """
    with ws.read() as conn:
        found = embeddings.rows_of(conn, dataset_id, embedder)
    return [
        (str(name), part["position"].to_numpy(), part["row"].to_numpy(dtype=np.int64))
        for name, part in found.groupby("shard")
    ]


def _within(report: Report, start: int, n_part: int, n_total: int) -> Callable[[float], None]:
    """Return a report for a part of the images that speaks of all of them."""

    def inner(share: float) -> None:
        n_done = start + round(share * n_part)
        done = {"n_done": n_done, "n_total": n_total}
        report(n_done / n_total, t("embedding image {n_done:,} of {n_total:,}", **done))

    return inner
