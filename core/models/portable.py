"""ONNX files that come from elsewhere: read once, held against what we write, then opened.

ONNX has no way to carry code, but a graph may name files to read (external data), bring operators
of other vendors, and loop for ever. What this product writes does none of it, so it is refused.

References
----------
ONNX, "External data" and "Open Neural Network Exchange Intermediate Representation", IR version 8.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.errors import AppError, InvalidInput
from core.language import t
from core.models.artifact import Session, load_session
from core.models.embedding import Embedder

_MOST_NODES = 20_000  # the largest that is written here has some hundred
_DOMAINS = ("", "ai.onnx")  # both names of the standard's own operators


def open_model(data: bytes, n_threads: int = 1) -> Session:
    """Open a trained model from the bytes of its ONNX file.

    Raises
    ------
    InvalidInput
        If it is no ONNX file, or holds what this product never writes.
    """
    check(data)
    try:
        return load_session(data, n_threads)
    except Exception as error:  # ONNX Runtime raises many kinds, and so does a graph without output
        raise _refused(error) from error


def open_backbone(data: bytes, key: str, dim: int, input_px: int, n_threads: int) -> Embedder:
    """Open a backbone from the bytes of its ONNX file.

    Parameters
    ----------
    data : bytes
    key, dim, input_px, n_threads
        As `core.models.embedding.Embedder` and `open_embedder` have them.

    Raises
    ------
    InvalidInput
        As `open_model`.
    """
    check(data)
    try:
        return Embedder(data, key, dim, input_px, n_threads)
    except Exception as error:
        raise _refused(error) from error


def check(data: bytes) -> None:
    """Do nothing if a graph holds only what this product writes.

    Raises
    ------
    InvalidInput
        If it does not, or is none.
    """
    import onnx

    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:
        raise _refused(error) from error
    for reason in _reasons(model):
        raise InvalidInput(
            reason,
            expected=t("an ONNX file that this product has written"),
        )


def _reasons(model: Any) -> Iterator[str]:
    """Yield why a graph is not taken."""
    graph = model.graph
    if len(graph.node) > _MOST_NODES:
        yield t("this model has more than {most:,} operations", most=_MOST_NODES)
    if len(model.functions) or len(model.training_info) or len(graph.sparse_initializer):
        yield t("this model holds more than one plain graph")
    tensors = list(graph.initializer)
    for node in graph.node:
        if node.domain not in _DOMAINS:
            yield t("this model needs operators that are not ONNX's own")
        for attribute in node.attribute:
            if attribute.HasField("g") or len(attribute.graphs):
                yield t("this model branches or loops")
            tensors += [attribute.t, *attribute.tensors]
    if any(x.data_location == x.EXTERNAL or len(x.external_data) for x in tensors):
        yield t("this model refers to other files")


def _refused(error: Exception) -> AppError:
    text = str(error).strip().splitlines()
    return InvalidInput(
        t("this is no ONNX file that can be opened"), received=(text or [""])[0][:200]
    )
