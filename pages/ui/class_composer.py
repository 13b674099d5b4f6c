"""Compose a class map with the mouse: merge, split, undo, start from a saved one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from core.records import ClassMapRecord, Dataset
from pages.ui import class_draft, messages, names, state, text
from pages.ui.class_draft import Draft

N_SUGGESTED = 4  # most confused pairs offered for a merge with one click
MANY, SCROLLED_PX = 14, 560  # classes from which on their list scrolls, and how tall it is
LEAST_SHARE = 0.05  # of all errors; pairs that make up less are luck


def current(dataset: Dataset) -> Draft:
    """Return the draft of this data set, a fresh one at first."""
    kept = state.draft(_name(dataset))
    return kept if kept is not None else class_draft.fresh(dataset.labels)


def keep(dataset: Dataset, draft: Draft) -> None:
    """Keep a draft for the next run."""
    state.set_draft(_name(dataset), draft)


def compose(
    dataset: Dataset, n_images: Mapping[str, int], confused: Sequence[Mapping[str, Any]]
) -> Draft:
    """Draw the composer and return the draft.

    Parameters
    ----------
    n_images : mapping of str to int
        Images of each label.
    confused : sequence of mapping
        Pairs of labels a run confuses (a, b, n_confused), the most confused first.
    """
    draft = current(dataset)
    with st.container(border=True):
        _toolbar(dataset, draft)
        _picker(dataset, draft)
        _suggestions(dataset, draft, confused)
    height: Literal["content"] | int = "content" if len(draft.groups) < MANY else SCROLLED_PX
    with st.container(border=True, gap="small", height=height):
        for name, labels in draft.groups.items():
            _class_row(dataset, draft, name, labels, sum(n_images[x] for x in labels))
    return draft


def _toolbar(dataset: Dataset, draft: Draft) -> None:
    """Say how many classes there are; undo, redo, start over."""
    n_labels, n_classes = len(draft.labels), len(draft.groups)
    st.markdown(
        f"**{text.count(n_labels, 'label')} → {text.count(n_classes, 'class', 'classes')}**"
    )
    with st.container(horizontal=True, gap="xsmall"):
        for label, change, usable in (
            ("Undo", class_draft.undo, bool(draft.past)),
            ("Redo", class_draft.redo, bool(draft.future)),
            ("Start over", class_draft.reset, draft.changed),
        ):
            st.button(
                label,
                key=f"map-{label}",
                disabled=not usable,
                on_click=lambda change=change: keep(dataset, change(draft)),
            )


def _picker(dataset: Dataset, draft: Draft) -> None:
    """Choose classes to join, and a name for them."""
    step = len(draft.past)  # a new key after every change, so that the choice starts empty
    chosen = st.multiselect(
        "Merge these classes",
        list(draft.groups),
        key=f"map-merge-{dataset.id}-{step}",
        placeholder="Choose two or more",
        help="A merge is a class map: the labels themselves are never rewritten.",
    )
    labels = [label for label, name in draft.mapping.items() if name in chosen]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name of the merged class",
            key=f"map-name-{dataset.id}-{step}",
            placeholder="+".join(labels) if len(chosen) > 1 else "A+B",
            max_chars=class_draft.NAME_LENGTH,
        )
        pressed = st.button("Merge", key="map-do-merge", type="primary", disabled=len(chosen) < 2)
    if pressed:
        with messages.guard() as outcome:
            keep(dataset, class_draft.merge(draft, chosen, name))
        if outcome.ok:
            st.rerun()


def _suggestions(dataset: Dataset, draft: Draft, confused: Sequence[Mapping[str, Any]]) -> None:
    """Offer the most confused pairs that are still apart."""
    class_of = draft.mapping
    apart = [
        pair
        for pair in confused
        if class_of[pair["a"]] != class_of[pair["b"]] and pair["share_of_errors"] >= LEAST_SHARE
    ][:N_SUGGESTED]
    if not apart:
        return
    st.caption("Most often confused by the chosen run, on validation images:")
    with st.container(horizontal=True, gap="small"):
        for pair in apart:
            pressed = st.button(
                f"{messages.plain(pair['a'])} + {messages.plain(pair['b'])} "
                f":small[({pair['n_confused']})]",
                key=f"map-suggest-{pair['a']}-{pair['b']}",
                icon=":material/merge:",
                help=f"{text.count(pair['n_confused'], 'image')} of one taken for the other: "
                f"{text.percent(pair['share_of_errors'])} of all errors. Click to merge them.",
            )
            if pressed:
                joined = [class_of[pair["a"]], class_of[pair["b"]]]
                keep(dataset, class_draft.merge(draft, joined))
                st.rerun()


def _class_row(dataset: Dataset, draft: Draft, name: str, labels: list[str], n: int) -> None:
    """Draw one class: its name, its labels, its images, and for a merged one the way back."""
    whole = [name] == labels
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        inside = "" if whole else f"  \n:small[{messages.plain(names.listing(labels))}]"
        st.markdown(f"**{messages.plain(name)}**{inside}", width="stretch")
        st.caption(text.count(n, "image"), width="content")
        if not whole:
            st.button(
                "Split",
                key=f"map-split-{name}",
                icon=":material/call_split:",
                on_click=lambda: keep(dataset, class_draft.split(draft, name)),
            )


def continue_from(dataset: Dataset, record: ClassMapRecord) -> None:
    """Make a saved class map the draft; for a callback."""
    keep(dataset, class_draft.replace(current(dataset), record.class_of))


def _name(dataset: Dataset) -> str:
    return f"class-map-{dataset.id}"
