"""Take the chosen model along: one folder that answers elsewhere, as a .zip to download."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.language import text
from core.services.exports import writing
from core.services.workspace import Workspace
from pages.ui import messages, state


def panel(ws: Workspace, model_id: str) -> None:
    """Draw the button that exports the model, and the file when it is there."""
    kept = f"predict-export-{model_id}"
    with st.expander("Export this model", icon=":material/inventory_2:"):
        st.markdown(
            "One folder with the models, classes, thresholds, calibration, preprocessing, "
            "checksums, example answers and a model card. It answers without this workspace: "
            "`python -m core predict FOLDER image.jpg`; `python -m core verify FOLDER` asks the "
            "examples again."
        )
        st.caption(
            "Some held-out images of the data set go with it, as small squares without metadata. "
            f"On the command line: `python -m core export {model_id} --to FOLDER`."
        )
        if st.button("Export", icon=":material/inventory_2:", key=f"export-{model_id}"):
            with messages.guard(), st.spinner("Writing the folder and asking its examples …"):
                state.set_draft(kept, writing.pack(ws, model_id))
        packed = state.draft(kept)
        if packed is not None:
            path, found = packed
            _download(Path(path), found["n_checked"], found["largest_difference"])


def _download(path: Path, n_checked: int, difference: float) -> None:
    if not path.is_file():  # the cache may be cleared at any time
        st.caption("The file was cleared away meanwhile; export again.")
        return
    st.download_button(
        "Download",
        path.read_bytes,
        file_name=path.name,
        mime="application/zip",
        key=f"download-{path.stem}",
        on_click="ignore",
        icon=":material/download:",
    )
    st.caption(
        f"{text.count(n_checked, 'example')} answered as in the workspace; the largest difference "
        f"of a probability is {difference:.1g}. {path.stat().st_size / 1e6:,.1f} MB."
    )
