"""Files from the browser, kept in the workspace until they are imported."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from core.errors import InvalidInput
from core.ids import new_id
from core.language import t
from core.store.database import Workspace
from core.store.trouble import from_os

_UPLOAD = "up"  # begins the name of an upload's own folder
_KEPT_S = 7 * 24 * 3600.0  # what is not imported in a week was given up


def save_upload(ws: Workspace, filename: str, chunks: Iterable[bytes]) -> str:
    """Keep an uploaded file in the workspace and return its path, to be imported from.

    Raises
    ------
    InvalidInput
        If the file is no .zip (a list alone finds only what lies beside it: nothing, here), or
        larger than an archive may be.
    StoreError
        If the disk is full or cannot be written.
    """
    suffix = Path(filename).suffix.lower()
    if suffix != ".zip":
        raise InvalidInput(
            t("this file cannot be uploaded"),
            expected=t("a .zip of class folders, or of a list and its images"),
            received=filename,
            todo=t("pack a list into one .zip with its images"),
        )
    _forget_old(ws)
    folder = ws.uploads_dir / new_id(_UPLOAD)
    folder.mkdir(parents=True)
    stem = re.sub(r"[^\w-]", "_", Path(filename).stem)[:64]
    target = folder / f"{stem or 'upload'}{suffix}"
    try:
        _write_upload(target, chunks, ws.settings.limits.archive_bytes)
    except BaseException:
        shutil.rmtree(folder)  # half an upload is of no use to anybody
        raise
    return str(target)


def forget_upload(ws: Workspace, source: str) -> None:
    """Delete the folder that `save_upload` made for this file, and never any other."""
    folder = Path(source).parent
    if folder.parent == ws.uploads_dir and folder.name.startswith(_UPLOAD):
        shutil.rmtree(folder)


def _forget_old(ws: Workspace) -> None:
    """Delete uploads that nobody imported: each can be gigabytes."""
    for folder in ws.uploads_dir.glob(f"{_UPLOAD}-*"):
        if time.time() - folder.stat().st_mtime > _KEPT_S:
            shutil.rmtree(folder, ignore_errors=True)  # whoever uploads next tries again


def _write_upload(target: Path, chunks: Iterable[bytes], most_bytes: int) -> None:
    n_bytes = 0
    try:
        with target.open("wb") as file:
            for chunk in chunks:
                n_bytes += len(chunk)
                if n_bytes > most_bytes:
                    raise InvalidInput(
                        t("the upload is too large"),
                        expected=t("at most {n:,} bytes", n=most_bytes),
                        todo=t("put it on the server and import it by its path"),
                    )
                file.write(chunk)
    except OSError as error:
        raise from_os(error, target) from error
