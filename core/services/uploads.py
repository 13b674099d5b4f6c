"""Files from the browser, kept in the workspace until they are imported."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from core.errors import InvalidInput
from core.ids import new_id
from core.store.database import Workspace
from core.store.trouble import from_os

_UPLOAD = "up"  # begins the name of an upload's own folder


def save_upload(ws: Workspace, filename: str, chunks: Iterable[bytes]) -> str:
    """Keep an uploaded file in the workspace and return its path, to be imported from.

    Raises
    ------
    InvalidInput
        If the file is neither a .zip nor a manifest, or larger than an archive may be.
    StoreError
        If the disk is full or cannot be written.
    """
    suffix = Path(filename).suffix.lower()
    if suffix not in (".zip", ".csv", ".parquet"):
        raise InvalidInput(
            "this file cannot be imported", expected=".zip, .csv or .parquet", received=filename
        )
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


def _write_upload(target: Path, chunks: Iterable[bytes], most_bytes: int) -> None:
    n_bytes = 0
    try:
        with target.open("wb") as file:
            for chunk in chunks:
                n_bytes += len(chunk)
                if n_bytes > most_bytes:
                    raise InvalidInput(
                        "the upload is too large",
                        expected=f"at most {most_bytes:,} bytes",
                        todo="put it on the server and import it by its path",
                    )
                file.write(chunk)
    except OSError as error:
        raise from_os(error, target) from error
