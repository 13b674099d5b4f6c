"""Compose a class map: drag classes together in the matrix or name them; undo, redo, rename."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import streamlit as st

from core.errors import AppError
from core.language import t, tn
from core.records import ClassMapRecord, Dataset
from core.services.classes import merging_images
from pages.parts import class_draft
from pages.parts.class_draft import Draft
from pages.parts.class_sandbox import Bench
from pages.ui import messages, names, state
from pages.ui.confusion_panel import confusion_panel

MANY, SCROLLED_PX = 6, 330  # merged classes from which on their list scrolls, and how tall it is
_REFUSED = "class-map-refused"


def current(dataset: Dataset) -> Draft:
    """Return the draft of this data set, a fresh one at first."""
    kept = state.draft(_name(dataset))
    return kept if kept is not None else class_draft.fresh(dataset.labels)


def keep(dataset: Dataset, draft: Draft) -> None:
    """Keep a draft for the next run."""
    state.set_draft(_name(dataset), draft)


def load(dataset: Dataset, partition: Sequence[int]) -> None:
    """Make a class map given by the group of each label the draft; for a callback."""
    draft = current(dataset)
    keep(dataset, class_draft.replace(draft, class_draft.from_partition(draft.labels, partition)))


def continue_from(dataset: Dataset, record: ClassMapRecord) -> None:
    """Make a saved class map the draft; for a callback."""
    continue_with(dataset, record.class_of)


def continue_with(dataset: Dataset, class_of: Mapping[str, str]) -> None:
    """Make the class of each label the draft; for a callback."""
    keep(dataset, class_draft.replace(current(dataset), class_of))


def join(dataset: Dataset, labels: Sequence[str], ordinal: bool) -> None:
    """Join the classes of some labels in the draft; for a callback."""
    draft = current(dataset)
    classes = list(dict.fromkeys(draft.mapping[label] for label in labels))
    _try(dataset, lambda: _joined(draft, classes, ordinal))


def toolbar(dataset: Dataset, draft: Draft) -> None:
    """Say how many classes there are, and why a merge was refused; undo, redo, start over."""
    n_labels, n_classes = len(draft.labels), len(draft.groups)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(
            t(
                "**{labels} → {classes}**",
                labels=tn("{n:,} label", "{n:,} labels", n_labels),
                classes=tn("{n:,} class", "{n:,} classes", n_classes),
            ),
            width="stretch",
        )
        for name, label, icon, change, usable in (
            ("Undo", t("Undo"), "undo", class_draft.undo, bool(draft.past)),
            ("Redo", t("Redo"), "redo", class_draft.redo, bool(draft.future)),
            ("reset", t("Start over"), "restart_alt", class_draft.reset, draft.changed),
        ):
            st.button(
                label,
                key=f"map-{name}",
                icon=f":material/{icon}:",
                type="tertiary",
                disabled=not usable,
                on_click=lambda change=change: keep(dataset, change(draft)),
            )
    if refused := state.draft(_REFUSED):
        state.clear_draft(_REFUSED)
        st.error(messages.inline(messages.capitalise(refused)), icon=":material/error:")


@st.fragment
def matrix(bench: Bench, draft: Draft) -> None:
    """Draw the confusion of the draft's classes; names that are dragged together merge."""
    with messages.guard():

        def behind(true: str, said: str) -> list[int]:
            return merging_images.positions_in_cell(
                bench.ws, bench.run.id, bench.evidence, draft.groups[true], draft.groups[said]
            )

        confusion_panel(
            bench.ws,
            bench.dataset,
            bench.merged(draft.mapping),
            list(draft.groups),
            f"classes-{bench.run.id}-{bench.evidence}",
            behind,
            on_merge=lambda a, b: _merge(bench.dataset, draft, [a, b], bench.ordinal),
        )


def picker(dataset: Dataset, draft: Draft, *, ordinal: bool) -> None:
    """Choose classes to join without dragging."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            t("Merge these classes"),
            list(draft.groups),
            # a new key after every change, so that the choice starts empty
            key=f"map-merge-{dataset.id}-{len(draft.past)}",
            placeholder=t("Choose two or more"),
            help=t(
                "The same as dragging names together in the matrix. A merge is a class map: the "
                "labels themselves are never rewritten."
            ),
        )
        if st.button(t("Merge"), key="map-do-merge", disabled=len(chosen) < 2):
            _merge(dataset, draft, chosen, ordinal)


def merged_classes(dataset: Dataset, draft: Draft, n_images: Mapping[str, int]) -> None:
    """List the merged classes: their names can be changed, and each can be taken apart."""
    if not draft.merged:
        return
    height: Literal["content"] | int = "content" if len(draft.merged) < MANY else SCROLLED_PX
    with st.container(border=True, gap="small", height=height):
        for name, labels in draft.merged.items():
            _class_row(dataset, draft, name, labels, sum(n_images[x] for x in labels))


def _class_row(dataset: Dataset, draft: Draft, name: str, labels: list[str], n: int) -> None:
    """Draw one merged class: its name, its labels and images, and the way back."""
    step = len(draft.past)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        given = st.text_input(
            t("Name of {labels}", labels=names.listing(labels)),
            value=name,
            key=f"map-name-{dataset.id}-{'|'.join(labels)}-{name}-{step}",
            label_visibility="collapsed",
            max_chars=max(class_draft.NAME_LENGTH, len(name)),
        )
        st.button(
            t("Split up"),
            key=f"map-split-{name}",
            icon=":material/call_split:",
            type="tertiary",
            on_click=lambda: keep(dataset, class_draft.split(draft, name)),
        )
    n_images = tn("{n:,} image", "{n:,} images", n)
    st.caption(f"{messages.plain(names.listing(labels))} · {n_images}")
    if given != name:
        with messages.guard() as outcome:
            keep(dataset, class_draft.rename(draft, name, given))
        if outcome.ok:
            st.rerun()


def _merge(dataset: Dataset, draft: Draft, classes: Sequence[str], ordinal: bool) -> None:
    """Join classes and run the page again."""
    _try(dataset, lambda: _joined(draft, classes, ordinal))
    st.rerun()


def _joined(draft: Draft, classes: Sequence[str], ordinal: bool) -> Draft:
    if ordinal:
        class_draft.check_neighbours(draft, classes)
    return class_draft.merge(draft, classes)


def _try(dataset: Dataset, change: Callable[[], Draft]) -> None:
    """Change the draft; a refusal is kept for its place on the page."""
    try:
        keep(dataset, change())
    except AppError as refused:
        state.set_draft(_REFUSED, str(refused))


def _name(dataset: Dataset) -> str:
    return f"class-map-{dataset.id}"
