"""Pickers of runs, class maps, models and ways to look, bound to the address.

The address holds the words a person sees. A link may give the bare id instead, or words that were
true before a model got another name: what ends in an id is translated when it arrives. So is a
word of another language.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st

from core.language import current, in_all_languages, t
from pages.ui import names, state

Word = TypeVar("Word", bound=str)


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


def words(
    label: str,
    said: Mapping[Word, str] | Sequence[Word],
    key: str,
    default: Word | None = None,
    **more: Any,
) -> Word:
    """Draw a choice among a few, all in sight, and return it; `default` or the first at first.

    Parameters
    ----------
    label : str
        What a person chooses.
    said : mapping of option to phrase, or sequence of phrases, not empty
        What can be chosen, in order, as `phrase` marks it.
    key : str
        The widget's key and the name of the query parameter.
    """
    phrases: Mapping[Word, str] = said if isinstance(said, Mapping) else {s: s for s in said}
    follow_words(key, phrases)
    first = next(iter(phrases))
    chosen: Word | None = st.segmented_control(
        label,
        list(phrases),
        default=default or first,
        required=True,
        format_func=lambda option: t(phrases[option]),
        key=key,
        bind="query-params",
        **more,
    )
    return first if chosen is None or chosen not in phrases else chosen


def follow_words(key: str, phrases: Mapping[Word, str], *, tabs: bool = False) -> None:
    """Let a bound widget, drawn next, take what the address says in another language.

    An old link does. The address after a switch does, too, but then the widget knows better.
    Tabs are known by the words on them.
    """
    asked, before = st.query_params.get(key), state.draft(f"language-{key}")
    state.set_draft(f"language-{key}", current())
    said = {option: str(t(one)) for option, one in phrases.items()}
    meant = [option for option, one in phrases.items() if asked in in_all_languages(one)]
    if not meant or asked in said.values():
        state.clear_draft(f"followed-{key}")
        return
    option, words = meant[0], said[meant[0]]
    if state.draft(f"followed-{key}") == (asked, words):
        return  # once: the address may lag behind
    state.set_draft(f"followed-{key}", (asked, words))
    if before in (None, current()):
        state.follow_link(key, words if tabs else option, words)


def split(label: str, key: str, *, help: str, first: str = "test") -> str:
    """Draw the choice between test and validation images, `first` chosen; bound to the address."""
    second = "val" if first == "test" else "test"
    return words(label, {name: names.SPLITS[name] for name in (first, second)}, key, help=help)
