"""Decide: a name, a reason, and a button for each thing that can be said."""

from __future__ import annotations

import streamlit as st

from core.ids import new_id
from core.language import phrase, t
from core.records import Action
from core.services.decisions import deciding
from core.services.decisions.deciding import Seen
from core.services.decisions.listing import Proposal
from core.services.workspace import Workspace
from pages.parts import review_start
from pages.ui import messages, state

_PRESSED = "decision-pressed"
_DONE: dict[Action, str] = {
    "approve": phrase("Approved. It is on record, with the evidence as it is now."),
    "decline": phrase("Declined. It is on record, with the evidence as it is now."),
    "comment": phrase("The comment is on record."),
    "withdraw": phrase("Withdrawn: the proposal is open again. The record keeps both."),
}


def form(ws: Workspace, proposal: Proposal) -> None:
    """Draw the form; what was pressed is stored over what was seen when it was drawn."""
    seen, why = deciding.seen_of(proposal), f"why-{proposal.id}"
    with st.form(f"decide-{proposal.id}", border=True):
        name = st.text_input(
            t("Your name"),
            key="who",
            placeholder=t("Your name"),
            max_chars=64,
            persist_state="session",
            icon=":material/person:",
            help=t(
                "It stands beside the decision. It is a name, no password: anybody can type it."
            ),
        )
        reason = st.text_area(
            t("Reason"),
            key=why,
            placeholder=t("Why? Needed to decline and to comment."),
            max_chars=deciding.REASON_MOST,
            height=110,
        )
        with st.container(horizontal=True, gap="small"):
            _button(proposal, seen, "approve", t("Approve"), ":material/check:")
            _button(proposal, seen, "decline", t("Decline"), ":material/close:")
            _button(proposal, seen, "comment", t("Comment"), ":material/chat:")
            if proposal.state != "open":
                _button(proposal, seen, "withdraw", t("Withdraw"), ":material/undo:")
    review_start.recall_reviewer((name or "").strip())
    _store(ws, proposal, (name or "").strip(), reason or "", why)


def _button(proposal: Proposal, seen: Seen, action: Action, label: str, icon: str) -> None:
    st.form_submit_button(
        label,
        key=f"{action}-{proposal.id}",
        type="primary" if action == "approve" else "secondary",
        icon=icon,
        on_click=state.set_draft,
        args=(_PRESSED, (proposal.id, action, seen)),
    )


def _store(ws: Workspace, proposal: Proposal, name: str, reason: str, why: str) -> None:
    """Store what was pressed, once; a refusal is a sentence, and what was typed stays."""
    pressed: tuple[str, Action, Seen] | None = state.draft(_PRESSED)
    state.clear_draft(_PRESSED)
    if pressed is None or pressed[0] != proposal.id:
        return
    _, action, seen = pressed
    with messages.guard() as outcome:
        deciding.decide(
            ws,
            proposal.id,
            action=action,
            name=name,
            reason=reason,
            event_id=_event_id(proposal.id, action, seen),
            seen=seen,
        )
        state.flash(t(_DONE[action]))
        state.later(why, "")
    if outcome.ok:
        st.rerun()


def _event_id(proposal_id: str, action: Action, seen: Seen) -> str:
    """Return one id for one button as it was drawn, however often it is pressed."""
    name = f"decision-{proposal_id}-{action}-{seen.n_events}-{seen.evidence_hash}"
    event_id = state.draft(name) or new_id("dec")
    state.set_draft(name, event_id)
    return str(event_id)
