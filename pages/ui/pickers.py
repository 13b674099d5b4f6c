"""Pickers of runs, class maps and models, bound to the address.

The address holds the words a person sees. A link may give the bare id instead, or words that were
true before a model got another name: what ends in an id is translated when it arrives.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import streamlit as st

from core.language import t
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


def meant(value: str, options: Collection[str]) -> str | None:
    """Return the id that a value of the address means: it is one, or its words end in one."""
    tail = value.rpartition(" · ")[2]
    return value if value in options else tail if tail in options else None


def _asked(key: str, options: Mapping[str, str]) -> list[str]:
    """Return the ids that a link asked for, once, unless it says them in the words of today."""
    values = st.query_params.get_all(key)
    if values == state.draft(f"asked-{key}"):
        return []
    state.set_draft(f"asked-{key}", values)
    ids = [meant(value, options) for value in values]
    told = [options.get(i or "") for i in ids]
    return [i for i in ids if i] if None not in ids and told != values else []


def split(label: str, key: str, *, help: str, first: str = "test") -> str:
    """Draw the choice between test and validation images, `first` chosen; bound to the address."""
    others = [name for name in ("test", "val") if name != first]
    return str(
        st.segmented_control(
            label,
            [first, *others],
            default=first,
            required=True,
            format_func=lambda name: t(names.SPLITS[name]),
            key=key,
            bind="query-params",
            help=help,
        )
    )
