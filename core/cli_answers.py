"""Ask a model, export it, write down its answers, teach it one more."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from core.cli_commands import _finish
from core.cli_print import Failed
from core.errors import InvalidInput
from core.services.exports import verifying, writing
from core.services.exports.opening import open_export
from core.services.runs import adopting, exporting, extending, predicting
from core.services.workspace import open_workspace
from core.settings import ImageLimits, load_settings

Result = dict[str, Any]
_FILES_AT_ONCE = 64  # images in memory while predicting, however many are named


def predict(args: argparse.Namespace) -> Result:
    """Predict image files; with an exported folder no workspace is opened."""
    if Path(args.model).is_dir():
        settings = load_settings(args.workspace)
        exported = open_export(Path(args.model), settings.n_threads)
        ask, limits = partial(exported.answer, limits=settings.limits), settings.limits
    else:
        ws = open_workspace(args.workspace)
        ask, limits = partial(predicting.predict, ws, args.model), ws.settings.limits
    found: list[Result] = []
    for start in range(0, len(args.files), _FILES_AT_ONCE):
        found += ask(_read_all(limits, args.files[start : start + _FILES_AT_ONCE]))
    return {"model": args.model, "predictions": found}


def export(args: argparse.Namespace) -> Result:
    """Write a model into a folder of its own."""
    return writing.export(open_workspace(args.workspace), args.model, Path(args.to))


def verify(args: argparse.Namespace) -> Result:
    """Ask an exported folder again; no workspace is opened."""
    settings = load_settings(args.workspace)
    found = verifying.verify(Path(args.folder), settings.limits, settings.n_threads)
    return found if found["n_equal"] == found["n_checked"] else Failed(found)


def extend(args: argparse.Namespace) -> Result:
    """Teach a model a class and wait."""
    ws = open_workspace(args.workspace)
    extending.check_number(len(args.files))  # before they are all in memory
    files = _read_all(ws.settings.limits, args.files)
    return _finish(ws, extending.submit_extend(ws, args.model, args.class_name, files))


def predictions(args: argparse.Namespace) -> Result:
    """Write a run's probabilities to a table."""
    ws = open_workspace(args.workspace)
    n_images = exporting.write_predictions(ws, args.run_id, Path(args.to))
    return {"file": args.to, "n_images": n_images}


def add_predictions(args: argparse.Namespace) -> Result:
    """Store the predictions of a model trained elsewhere."""
    origin = adopting.Origin(
        args.name, args.seed, args.parameters, args.training_s, args.ms_per_image
    )
    return adopting.import_predictions(
        open_workspace(args.workspace),
        args.dataset,
        Path(args.file),
        origin,
        class_map=args.class_map,
        labels=args.labels,
    )


def _read_all(limits: ImageLimits, names: Sequence[str]) -> list[tuple[str, bytes]]:
    return [(name, _read(Path(name), limits.file_bytes)) for name in names]


def _read(path: Path, most_bytes: int) -> bytes:
    if not path.is_file():
        raise InvalidInput("there is no such file", received=str(path))
    if path.stat().st_size > most_bytes:
        raise InvalidInput(
            f"{path} is too large", expected=f"at most {most_bytes:,} bytes an image"
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read", received=error.strerror) from error
