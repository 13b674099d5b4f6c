"""Bring a database to the schema of this version, or refuse.

The version is read with plain SQL; alembic is imported only when there is something to migrate.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from core.errors import StoreError
from core.language import phrase, t
from core.store.trouble import from_os

SCRIPTS = Path(__file__).parent / "migrations"
_LOCK_S = 120.0  # a migration of a large workspace by another process


def versions(scripts: Path = SCRIPTS) -> list[str]:
    """Return the schema versions this program knows, oldest first: NNNN of versions/NNNN_*.py."""
    return sorted(path.name[:4] for path in (scripts / "versions").glob("[0-9]*_*.py"))


def prepare(engine: Engine, folder: Path, scripts: Path = SCRIPTS) -> None:
    """Create the schema, or migrate an older one after a backup, in one transaction.

    Raises
    ------
    StoreError
        If the database has a newer schema, or is somebody else's.
    """
    known = versions(scripts)
    with engine.connect() as conn, conn.begin():
        found = _version(conn)
    if found == known[-1]:
        return
    if found is not None and found not in known:
        raise StoreError(
            t("the workspace {folder} was written by a newer version of Desempate", folder=folder),
            expected=t("schema {number} or older", number=known[-1]),
            received=t("schema {number}", number=found),
            todo=t("update Desempate, or choose another workspace (DESEMPATE_HOME)"),
        )
    if found is not None:
        _back_up(folder, found)
    with engine.connect().execution_options(write=True) as conn, conn.begin():
        _upgrade(conn, scripts)


_HELD = {
    "migrated": phrase("the workspace {folder} is being migrated by another process"),
    "mirrored": phrase("the workspace {folder} is being mirrored by another process"),
}


@contextmanager
def one_at_a_time(path: Path, done: str = "migrated") -> Iterator[None]:
    """Hold the lock file `path`; the system releases it even if this process is killed.

    `done` is what its holder does to the workspace, a key of the sentences above.

    Raises
    ------
    StoreError
        If the file cannot be made, or another process holds it for minutes.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise from_os(error, path) from error
    try:
        deadline = time.monotonic() + _LOCK_S
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                raise StoreError(
                    t(_HELD[done], folder=path.parent),
                    todo=t("wait until it is done"),
                )
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _version(conn: Connection) -> str | None:
    """Return the schema version of the database, None if it is empty."""
    tables = inspect(conn).get_table_names()
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise StoreError(
            t("the database is not one of Desempate"),
            received=t("tables {names}", names=tables[:3]),
        )
    return str(conn.scalar(text("SELECT version_num FROM alembic_version")))


def _upgrade(conn: Connection, scripts: Path) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = conn
    command.upgrade(config, "head")


def _back_up(folder: Path, version: str) -> Path:
    """Copy the database to `backups/`, checked and fsynced, before a migration touches it."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    target = folder / "backups" / f"desempate-{version}-{stamp}.db"
    target.parent.mkdir(exist_ok=True)
    with (
        closing(sqlite3.connect(folder / "desempate.db")) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)
        verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        raise StoreError(t("the database is damaged and was not migrated"), received=verdict)
    with target.open("rb+") as file:
        os.fsync(file.fileno())
    return target
