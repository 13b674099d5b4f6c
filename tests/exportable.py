"""A workspace whose models have files, made without training: tiny graphs written by hand.

The generalist looks at the mean colour and cannot tell C from D; the expert sees the embedding of a
tiny backbone and can. What they say of every image is asked of the graphs themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from core.models.artifact import load_session
from core.models.backbones import BACKBONES
from core.models.embedding import embedder_key
from core.records import Dataset
from core.services.data import datasets
from core.services.data.embedding import open_for
from core.settings import DEFAULT_BACKBONE
from core.store.database import Workspace
from tests.seeding import LABELS, SIZE_PX, add_cascade, add_dataset, add_run

DIM = BACKBONES[DEFAULT_BACKBONE].dim
BACKBONE_PX = 160  # what images this small are enlarged to
COLOURS = np.array([(200, 60, 60), (60, 160, 60), (60, 60, 200), (70, 60, 200)]) / 100.0


@dataclass(frozen=True, slots=True)
class Exportable:
    """Ids of what `fill` put into the workspace."""

    dataset: str
    generalist: str  # from pixels
    expert: str  # C / D, from embeddings
    cascade: str


def fill(ws: Workspace, n_per_label: int = 20) -> Exportable:
    """Fill a workspace and return the ids."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(len(LABELS)), n_per_label)
    split = np.tile(["train", "train", "train", "val", "test"], len(y))[: len(y)]
    dataset = add_dataset(ws, "tiny", y, split, rng)
    key = embedder_key(DEFAULT_BACKBONE, BACKBONE_PX)
    write(backbone(), ws.path / "cache" / f"{key}.onnx")
    cached = datasets.pixels(ws, dataset)
    weights, bias = 4.0 * COLOURS.T, -2.0 * (COLOURS**2).sum(axis=1)  # nearest mean colour
    weights[:, 3] += (0.02, -0.01, 0.0)
    wrong = rng.random(len(y)) < 0.1  # a model that is always right has no useful temperature
    y = np.where(wrong, rng.integers(0, len(LABELS), len(y)), y)
    first = _run(ws, dataset, y, split, cached, pixel_model(weights, bias), "cnn")
    vectors = open_for(ws, dataset, DEFAULT_BACKBONE).embed(cached)
    head = np.zeros((DIM, 2), np.float32)
    head[0] = (-40.0, 40.0)  # C and D differ in red alone, by 10 of 255
    pair_y = np.where(y >= 2, y - 2, -1)
    model = embedding_model(head, np.array([26.0, -26.0]))
    expert = _run(ws, dataset, pair_y, split, vectors, model, "probe", pair=("C", "D"))
    return Exportable(dataset.id, first, expert, add_cascade(ws, first, [expert], 0.9))


def pixel_model(weights: np.ndarray, bias: np.ndarray) -> onnx.ModelProto:
    """Return softmax(mean colour / 100 @ weights + bias), from uint8 pixels."""
    return _model(_mean_colour(), weights, bias, ("u1", (SIZE_PX, SIZE_PX, 3)), softmax=True)


def backbone() -> onnx.ModelProto:
    """Return an embedding: the mean colour / 100, and nothing else."""
    eye = np.eye(3, DIM)
    pixels = ("u1", (BACKBONE_PX, BACKBONE_PX, 3))
    return _model(_mean_colour(), eye, np.zeros(DIM), pixels, softmax=False)


def embedding_model(weights: np.ndarray, bias: np.ndarray) -> onnx.ModelProto:
    """Return softmax(embedding @ weights + bias)."""
    copy = [helper.make_node("Identity", ["x"], ["v"])]
    return _model(copy, weights, bias, ("f4", (len(weights),)), softmax=True)


def write(model: onnx.ModelProto, path: Path) -> Path:
    """Write a graph to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return path


def _mean_colour() -> list[Any]:
    hundred = numpy_helper.from_array(np.array(100.0, np.float32))
    return [
        helper.make_node("Cast", ["x"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["real"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("Constant", [], ["hundred"], value=hundred),
        helper.make_node("Div", ["mean", "hundred"], ["v"]),
    ]


def _model(
    nodes: list[Any],
    weights: np.ndarray,
    bias: np.ndarray,
    takes: tuple[str, tuple[int, ...]],
    *,
    softmax: bool,
) -> onnx.ModelProto:
    kind = {"u1": TensorProto.UINT8, "f4": TensorProto.FLOAT}[takes[0]]
    last = helper.make_node("Softmax" if softmax else "Identity", ["z"], ["y"])
    graph = helper.make_graph(
        [*nodes, helper.make_node("Gemm", ["v", "w", "b"], ["z"]), last],
        "tiny",
        [helper.make_tensor_value_info("x", kind, [None, *takes[1]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, weights.shape[1]])],
        [
            numpy_helper.from_array(weights.astype(np.float32), "w"),
            numpy_helper.from_array(bias.astype(np.float32), "b"),
        ],
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def _run(
    ws: Workspace,
    dataset: Dataset,
    y: np.ndarray,
    split: np.ndarray,
    x: np.ndarray,
    model: onnx.ModelProto,
    algorithm: str,
    pair: tuple[str, str] | None = None,
) -> str:
    data = model.SerializeToString()
    probs = load_session(data).predict(np.asarray(x))
    artifact = {
        "model.onnx": ws.blobs.put_bytes(data),
        "model.keras": ws.blobs.put_bytes(b"not opened by anything here"),
    }
    return add_run(ws, dataset, y, split, probs, pair=pair, algorithm=algorithm, artifact=artifact)
