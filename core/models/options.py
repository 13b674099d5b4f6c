"""Options of algorithms: frozen dataclasses whose fields say enough to be drawn on a page."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from core.errors import InvalidInput
from core.language import t
from core.models.option_titles import TITLES

_Value = TypeVar("_Value", int, float, bool, str)
_Options = TypeVar("_Options")


def option(
    default: _Value,
    help: str,
    minimum: float | None = None,
    maximum: float | None = None,
    *,
    choices: tuple[str, ...] = (),
) -> _Value:
    """Declare one option of a dataclass; the annotation beside it is its type.

    Parameters
    ----------
    default : int, float, bool or str
        What holds when nothing is given.
    help : str
        What it means, for a person who has never trained a network: a phrase.
    minimum, maximum : float, optional
        Smallest and largest value that is taken; only numbers have them.
    choices : tuple of str
        All values that a `str` option takes, the default among them; no other kind has any.
    """
    metadata = {"help": help, "min": minimum, "max": maximum, "choices": choices}
    field: Any = dataclasses.field(default=default, metadata=metadata)
    return field  # type: ignore[no-any-return]  # as dataclasses.field itself is declared


@dataclass(frozen=True, slots=True)
class OptionField:
    """One option as pages and the command line draw it."""

    name: str
    title: str  # a phrase
    kind: type[int] | type[float] | type[bool] | type[str]
    default: int | float | bool | str
    help: str  # a phrase
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]  # of a str, phrases; empty otherwise


def describe(options_type: type) -> list[OptionField]:
    """Return the options of an algorithm in the order in which they are declared."""
    fields = dataclasses.fields(options_type)
    return [
        OptionField(
            f.name,
            TITLES.get(f.name, f.name),
            type(default),
            default,
            f.metadata["help"],
            f.metadata["min"],
            f.metadata["max"],
            f.metadata["choices"],
        )
        for f, default in ((f, cast(int | float | bool | str, f.default)) for f in fields)
    ]


def parse(options_type: type[_Options], given: Mapping[str, Any]) -> _Options:
    """Fill in the defaults and check every value.

    Parameters
    ----------
    options_type : type
        The options dataclass of an algorithm.
    given : mapping of str to number, bool or str
        Any of its fields; a whole number is taken where a fraction is expected.

    Raises
    ------
    InvalidInput
        If an option is unknown, of another type, NaN, out of its range or none of its choices.
    """
    known = {field.name: field for field in describe(options_type)}
    for name in given:
        if name not in known:
            raise InvalidInput(t("unknown option"), expected=t(" or ").join(known), received=name)
    return options_type(**{name: _checked(known[name], value) for name, value in given.items()})


def _checked(field: OptionField, value: Any) -> Any:
    """Return `value` in the option's own type, or raise."""
    if field.kind is str:
        return _chosen(field, value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if field.kind is bool:
        fits = isinstance(value, bool)
    elif field.kind is int:
        fits = whole or (isinstance(value, float) and value.is_integer())
    else:
        fits = whole or (isinstance(value, float) and math.isfinite(value))
    if not fits:
        raise InvalidInput(
            t("the option {name} has the wrong type", name=field.name),
            expected=field.kind.__name__,
            received=repr(value),
        )
    low, high = field.minimum, field.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise InvalidInput(
            t("the option {name} is out of range", name=field.name),
            expected=t("{low} to {high}", low=low, high=high),
            received=str(value),
        )
    return field.kind(value)


def _chosen(field: OptionField, value: Any) -> str:
    """Return `value` if it is one of the choices, or raise."""
    if value not in field.choices:
        raise InvalidInput(
            t("the option {name} has no such choice", name=field.name),
            expected=t(" or ").join(field.choices),
            received=repr(value),
        )
    return str(value)
