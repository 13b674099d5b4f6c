"""Ask a model about many images, a few at a time: whoever asks may stop and keep what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

import numpy as np
import pandas as pd

from core.errors import InvalidInput
from core.language import t
from core.records import Dataset
from core.services.data.datasets import images
from core.services.runs import answering, drifting, predicting
from core.services.runs.answering import Model
from core.services.runs.drifting import Reference
from core.sources import archive
from core.sources.items import printable
from core.sources.layout import is_ignored, looks_like_picture
from core.store.database import Workspace

CHUNK = 16  # about half a second on one core


@dataclass(frozen=True, slots=True)
class Given:
    """A file that was given; `read` returns its bytes, or raises InvalidInput with the reason."""

    name: str
    read: Callable[[], bytes]

    @property
    def is_named_image(self) -> bool:
        """Whether its name ends as those of images do; what is inside only decoding tells."""
        return looks_like_picture(self.name)


def listed(ws: Workspace, files: Sequence[tuple[str, IO[bytes]]]) -> list[Given]:
    """Return every file that was given, those in a .zip one by one.

    Parameters
    ----------
    files : sequence of (name, binary file)
        They stay open for as long as something is to be read.

    Returns
    -------
    list of Given
        Without the operating system's own files. A .zip that is damaged or hostile is one file
        that cannot be read, so that it costs nothing but itself.

    Raises
    ------
    InvalidInput
        If there are none, or too many.
    """
    found: list[Given] = []
    for name, file in files:
        if name.lower().endswith(".zip"):
            found += _packed(ws, name, file)
        elif not is_ignored(name):
            found.append(Given(printable(name), partial(_whole, file)))
    answering.check_number(len(found))
    return found


def answers(ws: Workspace, model_id: str, given: Sequence[Given]) -> Iterator[list[dict[str, Any]]]:
    """Yield the answers for files in their order, a chunk at a time.

    Parameters
    ----------
    model_id : str
        A run, a cascade or an extended model; opened once for all.

    Yields
    ------
    list of dict
        As `answering.answer`, and nearest (position of the nearest training image) and distance
        (to it), both None without embeddings. For what is no image only file and problem.

    Raises
    ------
    NotFound, NotReady
        As `predicting.predict`.
    """
    dataset, generalist, model = predicting.model_of(ws, model_id)
    reference = drifting.reference(ws, dataset, generalist)
    for start in range(0, len(given), CHUNK):
        part = [_decoded(ws, dataset, file) for file in given[start : start + CHUNK]]
        good = [(name, pixels) for name, pixels in part if not isinstance(pixels, str)]
        said = iter(_answered(ws, dataset, model, reference, good))
        yield [
            {"file": name, "problem": found} if isinstance(found, str) else next(said)
            for name, found in part
        ]


def table(ws: Workspace, dataset_id: str, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return answers as a table, one file a row: what is shown, and what is downloaded.

    Returns
    -------
    DataFrame
        file, class, confidence, route, generalist, generalist_confidence, expert (its run),
        expert_class, expert_confidence, nearest_training_image (its path), distance, problem, and
        p_CLASS of every class; empty where there is none.
    """
    paths = images(ws, dataset_id)["path"].to_numpy()
    return pd.DataFrame([_row(one, paths) for one in rows])


def _row(one: Mapping[str, Any], paths: np.ndarray) -> dict[str, Any]:
    first, expert = one.get("generalist") or {}, one.get("expert") or {}
    nearest = one.get("nearest")
    return {
        "file": one["file"],
        "class": one.get("class"),
        "confidence": one.get("confidence"),
        "route": one.get("route"),
        "generalist": first.get("class"),
        "generalist_confidence": first.get("confidence"),
        "expert": expert.get("run"),
        "expert_class": expert.get("class"),
        "expert_confidence": expert.get("confidence"),
        "nearest_training_image": None if nearest is None else paths[nearest],
        "distance": one.get("distance"),
        "problem": one.get("problem"),
        **{f"p_{name}": share for name, share in one.get("probabilities", {}).items()},
    }


def _packed(ws: Workspace, name: str, file: IO[bytes]) -> list[Given]:
    try:
        inside = archive.pictures(file, ws.settings.limits)
        if not inside:
            raise InvalidInput(t("there is no file in it"))
    except InvalidInput as error:
        return [Given(printable(name), partial(_refuse, error))]
    return [Given(f"{printable(name)}/{path}", read) for path, read in inside]


def _whole(file: IO[bytes]) -> bytes:
    file.seek(0)  # it may have been read before
    return file.read()


def _refuse(error: InvalidInput) -> bytes:
    raise error


def _decoded(ws: Workspace, dataset: Dataset, file: Given) -> tuple[str, np.ndarray | str]:
    """Return the file's name with its pixels, or with why it has none."""
    limits = ws.settings.limits
    try:
        return file.name, answering.decoded(file.read(), limits, dataset.size_px, dataset.fit)
    except InvalidInput as error:
        return file.name, str(error)


def _answered(
    ws: Workspace,
    dataset: Dataset,
    model: Model,
    reference: Reference | None,
    files: Sequence[tuple[str, np.ndarray]],
) -> list[dict[str, Any]]:
    if not files:
        return []
    pixels = np.stack([square for _, square in files])
    asked: dict[str, np.ndarray] = {}  # embeddings of these images, by backbone
    said = answering.answer(model, [name for name, _ in files], pixels, asked)
    if reference is None:
        return [one | {"nearest": None, "distance": None} for one in said]
    backbone = reference.backbone
    if backbone not in asked:
        asked[backbone] = predicting.embedder(ws, dataset, backbone).embed(pixels)
    near = zip(*reference.nearest(asked[backbone]), strict=True)
    return [
        one | {"nearest": int(position), "distance": float(distance)}
        for one, (position, distance) in zip(said, near, strict=True)
    ]
