"""Long-lived things that all sessions share."""

from __future__ import annotations

import streamlit as st

from core.services.workspace import Workspace, open_workspace
from core.settings import load_settings


@st.cache_resource(max_entries=8, show_spinner=False)
def _open(path: str) -> Workspace:
    """Open the workspace folder once a process."""
    return open_workspace(path)


def workspace() -> Workspace:
    """Return the workspace that the environment names."""
    return _open(str(load_settings().workspace))
