"""A CSV or Parquet manifest: one row an image, with the columns path, label and maybe split, group.

Also what Hugging Face calls an image folder: `metadata.csv` with the column `file_name`.

Paths are relative to the manifest's folder. Absolute paths, links and `..` are read where they
lead back under that folder and listed as refused where they do not: a manifest from a stranger
must not fetch what else this account can read. Whoever has pictures in many places puts the
manifest above them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from core.errors import InvalidInput
from core.records import Problem, Split
from core.settings import ImageLimits
from core.sources.folder import read_file
from core.sources.images import BadImage
from core.sources.items import SPLIT_NAMES, Source, SourceItem, make_item, printable, spread

SUFFIXES = (".csv", ".tsv", ".parquet")
_PATH_NAMES = ("path", "file_name", "filename", "file", "image")  # the first one there is taken
_COLUMNS = ("label", "split", "group")
_MAX_BYTES = 500_000_000
_MAX_ROWS = 5_000_000
_DELIMITERS = ",;\t"  # a spreadsheet in Spanish writes ; because the comma is its decimal point


class TableSource(Source):
    """The rows of a manifest.

    Raises
    ------
    InvalidInput
        From the constructor, where the manifest has no path or label column, or a split that is
        none: a wrong split would silently leak test images into training, so nothing is guessed.
    """

    def __init__(self, path: Path, limits: ImageLimits) -> None:
        self.name = printable(path.stem)
        if path.stat().st_size > _MAX_BYTES:
            raise _unusable(path, f"it is larger than {_MAX_BYTES:,} bytes")
        columns = _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_csv(path)
        self._rows = _rows(path, columns, limits)
        self.n_items = len(self._rows)

    def items(self) -> Iterator[SourceItem | Problem]:
        """Yield the rows in their order."""
        yield from self._rows

    def sample(self, n: int) -> Sequence[SourceItem]:
        """Return up to `n` rows spread evenly over the table."""
        return spread([row for row in self._rows if isinstance(row, SourceItem)], n)


def _rows(
    path: Path, columns: Mapping[str, Sequence[str | None]], limits: ImageLimits
) -> list[SourceItem | Problem]:
    files = columns["path"]
    empty: Sequence[str | None] = [None] * len(files)
    labels, splits, groups = (columns.get(name, empty) for name in _COLUMNS)
    rows: list[SourceItem | Problem] = []
    for n, (file, label, split, group) in enumerate(
        zip(files, labels, splits, groups, strict=True), start=1
    ):
        if file is None:
            rows.append(Problem(f"row {n}", "unreadable", "the row names no file"))
            continue
        read = partial(_read_row, path.parent, file, limits)
        rows.append(make_item(file, read, label, _split(path, n, split), group))
    return rows


def _read_row(folder: Path, file: str, limits: ImageLimits) -> bytes:
    try:
        return read_file(folder / file, folder, limits)
    except ValueError as error:  # a NUL in the name
        raise BadImage("unreadable", "no file can have this name") from error


def _split(path: Path, n: int, text: str | None) -> Split | None:
    if text is None:
        return None
    if text.casefold() not in SPLIT_NAMES:
        raise InvalidInput(
            f"row {n} of {printable(path.name)} has an unknown split",
            expected="train, val (or valid, validation), test, or nothing",
            received=repr(printable(text)[:50]),
        )
    return SPLIT_NAMES[text.casefold()]


def _read_csv(path: Path) -> dict[str, list[str | None]]:
    text = _text(path.read_bytes())
    header = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=header.count)
    columns: dict[str, list[str | None]] = {}
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        wanted = _wanted(path, next(rows, []))
        columns = {name: [] for name in wanted}
        for row in filter(None, rows):
            if len(columns["path"]) == _MAX_ROWS:
                raise _unusable(path, f"it has more than {_MAX_ROWS:,} rows")
            for name, at in wanted.items():
                columns[name].append(_cell(row[at] if at < len(row) else None))
    except csv.Error as error:
        n = len(columns.get("path", ())) + 2
        raise _unusable(path, f"line {n} is no CSV ({error})") from error
    return columns


def _text(data: bytes) -> str:
    """Decode a spreadsheet's export: UTF-8 or UTF-16 where it says so, else what Windows writes."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _read_parquet(path: Path) -> dict[str, list[str | None]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as handle, pq.ParquetFile(handle) as file:
            if file.metadata.num_rows > _MAX_ROWS:
                raise _unusable(path, f"it has more than {_MAX_ROWS:,} rows")
            names = file.schema_arrow.names
            wanted = _wanted(path, names)
            groups = (file.metadata.row_group(i) for i in range(file.metadata.num_row_groups))
            if sum(group.total_byte_size for group in groups) > _MAX_BYTES:
                raise _unusable(path, f"it unpacks to more than {_MAX_BYTES:,} bytes")
            table = file.read(columns=[names[at] for at in wanted.values()])
            columns = {name: table.column(names[at]).to_pylist() for name, at in wanted.items()}
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _unusable(path, "it cannot be read as Parquet") from error
    return {
        name: [_cell(value if value is None else str(value)) for value in values]
        for name, values in columns.items()
    }


def _wanted(path: Path, header: Sequence[str]) -> dict[str, int]:
    """Return where the columns are that are read."""
    at = {name.strip().casefold(): i for i, name in reversed(list(enumerate(header)))}
    found = next((name for name in _PATH_NAMES if name in at), None)
    if found is None or "label" not in at:
        raise InvalidInput(
            f"the table {printable(path.name)} is no manifest",
            expected="the columns path,label and maybe split,group",
            received=", ".join(printable(name)[:50] for name in header[:10]) or "no header",
        )
    return {"path": at[found]} | {name: at[name] for name in _COLUMNS if name in at}


def _cell(value: str | None) -> str | None:
    return (value.strip() or None) if value else None


def _unusable(path: Path, why: str) -> InvalidInput:
    return InvalidInput(
        f"the table {printable(path.name)} is not read: {why}",
        expected="a CSV or Parquet file with the columns path,label and maybe split,group",
    )
