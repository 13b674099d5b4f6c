"""Label sets: whose labels a run learns and is measured by; the import's own are never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from core.errors import InvalidInput
from core.language import t
from core.records import Dataset, LabelSet
from core.services.data.datasets import get_dataset, image_ids, label_indices
from core.store import label_sets
from core.store.database import Workspace, utc_now
from core.store.label_sets import ORIGINAL

__all__ = ["ORIGINAL"]


def list_label_sets(ws: Workspace, dataset_id: str) -> list[LabelSet]:
    """Return every version of every label set of a data set, newest first."""
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        return label_sets.all_of(conn, dataset.id)


def find(ws: Workspace, dataset: Dataset, id_or_name: str) -> LabelSet | None:
    """Return a label set by id, name (newest version) or name@version; None for ORIGINAL.

    Raises
    ------
    NotFound
        If this data set has no such label set.
    """
    if id_or_name == ORIGINAL:
        return None
    with ws.read() as conn:
        return label_sets.get(conn, dataset.id, id_or_name)


def indices(ws: Workspace, dataset: Dataset, label_set: LabelSet | str | None) -> np.ndarray:
    """Return every image's label as an index into `dataset.labels`, int64 (n_images,).

    Parameters
    ----------
    label_set : LabelSet, str or None
        A label set, its id or name, or ORIGINAL; None is ORIGINAL, too.
    """
    its = find(ws, dataset, label_set) if isinstance(label_set, str) else label_set
    return label_indices(ws, dataset) if its is None else ws.blobs.open_array(its.labels)


def quality(ws: Workspace, label_set: LabelSet) -> np.ndarray | None:
    """Return how sure the method was of each label, float32 (n_images,), or None.

    Notes
    -----
    NaN for images that nobody reviewed: their label is that of the import.
    """
    return None if label_set.quality is None else ws.blobs.open_array(label_set.quality)


def save_label_set(
    ws: Workspace,
    dataset_id: str,
    name: str,
    labels: np.ndarray,
    *,
    origin: Mapping[str, Any],
    quality: np.ndarray | None = None,
    who: str = "",
) -> LabelSet:
    """Save labels under a name; a name that exists gets a new version.

    Parameters
    ----------
    labels : array of int, shape (n_images,)
        Index into the labels of the data set, for every image.
    origin : mapping
        Everything the labels follow from. The same labels of the same origin are found again.
    quality : array of float, shape (n_images,), optional
        Shares; NaN where nothing was said.

    Raises
    ------
    InvalidInput
        If the name cannot be used, or an image has no label of the data set.
    """
    dataset = get_dataset(ws, dataset_id)
    clean = name.strip()
    if not clean or "@" in clean or len(clean) > 64 or clean == ORIGINAL or not clean.isprintable():
        raise InvalidInput(
            t("this name cannot be used for a label set"),
            expected=t("1 to 64 characters, without @, and not {original}", original=ORIGINAL),
            received=repr(name),
        )
    y = np.asarray(labels, dtype=np.int64)
    if y.shape != (dataset.n_images,) or not ((y >= 0) & (y < len(dataset.labels))).all():
        raise InvalidInput(
            t("a label set has one label for every image"),
            expected=t(
                "{n_images} of {labels}",
                n_images=dataset.n_images,
                labels=", ".join(dataset.labels),
            ),
            received=t("shape {shape}", shape=y.shape),
        )
    blob = ws.blobs.put_array(y)
    of_quality = None if quality is None else ws.blobs.put_array(quality.astype(np.float32))
    with ws.write() as conn:
        return label_sets.add(
            conn,
            dataset_id=dataset.id,
            name=clean,
            labels=blob,
            quality=of_quality,
            origin=origin,
            who=who,
            created_at=utc_now(),
        )


def changes(ws: Workspace, dataset_id: str, before: str, after: str) -> pd.DataFrame:
    """Return the images whose label differs between two label sets.

    Returns
    -------
    DataFrame
        position, image, before, after; in the order of `position`.
    """
    dataset = get_dataset(ws, dataset_id)
    old, new = (indices(ws, dataset, name) for name in (before, after))
    rows = np.flatnonzero(old != new)
    ids, names = image_ids(ws, dataset.id), np.array(dataset.labels, dtype=object)
    return pd.DataFrame(
        {
            "position": rows,
            "image": [ids[row] for row in rows],
            "before": names[old[rows]],
            "after": names[new[rows]],
        }
    )
