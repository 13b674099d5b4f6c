"""Pickers of runs, class maps and models, bound to the address.

The address holds the words a person sees; a link may also give the bare id, which is shorter to
write for the command line and for other pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.ui import state


def one(
    label: str, options: Mapping[str, str], key: str, default: str | None = None, **more: Any
) -> str:
    """Draw a picker of one id and return it.

    Parameters
    ----------
    options : mapping of id to name, not empty
        What can be picked, in order.
    key : str
        The widget's key and the name of the query parameter.
    default : str, optional
        The id picked at first; else the first.
    """
    ids = list(options)
    asked = state.take_query(key)
    if asked in options:
        state.set_widget(key, asked)
    picked: str = st.selectbox(
        label,
        ids,
        index=ids.index(default) if default in options else 0,
        format_func=lambda i: options.get(i, str(i)),
        key=key,
        bind="query-params",
        **more,
    )
    return picked if picked in options else ids[0]


def several(
    label: str, options: Mapping[str, str], key: str, default: Sequence[str] = (), **more: Any
) -> list[str]:
    """Draw a picker of any number of ids and return them; as `one`."""
    asked = [i for i in (state.take_query(key) or "").split(",") if i in options]
    if asked:
        state.set_widget(key, asked)
    picked = st.multiselect(
        label,
        list(options),
        default=[i for i in default if i in options],
        format_func=lambda i: options.get(i, str(i)),
        key=key,
        bind="query-params",
        **more,
    )
    return [i for i in picked if i in options]
