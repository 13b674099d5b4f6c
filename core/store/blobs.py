"""Content-addressed files: a blob's id is the sha256 of its bytes, so it can never change.

A blob appears under its name only when all its bytes are on the disk: it is written under a
temporary name, fsynced, renamed, and the folder is fsynced. An id that was returned survives a
power cut; a process killed on the way leaves only a file in `tmp/`, which is swept later.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput, StoreError
from core.language import t
from core.store.trouble import from_os

_ID = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20  # bytes
_SWEEP_AFTER_S = 24 * 3600.0  # nobody writes one blob for a day


class BlobWriter(io.RawIOBase):
    """A file open for writing that hashes what it is given; `id` is set when it is stored."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("wb")
        self._sha = hashlib.sha256()
        self.id: str | None = None

    def writable(self) -> bool:
        """Return True: a writer can be written to."""
        return True

    def write(self, data: Any) -> int:
        """Append `data` (bytes-like) and return its length."""
        self._sha.update(data)
        return self._file.write(data)

    def seal(self) -> str:
        """Put every byte on the disk, close the file and return the sha256."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()
        return self._sha.hexdigest()

    def close(self) -> None:
        """Close the file; what was not sealed is given up."""
        self._file.close()
        super().close()


class Blobs:
    """The blob folder of a workspace.

    Parameters
    ----------
    root : Path
        The folder; made when the first blob is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._checked: set[tuple[str, int, int]] = set()  # (id, size, mtime) with a good sha256

    def path(self, blob_id: str) -> Path:
        """Return where this blob lies, whether or not it is there.

        Raises
        ------
        InvalidInput
            If `blob_id` is not 64 hex digits: an id is never a path.
        """
        if not _ID.fullmatch(blob_id):
            raise InvalidInput(
                t("not a blob id"), expected=t("64 hex digits"), received=repr(blob_id[:80])
            )
        return self.root / blob_id[:2] / blob_id

    @contextmanager
    def writer(self) -> Iterator[BlobWriter]:
        """Stream bytes into a new blob; after the block `writer.id` names it.

        Raises
        ------
        StoreError
            If the disk is full or read-only. Nothing is left behind then, nor when the block
            raises.
        """
        temporary = self._temporary()
        try:
            out = BlobWriter(temporary)
            try:
                yield out
                out.id = self._publish(temporary, out.seal())
            finally:
                out.close()
        except OSError as error:
            raise from_os(error, self.root) from error
        finally:
            temporary.unlink(missing_ok=True)

    def put_bytes(self, data: bytes) -> str:
        """Store `data` and return its id; the same bytes twice are one blob."""
        with self.writer() as out:
            out.write(data)
        return _stored(out)

    def put_array(self, array: NDArray[Any]) -> str:
        """Store `array` in the .npy format and return its id.

        Raises
        ------
        ValueError
            If the array holds Python objects: they would need pickle.
        """
        with self.writer() as out:
            np.lib.format.write_array(out, np.asanyarray(array), allow_pickle=False)
        return _stored(out)

    def put_file(self, path: Path) -> str:
        """Take the file at `path`, which nobody writes any more, and return its id."""
        temporary = self._temporary()
        try:
            shutil.move(path, temporary)  # a rename where possible, else a copy
            with temporary.open("rb+") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
            return self._publish(temporary, digest)
        except OSError as error:
            raise from_os(error, path) from error
        finally:
            temporary.unlink(missing_ok=True)

    def read_bytes(self, blob_id: str) -> bytes:
        """Return the blob's bytes.

        Raises
        ------
        StoreError
            If it is missing, or its bytes are no longer those that were stored.
        """
        path = self.path(blob_id)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise from_os(error, path) from error
        if hashlib.sha256(data).hexdigest() != blob_id:
            raise _damaged(path)
        return data

    def open_array(self, blob_id: str, mmap: bool = True, check: bool = True) -> NDArray[Any]:
        """Return a stored array, read-only.

        Parameters
        ----------
        blob_id : str
            An id from `put_array`, or from `put_file` of a .npy file.
        mmap : bool
            Map the file instead of reading it: opening costs nothing and the pages are shared
            between processes.
        check : bool
            Compare the sha256 first; each file once a process (about 1 s a gigabyte).

        Raises
        ------
        StoreError
            If it is missing or damaged.

        Notes
        -----
        An empty array cannot be mapped; it is read.
        """
        path = self.path(blob_id)
        if check and not self.verify(blob_id):
            raise _damaged(path)
        try:
            array: NDArray[Any] = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
        except OSError as error:
            raise from_os(error, path) from error
        except ValueError as error:
            if mmap and "empty" in str(error):
                return self.open_array(blob_id, mmap=False, check=False)
            raise StoreError(
                t("blob {id} is not an array", id=blob_id[:12]), received=str(error)
            ) from error
        array.flags.writeable = False
        return array

    def verify(self, blob_id: str) -> bool:
        """Return whether the file still has the bytes that its name promises.

        A file whose size and time of change have not moved since it was found good in this
        process is not read again.

        Raises
        ------
        StoreError
            If it is missing.
        """
        path = self.path(blob_id)
        try:
            with path.open("rb") as file:
                stat = os.fstat(file.fileno())
                key = (blob_id, stat.st_size, stat.st_mtime_ns)
                if key in self._checked:
                    return True
                good = hashlib.file_digest(file, "sha256").hexdigest() == blob_id
        except OSError as error:
            raise from_os(error, path) from error
        if good:
            self._checked.add(key)
        return good

    def sweep(self, older_than_s: float = _SWEEP_AFTER_S) -> int:
        """Delete what killed processes left half-written; return how many files."""
        folder, n_deleted = self.root / "tmp", 0
        if folder.is_dir():
            for path in list(folder.iterdir()):
                try:
                    old = time.time() - path.stat().st_mtime >= older_than_s
                except FileNotFoundError:  # another process has just given it its name
                    continue
                if old:
                    path.unlink(missing_ok=True)
                    n_deleted += 1
        return n_deleted

    def _temporary(self) -> Path:
        folder = self.root / "tmp"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise from_os(error, folder) from error
        return folder / f"{os.getpid()}-{secrets.token_hex(8)}"

    def _publish(self, temporary: Path, digest: str) -> str:
        """Give a complete, fsynced file its name; a good one of that name is kept."""
        target = self.path(digest)
        fresh = not target.parent.is_dir()
        target.parent.mkdir(exist_ok=True)
        if not target.is_file() or not self.verify(digest):  # storing it again mends a damaged one
            temporary.chmod(0o444)
            temporary.replace(target)
        # Also when the file was there: whoever renamed it may not have come to this line yet.
        fsync_folder(target.parent)
        if fresh:
            fsync_folder(self.root)
        return digest


def _stored(out: BlobWriter) -> str:
    if out.id is None:
        raise StoreError(t("a blob was not stored"))
    return out.id


def _damaged(path: Path) -> StoreError:
    return StoreError(
        t("{path} is damaged", path=path),
        expected=t("bytes with the sha256 {sha256}...", sha256=path.name[:12]),
        todo=t("restore it from a backup, or repeat the step that made it"),
    )


def fsync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
