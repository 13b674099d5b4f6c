"""What reviewers said, and what follows."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.language import phrase
from core.services.labels import label_evidence, label_preview, label_work
from core.services.workspace import Workspace
from pages.ui.cached.keeping import SIZE, Spoken


@st.cache_data(max_size=SIZE, show_spinner=Spoken(phrase("Measuring how far people agree …")))
def agreement(_ws: Workspace, dataset_id: str, source: str | None, version: int) -> dict[str, Any]:
    """Return how far reviewers agree; `version` is that of the reviews."""
    return label_work.agreement(_ws, dataset_id, source=source)


@st.cache_data(max_size=SIZE, show_spinner=Spoken(phrase("Making one label of all answers …")))
def consensus(_ws: Workspace, dataset_id: str, method: str, version: str) -> label_preview.Preview:
    """Return what a method would make of the reviews; `version` as `label_preview.version`."""
    return label_preview.preview(_ws, dataset_id, method)


@st.cache_data(max_size=SIZE, show_spinner=False)
def twins(_ws: Workspace, dataset_id: str, min_cosine: float) -> list[dict[str, Any]]:
    """Return pairs of images that look nearly the same and have different labels."""
    return label_evidence.twins(_ws, dataset_id, min_cosine=min_cosine)
