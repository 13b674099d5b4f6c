"""How a command's result is printed: one JSON object, or lines for a person."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


class Failed(dict[str, Any]):
    """A result that is printed like any other, of a command that ends with status 1."""


def as_json(result: Mapping[str, Any]) -> str:
    """Return the result as one line of JSON."""
    return json.dumps(_plain(result), ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    """Return `value` with what JSON does not know replaced: NaN by null, tuples by lists."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def as_text(result: Mapping[str, Any], indent: str = "") -> str:
    """Return the result as indented lines, for a person."""
    lines = []
    for key, value in result.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{key}:", as_text(value, indent + "  ")]
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            lines += [f"{indent}{key}:", _as_table(value, indent + "  ")]
        else:
            lines.append(f"{indent}{key}: {_cell(value)}")
    return "\n".join(lines)


def _as_table(rows: list[Mapping[str, Any]], indent: str) -> str:
    """Return rows as columns of text; what is itself a mapping stays with --json."""
    names = [name for name in rows[0] if not isinstance(rows[0][name], Mapping)]
    cells = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    return "\n".join(
        indent + "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True))
        for line in cells
    )


def _cell(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(_cell(item) for item in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return "-" if value is None else str(value)
