"""Files of reviews that come from elsewhere: CSV, Parquet, and Label Studio's JSON.

Nothing is guessed: a file that cannot be understood row by row is refused, with the row.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import IO

from core.errors import InvalidInput
from core.language import phrase, t
from core.sources.formulas import restored
from core.sources.items import printable
from core.sources.labelstudio import read_tasks
from core.sources.review_row import SaidRow, parse_time, refused
from core.sources.table import csv_rows, open_parquet

MAX_BYTES = 500_000_000
MAX_ROWS = 5_000_000
_NEEDED = ("image", "reviewer", "label")
COLUMNS = (*_NEEDED, "time", "note", "verdict", "source", "blind", "event_id", "path")
_NAMES_NO = {
    "image": phrase("row {row} of {name} names no image"),
    "reviewer": phrase("row {row} of {name} names no reviewer"),
}
_VERDICTS = ("label", "skip", "not_sure")


def read_reviews(name: str, file: IO[bytes]) -> list[SaidRow]:
    """Return the rows of a file of reviews in their order.

    Parameters
    ----------
    name : str
        The file's name; its suffix says how it is read: .csv, .tsv, .parquet or .json.
    file : binary file
        Its content.

    Raises
    ------
    InvalidInput
        If it is of another kind, too large, damaged, or a row cannot be understood.
    """
    suffix = PurePosixPath(name).suffix.lower()
    file.seek(0, 2)
    if file.tell() > MAX_BYTES:
        raise refused(name, t("it has more than {n:,} bytes", n=MAX_BYTES))
    file.seek(0)
    if suffix in (".csv", ".tsv"):
        rows = _csv_cells(name, file)
    elif suffix == ".parquet":
        rows = _parquet_cells(name, file)
    elif suffix == ".json":
        return read_tasks(name, file.read())
    else:
        raise InvalidInput(
            t("{name} is no file of reviews", name=printable(name)),
            expected=t(".csv, .parquet, or Label Studio's .json"),
            received=suffix or t("a name without a suffix"),
        )
    return [_said(name, n, cells) for n, cells in enumerate(rows, start=1)]


def _csv_cells(name: str, file: IO[bytes]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    try:
        rows = csv_rows(file)
        wanted = _wanted(name, next(rows, []))
        for cells in filter(None, rows):
            if len(found) == MAX_ROWS:
                raise refused(name, t("it has more than {n:,} rows", n=MAX_ROWS))
            found.append(
                {
                    title: restored(cells[at].strip(" ")) if at < len(cells) else ""
                    for title, at in wanted.items()
                }
            )
    except csv.Error as error:
        raise refused(
            name, t("line {n} is no CSV ({error})", n=len(found) + 2, error=str(error))
        ) from error
    return found


def _parquet_cells(name: str, file: IO[bytes]) -> list[dict[str, str]]:
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(open_parquet(name, file))
        except InvalidInput as error:
            raise refused(name, t("it cannot be read as Parquet")) from error
        if opened.metadata.num_rows > MAX_ROWS:
            raise refused(name, t("it has more than {n:,} rows", n=MAX_ROWS))
        groups = (opened.metadata.row_group(i) for i in range(opened.metadata.num_row_groups))
        if sum(group.total_byte_size for group in groups) > MAX_BYTES:
            raise refused(name, t("it unpacks to more than {n:,} bytes", n=MAX_BYTES))
        names = opened.schema_arrow.names
        wanted = _wanted(name, names)
        table = opened.read(columns=[names[at] for at in wanted.values()])
    columns = {title: table.column(names[at]).to_pylist() for title, at in wanted.items()}
    return [
        {title: "" if cell is None else str(cell) for title, cell in zip(columns, row, strict=True)}
        for row in zip(*columns.values(), strict=True)
    ]


def _wanted(name: str, header: list[str]) -> Mapping[str, int]:
    at = {title.strip().casefold(): i for i, title in reversed(list(enumerate(header)))}
    missing = [title for title in _NEEDED if title not in at]
    if missing:
        raise InvalidInput(
            t("{name} has no column {missing}", name=printable(name), missing=missing[0]),
            expected=t("the columns image, reviewer, label and maybe time, note"),
            received=", ".join(printable(title)[:50] for title in header[:10]) or t("no header"),
        )
    return {title: at[title] for title in COLUMNS if title in at}


def _said(name: str, row: int, cells: Mapping[str, str]) -> SaidRow:
    """Turn the text of one row into what it says."""
    for title in _NAMES_NO:
        if not cells[title].strip():
            raise InvalidInput(t(_NAMES_NO[title], row=row, name=printable(name)))
    verdict = cells.get("verdict") or "label"
    if verdict not in _VERDICTS or (verdict == "label") is (not cells["label"]):
        raise InvalidInput(
            t("row {row} of {name} does not say what was seen", row=row, name=printable(name)),
            expected=t("a label; or, in a column verdict, skip or not_sure without a label"),
            received=repr(printable(f"{verdict} {cells['label']}".strip())[:50]),
        )
    blind = cells.get("blind", "").casefold()
    if blind not in ("", "true", "false", "1", "0"):
        raise InvalidInput(
            t(
                "row {row} of {name} does not say whether the reviewer was blind",
                row=row,
                name=printable(name),
            ),
            expected=t("true, false, or nothing"),
            received=repr(printable(blind)[:50]),
        )
    time = cells.get("time", "")
    return SaidRow(
        row,
        cells["image"],
        cells["reviewer"],
        verdict,  # type: ignore[arg-type]
        cells["label"] or None,
        parse_time(name, row, time) if time else None,
        cells.get("note", ""),
        cells.get("source", ""),
        blind not in ("false", "0"),
        cells.get("event_id") or None,
    )
