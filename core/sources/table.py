"""A CSV or Parquet manifest: one row an image, with the columns path, label and maybe split, group.

Also what Hugging Face calls an image folder: `metadata.csv` with the column `file_name`.

What a path means is the business of whoever opened the manifest: a folder and an archive each hand
over a function from a path in the table to what reads that file, and refuse what leads out of them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from core.errors import InvalidInput
from core.language import t
from core.records import Problem, Split
from core.sources.items import MAX_PATH_CHARS, SPLIT_NAMES, SourceItem, make_item, printable

if TYPE_CHECKING:
    from pyarrow import ChunkedArray
    from pyarrow.parquet import ParquetFile

SUFFIXES = (".csv", ".tsv", ".parquet")
_PATH_NAMES = ("path", "file_name", "filename", "file", "image")  # the first one there is taken
_COLUMNS = ("label", "split", "group")
MAX_BYTES = 500_000_000
MAX_ROWS = 5_000_000
DELIMITERS = ",;\t"  # a spreadsheet in Spanish writes ; because the comma is its decimal point


def read_table(
    name: str,
    file: IO[bytes],
    reader: Callable[[str], Callable[[], bytes]],
    max_rows: int = MAX_ROWS,
) -> list[SourceItem | Problem]:
    """Return the rows of a manifest in their order.

    Parameters
    ----------
    name : str
        The manifest's name; its suffix says how it is read.
    file : binary file
        Its content, no larger than its opener allows.
    reader : callable
        Takes a path as the table has it and returns what reads that file; see `SourceItem.read`.
    max_rows : int
        How many rows it may have.

    Raises
    ------
    InvalidInput
        If it is damaged, has too many rows, no path or label column, or a split that is none: a
        wrong split would silently leak test images into training, so nothing is guessed.
    """
    read = _read_parquet if _is_parquet(name) else _read_csv
    columns = read(name, file, max_rows)
    files = columns["path"]
    empty: Sequence[str | None] = [None] * len(files)
    labels, splits, groups = (columns.get(column, empty) for column in _COLUMNS)
    rows: list[SourceItem | Problem] = []
    for n, (path, label, split, group) in enumerate(
        zip(files, labels, splits, groups, strict=True), start=1
    ):
        if path is None:
            rows.append(Problem(t("row {n}", n=n), "unreadable", t("the row names no file")))
            continue
        rows.append(make_item(path, reader(path), label, _split(name, n, split), group))
    return rows


def has_columns(name: str, file: IO[bytes]) -> bool:
    """Tell whether a table has the columns of a manifest.

    Raises
    ------
    InvalidInput
        If it is damaged.
    """
    if _is_parquet(name):
        with open_parquet(name, file) as opened:
            return _find(opened.schema_arrow.names) is not None
    try:
        return _find(next(csv_rows(file), [])) is not None
    except csv.Error as error:
        raise unusable(name, t("line {n} is no CSV ({error})", n=1, error=str(error))) from error


def unusable(name: str, why: str) -> InvalidInput:
    """Return the error that says why a table is not read."""
    return InvalidInput(
        t("the table {name} is not read: {why}", name=printable(name), why=why),
        expected=t("a CSV or Parquet file with the columns path,label and maybe split,group"),
    )


def _is_parquet(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() == ".parquet"


def _split(name: str, n: int, text: str | None) -> Split | None:
    if text is None:
        return None
    if text.casefold() not in SPLIT_NAMES:
        raise InvalidInput(
            t("row {n} of {name} has an unknown split", n=n, name=printable(name)),
            expected=t("train, val (or valid, validation), test, or nothing"),
            received=repr(printable(text)[:50]),
        )
    return SPLIT_NAMES[text.casefold()]


def _read_csv(name: str, file: IO[bytes], max_rows: int) -> dict[str, list[str | None]]:
    columns: dict[str, list[str | None]] = {}
    try:
        rows = csv_rows(file)
        wanted = _wanted(name, next(rows, []))
        columns = {column: [] for column in wanted}
        for row in filter(None, rows):
            if len(columns["path"]) == max_rows:
                raise unusable(name, t("it has more than {n:,} rows", n=max_rows))
            for column, at in wanted.items():
                columns[column].append(_cell(row[at] if at < len(row) else None))
    except csv.Error as error:
        n = len(columns.get("path", ())) + 2
        raise unusable(name, t("line {n} is no CSV ({error})", n=n, error=str(error))) from error
    return columns


def csv_rows(file: IO[bytes]) -> Iterator[list[str]]:
    """Read the rows of a CSV file, whatever spreadsheet wrote it; raises `csv.Error` on the way."""
    text = decoded(file.read())
    header = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=header.count)
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def decoded(data: bytes) -> str:
    """Decode a spreadsheet's export: UTF-8 or UTF-16 where it says so, else what Windows writes."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


@contextmanager
def open_parquet(name: str, file: IO[bytes]) -> Iterator[ParquetFile]:
    """Open a Parquet file, its text columns as each distinct value once, as they are stored."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as plain:
            names = plain.schema_arrow.names
        with pq.ParquetFile(file, read_dictionary=names) as opened:
            yield opened
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise unusable(name, t("it cannot be read as Parquet")) from error


def _read_parquet(name: str, file: IO[bytes], max_rows: int) -> dict[str, list[str | None]]:
    with open_parquet(name, file) as opened:
        if opened.metadata.num_rows > max_rows:
            raise unusable(name, t("it has more than {n:,} rows", n=max_rows))
        names = opened.schema_arrow.names
        wanted = _wanted(name, names)
        groups = (opened.metadata.row_group(i) for i in range(opened.metadata.num_row_groups))
        if sum(group.total_byte_size for group in groups) > MAX_BYTES:
            raise unusable(name, t("it unpacks to more than {n:,} bytes", n=MAX_BYTES))
        table = opened.read(columns=[names[at] for at in wanted.values()])
        return {column: _cells(table.column(names[at])) for column, at in wanted.items()}


def _cells(column: ChunkedArray) -> list[str | None]:
    """Return the cells as text; rows that share a stored value share one text."""
    cells: list[str | None] = []
    for chunk in column.dictionary_encode().chunks:
        values = chunk.dictionary.to_pylist()
        texts = [_cell(value if value is None else str(value)) for value in values]
        cells += [None if at is None else texts[at] for at in chunk.indices.to_pylist()]
    return cells


def _wanted(name: str, header: Sequence[str]) -> Mapping[str, int]:
    wanted = _find(header)
    if wanted is None:
        raise InvalidInput(
            t("the table {name} is no manifest", name=printable(name)),
            expected=t("the columns path,label and maybe split,group"),
            received=", ".join(printable(title)[:50] for title in header[:10]) or t("no header"),
        )
    return wanted


def _find(header: Sequence[str]) -> Mapping[str, int] | None:
    """Return where the columns are that are read; None if this is no manifest."""
    at = {title.strip().casefold(): i for i, title in reversed(list(enumerate(header)))}
    found = next((title for title in _PATH_NAMES if title in at), None)
    if found is None or "label" not in at:
        return None
    return {"path": at[found]} | {title: at[title] for title in _COLUMNS if title in at}


def _cell(value: str | None) -> str | None:
    """Return a cell's text; what is longer than any path could only cost time and memory."""
    return (value[:MAX_PATH_CHARS].strip() or None) if value else None
