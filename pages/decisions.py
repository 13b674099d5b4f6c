"""What do we agree on? Class maps and cascades: who decided what, and whether it still holds.

For stakeholders, who approve, decline or comment; no confusion matrix is needed to read it.
"""

from __future__ import annotations

import streamlit as st

from core.language import t
from core.services.decisions import listing
from pages.parts import cost_editor, decision_card, decision_list
from pages.ui import messages, shell

ctx = shell.enter(
    t("Decisions"),
    t(
        "What do we agree on? Each proposal in plain words: what changes, what it gains and costs. "
        "Approve, decline or comment; what was decided stays on record."
    ),
)
ws, dataset = ctx.ws, ctx.dataset

with messages.guard() as outcome:
    chosen = decision_list.chosen(ws, dataset)
    with st.spinner(t("Gathering the evidence …"), show_time=True):
        proposals = [] if chosen else listing.proposals(ws, dataset.id)
if not outcome.ok:
    st.stop()

if chosen is None and not proposals:
    cost_editor.show(ws, dataset)
    shell.nothing_yet(
        t("Nothing is proposed yet."),
        t(
            "Save a class map on the Classes page, or a cascade on the Cascade page: each of them "
            "is then a proposal here, with its evidence."
        ),
        "pages/classes.py",
        t("Compose a class map"),
    )

with messages.guard():
    if chosen is not None:
        decision_card.card(ws, dataset, chosen)
    else:
        decision_list.overview(proposals)
        cost_editor.show(ws, dataset)
