"""Checkpoints of trainings: a folder for each run that is not finished, deleted when it is.

A checkpoint is one file whose name holds the sha256 of its bytes. It appears when all its bytes
are on the disk, and it counts only while they still are what they were; else the one before does.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import shutil
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.ids import bytes_id
from core.language import t
from core.store.blobs import BlobWriter, fsync_folder
from core.store.trouble import from_os

_log = logging.getLogger(__name__)

_NAME = re.compile(r"(\d{6})-([0-9a-f]{64})\.npz")
_STATE = "state"  # the entry that holds JSON; the arrays are named by their numbers
_N_KEPT = 2  # the newest, and one to fall back on
_KEPT_DAYS = 30  # a training that nobody went on with for a month is given up
_PARTIAL = "partial"


class Checkpoints:
    """The checkpoints of one training.

    Parameters
    ----------
    folder : Path
        Of this training alone; made with the first checkpoint.
    every_s : float
        Seconds between two checkpoints, at least: a training of seconds needs none. 0: as many as
        there are epochs.

    Attributes
    ----------
    problems : list of str
        What `newest` found damaged, as sentences for a person.
    """

    def __init__(self, folder: Path, every_s: float = 10.0) -> None:
        self.folder, self.every_s = folder, every_s
        self.problems: list[str] = []

    def save(
        self, number: int, state: Mapping[str, Any], arrays: Sequence[npt.NDArray[Any]]
    ) -> None:
        """Put a checkpoint on the disk; the one before the last is deleted then.

        Parameters
        ----------
        number : int
            Grows from checkpoint to checkpoint: the epochs done.
        state : mapping
            What JSON can hold.
        arrays : sequence of ndarray
            Without objects.

        Raises
        ------
        StoreError
            If the disk is full or read-only; the checkpoints before stay, nothing is half-written.
        """
        partial = self.folder / _PARTIAL
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            name = f"{number:06d}-{_write(partial, state, arrays)}.npz"
            os.replace(partial, self.folder / name)
            fsync_folder(self.folder)
        except OSError as error:
            raise from_os(error, self.folder) from error
        finally:
            partial.unlink(missing_ok=True)
        for _, old in self._files()[_N_KEPT:]:
            old.unlink(missing_ok=True)

    def newest(self) -> tuple[dict[str, Any], list[npt.NDArray[Any]]] | None:
        """Return state and arrays of the newest checkpoint that is whole, or None."""
        self.problems = []
        for number, path in self._files():
            try:
                return _read(path)
            except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
                said = t("the checkpoint after epoch {n} is damaged and was left out", n=number)
                _log.warning("%s: %s (%s)", said, path, error)
                self.problems.append(said)
        return None

    def n_done(self) -> int:
        """Return the number of the newest checkpoint, whole or not, or 0."""
        return max((number for number, _ in self._files()), default=0)

    def clear(self) -> None:
        """Delete them all: the training is over."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _files(self) -> list[tuple[int, Path]]:
        """Return (number, path), newest first."""
        paths = self.folder.iterdir() if self.folder.is_dir() else ()
        found = [(match, path) for path in paths if (match := _NAME.fullmatch(path.name))]
        return sorted(((int(match[1]), path) for match, path in found), reverse=True)


def sweep(parent: Path) -> None:
    """Delete the checkpoints of trainings that nobody went on with for a month."""
    limit = time.time() - _KEPT_DAYS * 24 * 3600
    for folder in parent.iterdir() if parent.is_dir() else ():
        if folder.stat().st_mtime < limit:
            shutil.rmtree(folder, ignore_errors=True)


def _write(path: Path, state: Mapping[str, Any], arrays: Sequence[npt.NDArray[Any]]) -> str:
    """Write a file, put it on the disk, and return its sha256."""
    told = np.frombuffer(json.dumps(state, allow_nan=False).encode(), np.uint8)
    named = {str(number): array for number, array in enumerate(arrays)}
    out = BlobWriter(path)
    try:
        np.savez(out, allow_pickle=False, **{_STATE: told}, **named)
        return out.seal()
    finally:
        out.close()


def _read(path: Path) -> tuple[dict[str, Any], list[npt.NDArray[Any]]]:
    """Return what a file holds, or raise ValueError unless it is what was written."""
    data = path.read_bytes()
    match = _NAME.fullmatch(path.name)
    if match is None or bytes_id(data) != match[2]:
        raise ValueError("another sha256")
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        state = json.loads(file[_STATE].tobytes())
        return state, [file[str(number)] for number in range(len(file.files) - 1)]
