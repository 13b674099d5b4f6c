"""Class maps: save, read back, and what a run said of the images under its own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.analysis import metrics
from core.analysis.class_map import ClassMap
from core.errors import InvalidInput
from core.language import t
from core.records import ClassMapRecord, Run
from core.services.data.datasets import get_dataset, split_index
from core.services.labels import label_sets
from core.store import class_maps
from core.store.database import Workspace, utc_now

HELD_OUT = ("val", "test")


def list_class_maps(ws: Workspace, dataset_id: str) -> list[ClassMapRecord]:
    """Return every version of every class map of a data set, newest first."""
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        return class_maps.all_of(conn, dataset.id)


def get_record(ws: Workspace, dataset_id: str, id_or_name: str) -> ClassMapRecord:
    """Return a saved class map by id, name (newest version) or name@version."""
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        return class_maps.get(conn, dataset.id, id_or_name)


def get_class_map(ws: Workspace, dataset_id: str, id_or_name: str | None) -> ClassMap:
    """Return a class map ready to apply; None is the identity over the data set's labels."""
    dataset = get_dataset(ws, dataset_id)
    if id_or_name is None:
        return ClassMap.identity(dataset.labels)
    return ClassMap.from_mapping(dataset.labels, get_record(ws, dataset.id, id_or_name).class_of)


def save_class_map(
    ws: Workspace,
    dataset_id: str,
    name: str,
    class_of: Mapping[str, str],
    *,
    why: str = "",
    who: str = "",
) -> ClassMapRecord:
    """Save a class map under a name; a name that exists gets a new version.

    Raises
    ------
    InvalidInput
        If the name is empty, or `class_of` does not name exactly the labels of the data set.
    """
    dataset = get_dataset(ws, dataset_id)
    if not name.strip() or "@" in name or len(name) > 64:
        raise InvalidInput(
            t("this name cannot be used for a class map"),
            expected=t("1 to 64 characters, without @"),
            received=repr(name),
        )
    ClassMap.from_mapping(dataset.labels, class_of)
    ordered = {label: class_of[label] for label in dataset.labels}
    with ws.write() as conn:
        map_id = class_maps.add(
            conn,
            dataset_id=dataset.id,
            name=name.strip(),
            class_of=ordered,
            why=why,
            who=who,
            created_at=utc_now(),
        )
        return class_maps.get(conn, dataset.id, map_id)


def run_classes(ws: Workspace, run: Run) -> np.ndarray:
    """Return every image's class, by the run's labels, as an index into `run.classes`.

    -1 outside a pair.
    """
    dataset = get_dataset(ws, run.dataset_id)
    y = label_sets.indices(ws, dataset, run.config.get("labels"))
    class_map = get_class_map(ws, dataset.id, run.class_map_id)
    index = {name: i for i, name in enumerate(run.classes)}
    column = np.array([index.get(name, -1) for name in class_map.classes], dtype=np.int64)
    return np.asarray(column[class_map.apply(y)])


def held_out(ws: Workspace, run: Run, split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what a run said of the held-out images that show one of its classes.

    Returns
    -------
    positions, y, probs
        int64 (n,), int64 (n,) and float32 (n, n_classes): rows in the data set, true classes,
        raw probabilities.

    Raises
    ------
    InvalidInput
        If `split` is not val or test: of training images no probabilities are kept.
    """
    if split not in HELD_OUT:
        raise InvalidInput(
            t("a run keeps its answers for held-out images only"),
            expected=t("{a} or {b}", a=HELD_OUT[0], b=HELD_OUT[1]),
            received=repr(split),
        )
    truth, rows = run_classes(ws, run), split_index(ws, run.dataset_id, split)
    rows = rows[truth[rows] >= 0]
    return rows, truth[rows], ws.blobs.open_array(run.predictions)[rows]


def run_confusion(ws: Workspace, run: Run, split: str) -> np.ndarray:
    """Return a run's confusion matrix on a split, int64 (n_classes, n_classes), row = true."""
    _, y, probs = held_out(ws, run, split)
    return metrics.confusion_matrix(y, probs.argmax(axis=1), len(run.classes))
