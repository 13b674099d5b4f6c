"""All proposals of a data set at a glance: a filter, a short card each, and who decided what."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.language import phrase, t, text
from core.records import Dataset
from core.services.decisions import listing
from core.services.decisions.listing import Proposal
from core.services.workspace import Workspace
from pages.parts import decision_history, decision_words
from pages.ui import messages, pickers

PROPOSAL = "proposal"  # the query parameter that opens one
_FILTERS = {
    "all": phrase("All"),
    "open": phrase("Not decided"),
    "decided": phrase("Decided"),
    "stale": phrase("To look at again"),
}


def chosen(ws: Workspace, dataset: Dataset) -> Proposal | None:
    """Return the proposal that the address names, if it is one of this data set."""
    proposal_id = st.query_params.get(PROPOSAL)
    if not proposal_id:
        return None
    found = listing.find(ws, dataset.id, proposal_id)
    if found is None:
        st.caption(t("This data set has no such proposal; here are all of them."))
    return found


def choose(proposal_id: str | None) -> None:
    """Open a proposal, or go back to all of them; for callbacks."""
    if proposal_id is None:
        st.query_params.pop(PROPOSAL, None)
    else:
        st.query_params[PROPOSAL] = proposal_id


def overview(proposals: Sequence[Proposal]) -> None:
    """Draw the filter, the proposals that pass it, and the history of all."""
    groups = {name: _passing(proposals, name) for name in _FILTERS}
    shown = pickers.words(
        t("Show"), _FILTERS, "decisions_show", default="all", label_visibility="collapsed"
    )
    st.caption(
        t(
            "{open} open, {decided} decided, {stale} to look at again",
            **{name: len(groups[name]) for name in ("open", "decided", "stale")},
        )
    )
    those = groups[shown or "all"]
    if not those:
        st.caption(t("None of the proposals is of that kind."))
    for proposal in those:
        _short(proposal)
    st.subheader(t("Who decided what"), anchor=False)
    decision_history.of_all(proposals)


def _passing(proposals: Sequence[Proposal], name: str) -> list[Proposal]:
    """Return the proposals that a filter lets through."""
    if name == "all":
        return list(proposals)
    if name == "stale":
        return [p for p in proposals if p.stale]
    return [p for p in proposals if (p.state == "open") is (name == "open")]


def _short(proposal: Proposal) -> None:
    """Draw a proposal in a few lines, and the button that opens it."""
    with st.container(border=True, gap="xsmall"):
        decision_words.badges(proposal)
        st.markdown(f"##### {messages.plain(proposal.title)}")
        st.markdown(messages.plain(decision_words.in_short(proposal)))
        if proposal.stale:
            st.markdown(
                ":orange[:material/update:] "
                + messages.plain(t("Changed since the decision: {what}", what=proposal.stale))
            )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                t("Read and decide") if proposal.state == "open" else t("Read"),
                key=f"open-{proposal.id}",
                icon=":material/gavel:",
                on_click=choose,
                args=(proposal.id,),
            )
            st.caption(messages.plain(whose(proposal)))


def whose(proposal: Proposal) -> str:
    """Return which class map or cascade it is, and when it was proposed."""
    when = text.ago(proposal.created_at)
    if proposal.kind == "cascade":
        return t("cascade {name}, saved {when}", name=proposal.name, when=when)
    values = {"name": proposal.name, "version": proposal.version, "when": when}
    if proposal.who:
        return t(
            "class map {name}, version {version}, saved {when} by {who}", who=proposal.who, **values
        )
    return t("class map {name}, version {version}, saved {when}", **values)
