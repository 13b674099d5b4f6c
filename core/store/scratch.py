"""Folders for half-made files: each is held by a living process, or it is deleted.

A process killed during an import leaves gigabytes behind. The holder keeps a lock on its folder,
which the system releases when the process ends, however it ends; so nobody has to guess by age.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.store.schema import one_at_a_time
from core.store.trouble import from_os


@contextmanager
def scratch(parent: Path, lock: Path) -> Iterator[Path]:
    """Make an empty folder under `parent` and delete it, with what is in it, at the end.

    Parameters
    ----------
    parent : Path
        Made if it is missing.
    lock : Path
        The lock file under which `sweep` is called: a folder is never seen before it is held.

    Raises
    ------
    StoreError
        If the folder cannot be made.
    """
    with one_at_a_time(lock):
        try:
            parent.mkdir(exist_ok=True)
            folder = Path(tempfile.mkdtemp(dir=parent))
        except OSError as error:
            raise from_os(error, parent) from error
        handle = _hold(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        os.close(handle)


def sweep(parent: Path) -> int:
    """Delete the folders whose process is gone; return how many. Call it under the lock."""
    n_deleted = 0
    for folder in parent.iterdir() if parent.is_dir() else ():
        try:
            handle = _hold(folder)
        except (BlockingIOError, FileNotFoundError):  # held, or given up by its holder just now
            continue
        shutil.rmtree(folder, ignore_errors=True)  # whoever looks next tries again
        os.close(handle)
        n_deleted += 1
    return n_deleted


def _hold(folder: Path) -> int:
    """Lock a folder until the handle is closed; BlockingIOError where a process holds it."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise
    return handle
