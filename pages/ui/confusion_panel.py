"""A confusion matrix and, under it, the images of the cell that was chosen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike

from core.records import Dataset
from core.services.workspace import Workspace
from pages.ui import messages, text
from pages.ui.gallery import gallery
from pages.ui.matrix import confusion_matrix

CELL_PAGE = 24  # thumbnails under a matrix; more are a page further


def confusion_panel(
    ws: Workspace,
    dataset: Dataset,
    matrix: ArrayLike,
    classes: Sequence[str],
    key: str,
    positions_of: Callable[[str, str], Sequence[int]],
    *,
    marked: Collection[tuple[str, str]] = (),
) -> None:
    """Draw a matrix (row = true, column = predicted); a chosen cell opens its images below.

    Parameters
    ----------
    positions_of : callable
        From (true class, predicted class) to the positions of the images in that cell.
    marked : collection of (class, class)
        Pairs that an expert answers for.
    """
    cell = confusion_matrix(np.asarray(matrix), classes, key, marked=marked)
    if cell is None:
        st.caption(
            "Rows are true classes, columns what was predicted. Click a cell for its images."
        )
        return
    true, predicted = cell
    positions = list(positions_of(true, predicted))
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
