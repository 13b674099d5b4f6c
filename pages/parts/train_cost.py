"""What a training will cost on this machine, said above the button that starts it."""

from __future__ import annotations

import streamlit as st

from core.services.runs import estimating
from core.services.runs.planning import TrainRequest
from core.services.workspace import Workspace
from pages.ui import messages


def show(ws: Workspace, request: TrainRequest) -> None:
    """Draw how long it takes and where, and what to think about first."""
    told = estimating.estimate(ws, request)
    if not told.n_new:
        return
    st.caption(f":material/schedule: {messages.plain(told.sentence)}")
    for warning in told.warnings:
        st.warning(messages.plain(warning), icon=":material/warning:")
