"""Many images at once: files, a folder or a zip in, a table out; to stop keeps what is done."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st
from streamlit.typing import UploadedFile

from core.language import phrase, t, text, tn
from core.records import CascadeRecord, Dataset, Run
from core.services.runs import batch
from core.services.runs.batch import Given
from core.services.workspace import Workspace
from pages.parts import downloads, predict_drift, tables
from pages.ui import state

_KEPT = "predict-batch"
_FILES, _FOLDER = phrase("files"), phrase("a folder")
_HEADS = {
    "file": phrase("file"),
    "class": phrase("class"),
    "confidence": phrase("confidence"),
    "route": phrase("route"),
    "generalist": phrase("generalist"),
    "generalist_confidence": phrase("generalist confidence"),
    "expert": phrase("expert"),
    "expert_class": phrase("expert class"),
    "expert_confidence": phrase("expert confidence"),
    "nearest_training_image": phrase("nearest training image"),
    "distance": phrase("distance"),
    "problem": phrase("problem"),
}
_ROUTES = {"generalist": phrase("generalist"), "person": phrase("person")}  # an expert: its id


def panel(ws: Workspace, dataset: Dataset, model: CascadeRecord | Run) -> None:
    """Draw the place to drop the images, the button that asks, and the table.

    Notes
    -----
    Any click while it answers runs the page anew, which ends the loop: what was answered until
    then is kept, and "Go on" asks for the rest.
    """
    dropped = _choose()
    if not dropped:
        st.caption(t("Choose images to see the answers, up to 1,000 at a time."))
        return
    given = batch.listed(ws, [(file.name, file) for file in dropped])
    rows = _rows_of(model.id, dropped)
    slot = st.container()
    if len(rows) < len(given):
        _ask(ws, model.id, given, rows)
    with slot:
        _show(ws, dataset, model, rows)


def _choose() -> list[UploadedFile]:
    whole = st.segmented_control(
        t("Which images"),
        [_FILES, _FOLDER],
        default=_FILES,
        required=True,
        format_func=t,
        key="predict_many",
        label_visibility="collapsed",
    )
    dropped: list[UploadedFile] = st.file_uploader(
        t("Drop a folder here") if whole == _FOLDER else t("Drop images, or a .zip of them, here"),
        accept_multiple_files="directory" if whole == _FOLDER else True,
        key=f"predict-files-{whole}",
        help=t("They are looked at and not kept."),
    )
    return sorted(dropped, key=lambda file: file.name)  # a browser reads a folder in any order


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
    ask = (
        tn("Ask about {n:,} image", "Ask about {n:,} images", len(left))
        if all(file.is_named_image for file in left)
        else tn("Ask about {n:,} file", "Ask about {n:,} files", len(left))
    )
    button = st.empty()
    if rows:
        st.caption(t("{n:,} of {n_all:,} are answered.", n=len(rows), n_all=len(given)))
    label = t("Go on") if rows else ask
    if not button.button(label, type="primary", icon=":material/play_arrow:", key="predict-ask"):
        return
    button.button(t("Stop and keep these"), icon=":material/stop:", key="predict-stop")
    bar = st.progress(0.0, text=t("Opening the model …"))
    for part in batch.answers(ws, model_id, left):
        rows += part
        done = t("{n:,} of {n_all:,}", n=len(rows), n_all=len(given))
        bar.progress(len(rows) / len(given), text=done)
    st.rerun()


def _show(
    ws: Workspace, dataset: Dataset, model: CascadeRecord | Run, rows: list[dict[str, Any]]
) -> None:
    """Draw what there is so far: the answers, and what could not be answered and why."""
    if not rows:
        return
    table = batch.table(ws, dataset.id, rows)
    failed = table["problem"].notna()
    if not failed.all():
        predict_drift.many(ws, model, rows)
        _answers(table[~failed].drop(columns="problem"))
    if failed.any():
        heading = tn(
            "{n:,} file could not be answered",
            "{n:,} files could not be answered",
            int(failed.sum()),
        )
        with st.expander(heading):
            st.dataframe(
                table.loc[failed, ["file", "problem"]],
                column_config={name: t(_HEADS[name]) for name in ("file", "problem")},
                hide_index=True,
                alt=t("Files that could not be answered, with the reason"),
            )
    downloads.csv(t("Download the answers"), lambda: table, f"predictions-{model.id}")


def _answers(table: pd.DataFrame) -> None:
    called = {str(column): t(_HEADS.get(str(column), str(column))) for column in table}
    shown = table.dropna(axis="columns", how="all").rename(columns=called)
    route, distance = t(_HEADS["route"]), t(_HEADS["distance"])
    shown[route] = [t(_ROUTES[r]) if r in _ROUTES else r for r in shown[route]]
    shares = [c for c in called if c.startswith("p_") or c.endswith("confidence")]
    writing: tables.Writing = {
        **{called[column]: text.percent for column in shares},
        distance: lambda cosine: text.number(cosine, ".3f"),
    }
    st.dataframe(
        tables.written(shown, writing),
        hide_index=True,
        placeholder=text.NONE,
        column_config={
            route: st.column_config.TextColumn(
                help=t(
                    "Whose answer it is: the generalist's, an expert's (its run), or left to a "
                    "person."
                )
            ),
            distance: st.column_config.NumberColumn(
                help=t("Cosine distance of the embedding to the nearest training image")
            ),
        },
        alt=t("Files with their class, confidence and who answered"),
    )
