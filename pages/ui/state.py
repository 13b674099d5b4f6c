"""Unsaved work and identity; the only module that touches st.session_state.

What is looked at lives in the URL (`bind="query-params"`), facts live in the store. What lies
here may be lost when the tab closes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, NoReturn

import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.scriptrunner import get_script_run_ctx

DATASET_KEY = "dataset"  # also the name of the query parameter
LANGUAGE_KEY = "language"  # likewise
_LATER = "_later"
_FLASH = "_flash"
_DRAFT = "_draft:"


def later(key: str, value: Any) -> None:
    """Set the widget `key` in the next run: a widget cannot be set once it is drawn."""
    st.session_state.setdefault(_LATER, {})[key] = value


def set_widget(key: str, value: Any) -> None:
    """Set a widget that is drawn further down in this run, or from a callback."""
    st.session_state[key] = value


def follow_link(key: str, value: Any, words: str | list[str]) -> NoReturn:
    """Set a bound picker to what a link names by id, put its words into the address, run again.

    Streamlit takes a value that it does not know out of the address, and a reload would lose it.
    """
    later(key, value)
    with suppress(StreamlitAPIException):  # a picker that is drawn already writes its words itself
        st.query_params[key] = words
    st.rerun()


def switch_page(
    page: str,
    query: Mapping[str, Any] = MappingProxyType({}),
    bound: Mapping[str, Any] = MappingProxyType({}),
) -> NoReturn:
    """Go to a page and stay with the data set; the language stays by itself.

    Parameters
    ----------
    page : str
        The stem of its file.
    query : mapping, optional
        What no widget is bound to.
    bound : mapping, optional
        Values of bound widgets, by key: Streamlit refuses them in the address, and those of this
        page would be lost.
    """
    kept = {DATASET_KEY: st.session_state.get(DATASET_KEY)}
    for key, value in {**kept, **bound}.items():
        later(key, value)
    st.switch_page(f"pages/{page}.py", query_params=dict(query))


def choose_dataset(name: str) -> None:
    """Make `name` the current data set from the next run on."""
    later(DATASET_KEY, name)


def choose_once(key: str, value: Any) -> None:
    """Set a bound picker where neither this session nor the address says anything."""
    if key not in st.session_state and key not in st.query_params:
        st.session_state[key] = value


def language() -> str | None:
    """Return the code of the language this session reads; None outside a session."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    chosen: str | None = st.session_state.get(LANGUAGE_KEY)
    return chosen


def apply_later() -> None:
    """Set what `later` collected; the frame calls this before anything is drawn."""
    for key, value in st.session_state.pop(_LATER, {}).items():
        st.session_state[key] = value


def flash(sentence: str) -> None:
    """Keep a sentence for the next run, which shows it once."""
    st.session_state[_FLASH] = sentence


def take_flash() -> str | None:
    """Return the sentence kept by `flash`, and forget it."""
    sentence: str | None = st.session_state.pop(_FLASH, None)
    return sentence


def draft(name: str, default: Any = None) -> Any:
    """Return unsaved work kept under `name`, or `default`."""
    return st.session_state.get(_DRAFT + name, default)


def set_draft(name: str, value: Any) -> None:
    """Keep unsaved work under `name`."""
    st.session_state[_DRAFT + name] = value


def clear_draft(name: str) -> None:
    """Forget the unsaved work under `name`."""
    st.session_state.pop(_DRAFT + name, None)


def component_key(words: str) -> str:
    """Return a key for a component of ours: Streamlit refuses `__`, which a label may well have.

    >>> component_key("look-a"), component_key("look-a") == component_key("look-a__b")
    ('look-a', False)
    """
    return hashlib.sha256(words.encode()).hexdigest() if "__" in words else words


def component_value(key: str, name: str) -> Any:
    """Return what a mounted component last set as `name`, or None."""
    return (st.session_state.get(key) or {}).get(name)
