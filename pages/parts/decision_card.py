"""One proposal in full, for somebody who decides: what changes, what it gains and costs, why."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.language import phrase, t, text
from core.records import Dataset
from core.services.decisions import cards
from core.services.decisions.cards import Card
from core.services.decisions.listing import Proposal
from core.services.workspace import Workspace
from pages.parts import (
    decision_form,
    decision_history,
    decision_list,
    decision_words,
    judge_more,
)
from pages.ui import messages, state
from pages.ui.gallery import show_image, tiles

_IDS = {
    "dataset": phrase("data set"),
    "images": phrase("images"),
    "label_set": phrase("label set"),
    "newest_labels": phrase("newest label sets"),
    "class_map": phrase("class map"),
    "newest_version": phrase("its newest version"),
    "judged_on": phrase("judged on"),
    "cascade": phrase("cascade"),
    "generalist": phrase("generalist"),
    "experts": phrase("experts"),
    "best_run": phrase("best run"),
    "archived": phrase("deleted since"),
}


def card(ws: Workspace, dataset: Dataset, proposal: Proposal) -> None:
    """Draw a proposal, the form to decide about it, and what people said."""
    st.button(
        t("All proposals"),
        key="all-proposals",
        icon=":material/arrow_back:",
        type="tertiary",
        on_click=decision_list.choose,
        args=(None,),
    )
    with st.spinner(t("Gathering the evidence …"), show_time=True):
        its = cards.card(ws, proposal)
    decision_words.badges(proposal)
    st.header(messages.plain(proposal.title), anchor=False)
    _proposed_by(proposal)
    if proposal.stale:
        st.warning(
            messages.plain(
                t(
                    "The evidence changed since this was decided. {what} Read it again, and decide "
                    "again where needed.",
                    what=proposal.stale,
                )
            ),
            icon=":material/update:",
        )
    read, decide = st.columns([5, 3], gap="medium")
    with read:
        _what(ws, proposal, its)
        _examples(ws, dataset, proposal, its)
        _why(its)
    with decide:
        st.subheader(t("Your decision"), anchor=False)
        decision_form.form(ws, proposal)
        st.subheader(t("What was said"), anchor=False)
        decision_history.of_one(proposal)
    _alternatives(its)
    _rests_on(proposal, its)


def _proposed_by(proposal: Proposal) -> None:
    """Say whose idea it is, and why."""
    st.caption(messages.plain(decision_list.whose(proposal)))
    if proposal.why:
        st.text(decision_history.isolated(proposal.why))


def _what(ws: Workspace, proposal: Proposal, its: Card) -> None:
    """Say what changes, what the evidence says, and what is gained and lost."""
    st.subheader(t("What changes"), anchor=False)
    _bullets(proposal.changes)
    show = {"for": st.success, "against": st.error}.get(its.speaks, st.info)
    icon = {"for": ":material/thumb_up:", "against": ":material/thumb_down:"}
    show(f"**{messages.plain(its.answer)}**", icon=icon.get(its.speaks, ":material/balance:"))
    if its.more_images is not None:
        ids = proposal.evidence_ids
        judge_more.offer(ws, ids["dataset"], ids["generalist"], its.more_images.n_images)
    _figures(proposal)
    _heading(t("What it gains"))
    _bullets(its.gains, empty=t("Nothing was measured yet."))
    _heading(t("What it costs"))
    _bullets(its.costs, empty=t("Nothing that was measured."))


def _figures(proposal: Proposal) -> None:
    """Draw the figures of a decision, each beside that of today."""
    before, after = proposal.figures.get("before"), proposal.figures.get("after")
    if before is None or after is None or proposal.figures.get("person_rate"):
        return  # what a person answers is not counted: today's figures are of other images
    with st.grid(3, min_column_width=150):
        _figure(
            t("Right answers"),
            text.percent(after["accuracy"]),
            text.percent(before["accuracy"]),
            t("Share of test images that are answered rightly (accuracy)."),
        )
        _figure(
            t("By guessing"),
            text.percent(after["chance"]),
            text.percent(before["chance"]),
            t("What guessing reaches when it knows only how frequent each class is."),
        )
        _figure(
            t("Beyond guessing"),
            text.number(after["kappa"], ".2f"),
            text.number(before["kappa"], ".2f"),
            t("Kappa: how much of what guessing leaves open is answered rightly; 1 is perfect."),
        )


def _figure(label: str, value: str, today: str, help: str) -> None:
    st.metric(
        label,
        value,
        t("today {figure}", figure=today),
        delta_color="off",
        delta_arrow="off",
        help=help,
        border=True,
    )


def _examples(ws: Workspace, dataset: Dataset, proposal: Proposal, its: Card) -> None:
    """Draw images of the classes concerned, so that everybody sees what it is about."""
    if not its.examples:
        return
    st.subheader(t("What they look like"), anchor=False)
    for number, example in enumerate(its.examples):
        _heading(example.title)
        key = f"examples-{proposal.id}-{number}"
        clicked = tiles(ws, dataset, example.positions, key, subs=[""] * len(example.positions))
        if clicked is not None:
            show_image(ws, dataset, clicked)


def _why(its: Card) -> None:
    """Say what the model, the reviewers and the looks of the images say."""
    st.subheader(t("The evidence"), anchor=False)
    _bullets(its.evidence, empty=t("There is none beyond the figures above."))
    if its.why:
        st.caption(messages.plain(t("For specialists: {reason}", reason=its.why)))


def _alternatives(its: Card) -> None:
    """Draw what else could be done, with what it is worth on the same test images."""
    if not its.alternatives:
        return
    st.subheader(t("What else could be done"), anchor=False)
    st.caption(t("Right answers are those on the same test images."))
    columns = {
        t("Instead"): [messages.plain(row.name) for row in its.alternatives],
        t("Classes"): [text.number(row.n_classes) for row in its.alternatives],
        t("Right answers"): [text.percent(row.accuracy) for row in its.alternatives],
        t("Beyond guessing"): [text.number(row.kappa, ".2f") for row in its.alternatives],
        t("Verdict"): [messages.plain(row.verdict) for row in its.alternatives],
    }
    st.table(
        pd.DataFrame(columns),
        border="horizontal",
        hide_index=True,
        alt=t("Alternatives and what they are worth"),
    )


def _rests_on(proposal: Proposal, its: Card) -> None:
    """Draw the way to where it was made, and the ids that a decision is tied to."""
    if st.button(t("See where it was made"), icon=":material/arrow_forward:", key="made-on"):
        bound = {name: value for name, value in its.query.items() if name == "rule"}
        rest = {name: value for name, value in its.query.items() if name != "rule"}
        state.switch_page(its.page, rest, bound)
    with st.expander(t("What exactly a decision is tied to"), icon=":material/fingerprint:"):
        st.caption(
            t("Ids of data, labels and models, and a hash over them and every figure shown.")
        )
        ids = proposal.evidence_ids
        known = {t(words): ids[name] for name, words in _IDS.items() if ids.get(name)}
        lines = {**known, t("hash of the evidence"): proposal.evidence_hash}
        st.text("\n".join(f"{words}: {_listed(value)}" for words, value in lines.items()))


def _listed(value: object) -> str:
    """Return an id, or several in a row."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _heading(words: str) -> None:
    """Draw a small heading."""
    st.markdown(f"**{messages.plain(words)}**")


def _bullets(sentences: Sequence[str], empty: str = "") -> None:
    """Draw sentences as a list; what they quote is text."""
    if sentences:
        st.markdown("\n".join(f"- {messages.plain(sentence)}" for sentence in sentences))
    elif empty:
        st.caption(empty)
