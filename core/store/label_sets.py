"""Label sets: one label for every image; append-only, a new version for every save of a name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, or_, select

from core.errors import NotFound
from core.ids import content_id
from core.language import t
from core.records import LabelSet
from core.store import tables

ORIGINAL = "original"  # the labels of the import: not stored again


def add(
    conn: Connection,
    *,
    dataset_id: str,
    name: str,
    labels: str,
    quality: str | None,
    origin: Mapping[str, Any],
    who: str,
    created_at: str,
) -> LabelSet:
    """Insert the next version of `name`; the same labels of the same origin are found again.

    Parameters
    ----------
    labels, quality : str
        Blobs; see `records.LabelSet`.
    origin : mapping
        Everything the labels follow from, so that asking twice makes one version.
    """
    made_of = {"dataset": dataset_id, "name": name, "labels": labels, "origin": dict(origin)}
    set_id = content_id("labels", made_of)
    known = (
        conn.execute(select(tables.label_set).where(tables.label_set.c.id == set_id))
        .mappings()
        .first()
    )
    if known is not None:
        return _record(known)
    same = (tables.label_set.c.dataset_id == dataset_id) & (tables.label_set.c.name == name)
    row = {
        "id": set_id,
        "dataset_id": dataset_id,
        "name": name,
        "version": (conn.scalar(select(func.max(tables.label_set.c.version)).where(same)) or 0) + 1,
        "labels": labels,
        "quality": quality,
        "origin": dict(origin),
        "who": who,
        "created_at": created_at,
    }
    conn.execute(insert(tables.label_set), row)
    return get(conn, dataset_id, set_id)


def get(conn: Connection, dataset_id: str, id_or_name: str) -> LabelSet:
    """Return a label set by id, or the newest version of a name (`name@2` names version 2).

    Raises
    ------
    NotFound
        If this data set has no such label set.
    """
    name, _, version = id_or_name.partition("@")
    c = tables.label_set.c
    match = or_(c.id == id_or_name, c.name == id_or_name)  # no name has an @
    if version.isdecimal():
        match = (c.name == name) & (c.version == int(version))
    query = select(tables.label_set).where(c.dataset_id == dataset_id, match)
    row = conn.execute(query.order_by(c.version.desc())).mappings().first()
    if row is None:
        names = sorted({s.name for s in all_of(conn, dataset_id)})
        raise NotFound(
            t("this data set has no such label set"),
            expected=t("one of {names}", names=", ".join([ORIGINAL, *names])),
            received=repr(id_or_name),
            todo=t("make one with `python -m core labels consensus`"),
        )
    return _record(row)


def all_of(conn: Connection, dataset_id: str) -> list[LabelSet]:
    """Return every version of every label set of a data set, newest first."""
    c = tables.label_set.c
    query = select(tables.label_set).where(c.dataset_id == dataset_id)
    rows = conn.execute(query.order_by(c.created_at.desc(), c.id)).mappings()
    return [_record(row) for row in rows]


def _record(row: RowMapping) -> LabelSet:
    values = {name: row[name] for name in LabelSet.__slots__}
    values["created_at"] = datetime.fromisoformat(row["created_at"])
    return LabelSet(**values)
