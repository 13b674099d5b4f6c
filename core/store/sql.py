"""The one place where SQLite and PostgreSQL need different words for the same thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_or_keep(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose key is new; a row that exists already stays as it is."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    if rows:
        conn.execute(dialect.insert(table).on_conflict_do_nothing(), [dict(row) for row in rows])


def insert_or_replace(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows; one whose primary key exists takes its place."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    if rows:
        new = dialect.insert(table)
        keys = [column.name for column in table.primary_key]
        rest = {c.name: new.excluded[c.name] for c in table.columns if c.name not in keys}
        statement = new.on_conflict_do_update(index_elements=keys, set_=rest)
        conn.execute(statement, [dict(row) for row in rows])
