"""Class maps as files that others can read and write: JSON, and CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.analysis.class_map import ClassMap
from core.errors import InvalidInput, NotFound
from core.language import figure, t
from core.records import ClassMapRecord
from core.services.classes.mapping import get_record, list_class_maps
from core.sources.items import printable
from core.store.database import Workspace

FORMAT = "desempate class map"
KINDS = ("json", "csv")
MOST_BYTES = 1_000_000  # 10,000 labels of 50 characters
_COLUMNS = ["label", "class"]
_TEXTS = ("name", "why", "who")
# What a spreadsheet would run (OWASP), after any number of the quotes that switch it off.
_FORMULA = re.compile(r"'*[=+\-@\t\r\x00]", re.DOTALL)
_QUOTED = re.compile(r"'+[=+\-@\t\r\x00]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ReadClassMap:
    """What a file says: the class of each label of the data set, in order, and what is known of it.

    A CSV says nothing but the classes; the texts are then empty. Control characters in names that
    are no labels are escaped: the file may be a stranger's.
    """

    class_of: dict[str, str]
    name: str = ""
    why: str = ""
    who: str = ""


def export_class_map(record: ClassMapRecord, kind: str) -> str:
    """Return a saved class map as the text of a file.

    Parameters
    ----------
    record : ClassMapRecord
    kind : {"json", "csv"}
        JSON has the name, version, who, why and when beside the classes. CSV has a row a label,
        columns label and class; a text that a spreadsheet would run begins with a quote, which
        `read_class_map` takes off again.

    Raises
    ------
    InvalidInput
        If there is no such kind.
    """
    if _known(kind) == "json":
        whole = {
            "format": FORMAT,
            "name": record.name,
            "version": record.version,
            "why": record.why,
            "who": record.who,
            "created_at": record.created_at.isoformat(),
            "class_of": dict(record.class_of),
        }
        return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
    buffer = io.StringIO(newline="")
    rows = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    rows.writerow(_COLUMNS)
    rows.writerows([_defused(label), _defused(name)] for label, name in record.class_of.items())
    return buffer.getvalue()


def read_class_map(data: bytes, kind: str, labels: Sequence[str]) -> ReadClassMap:
    """Read a class map from a file for a data set with these labels.

    Parameters
    ----------
    data : bytes
        UTF-8, at most `MOST_BYTES`.
    kind : {"json", "csv"}
    labels : sequence of str
        The label set; the file must give exactly these a class.

    Raises
    ------
    InvalidInput
        With what is wrong: too large, no UTF-8, no such format, a label that is missing, unknown or
        named twice, a class without a name.
    """
    if len(data) > MOST_BYTES:
        raise InvalidInput(
            t("this file is too large for a class map"),
            expected=t("at most {n:,} bytes", n=MOST_BYTES),
            received=figure(len(data), ","),
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            t("this file is no text"), expected=t("UTF-8"), todo=t("save it as UTF-8")
        ) from error
    read = _from_json(text) if _known(kind) == "json" else _from_csv(text)
    checked = ClassMap.from_mapping(labels, read.class_of)
    classes = [name if name in labels else printable(name) for name in checked.class_of]
    why = "\n".join(printable(line) for line in read.why.splitlines())
    return ReadClassMap(
        dict(zip(labels, classes, strict=True)), printable(read.name), why, printable(read.who)
    )


def write_file(ws: Workspace, dataset_id: str, class_map: str | None, path: Path) -> dict[str, Any]:
    """Write a saved class map, the newest unless one is named; return what and where.

    Returns
    -------
    dict
        file, class_map (its id), name, version, classes.

    Raises
    ------
    InvalidInput
        If the name of the file ends neither in .json nor in .csv, or it cannot be written.
    NotFound
        If there is no such class map, or none at all.
    """
    kind = kind_of(path.name)
    if class_map is None:
        saved = list_class_maps(ws, dataset_id)
        if not saved:
            raise NotFound(
                t("this data set has no class map yet"),
                todo=t("save one with `python -m core map`, or on the Classes page"),
            )
        record = saved[0]
    else:
        record = get_record(ws, dataset_id, class_map)
    try:
        path.write_text(export_class_map(record, kind), encoding="utf-8", newline="")
    except OSError as error:
        raise InvalidInput(
            t("{path} cannot be written", path=str(path)),
            received=error.strerror or str(error),
            todo=t("name a file in a folder that exists and that this account may write to"),
        ) from error
    return {
        "file": str(path),
        "class_map": record.id,
        "name": record.name,
        "version": record.version,
        "classes": list(dict.fromkeys(record.class_of.values())),
    }


def read_file(path: Path, labels: Sequence[str]) -> ReadClassMap:
    """Read a class map from a .json or .csv file; see `read_class_map`.

    Raises
    ------
    InvalidInput
        If the file cannot be read, or is no class map of these labels.
    """
    kind = kind_of(path.name)
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidInput(
            t("{path} cannot be read", path=str(path)), received=error.strerror
        ) from error
    return read_class_map(data, kind, labels)


def kind_of(file_name: str) -> str:
    """Return "json" or "csv", by the end of a file's name.

    Raises
    ------
    InvalidInput
        If it ends otherwise.
    """
    return _known(file_name.rpartition(".")[2].lower())


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise InvalidInput(
            t("a class map cannot be in this kind of file"),
            expected=t("{a} or {b}", a=".json", b=".csv"),
            received=repr(kind),
        )
    return kind


def _from_json(text: str) -> ReadClassMap:
    try:
        found = json.loads(text, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(t("this file is no JSON"), received=str(error)) from error
    if not isinstance(found, dict) or not isinstance(found.get("class_of"), dict):
        raise InvalidInput(
            t("this JSON is no class map"),
            expected=t('an object with "class_of", the class of each label'),
            received=t("keys {keys}", keys=", ".join(found))
            if isinstance(found, dict)
            else t("no object"),
        )
    class_of: dict[str, Any] = found["class_of"]
    texts = {key: found.get(key, "") for key in _TEXTS}
    wrong = [key for key, value in {**texts, **class_of}.items() if not isinstance(value, str)]
    if wrong:
        raise InvalidInput(
            t("a class map holds texts only"),
            expected=t("a text in quotes"),
            received=t("for {name}", name=wrong[0]),
        )
    return ReadClassMap(class_of, **texts)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; a key that is there twice would silently lose its first value."""
    _refuse_twice([key for key, _ in pairs])
    return dict(pairs)


def _from_csv(text: str) -> ReadClassMap:
    head = text.splitlines()[0] if text.strip() else ""
    apart = ";" if ";" in head and "," not in head else ","  # some spreadsheets write semicolons
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=apart) if row]
    except csv.Error as error:
        raise InvalidInput(t("this file is no CSV"), received=str(error)) from error
    if not rows or [name.strip().lower() for name in rows[0]] != _COLUMNS:
        raise InvalidInput(
            t("this CSV is no class map"),
            expected=t("the columns label,class in its first line"),
            received=", ".join(rows[0]) if rows else t("an empty file"),
        )
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(_COLUMNS):
            raise InvalidInput(
                t("row {number} of this CSV is no label and its class", number=number),
                expected=t("two values"),
                received=str(len(row)),
            )
    _refuse_twice([_armed(label) for label, _ in rows[1:]])
    return ReadClassMap({_armed(label): _armed(name) for label, name in rows[1:]})


def _refuse_twice(names: Sequence[str]) -> None:
    seen = Counter(names)
    twice = [name for name, n in seen.items() if n > 1]
    if twice:
        raise InvalidInput(
            t("a class map names each label once"), received=t("{name} twice", name=twice[0])
        )


def _defused(text: str) -> str:
    """Return a text that no spreadsheet runs; `_armed` is the way back."""
    return f"'{text}" if _FORMULA.match(text) else text


def _armed(text: str) -> str:
    return text[1:] if _QUOTED.match(text) else text
