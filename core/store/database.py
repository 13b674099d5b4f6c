"""The workspace on disk: its folders, its database, and who may write when.

Readers see one consistent state and never wait. Writers take turns: a write starts with BEGIN
IMMEDIATE, because a transaction that first reads and then asks for the lock fails at once when
somebody else wrote in between. What `write()` has returned from is on the disk, fsynced.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import URL, Connection, Engine, create_engine, event

from core.errors import StoreError
from core.language import t
from core.settings import Settings
from core.store import checkpoints, schema, scratch
from core.store.blobs import Blobs
from core.store.checkpoints import Checkpoints
from core.store.trouble import busy, from_os, translated

_LOCK, _SCRATCH, _CHECKPOINTS = ".lock", "scratch", "checkpoints"  # inside the workspace
BUSY_S = 30.0  # the longest a write waits for other writers; then it says so
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # NORMAL does not fsync at commit: a power cut loses what was acknowledged
    "foreign_keys=ON",
    "trusted_schema=OFF",
)


def utc_now() -> str:
    """Return now as the text that the database keeps: UTC, ISO-8601, microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


class Workspace:
    """One folder with everything: database, blobs, job logs, uploads, and a cache.

    Parameters
    ----------
    settings : Settings
        Where the folder is, and how much of the machine jobs may use.
    engine : Engine
        Connections to its database, made by `open_workspace`.

    Notes
    -----
    One object serves all threads of a process; other processes open their own.
    """

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self.settings = settings
        self.engine = engine
        self.path = settings.workspace
        self.blobs = Blobs(self.path / "blobs")
        self.jobs_dir = self.path / "jobs"
        self.uploads_dir = self.path / "uploads"
        self.cache_dir = self.path / "cache"
        # SQLite's own waiting is unfair; one lock here keeps threads of this process from starving
        self._turn = threading.Lock()
        self._writer: int | None = None  # the thread inside write()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one state of the database and does not lock it.

        Raises
        ------
        StoreError
            If the database is damaged or cannot be opened.
        """
        with translated(BUSY_S), self.engine.connect() as conn, conn.begin():
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that no other writer can enter; committed and fsynced at the end.

        Raises
        ------
        StoreError
            If others kept writing for BUSY_S, or the disk is full or read-only; nothing of the
            block is stored then, nor when the block raises.
        RuntimeError
            If this thread is inside `write()` already: it would wait for itself.
        """
        if self._writer == threading.get_ident():
            raise RuntimeError("write() inside write(): pass the connection on instead")
        start = time.monotonic()
        if not self._turn.acquire(timeout=BUSY_S):
            raise busy(BUSY_S)
        self._writer = threading.get_ident()
        try:
            with translated(BUSY_S), self.engine.connect() as conn:
                conn = conn.execution_options(write=True)
                with _patience(conn, BUSY_S - (time.monotonic() - start)), conn.begin():
                    yield conn
        finally:
            self._writer = None
            self._turn.release()

    def scratch(self) -> AbstractContextManager[Path]:
        """Make a folder for half-made files: with `with`, deleted at the end or after a kill."""
        return scratch.scratch(self.path / _SCRATCH, self.path / _LOCK)

    def checkpoints(self, name: str) -> Checkpoints:
        """Return the checkpoints of the training of that name; there may be none yet."""
        return Checkpoints(self.path / _CHECKPOINTS / name)

    def close(self) -> None:
        """Close the pooled connections; the object can be used again."""
        self.engine.dispose()


def open_workspace(settings: Settings) -> Workspace:
    """Open a workspace, making or migrating it where needed; safe for many processes at once.

    Parameters
    ----------
    settings : Settings
        `settings.workspace` is the folder; it need not exist.

    Raises
    ------
    StoreError
        If the folder cannot be used, or was written by a newer version.

    Notes
    -----
    An existing database is copied to `backups/` before it is migrated.
    """
    path = settings.workspace
    try:
        for folder in (path, *(path / name for name in ("blobs", "jobs", "uploads", "cache"))):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os(error, path) from error
    workspace = Workspace(settings, _engine(path / "desempate.db"))
    try:
        with translated(BUSY_S), schema.one_at_a_time(path / _LOCK):
            schema.prepare(workspace.engine, path)
            workspace.blobs.sweep()
            scratch.sweep(path / _SCRATCH)
            checkpoints.sweep(path / _CHECKPOINTS)
    except BaseException:
        workspace.close()
        raise
    return workspace


def _engine(path: Path) -> Engine:
    """Return an engine whose every connection has the settings that durability rests on."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_S},
        json_serializer=to_json,
        pool_size=16,  # as many sessions read at once without opening and closing connections
        max_overflow=48,
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver must not start transactions of its own
        # The wait comes first: the switch to WAL must wait too.
        for pragma in (f"busy_timeout={int(BUSY_S * 1000)}", *_PRAGMAS):
            row = connection.execute(f"PRAGMA {pragma}").fetchone()
            if pragma == "journal_mode=WAL" and row != ("wal",):
                raise StoreError(
                    t("{path} is on a file system that SQLite cannot share safely", path=path),
                    expected=t("a local disk"),
                    received=t("journal mode {mode!r}", mode=row[0]),
                )

    @event.listens_for(engine, "begin")
    def _on_begin(conn: Connection) -> None:
        write = conn.get_execution_options().get("write")
        conn.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


@contextmanager
def _patience(conn: Connection, left_s: float) -> Iterator[None]:
    """Let SQLite wait only as long as is left, so that lock and database together keep BUSY_S."""
    driver = conn.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection) or left_s > BUSY_S - 1:
        yield
        return
    driver.execute(f"PRAGMA busy_timeout={max(1, int(left_s * 1000))}")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA busy_timeout={int(BUSY_S * 1000)}")


def to_json(value: Any) -> str:
    """Return standard JSON (no NaN), the order of keys kept, NumPy's scalars as numbers."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_scalar)


def _scalar(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")
