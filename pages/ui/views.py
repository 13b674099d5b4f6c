"""Tabs that the address names; the open one stays open when the language changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.language import current, t
from pages.ui import pickers, state


def tabs(words: Sequence[str], key: str) -> Sequence[Any]:
    """Draw tabs and return them; each knows whether it is `open`.

    Parameters
    ----------
    words : sequence of str
        Their names, as `phrase` marks them.
    key : str
        The widget's key and the name of the query parameter.

    Notes
    -----
    Streamlit knows the open tab by its name, which a change of the language changes.
    """
    pickers.follow_words(key, {word: word for word in words}, tabs=True)
    said = [t(word) for word in words]
    language, at = state.draft(f"tab-{key}", (current(), 0))
    if language != current():
        state.set_widget(key, said[at])
    drawn = st.tabs(said, key=key, bind="query-params", on_change="rerun")
    at = next((i for i, tab in enumerate(drawn) if tab.open), 0)
    state.set_draft(f"tab-{key}", (current(), at))
    return drawn
