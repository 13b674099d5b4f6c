"""Take the chosen model along: one folder that answers elsewhere, as a .zip to download."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.language import t, tn
from core.services.exports import writing
from core.services.workspace import Workspace
from pages.ui import messages, state


def panel(ws: Workspace, model_id: str) -> None:
    """Draw the button that exports the model, and the file when it is there."""
    kept = f"predict-export-{model_id}"
    with st.expander(t("Export this model"), icon=":material/inventory_2:"):
        st.markdown(
            t(
                "One folder with the models, classes, thresholds, calibration, preprocessing, "
                "checksums, example answers and a model card. It answers without this workspace: "
                "`python -m core predict FOLDER image.jpg`; `python -m core verify FOLDER` asks "
                "the examples again."
            )
        )
        st.caption(
            t(
                "Some held-out images of the data set go with it, as small squares without "
                "metadata. On the command line: `python -m core export {model} --to FOLDER`.",
                model=model_id,
            )
        )
        if st.button(t("Export"), icon=":material/inventory_2:", key=f"export-{model_id}"):
            with messages.guard(), st.spinner(t("Writing the folder and asking its examples …")):
                state.set_draft(kept, writing.pack(ws, model_id))
        packed = state.draft(kept)
        if packed is not None:
            path, found = packed
            _download(Path(path), found["n_checked"], found["largest_difference"])


def _download(path: Path, n_checked: int, difference: float) -> None:
    if not path.is_file():  # the cache may be cleared at any time
        st.caption(t("The file was cleared away meanwhile; export again."))
        return
    st.download_button(
        t("Download"),
        path.read_bytes,
        file_name=path.name,
        mime="application/zip",
        key=f"download-{path.stem}",
        on_click="ignore",
        icon=":material/download:",
    )
    st.caption(
        tn(
            "{n:,} example answered as in the workspace; the largest difference of a probability "
            "is {difference:.1g}. {size:,.1f} MB.",
            "{n:,} examples answered as in the workspace; the largest difference of a probability "
            "is {difference:.1g}. {size:,.1f} MB.",
            n_checked,
            difference=difference,
            size=path.stat().st_size / 1e6,
        )
    )
