"""Predict single images with a run, a cascade or an extended model, on ONNX Runtime alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from core.analysis import calibration
from core.analysis.cascades import routes
from core.analysis.cascades.routes import Thresholds
from core.errors import InvalidInput, NotFound, NotReady
from core.models import ALGORITHMS
from core.models.artifact import Session, load_session
from core.models.embedding import Embedder
from core.records import CascadeRecord, Dataset, Run
from core.services.cascades.saving import keys_of, thresholds_of
from core.services.data.datasets import get_dataset, pixels
from core.services.data.embedding import (
    embedder_for,
    embedding_matrix,
    embedding_status,
    open_for,
)
from core.services.data.exploring import nearest
from core.settings import DEFAULT_BACKBONE
from core.sources.images import prepare
from core.store import extended, runs
from core.store.database import Workspace

N_NEIGHBOURS = 6
_EMBEDDERS: dict[str, Embedder] = {}  # opened in this process; about 40 MB each
_EMBEDDERS_MOST = 4
_opening = Lock()  # sessions of the browser are threads: they share what one of them opens
PREDICT_MOST = 1_000  # files a call; more belong into a data set


def predict(
    ws: Workspace, model_id: str, files: Sequence[tuple[str, bytes]]
) -> list[dict[str, Any]]:
    """Predict images from their bytes.

    Parameters
    ----------
    model_id : str
        A run, a cascade or an extended model.
    files : sequence of (name, bytes)
        JPEG, PNG, WebP, BMP, GIF or TIFF.

    Returns
    -------
    list of dict
        file, class, confidence (calibrated), probabilities {class: share}, deferred, route
        ("generalist", "person", or the id of the expert run that answered), generalist {class,
        confidence}, expert {run, class, confidence} or None, neighbours [(position, cosine)] (empty
        without embeddings).

    Raises
    ------
    InvalidInput
        If a file is not an image (the sentence names it), or there are none or too many.
    NotFound
        If the model does not exist.
    NotReady
        If the model was trained on embeddings made by another version.
    """
    if not 1 <= len(files) <= PREDICT_MOST:
        raise InvalidInput(
            "this is no number of images for one call",
            expected=f"1 to {PREDICT_MOST:,}",
            received=f"{len(files):,}",
            todo="import more as a data set",
        )
    generalist, experts, record = members_of(ws, model_id)
    dataset = get_dataset(ws, generalist.dataset_id)
    cached = np.stack([square(ws, dataset, name, data) for name, data in files])
    return _answer(ws, dataset, generalist, experts, record, [name for name, _ in files], cached)


def predict_known(ws: Workspace, model_id: str, positions: Sequence[int]) -> list[dict[str, Any]]:
    """Predict images of the model's own data set, by position; returns what `predict` does.

    Raises
    ------
    InvalidInput
        If there is no position, or one outside the data set.
    NotFound, NotReady
        As `predict`.
    """
    generalist, experts, record = members_of(ws, model_id)
    dataset = get_dataset(ws, generalist.dataset_id)
    names = [f"image {position}" for position in positions]
    rows = np.asarray(positions, dtype=np.int64)
    if not len(rows) or rows.min() < 0 or rows.max() >= dataset.n_images:
        raise InvalidInput(
            "no such image", expected=f"0 to {dataset.n_images - 1}", received=str(list(positions))
        )
    cached = pixels(ws, dataset, check=False)[rows]  # a few rows: not worth reading gigabytes for
    return _answer(ws, dataset, generalist, experts, record, names, cached)


def embed_files(
    ws: Workspace, dataset_id: str, backbone: str, files: Sequence[tuple[str, bytes]]
) -> np.ndarray:
    """Return embeddings of images, made like those of a data set, float32 (n_files, dim).

    Parameters
    ----------
    files : sequence of (name, bytes), not empty

    Raises
    ------
    InvalidInput
        If a file is not an image; the sentence names it.
    """
    dataset = get_dataset(ws, dataset_id)
    squares = np.stack([square(ws, dataset, name, data) for name, data in files])
    return _embedder(ws, dataset, backbone).embed(squares)


def square(ws: Workspace, dataset: Dataset, name: str, data: bytes) -> np.ndarray:
    """Decode an image as the data set's own were, uint8 (size_px, size_px, 3).

    Raises
    ------
    InvalidInput
        If it is no image; the sentence names the file.
    """
    try:
        found = prepare(data, ws.settings.limits, dataset.size_px, dataset.fit)  # as an import does
    except InvalidInput as error:
        raise InvalidInput(
            f"the file {name} cannot be used: {error.what}",
            expected=error.expected,
            received=error.received,
        ) from error
    side = dataset.size_px
    return np.frombuffer(found.pixels, dtype=np.uint8).reshape(side, side, 3)


def members_of(ws: Workspace, model_id: str) -> tuple[Run, tuple[Run, ...], CascadeRecord | None]:
    """Return (generalist, experts, cascade), or (model, (), None) of a single model.

    An extended model is returned as `core.store.extended.answering` does.

    Raises
    ------
    NotFound
        If the id is none of them.
    """
    with ws.read() as conn:
        model, record = extended.answering(conn, model_id), runs.find_cascade(conn, model_id)
        if record is not None:
            members = tuple(runs.get(conn, expert) for expert in record.experts)
            return runs.get(conn, record.generalist), members, record
    if model is None:
        raise NotFound(
            "there is no such model",
            expected="the id of a run, a cascade or an extended model",
            received=repr(model_id),
            todo="list them with `python -m core runs DATASET`",
        )
    return model, (), None


def _answer(
    ws: Workspace,
    dataset: Dataset,
    generalist: Run,
    experts: Sequence[Run],
    record: CascadeRecord | None,
    names: Sequence[str],
    cached: np.ndarray,
) -> list[dict[str, Any]]:
    """Ask the generalist, then the experts for what is deferred; uint8 (n, px, px, 3) in."""
    asked: dict[str, np.ndarray] = {}  # embeddings of these images, by backbone
    probs = _probabilities(ws, dataset, generalist, cached, asked)
    pairs = [tuple(generalist.classes.index(c) for c in e.classes) for e in experts]
    thresholds = thresholds_of(record) if record else Thresholds(())
    keys = keys_of(record, probs, pairs) if record else None
    unknown = [np.full((len(cached), len(pair)), 1.0 / len(pair)) for pair in pairs]
    wanted = routes.send(probs, pairs, unknown, thresholds, keys).asked  # whom they would go to
    expert_probs = unknown
    for index, expert in enumerate(experts):
        mine = np.flatnonzero(wanted == index)
        if len(mine):
            part = {name: matrix[mine] for name, matrix in asked.items()}
            expert_probs[index][mine] = _probabilities(ws, dataset, expert, cached[mine], part)
    sent = routes.send(probs, pairs, expert_probs, thresholds, keys)
    near = _neighbours(ws, dataset, generalist, cached, asked)
    return [
        {
            "file": names[i],
            "class": generalist.classes[sent.answer[i]],
            "confidence": float(sent.confidence[i]),
            "probabilities": dict(zip(generalist.classes, map(float, sent.probs[i]), strict=True)),
            "deferred": bool(sent.asked[i] >= 0),
            "route": _route(sent.route[i], experts),
            "generalist": _top(probs[i], generalist.classes),
            "expert": {
                "run": experts[sent.asked[i]].id,
                **_top(expert_probs[sent.asked[i]][i], experts[sent.asked[i]].classes),
            }
            if sent.asked[i] >= 0
            else None,
            "neighbours": near[i],
        }
        for i in range(len(cached))
    ]


def _probabilities(
    ws: Workspace, dataset: Dataset, run: Run, cached: np.ndarray, asked: dict[str, np.ndarray]
) -> np.ndarray:
    """Return a run's calibrated probabilities; embeds only with backbones not yet in `asked`."""
    if run.is_imported:
        raise NotReady(
            f"{run.id} was trained elsewhere: its weights are not here to ask",
            todo="predict where it was trained, and import the answers",
        )
    x = cached
    if ALGORITHMS[run.algorithm].input == "embedding":
        backbone = str(run.config["backbone"])
        _check_embedder(ws, dataset, run, backbone)
        if backbone not in asked:
            asked[backbone] = _embedder(ws, dataset, backbone).embed(cached)
        x = asked[backbone]
    session = _session(str(ws.blobs.path(run.artifact["model.onnx"])))
    return calibration.apply_temperature(session.predict(x).astype(np.float64), run.temperature)


def _check_embedder(ws: Workspace, dataset: Dataset, run: Run, backbone: str) -> None:
    """Refuse to feed a head with vectors made in another way than those it was trained on."""
    if run.config["embedder"] != embedder_for(ws, dataset, backbone):
        raise NotReady(
            f"{run.id} was trained on embeddings that this version makes in another way",
            todo="train it again; its stored figures stay valid",
        )


def _neighbours(
    ws: Workspace, dataset: Dataset, run: Run, cached: np.ndarray, asked: dict[str, np.ndarray]
) -> list[list[tuple[int, float]]]:
    backbone = str(run.config.get("backbone") or DEFAULT_BACKBONE)
    if embedding_status(ws, dataset.id, backbone) is None:
        return [[] for _ in cached]
    if backbone not in asked:
        asked[backbone] = _embedder(ws, dataset, backbone).embed(cached)
    matrix = embedding_matrix(ws, dataset, backbone)
    return [nearest(matrix, vector, N_NEIGHBOURS) for vector in asked[backbone]]


def _route(route: int, experts: Sequence[Run]) -> str:
    if route == routes.PERSON:
        return "person"
    return "generalist" if route == routes.GENERALIST else experts[route].id


def _top(probs: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    best = int(probs.argmax())
    return {"class": classes[best], "confidence": float(probs[best])}


def _embedder(ws: Workspace, dataset: Dataset, backbone: str) -> Embedder:
    key = f"{ws.path}/{embedder_for(ws, dataset, backbone)}"
    with _opening:
        if key not in _EMBEDDERS:
            if len(_EMBEDDERS) >= _EMBEDDERS_MOST:
                _EMBEDDERS.clear()
            _EMBEDDERS[key] = open_for(ws, dataset, backbone)
        return _EMBEDDERS[key]


@lru_cache(maxsize=16)
def _session(path: str) -> Session:
    return load_session(Path(path))
