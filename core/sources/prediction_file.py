"""Predictions that were made elsewhere: one row an image, one column of probabilities a class."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from core.errors import InvalidInput
from core.language import t
from core.sources.formulas import restored
from core.sources.items import printable
from core.sources.table import DELIMITERS, decoded, open_parquet

if TYPE_CHECKING:
    import pyarrow as pa

MAX_BYTES = 2_000_000_000
MAX_ROWS = 5_000_000
PREFIX = "p_"  # of a class's column, as `predictions` writes it; without it is understood, too
_IMAGE_NAMES = ("image", "image_id", "path", "file_name", "filename", "file")
_SUM_TOLERANCE = 0.01  # tables are rounded; what is left is divided out


@dataclass(frozen=True, slots=True, eq=False)
class PredictionFile:
    """What a file says: rows in its order."""

    images: tuple[str, ...]  # ids, paths or file names
    classes: tuple[str, ...]
    probs: np.ndarray  # float64 (n_rows, n_classes), rows sum to 1


def read_predictions(name: str, file: IO[bytes], classes: Sequence[str]) -> PredictionFile:
    """Return the predictions of a file.

    Parameters
    ----------
    name : str
        The file's name; its suffix says how it is read: .csv, .tsv or .parquet.
    file : binary file
        Its content.
    classes : sequence of str
        What the columns are about: all of these, or two; other columns are not read.

    Raises
    ------
    InvalidInput
        If it is of another kind, too large or damaged, names no images, lacks a class, or a row
        holds no probabilities.
    """
    suffix = PurePosixPath(name).suffix.lower()
    file.seek(0, io.SEEK_END)
    if file.tell() > MAX_BYTES:
        raise refused(name, t("it has more than {n:,} bytes", n=MAX_BYTES))
    file.seek(0)
    if suffix in (".csv", ".tsv"):
        table = _read_csv(name, file.read())
    elif suffix == ".parquet":
        table = _read_parquet(name, file)
    else:
        raise InvalidInput(
            t("{name} is no file of predictions", name=printable(name)),
            expected=t(".csv or .parquet"),
            received=suffix or t("a name without a suffix"),
        )
    image, columns = _columns(name, table.column_names, classes)
    named = table.column(image).to_pylist()
    if not named:
        raise refused(name, t("it has no rows"))
    probs = np.stack([_numbers(name, table, at) for at in columns.values()], axis=1)
    _check(name, probs)
    images = tuple(restored(str(cell).strip()) for cell in named)
    return PredictionFile(images, tuple(columns), probs / probs.sum(axis=1, keepdims=True))


def refused(name: str, why: str) -> InvalidInput:
    """Return the error that says why a file of predictions is not read."""
    return InvalidInput(
        t("the predictions in {name} are not read: {why}", name=printable(name), why=why),
        expected=t("a column image and, for each class, a column p_CLASS of probabilities"),
    )


def _read_csv(name: str, data: bytes) -> pa.Table:
    """Read a CSV whose delimiter and decimal sign are those of whatever spreadsheet wrote it."""
    import pyarrow as pa
    from pyarrow import csv

    text = decoded(data)
    header, _, rest = text.partition("\n")
    delimiter = max(DELIMITERS, key=header.count)
    comma = delimiter != "," and "," in rest.partition("\n")[0]
    try:
        return csv.read_csv(
            io.BytesIO(text.encode()),
            parse_options=csv.ParseOptions(delimiter=delimiter),
            convert_options=csv.ConvertOptions(decimal_point="," if comma else "."),
        )
    except pa.ArrowException as error:
        why = printable(str(error))[:200]
        raise refused(name, t("it cannot be read as CSV ({why})", why=why)) from error


def _read_parquet(name: str, file: IO[bytes]) -> pa.Table:
    with open_parquet(name, file) as opened:
        if opened.metadata.num_rows > MAX_ROWS:
            raise refused(name, t("it has more than {n:,} rows", n=MAX_ROWS))
        groups = (opened.metadata.row_group(i) for i in range(opened.metadata.num_row_groups))
        if sum(group.total_byte_size for group in groups) > MAX_BYTES:
            raise refused(name, t("it unpacks to more than {n:,} bytes", n=MAX_BYTES))
        return opened.read()


def _columns(
    name: str, header: Sequence[str], classes: Sequence[str]
) -> tuple[int, dict[str, int]]:
    """Return where the images stand, and where each class does, in the order of `classes`."""
    titles = [restored(title.strip()) for title in header]
    lower = [title.casefold() for title in titles]
    image = next((lower.index(n) for n in _IMAGE_NAMES if n in lower), None)
    found = {}
    for c in classes:
        for title in (f"{PREFIX}{c}", c):
            if title in titles:
                found[c] = titles.index(title)
                break
    if image is None or len(found) < 2:
        raise InvalidInput(
            t("{name} has no column that names the images", name=printable(name))
            if image is None
            else t("{name} has no column of probabilities for two classes", name=printable(name)),
            expected=t("the columns image, {names}", names=", ".join(PREFIX + c for c in classes)),
            received=", ".join(printable(title)[:50] for title in titles[:20]) or t("no header"),
        )
    missing = [c for c in classes if c not in found]
    if missing and len(found) != 2:
        raise InvalidInput(
            t(
                "{name} has no probabilities for {missing}",
                name=printable(name),
                missing=", ".join(missing[:5]),
            ),
            expected=t("a column for each class, or for exactly two of them (an expert)"),
            received=", ".join(found),
            todo=t("name the class map that it answers for, if it has other classes"),
        )
    return image, found


def _numbers(name: str, table: pa.Table, at: int) -> np.ndarray:
    """Return a column as float64; a missing or unreadable number is NaN, which is refused later."""
    import pyarrow as pa

    column = table.column(at)
    try:
        values: Any = column.cast(pa.float64()).to_numpy()
    except pa.ArrowException as error:
        title = printable(table.column_names[at])[:50]
        raise refused(name, t("column {title} holds what is no number", title=title)) from error
    return np.asarray(values, dtype=np.float64)


def _check(name: str, probs: np.ndarray) -> None:
    """Refuse rows that are no distribution: logits and percents would pass for confidence."""
    ok = np.isfinite(probs).all(axis=1) & (probs >= 0).all(axis=1)
    ok &= np.abs(probs.sum(axis=1) - 1.0) <= _SUM_TOLERANCE
    if not ok.all():
        row = int(np.flatnonzero(~ok)[0])
        values = ", ".join(f"{value:.4g}" for value in probs[row][:8])
        raise InvalidInput(
            t("row {row} of {name} holds no probabilities", row=row + 1, name=printable(name)),
            expected=t("numbers from 0 to 1 that sum to 1; of logits take the softmax first"),
            received=values,
        )
