"""Tables whose figures are written with the signs of the language, and sort as numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from core.language import text

Writing = Mapping[str, Callable[[Any], str]]


def digits(n: int) -> Callable[[Any], str]:
    """Return what writes a number with so many digits after the decimal sign."""
    return lambda x: text.number(x, f".{n}f")


def written(table: pd.DataFrame, how: Writing, none: str = text.NONE) -> Any:
    """Return a table for `st.dataframe` that shows some columns as `how` writes them.

    Column configurations must leave the format of these columns alone: it would win. A table of
    very many cells, which takes too long to write out, comes back as it is.
    """
    if table.size > pd.get_option("styler.render.max_elements"):
        return table
    known: dict[Any, Any] = {column: write for column, write in how.items() if column in table}
    return table.style.format(known, na_rep=none)
