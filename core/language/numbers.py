"""Numbers and times as people read them, with the signs of their language.

Percent exists only here and in the places of sentences; everywhere else shares are in [0, 1].
"""

from __future__ import annotations

import string
from functools import cache
from numbers import Number
from typing import Any

from core.language.catalogues import SOURCE


class Form(string.Formatter):
    """`str.format` that writes numbers as a language does; "{:.1%}" has the space before %."""

    def __init__(self, code: str) -> None:
        self._code = code

    def format_field(self, value: Any, format_spec: str) -> Any:
        """Write one place: a number with the language's signs, anything else as Python does."""
        text = super().format_field(value, format_spec)
        if isinstance(value, bool) or not isinstance(value, Number) or not format_spec:
            return text
        return localised(text, self._code)


def localised(text: str, code: str) -> str:
    """Return a number that Python wrote ("1,234.5", "74.3%") as the language writes it.

    >>> localised("12,345.6", "es"), localised("74.3%", "en")
    ('12.345,6', '74.3 %')
    """
    decimal, group = _signs(code)
    whole, dot, rest = text.partition(".")
    number = whole.replace(",", group) + dot.replace(".", decimal) + rest
    return number.replace("%", " %")


@cache
def _signs(code: str) -> tuple[str, str]:
    """Return (decimal sign, sign between groups of digits)."""
    if code == SOURCE:  # without Babel, which not every Python that trains has
        return ".", ","
    from babel import Locale

    signs = Locale.parse(code).number_symbols["latn"]
    return signs["decimal"], signs["group"]
