"""Data sets, their images, and what an import could not take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, RowMapping, insert, or_, select, update

from core.errors import NotFound
from core.language import t
from core.records import Dataset, Problem
from core.store import tables
from core.store.sql import insert_or_keep

IMAGE_COLUMNS = ["position", "image_id", "path", "label", "split", "group", "width", "height"]


def add(
    conn: Connection,
    dataset: Mapping[str, Any],
    images: Sequence[Mapping[str, Any]],
    members: Sequence[Mapping[str, Any]],
    problems: Iterable[Problem],
) -> None:
    """Insert a data set with its images in the caller's transaction.

    Parameters
    ----------
    dataset : mapping
        The columns of `tables.dataset`.
    images : sequence of mapping
        Columns of `tables.image`; images the workspace already holds are left as they are.
    members : sequence of mapping
        Columns of `tables.dataset_image` but `dataset_id`.
    problems : iterable of Problem
        What was not taken, in the order it was met.
    """
    conn.execute(insert(tables.dataset), dict(dataset))
    insert_or_keep(conn, tables.image, images)
    if members:
        rows = [{**row, "dataset_id": dataset["id"]} for row in members]
        conn.execute(insert(tables.dataset_image), rows)
    listed = [
        {
            "dataset_id": dataset["id"],
            "seq": seq,
            "file": p.file,
            "kind": p.kind,
            "reason": p.reason,
        }
        for seq, p in enumerate(problems)
    ]
    if listed:
        conn.execute(insert(tables.dataset_problem), listed)


def find(conn: Connection, name_or_id: str) -> Dataset | None:
    """Return the data set with this id or name, or None."""
    where = or_(tables.dataset.c.id == name_or_id, tables.dataset.c.name == name_or_id)
    row = conn.execute(select(tables.dataset).where(where)).mappings().first()
    return _dataset(row) if row else None


def get(conn: Connection, name_or_id: str) -> Dataset:
    """Return the data set with this id or name.

    Raises
    ------
    NotFound
        If there is none; the sentence lists the names that exist.
    """
    found = find(conn, name_or_id)
    if found:
        return found
    names = [d.name for d in all_of(conn)]
    raise NotFound(
        t("there is no such data set"),
        expected=t("one of {names}", names=", ".join(names))
        if names
        else t("an imported data set"),
        received=repr(name_or_id),
        todo=t("list them with `python -m core doctor`, or import one"),
    )


def all_of(conn: Connection, *, archived: bool = False) -> list[Dataset]:
    """Return the data sets, newest first; the archived ones only when asked."""
    query = select(tables.dataset).order_by(tables.dataset.c.created_at.desc(), tables.dataset.c.id)
    if not archived:
        query = query.where(tables.dataset.c.archived_at.is_(None))
    return [_dataset(row) for row in conn.execute(query).mappings()]


def images(conn: Connection, dataset_id: str) -> pd.DataFrame:
    """Return one row an image, in the order of `position`; columns are IMAGE_COLUMNS."""
    columns = [
        (tables.image if name in ("width", "height") else tables.dataset_image).c[name]
        for name in IMAGE_COLUMNS
    ]
    query = (
        select(*columns)
        .join(tables.image, tables.image.c.id == tables.dataset_image.c.image_id)
        .where(tables.dataset_image.c.dataset_id == dataset_id)
        .order_by(tables.dataset_image.c.position)
    )
    return pd.DataFrame(conn.execute(query).all(), columns=IMAGE_COLUMNS)


def labels_and_splits(conn: Connection, dataset_id: str) -> list[tuple[str, str]]:
    """Return (label, split) of every image in the order of `position`, without the rest."""
    c = tables.dataset_image.c
    query = select(c.label, c.split).where(c.dataset_id == dataset_id).order_by(c.position)
    return [(row.label, row.split) for row in conn.execute(query)]


def problems(conn: Connection, dataset_id: str) -> list[Problem]:
    """Return what the import of this data set could not take."""
    c = tables.dataset_problem.c
    query = select(c.file, c.kind, c.reason).where(c.dataset_id == dataset_id).order_by(c.seq)
    return [Problem(*row) for row in conn.execute(query)]


def location(conn: Connection, image_id: str) -> tuple[str, int, int]:
    """Return (pack blob, offset, n_bytes) of an image's original file.

    Raises
    ------
    NotFound
        If there is no such image.
    """
    c = tables.image.c
    query = select(c.pack, c.offset, c.n_bytes).where(c.id == image_id)
    row = conn.execute(query).first()
    if row is None:
        raise NotFound(t("there is no such image"), received=repr(image_id))
    return row.pack, row.offset, row.n_bytes


def sidecar(conn: Connection, dataset_id: str) -> str | None:
    """Return the blob of what the generator knows; for tests and the report's honesty note only."""
    return conn.scalar(select(tables.dataset.c.sidecar).where(tables.dataset.c.id == dataset_id))


def set_archived(conn: Connection, dataset_id: str, at: str | None) -> None:
    """Hide a data set (`at` = now) or bring it back (None); nothing is deleted."""
    conn.execute(
        update(tables.dataset).where(tables.dataset.c.id == dataset_id).values(archived_at=at)
    )


def _dataset(row: RowMapping) -> Dataset:
    values = {name: row[name] for name in Dataset.__slots__}
    values["labels"] = tuple(row["labels"])
    values["created_at"] = datetime.fromisoformat(row["created_at"])
    archived = row["archived_at"]
    values["archived_at"] = datetime.fromisoformat(archived) if archived else None
    return Dataset(**values)
