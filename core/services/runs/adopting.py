"""Take in what a model trained elsewhere said of a data set's images, as a run like any other.

Such a run is compared, merged by class maps and used in cascades, all of which read stored
probabilities. What would ask its weights (predicting new images, training again) refuses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from core.errors import InvalidInput
from core.ids import content_id
from core.language import t, text, tn
from core.records import IMPORTED, Dataset
from core.services.classes.mapping import get_class_map, get_record
from core.services.data.datasets import get_dataset, image_ids, images, splits
from core.services.data.finding import finder
from core.services.labels import label_sets
from core.services.labels.label_sets import ORIGINAL
from core.services.runs.fitting import run_figures
from core.services.runs.training import get_run, restore_run, summary
from core.sources.items import printable
from core.sources.prediction_file import PredictionFile, read_predictions
from core.store import runs
from core.store.database import Workspace, utc_now

_LISTED = 100  # rows that are listed with a reason; the rest is counted
_NAME_MOST = 64


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known about a model beside its predictions; None where nobody said."""

    name: str  # what people call it
    seed: int = 0
    n_parameters: int | None = None
    duration_s: float | None = None  # of its training
    ms_per_image: float | None = None


def import_predictions(
    ws: Workspace,
    dataset_id: str,
    path: Path,
    origin: Origin,
    *,
    class_map: str | None = None,
    labels: str = ORIGINAL,
) -> dict[str, Any]:
    """Read a file of predictions into a data set; see `add_predictions`.

    Raises
    ------
    InvalidInput
        If the file cannot be opened, or as `add_predictions`.
    """
    try:
        with path.open("rb") as file:
            return add_predictions(
                ws, dataset_id, path.name, file, origin, class_map=class_map, labels=labels
            )
    except OSError as error:
        raise InvalidInput(
            t("{path} cannot be read", path=path),
            expected=t("a file of predictions"),
            received=error.strerror or str(error),
        ) from error


def add_predictions(
    ws: Workspace,
    dataset_id: str,
    name: str,
    file: IO[bytes],
    origin: Origin,
    *,
    class_map: str | None = None,
    labels: str = ORIGINAL,
) -> dict[str, Any]:
    """Store the predictions of an open file as a run.

    Parameters
    ----------
    name : str
        The file's name; its suffix says how it is read: .csv, .tsv or .parquet.
    file : binary file
        A column image (id, path or file name) and a column of probabilities for each class.
    origin : Origin
        What the model is called, and what is known of its costs.
    class_map : str, optional
        Whose classes the columns are: id, name or name@version; without it, the labels.
    labels : str
        By which label set it is measured: id or name, or ORIGINAL.

    Returns
    -------
    dict
        Those of `training.summary`, and name, n_images (read), n_skipped, skipped [{row, reason}]:
        rows about images that this data set does not have, at most 100 of them listed.

    Raises
    ------
    InvalidInput
        If the file, a row or the name cannot be used, an image stands there twice, or validation
        and test images are missing: temperature and thresholds need the former, figures the latter.

    Notes
    -----
    Columns for exactly two classes of more make it an expert for that pair. Predictions of
    training images are not kept: they say nothing about images a model has not seen. The same file
    under the same name is the same run.
    """
    dataset = get_dataset(ws, dataset_id)
    _check_origin(origin)
    chosen = get_class_map(ws, dataset.id, class_map)
    read = read_predictions(name, file, chosen.classes)
    pair = None if len(read.classes) == len(chosen.classes) else read.classes
    at, skipped = _positions(ws, dataset, name, read)
    split = splits(ws, dataset.id)
    y = _truth(ws, dataset, read.classes, class_map, labels)
    predictions = np.full((dataset.n_images, len(read.classes)), np.nan, dtype=np.float32)
    known = at >= 0
    predictions[at[known]] = read.probs[known]
    predictions[split == "train"] = np.nan
    _check_complete(ws, dataset, name, predictions, split)
    record = _record(
        ws, dataset, name, origin, class_map, labels, read.classes, pair, predictions, y, split
    )
    with ws.write() as conn:
        runs.add(conn, record)
    restore_run(ws, record["id"])
    return {
        **summary(get_run(ws, record["id"])),
        "name": origin.name,
        "n_images": int(known.sum()),
        "n_skipped": len(skipped),
        "skipped": skipped[:_LISTED],
    }


def _record(
    ws: Workspace,
    dataset: Dataset,
    name: str,
    origin: Origin,
    class_map: str | None,
    labels: str,
    classes: tuple[str, ...],
    pair: tuple[str, ...] | None,
    predictions: np.ndarray,
    y: np.ndarray,
    split: np.ndarray,
) -> dict[str, Any]:
    """Return the row of the run."""
    map_id = get_record(ws, dataset.id, class_map).id if class_map else None
    label_set = label_sets.find(ws, dataset, labels)
    blob = ws.blobs.put_array(predictions)
    config: dict[str, Any] = {
        "algorithm": IMPORTED,
        "name": origin.name,
        "file": printable(name),
        "classes": list(classes),
        "pair": list(pair) if pair else None,
        "class_map": map_id,
        "labels": label_set.id if label_set else ORIGINAL,
        "backbone": None,
        "embedder": None,
        "options": {},
        "seed": origin.seed,
    }
    return {
        "id": content_id("run", [dataset.id, config, blob]),
        "dataset_id": dataset.id,
        "algorithm": IMPORTED,
        "class_map_id": map_id,
        "classes": list(classes),
        "pair": config["pair"],
        "seed": origin.seed,
        "config": config,
        "history": {},
        **run_figures(y, predictions, split),
        "artifact": {},
        "predictions": blob,
        "n_parameters": origin.n_parameters,
        "duration_s": origin.duration_s,
        "ms_per_image": origin.ms_per_image,
        "device": "elsewhere",
        "created_at": utc_now(),
    }


def _check_origin(origin: Origin) -> None:
    name = origin.name
    if not name.strip() or len(name) > _NAME_MOST or printable(name) != name:
        raise InvalidInput(
            t("a model needs a name"),
            expected=t("1 to {name_most} characters", name_most=_NAME_MOST),
            received=repr(name),
        )
    for what, value in (
        (t("the number of parameters is out of range"), origin.n_parameters),
        (t("the training time is out of range"), origin.duration_s),
        (t("the time per image is out of range"), origin.ms_per_image),
    ):
        if value is not None and not (np.isfinite(value) and value >= 0):
            raise InvalidInput(
                what,
                expected=t("a number from 0 on"),
                received=str(value),
            )


def _positions(
    ws: Workspace, dataset: Dataset, name: str, read: PredictionFile
) -> tuple[np.ndarray, list[Mapping[str, Any]]]:
    """Return the position of each row's image, -1 for none, and what was skipped."""
    find = finder(images(ws, dataset.id))
    position = {image: i for i, image in enumerate(image_ids(ws, dataset.id))}
    at = np.full(len(read.images), -1, dtype=np.int64)
    skipped: list[Mapping[str, Any]] = []
    for row, given in enumerate(read.images):
        image, why = find(given)
        if image is None:
            skipped.append({"row": row + 1, "reason": why})
        else:
            at[row] = position[image]
    used, n_times = np.unique(at[at >= 0], return_counts=True)
    if (n_times > 1).any():
        row = int(np.flatnonzero(at == used[n_times > 1][0])[1])
        raise InvalidInput(
            t(
                "row {row} of {name} is about an image that an earlier row is about",
                row=row + 1,
                name=printable(name),
            ),
            expected=t("one row an image"),
            received=repr(printable(read.images[row])[:100]),
        )
    return at, skipped


def _truth(
    ws: Workspace, dataset: Dataset, classes: tuple[str, ...], class_map: str | None, labels: str
) -> np.ndarray:
    """Return every image's class as an index into `classes`; -1 outside a pair."""
    chosen = get_class_map(ws, dataset.id, class_map)
    index = {c: i for i, c in enumerate(classes)}
    column = np.array([index.get(c, -1) for c in chosen.classes], dtype=np.int64)
    return np.asarray(column[chosen.apply(label_sets.indices(ws, dataset, labels))])


def _check_complete(
    ws: Workspace, dataset: Dataset, name: str, predictions: np.ndarray, split: np.ndarray
) -> None:
    missing = np.flatnonzero((split != "train") & np.isnan(predictions[:, 0]))
    if len(missing):
        frame = images(ws, dataset.id)
        shown = ", ".join(frame["path"].iloc[missing[:3]]) + (", ..." if len(missing) > 3 else "")
        n_held_out = int((split != "train").sum())
        raise InvalidInput(
            tn(
                "{name} has no prediction for {n:,} held-out image: {shown}",
                "{name} has no prediction for {n:,} held-out images: {shown}",
                len(missing),
                name=printable(name),
                shown=shown,
            ),
            expected=t(
                "a row for each of the {n_held_out:,} validation and test images",
                n_held_out=n_held_out,
            ),
            received=text.number(n_held_out - len(missing)),
            todo=t("`python -m core labels export {name} FILE.csv` lists them", name=dataset.name),
        )
