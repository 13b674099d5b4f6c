"""Who decided what, when and why. What people typed is drawn as text and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.language import t, text, tn
from core.services.decisions.listing import DecisionEvent, Proposal
from pages.parts import decision_words

_N_SHOWN = 8  # events; the others sit in an expander


def of_one(proposal: Proposal) -> None:
    """Draw what people said about a proposal, the newest first."""
    if not proposal.events:
        st.caption(t("Nobody has said anything about it yet."))
    for event in reversed(proposal.events):
        _event(event, proposal)


def of_all(proposals: Sequence[Proposal]) -> None:
    """Draw what people said about all proposals, the newest first."""
    said = [(event, proposal) for proposal in proposals for event in proposal.events]
    said.sort(key=lambda pair: pair[0].decided_at, reverse=True)
    if not said:
        st.caption(t("Nobody has decided anything yet. Open a proposal above, read it, decide."))
    for event, proposal in said[:_N_SHOWN]:
        _event(event, proposal, titled=True)
    if len(said) > _N_SHOWN:
        with st.expander(tn("{n} earlier one", "{n} earlier ones", len(said) - _N_SHOWN)):
            for event, proposal in said[_N_SHOWN:]:
                _event(event, proposal, titled=True)


def _event(event: DecisionEvent, proposal: Proposal, *, titled: bool = False) -> None:
    """Draw one event."""
    with st.container(border=True, gap="xxsmall"):
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            decision_words.badge(decision_words.ACTIONS[event.action])
            st.text(isolated(event.name), width="content")
            st.caption(
                text.ago(event.decided_at),
                width="content",
                help=t(
                    "{when} UTC. Evidence {hash}, event {event}.",
                    when=event.decided_at.strftime("%Y-%m-%d %H:%M:%S"),
                    hash=event.evidence_hash[:12],
                    event=event.id,
                ),
            )
        if titled:
            st.text(isolated(proposal.title))
        if event.reason:
            st.text("\n".join(isolated(line) for line in event.reason.splitlines()))


def isolated(typed: str) -> str:
    """Return text whose direction of writing cannot reorder what stands beside it (UAX 9)."""
    return f"\u2068{typed}\u2069"
