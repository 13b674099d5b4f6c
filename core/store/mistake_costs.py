"""What mistakes cost: append-only, the newest version counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, insert, select

from core.ids import new_id
from core.records import MistakeCosts
from core.store import tables as t


def add(
    conn: Connection,
    *,
    dataset_id: str,
    unit: str,
    costs: Sequence[Sequence[float]] | None,
    person: float | None,
    why: str,
    who: str,
    created_at: str,
) -> MistakeCosts:
    """Insert the next version in the caller's transaction and return it."""
    c = t.mistake_cost.c
    last = conn.scalar(select(func.max(c.version)).where(c.dataset_id == dataset_id)) or 0
    row = {
        "id": new_id("cost"),
        "dataset_id": dataset_id,
        "version": last + 1,
        "unit": unit,
        "costs": None if costs is None else [list(line) for line in costs],
        "person": person,
        "why": why,
        "who": who,
        "created_at": created_at,
    }
    conn.execute(insert(t.mistake_cost), row)
    return all_of(conn, dataset_id)[0]


def all_of(conn: Connection, dataset_id: str) -> list[MistakeCosts]:
    """Return every version for a data set, newest first."""
    c = t.mistake_cost.c
    query = select(t.mistake_cost).where(c.dataset_id == dataset_id)
    return [_record(row) for row in conn.execute(query.order_by(c.version.desc())).mappings()]


def _record(row: RowMapping) -> MistakeCosts:
    values = {name: row[name] for name in MistakeCosts.__slots__}
    if values["costs"] is not None:
        values["costs"] = tuple(tuple(float(x) for x in line) for line in values["costs"])
    values["created_at"] = datetime.fromisoformat(row["created_at"])
    return MistakeCosts(**values)
