"""What the disk and the database complain about, as sentences."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import exc

from core.errors import StoreError

_FULL = "free some space, then try again; nothing was half-written"
_BUSY = "nothing was saved; try again"
_READ_ONLY = "give this user the right to write there, or choose another folder (DESEMPATE_HOME)"
_DAMAGED = "stop every process that uses the workspace and restore the newest backup"

# Primary result codes of SQLite (sqlite.org/rescode.html); the low byte of the extended ones.
_SQLITE_BUSY, _SQLITE_LOCKED, _SQLITE_READONLY, _SQLITE_IOERR = 5, 6, 8, 10
_SQLITE_CORRUPT, _SQLITE_FULL, _SQLITE_CANTOPEN, _SQLITE_NOTADB = 11, 13, 14, 26


def from_os(error: OSError, path: Path) -> StoreError:
    """Return the sentence for a failed operation on the file or folder `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StoreError(f"the disk is full: {path} could not be written", todo=_FULL)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreError(f"{path} is read-only for this user", todo=_READ_ONLY)
    if error.errno == errno.ENOENT:
        return StoreError(f"{path} is missing from the workspace", todo=_DAMAGED)
    return StoreError(f"{path} could not be used: {error.strerror or error}", todo=_DAMAGED)


def busy(limit_s: float) -> StoreError:
    """Return the sentence for a write that waited `limit_s` for other writers in vain."""
    return StoreError(
        f"the workspace is busy: others have been writing for {limit_s:.0f} s", todo=_BUSY
    )


def from_sql(error: exc.DBAPIError, limit_s: float) -> StoreError | None:
    """Return the sentence for a failed statement, or None if the disk is not to blame."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is None:
        return None
    sentences = {
        _SQLITE_BUSY: busy(limit_s),
        _SQLITE_LOCKED: busy(limit_s),
        _SQLITE_FULL: StoreError("the disk is full: the database cannot grow", todo=_FULL),
        _SQLITE_READONLY: StoreError("the workspace is read-only for this user", todo=_READ_ONLY),
        _SQLITE_CANTOPEN: StoreError("the database cannot be opened", todo=_READ_ONLY),
        _SQLITE_IOERR: StoreError(
            "the disk refused to read or write the database", todo="check its space and health"
        ),
        _SQLITE_CORRUPT: StoreError("the database is damaged", todo=_DAMAGED),
        _SQLITE_NOTADB: StoreError("the database file is not a database", todo=_DAMAGED),
    }
    return sentences.get(code & 0xFF)


@contextmanager
def translated(limit_s: float) -> Iterator[None]:
    """Turn a database error that the disk or other processes caused into a StoreError.

    Everything else (a broken constraint, a wrong statement) goes through unchanged.
    """
    try:
        yield
    except exc.DBAPIError as error:
        sentence = from_sql(error, limit_s)
        if sentence is None:
            raise
        raise sentence from error
    except exc.TimeoutError as error:  # no free connection in the pool
        raise busy(limit_s) from error
