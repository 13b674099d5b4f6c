"""What the disk and the database complain about, as sentences."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import exc

from core.errors import StoreError
from core.language import phrase, t

_FULL = phrase("free some space, then try again; nothing was half-written")
_BUSY = phrase("nothing was saved; try again")
_READ_ONLY = phrase(
    "give this user the right to write there, or choose another folder (DESEMPATE_HOME)"
)
_DAMAGED = phrase("stop every process that uses the workspace and restore the newest backup")

# Primary result codes of SQLite (sqlite.org/rescode.html); the low byte of the extended ones.
_SQLITE_BUSY, _SQLITE_LOCKED, _SQLITE_READONLY, _SQLITE_IOERR = 5, 6, 8, 10
_SQLITE_CORRUPT, _SQLITE_FULL, _SQLITE_CANTOPEN, _SQLITE_NOTADB = 11, 13, 14, 26


def from_os(error: OSError, path: Path) -> StoreError:
    """Return the sentence for a failed operation on the file or folder `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StoreError(
            t("the disk is full: {path} could not be written", path=path), todo=t(_FULL)
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreError(t("{path} is read-only for this user", path=path), todo=t(_READ_ONLY))
    if error.errno == errno.ENOENT:
        return StoreError(t("{path} is missing from the workspace", path=path), todo=t(_DAMAGED))
    return StoreError(
        t("{path} could not be used: {why}", path=path, why=error.strerror or str(error)),
        todo=t(_DAMAGED),
    )


def busy(limit_s: float) -> StoreError:
    """Return the sentence for a write that waited `limit_s` for other writers in vain."""
    return StoreError(
        t("the workspace is busy: others have been writing for {seconds:.0f} s", seconds=limit_s),
        todo=t(_BUSY),
    )


def from_sql(error: exc.DBAPIError, limit_s: float) -> StoreError | None:
    """Return the sentence for a failed statement, or None if the disk is not to blame."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is None:
        return None
    sentences = {
        _SQLITE_BUSY: busy(limit_s),
        _SQLITE_LOCKED: busy(limit_s),
        _SQLITE_FULL: StoreError(t("the disk is full: the database cannot grow"), todo=t(_FULL)),
        _SQLITE_READONLY: StoreError(
            t("the workspace is read-only for this user"), todo=t(_READ_ONLY)
        ),
        _SQLITE_CANTOPEN: StoreError(t("the database cannot be opened"), todo=t(_READ_ONLY)),
        _SQLITE_IOERR: StoreError(
            t("the disk refused to read or write the database"),
            todo=t("check its space and health"),
        ),
        _SQLITE_CORRUPT: StoreError(t("the database is damaged"), todo=t(_DAMAGED)),
        _SQLITE_NOTADB: StoreError(t("the database file is not a database"), todo=t(_DAMAGED)),
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
