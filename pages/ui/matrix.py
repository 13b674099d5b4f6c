"""Confusion matrices and cross tables as tables of buttons: a cell opens its images.

A Plotly heatmap has no selectable points in Streamlit, and a chart is remounted whenever its
figure changes. A table of buttons keeps its place while a threshold moves, is reachable with the
arrow keys, is read aloud as a table, and follows the theme. Where merging is allowed, a class name
can be dragged onto another. What is drawn can be copied and downloaded where a look names a file.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike, NDArray

from core.language import current, phrase, t
from pages.ui import state

_ASSETS = Path(__file__).with_name("assets")
_CORNER = phrase("true ↓\npredicted →")
_CELL = phrase("{n} of {total} images is {row}, predicted {column} ({share} of the row)")
_CELL_OF_TWO = phrase(
    "of {total} images is {row}, predicted {column}: {n_a} by {a}, {n_b} by {b}; difference "
    "{difference} ({points} points of the row)"
)
_HEAD = (_CORNER.replace("\n", " "), "images")  # of files: around the names of the classes
COMPACT_FROM = 11  # classes; from here on, cells show one number
DENSE_FROM = 31  # from here on, colour alone: numbers would not fit on a screen

_PARTS = ("_cell", "_export", "_merge", "")  # one module in the browser

_TABLE = st.components.v2.component(
    "desempate_matrix",
    html="<div class='root'>\n</div>",
    css=(_ASSETS / "matrix.css").read_text(),
    js="".join((_ASSETS / f"matrix{part}.js").read_text() for part in _PARTS),
)


Numbers = Literal["counts", "shares"]  # images, or shares of the row


@dataclass(frozen=True)
class Look:
    """How a matrix is drawn, and what a copy of it is called."""

    numbers: Numbers = "counts"
    diagonal: bool = True  # whether right answers are drawn
    file: str = ""  # stem of the files; without it nothing can be copied
    title: str = ""  # over a downloaded picture
    notes: Sequence[str] = ()  # under it


PLAIN = Look()


class Touched(NamedTuple):
    """What a person did with a matrix: the cell that is open, and two classes to merge."""

    cell: tuple[str, str] | None
    merge: tuple[str, str] | None


def confusion_matrix(
    matrix: NDArray[Any],
    classes: Sequence[str],
    key: str,
    *,
    marked: Collection[tuple[str, str]] = (),
    totals: ArrayLike | None = None,
    merging: bool = False,
    look: Look = PLAIN,
) -> Touched:
    """Draw a confusion matrix (row = true, column = predicted) and return what was done with it.

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
    totals : array of int, shape (n_classes,), optional
        Images of each true class, where the matrix is a part of a larger one.
    merging : bool
        Whether a class name can be dragged onto another.
    look : Look

    Notes
    -----
    The cell is (true, predicted class); a second click gives the choice up. A merge is told once.
    """
    both = {frozenset(pair) for pair in marked}
    flags = [
        (i, j)
        for i, a in enumerate(classes)
        for j, b in enumerate(classes)
        if i != j and frozenset((a, b)) in both
    ]
    data = table_data(
        np.asarray(matrix),
        classes,
        classes,
        (t(_CORNER), t(_CELL)),
        totals=totals,
        marked=flags,
        merging=merging,
        look=look,
    )
    return _mount(data, classes, classes, key)


def difference_matrix(
    difference: NDArray[Any],
    of_a: NDArray[Any],
    classes: Sequence[str],
    key: str,
    *,
    totals: ArrayLike,
    significant: NDArray[np.bool_],
    called: tuple[str, str] = ("A", "B"),
    look: Look = PLAIN,
) -> tuple[str, str] | None:
    """Draw the matrix of A minus that of B and return the chosen (true, predicted class).

    Parameters
    ----------
    difference, of_a : array of int, shape (n_classes, n_classes)
        A minus B, and A by itself; counts of images, row = true, column = predicted.
    totals : array of int, shape (n_classes,)
        Images of each true class.
    significant : array of bool, shape (n_classes, n_classes)
        Cells to outline.
    called : (str, str)
        What the two models are called in a cell's description.
    """
    marked = [(int(i), int(j)) for i, j in np.argwhere(significant)]
    data = table_data(
        np.asarray(difference),
        classes,
        classes,
        (t(_CORNER), t(_CELL_OF_TWO)),
        totals=totals,
        marked=marked,
        look=look,
    )
    data |= {"models": list(called), "of_a": np.asarray(of_a).astype(int).tolist()}
    data["words"]["mark"] = t("differs by more than luck")
    return _mount(data, classes, classes, key).cell


def cross_table(
    counts: NDArray[Any],
    rows: Sequence[str],
    columns: Sequence[str],
    key: str,
    *,
    corner: str | None = None,
    words: tuple[str, str] | None = None,
) -> tuple[str, str] | None:
    """Draw counts that have no right or wrong, and return the chosen (row, column).

    `corner` and `words` say what rows and columns are; without them, clusters and labels.
    """
    cell = (
        t("{n} of {total} images in {row}, labelled {column} ({share} of the row)")
        if words is None
        else t("{n} of {total} images {in_row} {row}, {in_column} {column} ({share} of the row)")
        .replace("{in_row}", words[0])
        .replace("{in_column}", words[1])
    )
    corner = corner or t("cluster ↓\nlabel →")
    data = table_data(np.asarray(counts), rows, columns, (corner, cell), cross=True)
    return _mount(data, rows, columns, key).cell


def table_data(
    counts: NDArray[Any],
    rows: Sequence[str],
    columns: Sequence[str],
    words: tuple[str, str],
    *,
    totals: ArrayLike | None = None,
    marked: Sequence[tuple[int, int]] = (),
    merging: bool = False,
    cross: bool = False,
    look: Look = PLAIN,
) -> dict[str, Any]:
    """Return what the browser draws: counts, and in `words` the corner and what a cell says.

    In a confusion matrix the diagonal is right and the rest is wrong; a `cross` table has one hue.
    """
    corner, cell = words
    most = max(counts.shape)
    size: Literal["full", "compact", "dense"] = (
        "full" if most < COMPACT_FROM else "compact" if most < DENSE_FROM else "dense"
    )
    sums = counts.sum(axis=1) if totals is None else np.asarray(totals)
    return {
        "rows": list(rows),
        "columns": list(columns),
        "corner": corner,
        "words": _words() | {"cell": cell},
        "language": current(),
        "head": _HEAD,
        "counts": np.asarray(counts).astype(int).tolist(),
        "totals": sums.astype(int).tolist(),
        "marked": [list(at) for at in marked],
        "size": size,
        "cross": cross,
        "merging": merging,
        "models": None,  # two where it is a difference
        "numbers": look.numbers,
        "diagonal": look.diagonal,
        "file": look.file,
        "title": look.title,
        "notes": list(look.notes),
        "alt": corner.replace("↓\n", f"{t('by row')}, ").replace("→", t("by column")),
    }


def _words() -> dict[str, str | tuple[str, str]]:
    """Return what the browser says by itself."""
    return {
        "images": t("images"),
        "points": t("{points} pt"),
        "more_columns": t("There are more columns: scroll sideways →"),
        "drag_name": t("{name}: drag onto another class to merge the two, or click both"),
        "how_to_merge": t("Drag a class name onto another to merge the two, or click both names."),
        "merge_with": t("Merge {name} with …: click the other name, or press Escape."),
        "drag_on": t("Drag {name} onto another."),
        "release": t("Release to merge {name} and {other}."),
        "export": t("Copy or download this matrix"),
        "copy": (t("Copy"), t("Copy as text that a spreadsheet takes")),
        "copied": t("Copied."),
        "csv": t("Download the numbers"),
        "svg": t("Download as a drawing"),
        "png": t("Download as a picture"),
        "saved": t("Saved {file}."),
        "failed": t("That did not work: {reason}"),
        "no_clipboard": t("This browser lets no page write to the clipboard here."),
    }


def _mount(data: dict[str, Any], rows: Sequence[str], columns: Sequence[str], key: str) -> Touched:
    """Draw the table and translate what it reports into names."""
    key = state.component_key(key)
    result = _TABLE(
        key=key,
        data={**data, "selected": state.component_value(key, "selected")},
        default={"selected": None},
        on_selected_change=_nothing,
        on_merge_change=_nothing,
    )
    chosen, pair = result.selected, result.merge
    cell = None
    if chosen and chosen[0] < len(rows) and chosen[1] < len(columns):
        cell = rows[int(chosen[0])], columns[int(chosen[1])]
    known = pair and len(pair) == 2 and pair[0] != pair[1] and {*pair} <= {*rows}
    return Touched(cell, (pair[0], pair[1]) if known else None)


def _nothing() -> None:
    """Be the callback that Streamlit asks for beside a default."""
