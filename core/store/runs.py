"""Runs and cascades: inserted once when finished; only the marks on them change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from core.errors import NotFound
from core.language import t
from core.records import CascadeRecord, Run
from core.store import tables
from core.store.sql import insert_or_keep


def add(conn: Connection, run: Mapping[str, Any]) -> None:
    """Insert a finished run; one with the same id (same config, data and seed) is kept as it is."""
    insert_or_keep(conn, tables.run, [run])


def find(conn: Connection, run_id: str) -> Run | None:
    """Return the run with this id, or None."""
    row = conn.execute(select(tables.run).where(tables.run.c.id == run_id)).mappings().first()
    return _run(row) if row else None


def get(conn: Connection, run_id: str) -> Run:
    """Return the run with this id.

    Raises
    ------
    NotFound
        If there is none.
    """
    run = find(conn, run_id)
    if run is None:
        raise _missing(t("there is no such run"), run_id)
    return run


def all_of(conn: Connection, dataset_id: str, *, archived: bool = False) -> list[Run]:
    """Return the runs of a data set, newest first; the archived ones only when asked."""
    query = select(tables.run).where(tables.run.c.dataset_id == dataset_id)
    if not archived:
        query = query.where(tables.run.c.archived_at.is_(None))
    rows = conn.execute(query.order_by(tables.run.c.created_at.desc(), tables.run.c.id)).mappings()
    return [_run(row) for row in rows]


def set_archived(conn: Connection, run_id: str, at: str | None) -> None:
    """Hide a run (`at` = now) or bring it back (None); nothing is deleted."""
    mark(conn, run_id, archived_at=at)


def mark(conn: Connection, model_id: str, **marks: str | bool | None) -> None:
    """Change name, starred, pinned or archived_at of a run or a cascade.

    Raises
    ------
    NotFound
        If it is neither.
    """
    table = tables.cascade if model_id.startswith("cas-") else tables.run
    values = {name: int(m) if isinstance(m, bool) else m for name, m in marks.items()}
    if not conn.execute(update(table).where(table.c.id == model_id).values(values)).rowcount:
        raise _missing(t("there is no such run or cascade"), model_id)


def add_cascade(conn: Connection, cascade: Mapping[str, Any]) -> None:
    """Insert a cascade; one with the same id (same members and threshold) is kept as it is."""
    insert_or_keep(conn, tables.cascade, [cascade])


def find_cascade(conn: Connection, cascade_id: str) -> CascadeRecord | None:
    """Return the cascade with this id, or None."""
    row = (
        conn.execute(select(tables.cascade).where(tables.cascade.c.id == cascade_id))
        .mappings()
        .first()
    )
    return _cascade(row) if row else None


def cascades_of(
    conn: Connection, dataset_id: str, *, archived: bool = False
) -> list[CascadeRecord]:
    """Return the cascades of a data set, newest first; the archived ones only when asked."""
    c = tables.cascade.c
    query = select(tables.cascade).where(c.dataset_id == dataset_id)
    if not archived:
        query = query.where(c.archived_at.is_(None))
    rows = conn.execute(query.order_by(c.created_at.desc(), c.id)).mappings()
    return [_cascade(row) for row in rows]


def _missing(what: str, received: str) -> NotFound:
    return NotFound(
        what,
        received=repr(received),
        todo=t("list them with `python -m core runs DATASET`"),
    )


def _run(row: RowMapping) -> Run:
    values = {name: row[name] for name in Run.__slots__} | _shared(row)
    values["classes"] = tuple(row["classes"])
    values["pair"] = tuple(row["pair"]) if row["pair"] else None
    return Run(**values)


def _cascade(row: RowMapping) -> CascadeRecord:
    values = {name: row[name] for name in CascadeRecord.__slots__} | _shared(row)
    values["experts"] = tuple(row["experts"])
    return CascadeRecord(**values)


def _shared(row: RowMapping) -> dict[str, Any]:
    """Return what runs and cascades have alike, as the records hold it."""
    archived = row["archived_at"]
    return {
        "created_at": datetime.fromisoformat(row["created_at"]),
        "archived_at": datetime.fromisoformat(archived) if archived else None,
        "starred": bool(row["starred"]),
        "pinned": bool(row["pinned"]),
    }
