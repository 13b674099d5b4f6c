"""Pieces of the Classes page: the run that gives the figures, saving, and the saved versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.records import ClassMapRecord, Dataset, Run
from core.services import comparing, mapping
from core.services.workspace import Workspace
from pages.ui import class_composer, messages, names, pickers, state, text
from pages.ui.class_draft import Draft
from pages.ui.confusion_panel import confusion_panel
from pages.ui.names import ranked

N_SHOWN = 6  # versions shown at once; the others sit in an expander


def choose_evidence(runs: Sequence[Run]) -> tuple[Run | None, str]:
    """Draw the choice of run and split that the figures come from."""
    if not runs:
        return None, "val"
    by_id = {run.id: run for run in ranked(runs)}
    run_id = pickers.one(
        "Figures from",
        {i: names.run(run) for i, run in by_id.items()},
        "evidence",
        help="A run trained on the labels as they are. Its answers are merged, not retrained: "
        "train on the saved class map afterwards to see what a model of its own reaches.",
    )
    split = pickers.split(
        "On",
        "classes_split",
        first="val",
        help="Choose on validation images; look at test images once, to confirm.",
    )
    return by_id[run_id], split


@st.fragment
def matrices(ws: Workspace, dataset: Dataset, run: Run, draft: Draft, split: str) -> None:
    """Draw the confusion after and before merging, each with the images behind a chosen cell."""
    with messages.guard():
        seen = mapping.preview(ws, run.id, draft.mapping, split=split)
        if draft.changed:
            _matrix(ws, dataset, run, seen["after"], draft.groups, split, "After: ")
        apart = {label: [label] for label in draft.labels}
        word = "Before: " if draft.changed else "Confusion: "
        _matrix(ws, dataset, run, seen["before"], apart, split, word)


def _matrix(
    ws: Workspace,
    dataset: Dataset,
    run: Run,
    figures: Mapping[str, Any],
    groups: Mapping[str, Sequence[str]],
    split: str,
    word: str,
) -> None:
    """Draw one of the two matrices; `groups` are the labels of each class."""

    def behind(true: str, said: str) -> list[int]:
        return [
            position
            for a in groups[true]
            for b in groups[said]
            for position in comparing.cell_positions(ws, run.id, a, b, split=split)
        ]

    classes = figures["classes"]
    what = text.count(len(classes), "class", "classes")
    st.markdown(
        f"**{word}{what}, {text.count(figures['n_images'], names.SPLITS[split] + ' image')}**"
    )
    key = f"classes-{run.id}-{split}-{'|'.join(classes)}"
    confusion_panel(ws, dataset, figures["confusion"], classes, key, behind)


def save_form(ws: Workspace, dataset: Dataset, draft: Draft) -> None:
    """Save the draft under a name, with why and who; a known name gets a new version."""
    usual = text.count(len(draft.groups), "class", "classes")
    with st.form("save-class-map", border=True):
        name = st.text_input(
            "Name",
            key="map_save_name",
            placeholder=usual,
            max_chars=64,
            help=f"Left empty, it is called {usual}. A name that exists gets a new version; the "
            "older ones stay.",
        )
        why = st.text_area(
            "Why", key="map_why", placeholder="What makes these classes one?", height=80
        )
        who = st.text_input(
            "Who", key="who", placeholder="Your name", max_chars=64, persist_state="session"
        )
        pressed = st.form_submit_button("Save class map", type="primary", icon=":material/save:")
    if not pressed:
        return
    with messages.guard() as outcome:
        record = mapping.save_class_map(
            ws, dataset.id, name.strip() or usual, draft.mapping, why=why.strip(), who=who.strip()
        )
        state.flash(f"Saved {messages.plain(names.class_map(record))}.")
    if outcome.ok:
        st.rerun()


def versions(ws: Workspace, dataset: Dataset, saved: Sequence[ClassMapRecord]) -> None:
    """List the saved class maps, newest first."""
    if not saved:
        st.caption("None yet. Save one above; it can then be trained on.")
        return
    for record in saved[:N_SHOWN]:
        _version(dataset, record)
    if len(saved) > N_SHOWN:
        with st.expander(f"{len(saved) - N_SHOWN} older versions"):
            for record in saved[N_SHOWN:]:
                _version(dataset, record)


def _version(dataset: Dataset, record: ClassMapRecord) -> None:
    """Draw one saved class map with what can be done with it."""
    groups = names.groups(record.class_of)
    merged = [f"{name}: {names.listing(x)}" for name, x in groups.items() if len(x) > 1]
    with st.container(border=True):
        who = f" by {record.who}" if record.who else ""
        st.markdown(
            f"**{messages.plain(names.class_map(record))}** · "
            f"{text.count(len(groups), 'class', 'classes')} · "
            f":small[saved {text.ago(record.created_at)}{messages.plain(who)}]"
        )
        if merged:
            st.caption(messages.plain("; ".join(merged)))
        if record.why:
            st.markdown(messages.plain(record.why))
        with st.container(horizontal=True):
            st.button(
                "Continue from this",
                key=f"map-load-{record.id}",
                icon=":material/edit:",
                on_click=class_composer.continue_from,
                args=(dataset, record),
            )
            st.page_link(
                "pages/train.py",
                label="Train on these classes",
                icon=":material/model_training:",
                query_params={"class_map": names.class_map(record)},
            )
