"""A workspace with everything in it, made in well under a second and without training anything.

Four labels, of which `C` and `D` overlap: a generalist that confuses them, an expert that helps, a
class map that merges them, a cascade. The figures follow from the arrays below; no test should need
more than their order of size.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from core.analysis.cascades.routes import Thresholds
from core.ids import bytes_id, content_id
from core.records import Dataset
from core.services.cascades import members, saving
from core.services.classes import mapping
from core.services.data.embedding import embedder_for
from core.services.data.exploring import RULES
from core.services.runs import crossvalidating, fitting
from core.settings import DEFAULT_BACKBONE
from core.store import datasets, embeddings, results, runs
from core.store.database import Workspace, utc_now

LABELS = ("A", "B", "C", "D")
SIZE_PX = 32
EMBEDDING_DIM = 16
_COLOURS = np.array([(200, 60, 60), (60, 160, 60), (60, 60, 200), (70, 60, 200)])


@dataclass(frozen=True, slots=True)
class Seeded:
    """Ids of what `seed` put into the workspace."""

    dataset: str
    generalist: str  # a probe over the four labels
    second: str  # the same with another seed
    expert: str  # C / D
    class_map: str  # "three": C and D merged
    merged: str  # a run over the class map
    cascade: str


def seed(
    ws: Workspace,
    *,
    n_per_label: int = 30,
    name: str = "seeded",
    labels: tuple[str, str, str, str] = LABELS,
) -> Seeded:
    """Fill a workspace and return the ids."""
    a, b, c, d = labels
    both = f"{c}+{d}"
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(len(LABELS)), n_per_label)
    split = np.tile(["train", "train", "train", "val", "test"], len(y))[: len(y)]
    dataset = add_dataset(ws, name, y, split, rng, labels)
    _add_embedding(ws, dataset, y, rng)
    generalist = add_run(ws, dataset, y, split, generalist_probs(y, rng), seed=0)
    second = add_run(ws, dataset, y, split, generalist_probs(y, rng), seed=1)
    pair_y = np.where(y >= 2, y - 2, -1)
    expert = add_run(ws, dataset, pair_y, split, expert_probs(y, rng), pair=(c, d))
    saved = mapping.save_class_map(
        ws, dataset.id, "three", {a: a, b: b, c: both, d: both}, why="they overlap"
    )
    merged_probs = generalist_probs(y, rng) @ np.eye(4, 3)[[0, 1, 2, 2]]
    merged_y = np.minimum(y, 2)
    merged = add_run(ws, dataset, merged_y, split, merged_probs, class_map=saved.id)
    cascade = add_cascade(ws, generalist, [expert])
    _add_exploration(ws, dataset, y, labels)
    return Seeded(dataset.id, generalist, second, expert, saved.id, merged, cascade)


def generalist_probs(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return probabilities that are right on A and B and a coin on C against D; (n, 4)."""
    logits = 4.0 * np.eye(4)[y] + rng.normal(0, 0.6, (len(y), 4))
    blurred = y >= 2
    logits[blurred, 2:] = 3.0 + rng.normal(0, 0.5, (blurred.sum(), 2))
    return _softmax(logits)


def expert_probs(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return probabilities for C and D that are right on about nine in ten; (n, 2)."""
    logits = np.stack([np.where(y == 3, -1.5, 1.5), np.zeros(len(y))], axis=1)
    return _softmax(logits + rng.normal(0, 0.8, logits.shape))


def add_dataset(
    ws: Workspace,
    name: str,
    y: np.ndarray,
    split: np.ndarray,
    rng: np.random.Generator,
    labels: tuple[str, ...] | None = None,
) -> Dataset:
    """Insert coloured noise as images, one label a colour."""
    labels = labels or LABELS  # as it is now: some tests want a hundred
    noise = rng.integers(-40, 40, (len(y), SIZE_PX, SIZE_PX, 3))
    pixels = np.clip(_COLOURS[y][:, None, None] + noise, 0, 255).astype(np.uint8)
    files = [_encode(p, "PNG") for p in pixels]
    thumbnails = [_encode(p, "JPEG") for p in pixels]
    starts = np.concatenate([[0], np.cumsum([len(f) for f in files])])
    offsets = np.concatenate([[0], np.cumsum([len(t) for t in thumbnails])]).astype(np.int64)
    pack = ws.blobs.put_bytes(b"".join(files))
    images = [
        {
            "id": bytes_id(data),
            "pack": pack,
            "offset": int(start),
            "n_bytes": len(data),
            "width": SIZE_PX,
            "height": SIZE_PX,
            "format": "PNG",
        }
        for data, start in zip(files, starts, strict=False)
    ]
    members = [
        {
            "position": i,
            "image_id": images[i]["id"],
            "path": f"{labels[y[i]]}/{i:04d}.png",
            "label": labels[y[i]],
            "split": str(split[i]),
            "group": None,
        }
        for i in range(len(y))
    ]
    record = {
        "id": content_id("ds", [name, len(y)]),
        "name": name,
        "source": "tests",
        "labels": list(labels),
        "n_images": len(y),
        "size_px": SIZE_PX,
        "fit": "crop",
        "seed": 0,
        "pixels": ws.blobs.put_array(pixels),
        "atlas": ws.blobs.put_bytes(b"".join(thumbnails)),
        "atlas_offsets": ws.blobs.put_array(offsets),
        "n_duplicates": 0,
        "note": "",
        "sidecar": None,
        "created_at": utc_now(),
    }
    with ws.write() as conn:
        datasets.add(conn, record, images, members, [])
        return datasets.get(conn, str(record["id"]))


def add_run(
    ws: Workspace,
    dataset: Dataset,
    y: np.ndarray,
    split: np.ndarray,
    probs: np.ndarray,
    *,
    seed: int = 0,
    pair: tuple[str, str] | None = None,
    class_map: str | None = None,
    options: Mapping[str, Any] | None = None,
    run_id: str | None = None,
    algorithm: str = "probe",
    artifact: Mapping[str, str] | None = None,
    labels: str | None = None,
) -> str:
    """Insert a run with these probabilities, by default without a model; return its id."""
    classes = list(pair or mapping.get_class_map(ws, dataset.id, class_map).classes)
    predictions = np.where((split == "train")[:, None], np.nan, probs).astype(np.float32)
    config = {
        "algorithm": algorithm,
        "backbone": DEFAULT_BACKBONE,
        "embedder": embedder_for(ws, dataset, DEFAULT_BACKBONE),
        "options": dict(options or {}),
        "seed": seed,
        "classes": classes,
        **({"labels": labels} if labels else {}),
    }
    record: dict[str, Any] = {
        "id": run_id
        or content_id("run", [dataset.id, config, class_map, bytes_id(predictions.tobytes())]),
        "dataset_id": dataset.id,
        "algorithm": algorithm,
        "class_map_id": class_map,
        "classes": classes,
        "pair": list(pair) if pair else None,
        "seed": seed,
        "config": config,
        "history": {"loss": [1.0, 0.5], "val_loss": [1.1, 0.7], "val_accuracy": [0.5, 0.7]},
        **fitting.run_figures(y, predictions, split),
        "artifact": dict(artifact or {}),
        "predictions": ws.blobs.put_array(predictions),
        "n_parameters": 68,
        "duration_s": 1.5,
        "device": "test",
        "created_at": utc_now(),
    }
    with ws.write() as conn:
        runs.add(conn, record)
    return str(record["id"])


def add_cascade(
    ws: Workspace, generalist: str, experts: list[str], tau: float | None = None
) -> str:
    """Save a cascade at a threshold, by default the best on validation; return its id."""
    its = members.load(ws, generalist, experts)
    at = Thresholds((its.best_tau if tau is None else tau,) * len(experts))
    return saving.save(ws, its, at, tau_from="validation" if tau is None else "hand").id


def add_small_dataset(
    ws: Workspace, n_images: int, name: str = "small"
) -> tuple[str, tuple[str, ...]]:
    """Insert a data set of a few images, labels in turn; return its id and the images' ids."""
    y = np.arange(n_images) % len(LABELS)
    split = np.tile(["train", "train", "train", "val", "test"], n_images)[:n_images]
    dataset = add_dataset(ws, name, y, split, np.random.default_rng(1))
    with ws.read() as conn:
        return dataset.id, tuple(datasets.images(conn, dataset.id)["image_id"])


def add_crossval(ws: Workspace, run_id: str, probs: np.ndarray, *, over: str = "all") -> None:
    """Insert out-of-fold answers for every image, as five-fold cross-validation would leave."""
    with ws.read() as conn:
        run = runs.get(conn, run_id)
    blob = ws.blobs.put_array(probs.astype(np.float32))
    with ws.write() as conn:
        results.add(
            conn,
            kind="crossval",
            dataset_id=run.dataset_id,
            params=crossvalidating._key(run, 5, over),
            value={"run": run_id, "n_folds": 5, "over": over, "duration_s": 1.0},
            blob=blob,
        )


def _add_embedding(
    ws: Workspace, dataset: Dataset, y: np.ndarray, rng: np.random.Generator
) -> None:
    """Insert vectors in three clumps: C and D are one."""
    centres = 6.0 * np.eye(EMBEDDING_DIM)[np.minimum(y, 2)]
    vectors = (centres + rng.normal(0, 0.5, centres.shape)).astype(np.float32)
    key = embedder_for(ws, dataset, DEFAULT_BACKBONE)
    shard = ws.blobs.put_array(vectors)
    with ws.write() as conn:
        ids = datasets.images(conn, dataset.id)["image_id"].tolist()
        embeddings.add_rows(conn, key, shard, ids)
        record = {
            "id": content_id("emb", [dataset.id, key]),
            "dataset_id": dataset.id,
            "backbone": DEFAULT_BACKBONE,
            "embedder": key,
            "dim": EMBEDDING_DIM,
            "duration_s": 0.1,
            "created_at": utc_now(),
        }
        embeddings.add(conn, record)


def _add_exploration(
    ws: Workspace, dataset: Dataset, y: np.ndarray, names: tuple[str, ...]
) -> None:
    ks = [1, 2, 3, 4]
    clusters = np.stack([np.minimum(y, k - 1) for k in ks]).astype(np.int32)
    rows = [
        {
            "k": k,
            "inertia": 100.0 / k,
            "silhouette": None if k == 1 else 0.9 - 0.1 * abs(k - 3),
            "gap": 1.0 - 0.1 * abs(k - 3),
            "gap_se": 0.02,
            "bic": -100.0 - abs(k - 3),
            "stability": 1.0 - 0.1 * abs(k - 3),
            "stability_null": 0.5,
            "separation": None if k == 1 else 0.1 * (3.5 - k),
            "separation_se": None if k == 1 else 0.01,
            "pac": 0.1 * abs(k - 3),
            "pac_null": 0.2,
            "n_chosen": {"gap": 20 * (k == 3), "bic": 20 * (k == 3), "stability": 19 * (k == 3)},
        }
        for k in ks
    ]
    value = {
        "k": rows,
        "suggested": {"silhouette": 3, "gap": 3, "bic": 3, "stability": 3},
        "verdict": {"kind": "structure", "text": "3 clusters, said by the job.", "k": 3},
        "crosstab": {"k": 3, "labels": list(names), "counts": [[30, 0, 0, 0]] * 3},
        "shared": [{"labels": list(names[2:]), "cluster": 2, "share": 0.97}],
        "splits": [_label_split(label, names[1], two=label == names[0]) for label in names],
        "ari": 0.7,
        "ami": 0.8,
        "n_images": dataset.n_images,
        "backbone": DEFAULT_BACKBONE,
        "seed": 0,
    }
    embedder = embedder_for(ws, dataset, DEFAULT_BACKBONE)
    key = {"embedder": embedder, "ks": ks, "seed": 0, "rules": RULES}
    halves = np.arange(len(y)) % 2
    blob = ws.blobs.put_array(np.vstack([clusters, halves]).astype(np.int32))
    with ws.write() as conn:
        results.add(
            conn,
            kind="explore",
            dataset_id=dataset.id,
            params=key,
            value=value,
            blob=blob,
        )


def _label_split(label: str, other: str, *, two: bool) -> dict[str, Any]:
    return {
        "label": label,
        "verdict": "splits in two" if two else "one",
        "sizes": [15, 15],
        "p_value": 0.001 if two else 1.0,
        "gap": 0.1 if two else -0.1,
        "gap_se": 0.01,
        "stability": 0.95,
        "silhouette": 0.2,
        "looks_like": [None, other] if two else [None, None],
    }


def _encode(pixels: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def _softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
