"""JSON into frozen dataclasses, strictly: the types that a class declares are all that is taken."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")
_LARGEST = 2**53  # beyond it JSON numbers are not whole everywhere
_LONGEST = 2_000  # characters of a text


def from_json(kind: type[T], text: str) -> T:
    """Return what a JSON text says, as a dataclass.

    Parameters
    ----------
    kind : dataclass
        Of str, int, float, bool, other dataclasses, `tuple[X, ...]`, `Mapping[str, X]`, `X | None`.

    Raises
    ------
    ValueError
        If a field is missing, unknown, named twice or of another type; a number is not finite or
        beyond 2**53; a text is not printable. The message names the field.
    """
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        found: T = typed(kind, value)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return found


def typed(kind: Any, value: Any, at: str = "it") -> Any:
    """Return a JSON value as `kind`; raises as `from_json` does, and names the field `at`."""
    origin, inside = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        return None if value is None else typed(inside[0], value, at)
    if is_dataclass(kind):
        return _record(kind, value, at)
    if origin is tuple:
        _expect(isinstance(value, list), at, "a list")
        return tuple(typed(inside[0], item, f"{at}[{i}]") for i, item in enumerate(value))
    if origin is Mapping:
        _expect(isinstance(value, dict), at, "an object")
        return {
            typed(str, key, at): typed(inside[1], item, f"{at}.{key}")
            for key, item in value.items()
        }
    if kind is str:
        printable = isinstance(value, str) and value.isprintable() and len(value) <= _LONGEST
        _expect(printable, at, f"printable text of at most {_LONGEST:,} characters")
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float:
        _expect(number and abs(value) <= _LARGEST, at, "a number")
        return float(value)
    _expect(type(value) is kind and (kind is bool or abs(value) <= _LARGEST), at, kind.__name__)
    return value


def _record(kind: Any, value: Any, at: str) -> Any:
    _expect(isinstance(value, dict), at, "an object")
    hints = _hints(kind)
    missing, unknown = sorted(hints.keys() - value), sorted(value.keys() - hints)
    _expect(not missing, at, f"an object with {', '.join(missing)}")
    _expect(not unknown, at, f"an object without {', '.join(map(repr, unknown))[:80]}")
    return kind(**{name: typed(hint, value[name], f"{at}.{name}") for name, hint in hints.items()})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _expect(fits: bool, at: str, what: str) -> None:
    if not fits:
        raise ValueError(f"{at[:80]} is not {what}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field is named twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")
