"""Data sets, their images, and what an import could not take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, RowMapping, insert, or_, select, update

from core.errors import NotFound
from core.records import Dataset, Problem
from core.store import tables as t
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
    conn.execute(insert(t.dataset), dict(dataset))
    insert_or_keep(conn, t.image, images)
    if members:
        rows = [{**row, "dataset_id": dataset["id"]} for row in members]
        conn.execute(insert(t.dataset_image), rows)
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
        conn.execute(insert(t.dataset_problem), listed)


def find(conn: Connection, name_or_id: str) -> Dataset | None:
    """Return the data set with this id or name, or None."""
    where = or_(t.dataset.c.id == name_or_id, t.dataset.c.name == name_or_id)
    row = conn.execute(select(t.dataset).where(where)).mappings().first()
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
        "there is no such data set",
        expected=f"one of {', '.join(names)}" if names else "an imported data set",
        received=repr(name_or_id),
        todo="list them with `python -m core doctor`, or import one",
    )


def all_of(conn: Connection, *, archived: bool = False) -> list[Dataset]:
    """Return the data sets, newest first; the archived ones only when asked."""
    query = select(t.dataset).order_by(t.dataset.c.created_at.desc(), t.dataset.c.id)
    if not archived:
        query = query.where(t.dataset.c.archived_at.is_(None))
    return [_dataset(row) for row in conn.execute(query).mappings()]


def images(conn: Connection, dataset_id: str) -> pd.DataFrame:
    """Return one row an image, in the order of `position`; columns are IMAGE_COLUMNS."""
    columns = [
        (t.image if name in ("width", "height") else t.dataset_image).c[name]
        for name in IMAGE_COLUMNS
    ]
    query = (
        select(*columns)
        .join(t.image, t.image.c.id == t.dataset_image.c.image_id)
        .where(t.dataset_image.c.dataset_id == dataset_id)
        .order_by(t.dataset_image.c.position)
    )
    return pd.DataFrame(conn.execute(query).all(), columns=IMAGE_COLUMNS)


def labels_and_splits(conn: Connection, dataset_id: str) -> list[tuple[str, str]]:
    """Return (label, split) of every image in the order of `position`, without the rest."""
    c = t.dataset_image.c
    query = select(c.label, c.split).where(c.dataset_id == dataset_id).order_by(c.position)
    return [(row.label, row.split) for row in conn.execute(query)]


def problems(conn: Connection, dataset_id: str) -> list[Problem]:
    """Return what the import of this data set could not take."""
    c = t.dataset_problem.c
    query = select(c.file, c.kind, c.reason).where(c.dataset_id == dataset_id).order_by(c.seq)
    return [Problem(*row) for row in conn.execute(query)]


def location(conn: Connection, image_id: str) -> tuple[str, int, int]:
    """Return (pack blob, offset, n_bytes) of an image's original file.

    Raises
    ------
    NotFound
        If there is no such image.
    """
    c = t.image.c
    query = select(c.pack, c.offset, c.n_bytes).where(c.id == image_id)
    row = conn.execute(query).first()
    if row is None:
        raise NotFound("there is no such image", received=repr(image_id))
    return row.pack, row.offset, row.n_bytes


def sidecar(conn: Connection, dataset_id: str) -> str | None:
    """Return the blob of what the generator knows; for tests and the report's honesty note only."""
    return conn.scalar(select(t.dataset.c.sidecar).where(t.dataset.c.id == dataset_id))


def set_archived(conn: Connection, dataset_id: str, at: str | None) -> None:
    """Hide a data set (`at` = now) or bring it back (None); nothing is deleted."""
    conn.execute(update(t.dataset).where(t.dataset.c.id == dataset_id).values(archived_at=at))


def _dataset(row: RowMapping) -> Dataset:
    values = {name: row[name] for name in Dataset.__slots__}
    values["labels"] = tuple(row["labels"])
    values["created_at"] = datetime.fromisoformat(row["created_at"])
    archived = row["archived_at"]
    values["archived_at"] = datetime.fromisoformat(archived) if archived else None
    return Dataset(**values)
