"""How long a model takes for an image, from its pixels to its probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from core.models import get_algorithm
from core.records import Dataset
from core.services.data.datasets import pixels
from core.services.data.embedding import open_for
from core.store.database import Workspace

if TYPE_CHECKING:
    from core.models.artifact import Session

_N_IMAGES = 32  # in one batch: what Predict and an import of a folder ask about at once
_N_ROUNDS = 5


def ms_per_image(
    ws: Workspace, dataset: Dataset, config: Mapping[str, Any], session: Session, x: np.ndarray
) -> float:
    """Return the milliseconds that an exported model takes for an image.

    Parameters
    ----------
    config : mapping
        Of the run: algorithm and backbone.
    session : Session
        The exported model.
    x : ndarray, shape (n_images, ...)
        What it is asked about: embeddings or pixels, of the data set's images in order.

    Notes
    -----
    The median of five batches of 32 images after one to warm up, on ONNX Runtime and the processor
    of the machine that trained it, whatever device it learned on. Embedding is part of it where a
    head needs it; decoding the file is not.
    """
    rows = np.arange(min(_N_IMAGES, len(x)))
    total_s = _median_s(lambda: session.predict(x, rows))
    if get_algorithm(config["algorithm"]).input == "embedding":
        embedder = open_for(ws, dataset, str(config["backbone"]))
        images = pixels(ws, dataset, check=False)[rows]
        total_s += _median_s(lambda: embedder.embed(images))
    return 1000.0 * total_s / len(rows)


def _median_s(work: Callable[[], Any]) -> float:
    times = []
    for _ in range(1 + _N_ROUNDS):
        started = perf_counter()
        work()
        times.append(perf_counter() - started)
    return float(np.median(times[1:]))
