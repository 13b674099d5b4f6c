"""Compare, hidden runs: out of every list, nothing deleted, back at a click."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.records import Dataset, Run
from core.services.runs import training
from core.services.workspace import Workspace
from pages.ui import messages, names, state, text


def show(ws: Workspace, dataset: Dataset, chosen: Sequence[Run]) -> None:
    """Hide the chosen runs from all pages, and bring hidden ones back."""
    if chosen and st.button(
        f"Hide {text.count(len(chosen), 'chosen run')}",
        key="hide-runs",
        icon=":material/visibility_off:",
        help="They disappear from every list; nothing is deleted, and you can bring them back.",
    ):
        for run in chosen:
            training.archive_run(ws, run.id)
        state.flash(f"{text.count(len(chosen), 'run')} hidden.")
        st.rerun()
    hidden = [r for r in training.list_runs(ws, dataset.id, archived=True) if r.archived_at]
    for run in hidden:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(messages.plain(names.run(run)), width="stretch")
            if st.button("Bring back", key=f"restore-{run.id}", icon=":material/visibility:"):
                training.restore_run(ws, run.id)
                st.rerun()
    if not hidden:
        st.caption("No run is hidden.")
