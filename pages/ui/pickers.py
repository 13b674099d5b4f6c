"""Pickers of runs, class maps and models, bound to the address.

The address holds the words a person sees. A link from elsewhere may give the bare id instead,
which does not depend on wording: it is translated when it arrives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.ui import names, state


def one(label: str, options: Mapping[str, str], key: str, **more: Any) -> str:
    """Draw a picker of one id and return it; the first at first.

    Parameters
    ----------
    label : str
        What a person picks.
    options : mapping of id to name, not empty
        What can be picked, in order.
    key : str
        The widget's key and the name of the query parameter.
    """
    asked = _asked(key, options)
    if asked:
        state.follow_link(key, asked[0], options[asked[0]])
    picked: str | None = st.selectbox(
        label,
        list(options),
        format_func=lambda i: options.get(i, str(i)),
        key=key,
        bind="query-params",
        filter_mode="fuzzy",
        **more,
    )
    return picked if picked is not None and picked in options else next(iter(options))


def several(
    label: str, options: Mapping[str, str], key: str, default: Sequence[str] = (), **more: Any
) -> list[str]:
    """Draw a picker of any number of ids and return them in the order of picking."""
    asked = _asked(key, options)
    if asked:
        state.follow_link(key, asked, [options[i] for i in asked])
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


def arrived(key: str) -> list[str]:
    """Return the values of a query parameter when they differ from those of the last run."""
    values = st.query_params.get_all(key)
    if values == state.draft(f"arrived-{key}"):
        return []
    state.set_draft(f"arrived-{key}", values)
    return values


def _asked(key: str, options: Mapping[str, str]) -> list[str]:
    """Return the bare ids that a link asked for, once."""
    values = st.query_params.get_all(key)
    if values == state.draft(f"asked-{key}"):
        return []
    state.set_draft(f"asked-{key}", values)
    return values if values and all(value in options for value in values) else []


def split(label: str, key: str, *, help: str, first: str = "test") -> str:
    """Draw the choice between test and validation images, `first` chosen; bound to the address."""
    others = [name for name in ("test", "val") if name != first]
    return str(
        st.segmented_control(
            label,
            [first, *others],
            default=first,
            required=True,
            format_func=lambda name: names.SPLITS[name],
            key=key,
            bind="query-params",
            help=help,
        )
    )
