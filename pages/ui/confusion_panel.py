"""A confusion matrix and, under it, the images of the cell that was chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from typing import Literal

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike

from core.analysis.merges.confused_block import ConfusedBlock, most_confused
from core.language import phrase, t, tn
from core.records import Dataset
from core.services.workspace import Workspace
from pages.ui import messages
from pages.ui.gallery import gallery
from pages.ui.matrix import DENSE_FROM, PLAIN, Look, confusion_matrix

CELL_PAGE = 24  # thumbnails under a matrix; more are a page further
BLOCK = 20  # classes shown first where there are too many for a screen
HOW_TO = phrase("Rows are true classes, columns what was predicted. Click a cell for its images.")


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
    look: Look = PLAIN,
    totals: ArrayLike | None = None,
    subs_of: Callable[[Sequence[int]], Sequence[str]] | None = None,
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
    totals : array of int, shape (n_classes,), optional
        Images of each true class where the matrix is a part already; then nobody chooses classes.
    subs_of : callable, optional
        From positions to a second line under each image.
    """
    counts = np.asarray(matrix)
    shown = most_or_all(counts, classes, f"{key}-all") if totals is None else None
    if on_merge is not None:
        key = f"{key}-{'|'.join(classes)}"  # a chosen cell does not outlive a merge
    sums = counts.sum(axis=1) if totals is None else np.asarray(totals)
    if shown is not None:
        key = f"{key}-{short(shown)}"
        counts, sums = counts[np.ix_(shown, shown)], sums[list(shown)]
        classes = [classes[i] for i in shown]
    touched = confusion_matrix(
        counts, classes, key, marked=marked, totals=sums, merging=on_merge is not None, look=look
    )
    if touched.merge and on_merge is not None:
        on_merge(*touched.merge)
    if touched.cell is None:
        st.caption(t(HOW_TO))
        return
    true, predicted = touched.cell
    if on_merge is not None and true != predicted:
        label = t("Merge {a} and {b}", a=messages.plain(true), b=messages.plain(predicted))
        if st.button(label, key=f"{key}-merge", icon=":material/merge:"):
            on_merge(true, predicted)
    positions = list(positions_of(true, predicted))
    title = tn(
        "{n:,} image of **{true}**, {answered}",
        "{n:,} images of **{true}**, {answered}",
        len(positions),
        true=messages.plain(true),
        answered=how_answered(true, predicted),
    )
    cell_images(ws, dataset, positions, f"{key}-images-{true}-{predicted}", title, subs_of)


def most_or_all(
    counts: np.ndarray,
    classes: Sequence[str],
    key: str,
    bind: Literal["query-params"] | None = None,
) -> tuple[int, ...] | None:
    """Return the classes of the most confused block, or None where all are shown."""
    if len(classes) < DENSE_FROM or not counts.any():
        return None
    everything = st.toggle(
        t("Show all {n:,} classes", n=len(classes)),
        key=key,
        bind=bind,
        help=t("Colour alone, without numbers; point at a cell to read it."),
    )
    if everything:
        return None
    block = most_confused(counts, BLOCK)
    st.caption(_about(block, len(classes)))
    return block.classes


def _about(block: ConfusedBlock, n_classes: int) -> str:
    """Say which classes of how many are shown, and how many of the errors are among them."""
    if not block.n_errors:
        return t(
            "The first {n_shown:,} of {n_classes:,} classes; no answer is wrong.",
            n_shown=len(block.classes),
            n_classes=n_classes,
        )
    return tn(
        "The {n_shown:,} most confused of {n_classes:,} classes: {n_within:,} of {n:,} error are "
        "among them.",
        "The {n_shown:,} most confused of {n_classes:,} classes: {n_within:,} of {n:,} errors are "
        "among them.",
        block.n_errors,
        n_shown=len(block.classes),
        n_classes=n_classes,
        n_within=block.n_errors_within,
    )


def how_answered(true: str, predicted: str) -> str:
    """Return "recognised", or what the class is taken for, as Markdown."""
    if true == predicted:
        return t("recognised")
    return t("taken for **{predicted}**", predicted=messages.plain(predicted))


def cell_images(
    ws: Workspace,
    dataset: Dataset,
    positions: Sequence[int],
    key: str,
    title: str,
    subs_of: Callable[[Sequence[int]], Sequence[str]] | None = None,
) -> None:
    """Draw the images of a cell under what they are."""
    st.markdown(title)
    gallery(
        ws,
        dataset,
        positions,
        key,
        subs=subs_of(positions) if subs_of else None,
        page_size=CELL_PAGE,
        empty=t("No image is in this cell."),
    )


def short(shown: Sequence[object]) -> str:
    """Return a short word for the classes shown, so that a choice does not outlive them."""
    return hashlib.sha256(repr(tuple(shown)).encode()).hexdigest()[:8]
