"""Confusion matrices and cross tables as tables of buttons: a cell opens its images.

A Plotly heatmap has no selectable points in Streamlit, and a chart is remounted whenever its
figure changes. A table of buttons keeps its place while a threshold moves, is reachable with the
arrow keys, is read aloud as a table, and follows the theme.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.ui import state

_ASSETS = Path(__file__).with_name("assets")
COMPACT_FROM = 11  # classes; from here on, cells show one number and headers stand upright
_SQRT_FULL = 92.0  # percent of the hue in a cell that holds its whole row

_TABLE = st.components.v2.component(
    "desempate_matrix",
    html="<div class='root'>\n</div>",
    css=(_ASSETS / "matrix.css").read_text(),
    js=(_ASSETS / "matrix.js").read_text(),
)


def confusion_matrix(
    matrix: NDArray[Any],
    classes: Sequence[str],
    key: str,
    *,
    marked: Collection[tuple[str, str]] = (),
) -> tuple[str, str] | None:
    """Draw a confusion matrix (row = true, column = predicted) and return the chosen cell.

    Parameters
    ----------
    matrix : array of int, shape (n_classes, n_classes)
        Counts of images.
    classes : sequence of str, length n_classes
        Names in the order of rows and columns.
    key : str
        Identity of the table: put the run's and the split's names into it, so that a choice does
        not survive a change of either.
    marked : collection of (class, class)
        Pairs to outline in both directions, e.g. those that have an expert.

    Returns
    -------
    (str, str) or None
        True and predicted class of the chosen cell; a second click gives the choice up.
    """
    both = {frozenset(pair) for pair in marked}
    flags = [[i != j and frozenset((a, b)) in both for j, b in enumerate(classes)]
             for i, a in enumerate(classes)]  # fmt: skip
    data = table_data(
        np.asarray(matrix), classes, classes, "true ↓\npredicted →", "is", "predicted", flags
    )
    return _mount(data, classes, classes, key)


def cross_table(
    counts: NDArray[Any],
    rows: Sequence[str],
    columns: Sequence[str],
    key: str,
    *,
    corner: str = "cluster ↓\nlabel →",
) -> tuple[str, str] | None:
    """Draw counts of clusters against labels and return the chosen (row, column)."""
    data = table_data(np.asarray(counts), rows, columns, corner, "in", "labelled", None)
    return _mount(data, rows, columns, key)


def table_data(
    counts: NDArray[Any],
    rows: Sequence[str],
    columns: Sequence[str],
    corner: str,
    row_word: str,
    column_word: str,
    marked: Sequence[Sequence[bool]] | None,
) -> dict[str, Any]:
    """Return what the browser draws: texts, strengths in percent, and kinds of cells.

    The strength grows with the square root of the row's share, so that a few errors can be seen.
    Without `marked` (a cross table) every filled cell has one hue.
    """
    sums = counts.sum(axis=1, keepdims=True)  # (n_rows, 1)
    shares = np.divide(counts, sums, out=np.zeros(counts.shape), where=sums > 0)
    compact = max(counts.shape) >= COMPACT_FROM

    def cell(i: int, j: int) -> dict[str, Any]:
        n, share = int(counts[i, j]), float(shares[i, j])
        right = marked is None or i == j
        of_row = f"{n:,} of {int(sums[i, 0]):,} images {row_word} {rows[i]}"
        return {
            "main": f"{n:,}" if n or not compact else "",
            "sub": ("<1%" if share < 0.005 else f"{share:.0%}") if n and not compact else "",
            "strength": round(_SQRT_FULL * share**0.5, 1),
            "kind": "empty" if n == 0 else "right" if right else "wrong",
            "marked": bool(marked is not None and marked[i][j]),
            "title": f"{of_row}, {column_word} {columns[j]} ({share:.1%} of the row)",
        }

    return {
        "rows": list(rows),
        "columns": list(columns),
        "corner": corner,
        "cells": [[cell(i, j) for j in range(len(columns))] for i in range(len(rows))],
        "totals": [f"{int(n):,}" for n in sums[:, 0]],
        "total_name": "images",
        "compact": compact,
        "alt": corner.replace("↓\n", "by row, ").replace("→", "by column"),
    }


def _mount(
    data: dict[str, Any], rows: Sequence[str], columns: Sequence[str], key: str
) -> tuple[str, str] | None:
    """Draw the table and translate its selection into names."""
    result = _TABLE(
        key=key,
        data={**data, "selected": state.component_value(key, "selected")},
        default={"selected": None},
        on_selected_change=_nothing,
    )
    chosen = result.selected
    if not chosen or chosen[0] >= len(rows) or chosen[1] >= len(columns):
        return None
    return rows[int(chosen[0])], columns[int(chosen[1])]


def _nothing() -> None:
    """Be the callback that Streamlit asks for beside a default."""
