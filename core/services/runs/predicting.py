"""Predict single images with a run, a cascade or an extended model, on ONNX Runtime alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from core.errors import InvalidInput, NotFound, NotReady
from core.language import t
from core.models import ALGORITHMS
from core.models.artifact import Session, load_session
from core.models.embedding import Embedder
from core.records import CascadeRecord, Dataset, Run
from core.services.cascades.plan import read_plan
from core.services.data.datasets import get_dataset, pixels
from core.services.data.embedding import (
    embedder_for,
    embedding_matrix,
    embedding_status,
    open_for,
)
from core.services.data.neighbours import nearest
from core.services.runs import answering
from core.services.runs.answering import Member, Model
from core.settings import DEFAULT_BACKBONE
from core.store import extended, runs
from core.store.database import Workspace

N_NEIGHBOURS = 6
_EMBEDDERS: dict[str, Embedder] = {}  # opened in this process; about 40 MB each
_EMBEDDERS_MOST = 4
_opening = Lock()  # sessions of the browser are threads: they share what one of them opens


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
        As `answering.answer`, and neighbours [(position, cosine)] (empty without embeddings).

    Raises
    ------
    InvalidInput
        If a file is not an image (the sentence names it), or there are none or too many.
    NotFound
        If the model does not exist.
    NotReady
        If the model was trained on embeddings made by another version.
    """
    answering.check_number(len(files))

    def squares(dataset: Dataset) -> np.ndarray:
        return np.stack([square(ws, dataset, name, data) for name, data in files])

    return _answer(ws, model_id, [name for name, _ in files], squares)


def predict_known(ws: Workspace, model_id: str, positions: Sequence[int]) -> list[dict[str, Any]]:
    """Predict images of the model's own data set, by position; returns what `predict` does.

    Raises
    ------
    InvalidInput
        If there is no position, or one outside the data set.
    NotFound, NotReady
        As `predict`.
    """
    rows = np.asarray(positions, dtype=np.int64)

    def squares(dataset: Dataset) -> np.ndarray:
        if not len(rows) or rows.min() < 0 or rows.max() >= dataset.n_images:
            raise InvalidInput(
                t("no such image"),
                expected=t("{low} to {high}", low=0, high=dataset.n_images - 1),
                received=str(list(positions)),
            )
        return pixels(ws, dataset, check=False)[rows]  # a few: not worth reading gigabytes for

    return _answer(ws, model_id, [f"image {position}" for position in positions], squares)


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
    return embedder(ws, dataset, backbone).embed(squares)


def square(ws: Workspace, dataset: Dataset, name: str, data: bytes) -> np.ndarray:
    """Decode an image as the data set's own were, uint8 (size_px, size_px, 3).

    Raises
    ------
    InvalidInput
        If it is no image; the sentence names the file.
    """
    return answering.square(name, data, ws.settings.limits, dataset.size_px, dataset.fit)


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
            t("there is no such model"),
            expected=t("the id of a run, a cascade or an extended model"),
            received=repr(model_id),
            todo=t("list them with `python -m core runs DATASET`"),
        )
    return model, (), None


def model_of(ws: Workspace, model_id: str) -> tuple[Dataset, Run, Model]:
    """Return what a model is asked with: its data set, its generalist, and the model.

    Raises
    ------
    NotFound
        As `members_of`. What else may be wrong is said when a model is first asked.
    """
    generalist, experts, record = members_of(ws, model_id)
    dataset = get_dataset(ws, generalist.dataset_id)
    first, *others = (_member(ws, dataset, run) for run in (generalist, *experts))
    model = Model(first, tuple(others), read_plan(record.plan)) if record else Model(first)
    return dataset, generalist, model


def _answer(
    ws: Workspace, model_id: str, names: Sequence[str], squares: Callable[[Dataset], np.ndarray]
) -> list[dict[str, Any]]:
    dataset, generalist, model = model_of(ws, model_id)
    cached = squares(dataset)  # uint8 (n, px, px, 3)
    asked: dict[str, np.ndarray] = {}  # embeddings of these images, by backbone
    answers = answering.answer(model, names, cached, asked)
    near = _neighbours(ws, dataset, generalist, cached, asked)
    return [{**said, "neighbours": images} for said, images in zip(answers, near, strict=True)]


def _member(ws: Workspace, dataset: Dataset, run: Run) -> Member:
    """Return a run as it is asked; nothing is opened yet."""

    def session() -> Session:
        if run.is_imported:
            raise NotReady(
                t("{id} was trained elsewhere: its weights are not here to ask", id=run.id),
                todo=t("predict where it was trained, and import the answers"),
            )
        return _session(str(ws.blobs.path(run.artifact["model.onnx"])))

    if run.is_imported or ALGORITHMS[run.algorithm].input == "pixels":
        return Member(run.id, run.classes, run.temperature, session)
    backbone = str(run.config["backbone"])

    def opened() -> Embedder:
        _check_embedder(ws, dataset, run, backbone)
        return embedder(ws, dataset, backbone)

    return Member(run.id, run.classes, run.temperature, session, backbone, opened)


def _check_embedder(ws: Workspace, dataset: Dataset, run: Run, backbone: str) -> None:
    """Refuse to feed a head with vectors made in another way than those it was trained on."""
    if run.config["embedder"] != embedder_for(ws, dataset, backbone):
        raise NotReady(
            t("{id} was trained on embeddings that this version makes in another way", id=run.id),
            todo=t("train it again; its stored figures stay valid"),
        )


def _neighbours(
    ws: Workspace, dataset: Dataset, run: Run, cached: np.ndarray, asked: dict[str, np.ndarray]
) -> list[list[tuple[int, float]]]:
    backbone = str(run.config.get("backbone") or DEFAULT_BACKBONE)
    if embedding_status(ws, dataset.id, backbone) is None:
        return [[] for _ in cached]
    if backbone not in asked:
        asked[backbone] = embedder(ws, dataset, backbone).embed(cached)
    matrix = embedding_matrix(ws, dataset, backbone)
    return [nearest(matrix, vector, N_NEIGHBOURS) for vector in asked[backbone]]


def embedder(ws: Workspace, dataset: Dataset, backbone: str) -> Embedder:
    """Return a backbone that embeds as a data set's images were embedded; opened once."""
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
