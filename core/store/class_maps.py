"""Class maps: append-only, a new version for every save."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, insert, or_, select

from core.errors import NotFound
from core.ids import new_id
from core.language import t
from core.records import ClassMapRecord
from core.store import tables


def add(
    conn: Connection,
    *,
    dataset_id: str,
    name: str,
    class_of: Mapping[str, str],
    why: str,
    who: str,
    created_at: str,
) -> str:
    """Insert the next version of `name` in the caller's transaction and return its id."""
    same = (tables.class_map.c.dataset_id == dataset_id) & (tables.class_map.c.name == name)
    last = conn.scalar(select(func.max(tables.class_map.c.version)).where(same)) or 0
    map_id = new_id("map")
    row = {
        "id": map_id,
        "dataset_id": dataset_id,
        "name": name,
        "version": last + 1,
        "class_of": [list(pair) for pair in class_of.items()],
        "why": why,
        "who": who,
        "created_at": created_at,
    }
    conn.execute(insert(tables.class_map), row)
    return map_id


def get(conn: Connection, dataset_id: str, id_or_name: str) -> ClassMapRecord:
    """Return a class map by id, or the newest version of a name (`name@2` names version 2).

    Raises
    ------
    NotFound
        If this data set has no such class map.
    """
    name, _, version = id_or_name.partition("@")
    c = tables.class_map.c
    match = or_(c.id == id_or_name, c.name == id_or_name)  # no name has an @
    if version.isdecimal():
        match = (c.name == name) & (c.version == int(version))
    query = select(tables.class_map).where(c.dataset_id == dataset_id, match)
    row = conn.execute(query.order_by(c.version.desc())).mappings().first()
    if row is None:
        names = ", ".join(sorted({m.name for m in all_of(conn, dataset_id)}))
        raise NotFound(
            t("this data set has no such class map"),
            expected=t("one of {names}", names=names) if names else None,
            received=repr(id_or_name),
            todo=t("save one with `python -m core map`, or on the Classes page"),
        )
    return _record(row)


def find(conn: Connection, map_id: str) -> ClassMapRecord | None:
    """Return the class map with this id, whatever its data set, or None."""
    query = select(tables.class_map).where(tables.class_map.c.id == map_id)
    row = conn.execute(query).mappings().first()
    return _record(row) if row else None


def all_of(conn: Connection, dataset_id: str) -> list[ClassMapRecord]:
    """Return every version of every class map of a data set, newest first."""
    c = tables.class_map.c
    query = select(tables.class_map).where(c.dataset_id == dataset_id)
    rows = conn.execute(query.order_by(c.created_at.desc(), c.id)).mappings()
    return [_record(row) for row in rows]


def _record(row: RowMapping) -> ClassMapRecord:
    values = {name: row[name] for name in ClassMapRecord.__slots__}
    values["class_of"] = dict(row["class_of"])
    values["created_at"] = datetime.fromisoformat(row["created_at"])
    return ClassMapRecord(**values)
