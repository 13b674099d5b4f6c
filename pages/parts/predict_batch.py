"""Many images at once: files, a folder or a zip in, a table out; to stop keeps what is done."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st
from streamlit.typing import UploadedFile

from core.language import text
from core.records import Dataset
from core.services.runs import batch
from core.services.runs.batch import Given
from core.services.workspace import Workspace
from pages.parts import downloads, predict_drift
from pages.ui import state

_KEPT = "predict-batch"
_FOLDER = "a folder"
_SHARE = st.column_config.NumberColumn(format="percent")


def panel(ws: Workspace, dataset: Dataset, model_id: str) -> None:
    """Draw the place to drop the images, the button that asks, and the table.

    Notes
    -----
    Any click while it answers runs the page anew, which ends the loop: what was answered until
    then is kept, and "Go on" asks for the rest.
    """
    dropped = _choose()
    if not dropped:
        st.caption("Choose images to see the answers, up to 1,000 at a time.")
        return
    given = batch.listed(ws, [(file.name, file) for file in dropped])
    rows = _rows_of(model_id, dropped)
    slot = st.container()
    if len(rows) < len(given):
        _ask(ws, model_id, given, rows)
    with slot:
        _show(ws, dataset, model_id, rows)


def _choose() -> list[UploadedFile]:
    whole = st.segmented_control(
        "Which images",
        ["files", _FOLDER],
        default="files",
        required=True,
        key="predict_many",
        label_visibility="collapsed",
    )
    dropped: list[UploadedFile] = st.file_uploader(
        "Drop a folder here" if whole == _FOLDER else "Drop images, or a .zip of them, here",
        accept_multiple_files="directory" if whole == _FOLDER else True,
        key=f"predict-files-{whole}",
        help="They are looked at and not kept.",
    )
    return dropped


def _rows_of(model_id: str, dropped: list[UploadedFile]) -> list[dict[str, Any]]:
    """Return the answers so far to just these files by just this model, to be added to."""
    asked = (model_id, tuple(file.file_id for file in dropped))
    kept = state.draft(_KEPT)
    if kept is None or kept[0] != asked:
        kept = (asked, [])
        state.set_draft(_KEPT, kept)
    rows: list[dict[str, Any]] = kept[1]
    return rows


def _ask(ws: Workspace, model_id: str, given: list[Given], rows: list[dict[str, Any]]) -> None:
    """Draw the button and, once it is clicked, ask until all are answered or something is clicked.

    The page runs anew at the end, so that the table stands where it will stay.
    """
    left = given[len(rows) :]
    label = f"Ask about {text.count(len(left), 'image')}" if not rows else "Go on"
    button = st.empty()
    if rows:
        st.caption(f"{len(rows):,} of {len(given):,} are answered.")
    if not button.button(label, type="primary", icon=":material/play_arrow:", key="predict-ask"):
        return
    button.button("Stop and keep these", icon=":material/stop:", key="predict-stop")
    bar = st.progress(0.0, text="Opening the model …")
    for part in batch.answers(ws, model_id, left):
        rows += part
        bar.progress(len(rows) / len(given), text=f"{len(rows):,} of {len(given):,}")
    st.rerun()


def _show(ws: Workspace, dataset: Dataset, model_id: str, rows: list[dict[str, Any]]) -> None:
    """Draw what there is so far: the answers, and what could not be answered and why."""
    if not rows:
        return
    table = batch.table(ws, dataset.id, rows)
    failed = table["problem"].notna()
    if not failed.all():
        predict_drift.many(ws, model_id, rows)
        _answers(table[~failed].drop(columns="problem"))
    if failed.any():
        with st.expander(f"{text.count(int(failed.sum()), 'file')} could not be answered"):
            st.dataframe(
                table.loc[failed, ["file", "problem"]],
                hide_index=True,
                alt="Files that could not be answered, with the reason",
            )
    downloads.csv("Download the answers", lambda: table, f"predictions-{model_id}")


def _answers(table: pd.DataFrame) -> None:
    table.columns = [c if c.startswith("p_") else c.replace("_", " ") for c in map(str, table)]
    shares = [c for c in table.columns if c.startswith("p_") or c.endswith("confidence")]
    st.dataframe(
        table.dropna(axis="columns", how="all"),
        hide_index=True,
        column_config=dict.fromkeys(shares, _SHARE)
        | {
            "route": st.column_config.TextColumn(
                help="Whose answer it is: the generalist's, an expert's (its run), or left to a "
                "person."
            ),
            "distance": st.column_config.NumberColumn(
                format="%.3f", help="Cosine distance of the embedding to the nearest training image"
            ),
        },
        alt="Files with their class, confidence and who answered",
    )
