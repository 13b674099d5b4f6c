"""What augmentation does to a data set's images: shown before anybody trains on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.errors import InvalidInput
from core.ids import content_id
from core.jobs import engine
from core.jobs.context import JobContext
from core.language import t
from core.models import ALGORITHMS, augment, get_algorithm
from core.models.options import parse
from core.records import Dataset
from core.services.data.datasets import get_dataset, label_indices, pixels, splits
from core.store import results
from core.store.database import Workspace

FORMAT = 1  # of what a result holds: part of its id
N_IMAGES, N_VARIANTS = 6, 5
_SEED = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """Some training images, and each of them changed at random as in training.

    Attributes
    ----------
    positions : tuple of int
        Rows of the data set.
    labels : tuple of str
        As imported.
    images : ndarray of uint8, (n_images, 1 + n_variants, side, side, 3)
        As the network sees them: first unchanged, then changed.
    """

    positions: tuple[int, ...]
    labels: tuple[str, ...]
    images: np.ndarray


def augmenting() -> list[str]:
    """Return the names of the algorithms that change images at random in training."""
    return [a.name for a in ALGORITHMS.values() if augment.augments(a.options)]


def changes_anything(algorithm: str, given: Mapping[str, Any]) -> bool:
    """Return whether these options change any image.

    Raises
    ------
    InvalidInput
        If the algorithm or an option cannot be used.
    """
    return any(_relevant(algorithm, given).get(name) for name in augment.OPTIONS)


def submit_preview(
    ws: Workspace, dataset_id: str, algorithm: str, options: Mapping[str, Any]
) -> str:
    """Start making a preview in the background and return the job's id.

    Notes
    -----
    Only options that change images count: two requests that differ in others are one.

    Raises
    ------
    InvalidInput
        If the algorithm does not augment, or an option cannot be used.
    """
    dataset = get_dataset(ws, dataset_id)
    if algorithm not in augmenting():
        raise InvalidInput(
            t("this algorithm does not change images"),
            expected=t(" or ").join(augmenting()),
            received=algorithm,
        )
    key = _key(algorithm, options)
    exists = find_preview(ws, dataset.id, algorithm, options) is not None
    return engine.submit(
        ws,
        "preview",
        {"dataset": dataset.id, "algorithm": algorithm, "options": dict(options)},
        title=t("Preview augmentation of {name}", name=dataset.name),
        dataset_id=dataset.id,
        idem_key=content_id("preview", [dataset.id, key, exists]),  # a double click is one job
    )


def run_preview(context: JobContext, params: Mapping[str, Any]) -> dict[str, Any]:
    """Change some images (in the job process) as training would, and keep them."""
    from core.models.training import prepare_process

    ws = context.workspace
    dataset = get_dataset(ws, params["dataset"])
    positions = _chosen(ws, dataset)
    context.report(0.1, t("starting the backend"))
    prepare_process(ws.settings.n_threads)
    algorithm = get_algorithm(params["algorithm"])
    options: Any = parse(algorithm.options, params["options"])
    images = np.ascontiguousarray(pixels(ws, dataset)[positions])
    context.report(0.3, t("changing images"))
    seen, changed = augment.preview(images, options, N_VARIANTS, _SEED)
    context.report(0.9, t("keeping the pictures"))
    blob = ws.blobs.put_array(np.concatenate([seen[:, None], changed], axis=1))
    value = {"positions": [int(p) for p in positions]}
    with ws.write() as conn:
        kept = results.add(
            conn,
            kind="preview",
            dataset_id=dataset.id,
            params=_key(params["algorithm"], params["options"]),
            value=value,
            blob=blob,
        )
    return {"preview": kept}


def find_preview(
    ws: Workspace, dataset_id: str, algorithm: str, options: Mapping[str, Any]
) -> Preview | None:
    """Return the preview with these options, or None while it was not made."""
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        found = results.find(conn, "preview", dataset.id, _key(algorithm, options))
    if found is None or found[1] is None:
        return None
    positions = tuple(found[0]["positions"])
    y = label_indices(ws, dataset)
    labels = tuple(dataset.labels[y[p]] for p in positions)
    return Preview(positions, labels, ws.blobs.open_array(found[1]))


def _relevant(algorithm: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that decide what is seen, with defaults filled in."""
    chosen = asdict(parse(get_algorithm(algorithm).options, given))
    return {name: chosen[name] for name in (*augment.OPTIONS, "input_px") if name in chosen}


def _key(algorithm: str, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "options": _relevant(algorithm, given),
        "n_variants": N_VARIANTS,
        "seed": _SEED,
    }


def _chosen(ws: Workspace, dataset: Dataset) -> np.ndarray:
    """Return the positions of some training images: one a class in turn, as many as wanted."""
    y, split = label_indices(ws, dataset), splits(ws, dataset.id)
    rows = np.flatnonzero(split == "train")
    rank = np.zeros(len(rows), np.int64)  # first of its class: 0, second: 1, ...
    for label in np.unique(y[rows]):
        mine = np.flatnonzero(y[rows] == label)
        rank[mine] = np.arange(len(mine))
    order = np.lexsort((y[rows], rank))
    return np.asarray(rows[order[:N_IMAGES]], np.int64)
