"""Whether the database itself is sound."""

from __future__ import annotations

from sqlalchemy import Connection, text

from core.language import t


def damage(conn: Connection) -> list[str]:
    """Return what SQLite's quick check finds, a sentence each; an empty list when all is well."""
    if conn.dialect.name != "sqlite":
        return []  # a PostgreSQL server looks after its own pages
    rows = conn.execute(text("PRAGMA quick_check")).scalars()
    return [t("the database is damaged: {what}", what=row) for row in rows if row != "ok"]
