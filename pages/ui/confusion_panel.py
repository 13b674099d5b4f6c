"""A confusion matrix and, under it, the images of the cell that was chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike

from core.analysis.merges.confused_block import ConfusedBlock, most_confused
from core.records import Dataset
from core.services.workspace import Workspace
from pages.ui import messages, text
from pages.ui.gallery import gallery
from pages.ui.matrix import DENSE_FROM, confusion_matrix

CELL_PAGE = 24  # thumbnails under a matrix; more are a page further
BLOCK = 20  # classes shown first where there are too many for a screen
HOW_TO = "Rows are true classes, columns what was predicted. Click a cell for its images."


def confusion_panel(
    ws: Workspace,
    dataset: Dataset,
    matrix: ArrayLike,
    classes: Sequence[str],
    key: str,
    positions_of: Callable[[str, str], Sequence[int]],
    *,
    marked: Collection[tuple[str, str]] = (),
    on_merge: Callable[[str, str], None] | None = None,
) -> None:
    """Draw a matrix (row = true, column = predicted); a chosen cell opens its images below.

    Beyond 30 classes the most confused of them come first; a switch shows all.

    Parameters
    ----------
    positions_of : callable
        From (true class, predicted class) to the positions of the images in that cell.
    marked : collection of (class, class)
        Pairs that an expert answers for.
    on_merge : callable, optional
        Gets two classes to merge; without it names cannot be dragged onto each other.
    """
    counts = np.asarray(matrix)
    shown = _shown(counts, classes, key)
    if on_merge is not None:
        key = f"{key}-{'|'.join(classes)}"  # a chosen cell does not outlive a merge
    totals = counts.sum(axis=1)
    if shown is not None:
        key = f"{key}-{_short(shown)}"
        counts, totals = counts[np.ix_(shown, shown)], totals[list(shown)]
        classes = [classes[i] for i in shown]
    touched = confusion_matrix(
        counts, classes, key, marked=marked, totals=totals, merging=on_merge is not None
    )
    if touched.merge and on_merge is not None:
        on_merge(*touched.merge)
    if touched.cell is None:
        st.caption(HOW_TO)
        return
    true, predicted = touched.cell
    if on_merge is not None and true != predicted:
        label = f"Merge {messages.plain(true)} and {messages.plain(predicted)}"
        if st.button(label, key=f"{key}-merge", icon=":material/merge:"):
            on_merge(true, predicted)
    _images(ws, dataset, touched.cell, key, list(positions_of(true, predicted)))


def _shown(counts: np.ndarray, classes: Sequence[str], key: str) -> tuple[int, ...] | None:
    """Return the classes of the most confused block, or None where all are shown."""
    if len(classes) < DENSE_FROM or not counts.any():
        return None
    everything = st.toggle(
        f"Show all {len(classes)} classes",
        key=f"{key}-all",
        help="Colour alone, without numbers; point at a cell to read it.",
    )
    if everything:
        return None
    block = most_confused(counts, BLOCK)
    st.caption(_about(block, len(classes)))
    return block.classes


def _about(block: ConfusedBlock, n_classes: int) -> str:
    """Say which classes of how many are shown, and how many of the errors are among them."""
    if not block.n_errors:
        return f"The first {len(block.classes)} of {n_classes} classes; no answer is wrong."
    return (
        f"The {len(block.classes)} most confused of {n_classes} classes: "
        f"{block.n_errors_within:,} of {text.count(block.n_errors, 'error')} are among them."
    )


def _images(
    ws: Workspace, dataset: Dataset, cell: tuple[str, str], key: str, positions: list[int]
) -> None:
    """Draw the images of a cell."""
    true, predicted = cell
    said = "recognised" if true == predicted else f"taken for **{messages.plain(predicted)}**"
    st.markdown(f"{text.count(len(positions), 'image')} of **{messages.plain(true)}**, {said}")
    gallery(
        ws,
        dataset,
        positions,
        f"{key}-images-{true}-{predicted}",
        page_size=CELL_PAGE,
        empty="No image is in this cell.",
    )


def _short(shown: Sequence[int]) -> str:
    """Return a short word for the classes shown, so that a choice does not outlive them."""
    return hashlib.sha256(repr(tuple(shown)).encode()).hexdigest()[:8]
