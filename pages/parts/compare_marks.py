"""Compare, marks: star, pin, name and hide the chosen models, and bring hidden ones back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.language import t, tn
from core.records import CascadeRecord, Dataset, Run
from core.services.comparing.questions import Model
from core.services.runs import marking
from core.services.workspace import Workspace
from pages.ui import messages, names, state

_JUST_HIDDEN = "just-hidden"  # draft: ids that Undo brings back


def show(ws: Workspace, chosen: Sequence[Model]) -> None:
    """Draw what can be done with the chosen models."""
    marked = [model.cascade or model.run for model in chosen]
    with st.container(horizontal=True, vertical_alignment="center"), messages.guard():
        if marked:
            _star(ws, marked)
            _pin(ws, marked)
            _rename(ws, marked)
            _hide(ws, marked)
        _undo(ws)


def _star(ws: Workspace, marked: Sequence[Run | CascadeRecord]) -> None:
    on = not all(m.starred for m in marked)
    if st.button(t("Star") if on else t("Unstar"), key="board-star", icon=":material/star:"):
        for m in marked:
            marking.star(ws, m.id, on)
        st.rerun()


def _pin(ws: Workspace, marked: Sequence[Run | CascadeRecord]) -> None:
    on = not all(m.pinned for m in marked)
    if st.button(
        t("Pin") if on else t("Unpin"),
        key="board-pin",
        icon=":material/keep:",
        help=t("Pinned models stand first in the table, in every order."),
    ):
        for m in marked:
            marking.pin(ws, m.id, on)
        st.rerun()


def _rename(ws: Workspace, marked: Sequence[Run | CascadeRecord]) -> None:
    with (
        st.popover(t("Name"), icon=":material/edit:"),
        st.form("board-names", border=False),
        messages.guard(),
    ):
        wanted = {
            m.id: st.text_input(
                t("Name of {id}", id=m.id),
                names.given(m) or "",
                key=f"name-{m.id}",
                max_chars=marking.NAME_MOST,
                placeholder=t("what you call it"),
            )
            for m in marked
        }
        if st.form_submit_button(t("Save"), type="primary"):
            for model_id, name in wanted.items():
                marking.rename(ws, model_id, name)
            state.later("runs", [m.id for m in marked])  # the address holds the old words
            st.rerun()


def _hide(ws: Workspace, marked: Sequence[Run | CascadeRecord]) -> None:
    if st.button(
        tn("Delete {n:,} chosen model", "Delete {n:,} chosen models", len(marked)),
        key="hide-runs",
        icon=":material/delete:",
        help=t("They leave every list. Undo brings them back, now or later: nothing is lost."),
    ):
        for m in marked:
            marking.hide(ws, m.id)
        state.set_draft(_JUST_HIDDEN, [m.id for m in marked])
        st.rerun()


def _undo(ws: Workspace) -> None:
    """Offer to bring back what was hidden last."""
    last = state.draft(_JUST_HIDDEN)
    if not last:
        return
    st.markdown(tn("{n:,} model deleted.", "{n:,} models deleted.", len(last)))
    if st.button(t("Undo"), key="board-undo", icon=":material/undo:", type="primary"):
        for model_id in last:
            marking.bring_back(ws, model_id)
        state.clear_draft(_JUST_HIDDEN)
        state.later("runs", last)
        st.rerun()


def deleted(ws: Workspace, dataset: Dataset) -> None:
    """List the hidden models, each with a button that brings it back."""
    hidden = marking.hidden(ws, dataset.id)
    for record in hidden:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(messages.plain(names.record(record)), width="stretch")
            if st.button(t("Bring back"), key=f"restore-{record.id}", icon=":material/undo:"):
                marking.bring_back(ws, record.id)
                state.clear_draft(_JUST_HIDDEN)
                st.rerun()
    if not hidden:
        st.caption(t("Nothing is deleted."))
