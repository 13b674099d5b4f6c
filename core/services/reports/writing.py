"""Hand a report over: as HTML to read and print, as Markdown, or all its figures as JSON."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from core.errors import InvalidInput
from core.language import languages, speaking, t
from core.services.reports import html, markdown
from core.services.reports.blocks import Report
from core.services.reports.building import build
from core.services.runs.exporting import unwritable
from core.store.database import Workspace

_SUFFIXES: Mapping[str, str] = {
    ".html": "html", ".htm": "html", ".md": "md", ".markdown": "md", ".json": "json",
}  # fmt: skip


def as_json(report: Report) -> str:
    """Return everything that a program may want to read of a report.

    Notes
    -----
    `figures` is {id: value, unit, low, high, n, split, sources}; whatever number the HTML shows is
    one of them. Keys and values are the same in every language, but for the texts of decisions.
    """
    whole = {
        **report.about,
        "language": report.language,
        "figures": report.figures.as_json(),
        "decisions": report.decisions,
    }
    return json.dumps(_finite(whole), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "html": html.render,
    "md": markdown.render,
    "json": as_json,
}


def report_bytes(ws: Workspace, dataset_id: str, kind: str, language: str) -> bytes:
    """Return the report of a data set as a file's content.

    Parameters
    ----------
    kind : {"html", "md", "json"}
    language : str
        Code of a language that there is a file of translations for.

    Raises
    ------
    InvalidInput
        If there is no such format or language.
    NotFound
        If there is no such data set.
    """
    return _written(build(ws, dataset_id, _known(language)), kind).encode()


def write_report(
    ws: Workspace, dataset_id: str, to: Path, *, kind: str | None = None, language: str = "en"
) -> dict[str, Any]:
    """Write the report of a data set to a file; a file that is there is replaced as a whole.

    Parameters
    ----------
    kind : str, optional
        As for `report_bytes`; by default what the file's name ends in says it.

    Returns
    -------
    dict
        file, format, language, n_figures, n_bytes.

    Raises
    ------
    InvalidInput
        As `report_bytes`, or if the file cannot be written.
    """
    its_kind = kind or _SUFFIXES.get(to.suffix.lower())
    if its_kind is None:
        raise InvalidInput(
            t("this kind of file cannot be written"),
            expected=t(".html, .md or .json"),
            received=to.name,
            todo=t("name the file so, or say which with --format"),
        )
    report = build(ws, dataset_id, _known(language))
    content = _written(report, its_kind).encode()
    try:
        _replace(to, content)
    except OSError as error:
        raise unwritable(to, error) from error
    return {
        "file": str(to),
        "format": its_kind,
        "language": language,
        "n_figures": len(report.figures),
        "n_bytes": len(content),
    }


def _written(report: Report, kind: str) -> str:
    if kind not in FORMATS:
        raise InvalidInput(
            t("there is no such format"), expected=" | ".join(FORMATS), received=repr(kind)
        )
    with speaking(report.language):
        return FORMATS[kind](report)


def _known(language: str) -> str:
    if language not in languages():
        raise InvalidInput(
            t("there is no such language"),
            expected=" | ".join(languages()),
            received=repr(language),
        )
    return language


def _replace(path: Path, content: bytes) -> None:
    """Write beside the file, then take its place: a reader never meets half a report."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except OSError:
            os.unlink(file.name)
            raise


def _finite(value: Any) -> Any:
    """Return a value with what JSON does not know replaced by null."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
