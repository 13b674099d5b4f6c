"""Look at data sets: their images, thumbnails, balance and problems; hide and bring back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import BinaryIO

import numpy as np
import pandas as pd

from core.errors import InvalidInput
from core.language import t
from core.records import SPLITS, Dataset, Problem
from core.sources import images as decoding
from core.store import datasets
from core.store.database import Workspace, utc_now


def list_datasets(ws: Workspace, *, archived: bool = False) -> list[Dataset]:
    """Return the data sets, newest first; the archived ones only when asked."""
    with ws.read() as conn:
        return datasets.all_of(conn, archived=archived)


def get_dataset(ws: Workspace, name_or_id: str) -> Dataset:
    """Return a data set by id or name.

    Raises
    ------
    NotFound
        If there is none.
    """
    with ws.read() as conn:
        return datasets.get(conn, name_or_id)


def images(ws: Workspace, dataset_id: str) -> pd.DataFrame:
    """Return one row an image: position, image_id, path, label, split, group, width, height."""
    with ws.read() as conn:
        return datasets.images(conn, dataset_id)


def problems(ws: Workspace, dataset_id: str) -> list[Problem]:
    """Return the files that the import could not take as they were, with the reason."""
    with ws.read() as conn:
        return datasets.problems(conn, dataset_id)


def balance(ws: Workspace, dataset_id: str) -> pd.DataFrame:
    """Return the number of images of each label in each split, and in total.

    Returns
    -------
    DataFrame
        Columns label, train, val, test, total; labels in the order of the data set.
    """
    dataset = get_dataset(ws, dataset_id)
    frame = images(ws, dataset.id)
    table = pd.crosstab(frame["label"], frame["split"])
    table = table.reindex(index=list(dataset.labels), columns=list(SPLITS), fill_value=0)
    table["total"] = table.sum(axis=1)
    table.index.name, table.columns.name = "label", None
    return table.reset_index()


def label_indices(ws: Workspace, dataset: Dataset) -> np.ndarray:
    """Return the label of every image as an index into `dataset.labels`, int64 (n_images,)."""
    return _labels_and_splits(ws, dataset.id)[0]


def splits(ws: Workspace, dataset_id: str) -> np.ndarray:
    """Return the split of every image, "train", "val" or "test", text (n_images,)."""
    return _labels_and_splits(ws, dataset_id)[1]


def split_index(ws: Workspace, dataset_id: str, split: str) -> np.ndarray:
    """Return the positions of a split's images, ascending, int64 (n_images_of_split,).

    Raises
    ------
    InvalidInput
        If `split` is not train, val or test.
    """
    if split not in SPLITS:
        raise InvalidInput(t("unknown split"), expected=" | ".join(SPLITS), received=repr(split))
    return np.flatnonzero(splits(ws, dataset_id) == split)


@lru_cache(maxsize=8)
def _labels_and_splits(ws: Workspace, dataset_id: str) -> tuple[np.ndarray, np.ndarray]:
    """Read once a process what never changes: of 70,000 images it takes most of a second."""
    with ws.read() as conn:
        dataset = datasets.get(conn, dataset_id)
        rows = datasets.labels_and_splits(conn, dataset.id)
    index = {label: i for i, label in enumerate(dataset.labels)}
    y = np.array([index[label] for label, _ in rows], dtype=np.int64)
    of_image = np.array([split for _, split in rows], dtype="U5")
    y.flags.writeable = of_image.flags.writeable = False  # everybody gets the same arrays
    return y, of_image


@lru_cache(maxsize=8)
def image_ids(ws: Workspace, dataset_id: str) -> tuple[str, ...]:
    """Return the id of every image in the order of `position`; they never change."""
    return tuple(images(ws, dataset_id)["image_id"])


@lru_cache(maxsize=8)
def positions_by_id(ws: Workspace, dataset_id: str) -> Mapping[str, int]:
    """Return {image id: position} of a data set."""
    ids = image_ids(ws, dataset_id)
    return MappingProxyType({image_id: position for position, image_id in enumerate(ids)})


def pixels(ws: Workspace, dataset: Dataset, *, check: bool = True) -> np.ndarray:
    """Return the cached images as a read-only memory map, uint8 (n_images, px, px, 3).

    Parameters
    ----------
    check : bool
        Read the whole file once a process, to be sure that it is what was stored.
    """
    return ws.blobs.open_array(dataset.pixels, check=check)


def thumbnails(ws: Workspace, dataset_id: str, positions: Sequence[int]) -> list[bytes]:
    """Return the JPEG thumbnails of some images, in the order asked for.

    Raises
    ------
    InvalidInput
        If a position is outside the data set.
    """
    dataset = get_dataset(ws, dataset_id)
    offsets = ws.blobs.open_array(dataset.atlas_offsets)
    outside = [p for p in positions if not 0 <= p < dataset.n_images]
    if outside:
        raise InvalidInput(
            t("no such image"),
            expected=t("{low} to {high}", low=0, high=dataset.n_images - 1),
            received=str(outside[0]),
        )
    with ws.blobs.path(dataset.atlas).open("rb") as atlas:
        return [_slice(atlas, int(offsets[p]), int(offsets[p + 1])) for p in positions]


def picture(ws: Workspace, image_id: str) -> np.ndarray:
    """Return an image at its full size, decoded from the original bytes, uint8 (h, w, 3).

    Notes
    -----
    Pixels, never the original file: that may carry a position or a name in its metadata.
    """
    with ws.read() as conn:
        pack, offset, n_bytes = datasets.location(conn, image_id)
    with ws.blobs.path(pack).open("rb") as file:
        data = _slice(file, offset, offset + n_bytes)
    return decoding.decode(data, ws.settings.limits).rgb


def archive_dataset(ws: Workspace, dataset_id: str) -> None:
    """Hide a data set; `restore_dataset` undoes it and nothing is lost."""
    with ws.write() as conn:
        datasets.set_archived(conn, datasets.get(conn, dataset_id).id, utc_now())


def restore_dataset(ws: Workspace, dataset_id: str) -> None:
    """Bring an archived data set back."""
    with ws.write() as conn:
        datasets.set_archived(conn, datasets.get(conn, dataset_id).id, None)


def _slice(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(end - start)
