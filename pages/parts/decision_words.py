"""Words and signs of proposals that the list and the card share."""

from __future__ import annotations

from typing import Literal, NamedTuple

import streamlit as st

from core.language import phrase, t, text
from core.records import Action
from core.services.decisions import wording
from core.services.decisions.listing import Proposal, State

Colour = Literal["green", "red", "orange", "blue", "gray"]


class Look(NamedTuple):
    """A word with its sign: never a colour alone."""

    word: str
    icon: str
    colour: Colour


STATES: dict[State, Look] = {
    "open": Look(phrase("Open"), ":material/hourglass_empty:", "blue"),
    "approved": Look(phrase("Approved"), ":material/check_circle:", "green"),
    "declined": Look(phrase("Declined"), ":material/cancel:", "red"),
}
KINDS = {
    "class_map": Look(phrase("Class map"), ":material/merge:", "gray"),
    "cascade": Look(phrase("Cascade"), ":material/alt_route:", "gray"),
}
ACTIONS: dict[Action, Look] = {
    "approve": Look(phrase("Approved"), ":material/check_circle:", "green"),
    "decline": Look(phrase("Declined"), ":material/cancel:", "red"),
    "comment": Look(phrase("Commented"), ":material/chat:", "gray"),
    "withdraw": Look(phrase("Withdrawn"), ":material/undo:", "orange"),
}
STALE = Look(phrase("Evidence changed since"), ":material/update:", "orange")


def badge(look: Look) -> None:
    """Draw a word with its sign."""
    st.badge(t(look.word), icon=look.icon, color=look.colour)


def badges(proposal: Proposal) -> None:
    """Draw what kind of proposal it is, where it stands, and whether that still holds."""
    with st.container(horizontal=True, gap="xsmall"):
        badge(STATES[proposal.state])
        if proposal.stale:
            badge(STALE)
        badge(KINDS[proposal.kind])


def in_short(proposal: Proposal) -> str:
    """Return the verdict and the figures that matter most."""
    figures = proposal.figures
    verdict = t(wording.VERDICTS.get(str(figures.get("verdict")), wording.UNMEASURED))
    before, after = figures.get("before"), figures.get("after")
    if before is None or after is None:
        return verdict
    if proposal.kind == "cascade":
        return t(
            "{verdict} Right on {after:.1%} of the answers, {gain} against the generalist alone.",
            verdict=verdict,
            after=after["accuracy"],
            gain=text.points(figures["gain"]),
        )
    return t(
        "{verdict} Right on {after:.1%} of test images instead of {before:.1%}; beyond guessing "
        "(kappa) {kappa:.2f} instead of {kappa_before:.2f}.",
        verdict=verdict,
        after=after["accuracy"],
        before=before["accuracy"],
        kappa=after["kappa"],
        kappa_before=before["kappa"],
    )
