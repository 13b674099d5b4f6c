"""The Review tab: a name, a queue, and the screen."""

from __future__ import annotations

import streamlit as st

from core.records import Dataset
from core.services.labels.reviewing import Reveal
from core.services.workspace import Workspace
from pages.parts import review_screen, review_start
from pages.ui import state

NEVER: Reveal = "never"
KNOWN = "reviewer"  # draft: whose name was typed


def tab(ws: Workspace, dataset: Dataset) -> None:
    """Draw the way to the screen, then the screen."""
    kind, reveal = review_start.chosen(), NEVER
    on_screen = kind is not None and bool(state.draft(KNOWN))
    if kind is not None and on_screen:
        reviewer, reveal = review_start.bar(kind)
    else:
        reviewer = review_start.name_field()
    review_start.recall_reviewer(reviewer)
    state.set_draft(KNOWN, reviewer)
    if kind is not None and on_screen is not bool(reviewer):
        st.rerun()  # the name has its place above the screen or, while there is none, alone
    if not reviewer:
        review_start.welcome(ws, dataset)
    elif kind is None:
        review_start.queues(ws, dataset, reviewer)
    else:
        task = review_start.task(dataset, kind, reviewer, reveal)
        if task is not None:
            review_screen.screen(ws, dataset, task)
