"""Before the first image: who reviews, and which images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import streamlit as st

from core.errors import NotReady
from core.language import phrase, t
from core.records import Dataset
from core.services.labels import review_queues, reviewing
from core.services.labels.review_queues import Queue
from core.services.workspace import Workspace
from pages.parts import explore_map, review_screen
from pages.ui import messages, names, pickers, shell, state

VIEW = "review_view"  # the tabs of the page
REVIEW, AGREEMENT, SUSPECTS = phrase("Review"), phrase("Agreement"), phrase("Suspects")
CONSENSUS, WORTH, FILES = phrase("Consensus"), phrase("What was it worth?"), phrase("Files")
_MEMORY = st.components.v2.component(
    "desempate_reviewer",
    html="<i hidden>\n</i>",
    js=(Path(__file__).with_name("assets") / "review_name.js").read_text(),
)
_REVEAL = {
    "never": phrase("Never"),
    "after": phrase("After my answer"),
    "always": phrase("Always, for training"),
}


class Offer(NamedTuple):
    """A queue as people see it, in phrases."""

    title: str
    icon: str
    what: str


OFFERS = {
    "suspects": Offer(
        phrase("Suspected label errors"),
        "flag",
        phrase("Labels that a model doubts which had not learned from the image, the worst first."),
    ),
    "disagreements": Offer(
        phrase("Where people disagree"),
        "balance",
        phrase("Images that were given two different labels or more."),
    ),
    "unsure": Offer(
        phrase("Where the model is unsure"),
        "help",
        phrase("The 500 images with the lowest confidence."),
    ),
    "random": Offer(
        phrase("A random sample"),
        "casino",
        phrase(
            "200 images, the same for everybody. How far people agree can only be told from these: "
            "the other queues hold the hard ones."
        ),
    ),
    "pair": Offer(
        phrase("Two labels"),
        "compare_arrows",
        phrase("Images that somebody gave one of two labels."),
    ),
    "selection": Offer(
        phrase("From the map"),
        "gesture",
        phrase("Images that you marked on the map of Explore, or chose on another tab."),
    ),
}


def recall_reviewer(name: str) -> None:
    """Let this tab remember the name, and bring it back after a reload."""
    known = _MEMORY(
        key="reviewer-memory", data={"name": name}, default={"name": ""}, on_name_change=_nothing
    )
    if not name and known.name and state.draft("reviewer-recalled") != known.name:
        state.set_draft("reviewer-recalled", known.name)  # once: a name can be cleared
        state.later("who", str(known.name)[:64])
        st.rerun()


def name_field() -> str:
    """Draw the field for the name and return it; empty while there is none."""
    name = st.text_input(
        t("Your name"),
        key="who",
        placeholder=t("Your name"),
        max_chars=64,
        persist_state="session",
        help=t(
            "It stands beside your answers, and the same name continues where it stopped. "
            "It is a name, no password: anybody can type it."
        ),
        icon=":material/person:",
        width=280,
    )
    return (name or "").strip()


def welcome(ws: Workspace, dataset: Dataset) -> None:
    """Say what happens here, while nobody has given a name."""
    people = reviewing.reviewers(ws, dataset.id)
    with st.container(border=True):
        st.markdown(t("**Who are you?** Type your name above, then press Enter."))
        st.write(
            t(
                "You will see one image at a time and say what it is, by key or button. "
                "Nobody sees the label that was given, or another person's answer, before "
                "giving their own."
            )
        )
        if people:
            st.caption(
                t(
                    "Has reviewed so far: {people}.",
                    people=messages.plain(names.listing(people, 12)),
                )
            )


def start(kind: str | None) -> None:
    """Go to a queue, or back to the choice of one; for callbacks."""
    if kind is None:
        st.query_params.pop("queue", None)
    else:
        st.query_params["queue"] = kind


def go(kind: str) -> None:
    """Go to a queue from another tab; for callbacks."""
    start(kind)
    state.set_widget(VIEW, t(REVIEW))


def chosen() -> str | None:
    """Return the queue that the address names."""
    kind = st.query_params.get("queue")
    return kind if kind in OFFERS else None


def queues(ws: Workspace, dataset: Dataset, reviewer: str) -> None:
    """Draw the queues as cards: what they hold, how much is left, for how long."""
    st.caption(t("{reviewer}, which images will you look at?", reviewer=messages.plain(reviewer)))
    with st.grid(3, min_column_width=240):
        for kind, offer in OFFERS.items():
            with st.container(border=True, height="stretch", gap="small"):
                st.markdown(f":material/{offer.icon}: **{t(offer.title)}**")
                st.caption(t(offer.what))
                with messages.guard():
                    _offer(ws, dataset, reviewer, kind)


def _offer(ws: Workspace, dataset: Dataset, reviewer: str, kind: str) -> None:
    """Draw how much a queue holds and the button that opens it, or what it waits for."""
    more = _more(dataset, kind)
    if more is None:
        st.page_link("pages/explore.py", label=t("Go to the map"), icon=":material/arrow_forward:")
        return
    try:
        found: Queue | None = review_queues.queue(ws, dataset.id, kind, reviewer, n_next=0, **more)
    except NotReady as reason:
        st.markdown(f":small[{messages.inline(messages.capitalise(reason.what))}.]")
        found = None
    if found is not None:
        st.markdown(f":small[{left_words(found)}]")
    elif kind == "suspects":
        st.button(
            t("See what is missing"),
            key=f"review-{kind}",
            icon=":material/flag:",
            on_click=state.set_widget,
            args=(VIEW, t(SUSPECTS)),
        )
    else:
        st.page_link("pages/train.py", label=t("Train a model"), icon=":material/arrow_forward:")
    if found is not None:
        st.button(
            t("Start") if found.n_left else t("Nothing left"),
            key=f"review-{kind}",
            type="primary" if kind == "suspects" else "secondary",
            disabled=not found.n_left,
            icon=":material/play_arrow:",
            on_click=start,
            args=(kind,),
        )


def left_words(found: Queue) -> str:
    """Return how much is left, and for how long where a pace is known."""
    return review_screen.left(found) if found.n_total else t("There are none.")


def bar(kind: str) -> tuple[str, reviewing.Reveal]:
    """Draw the line above the screen; return who reviews, and what is revealed."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            t("Other queues"),
            key="review-back",
            icon=":material/arrow_back:",
            type="tertiary",
            on_click=start,
            args=(None,),
        )
        title = st.container(width="stretch")
        with st.popover(t("Settings"), icon=":material/tune:", type="tertiary"):
            reviewer = name_field()
            pickers.follow_words("reveal", _REVEAL)
            reveal = st.radio(
                t("Show the given label and the others' answers"),
                list(_REVEAL),
                format_func=lambda r: t(_REVEAL[r]),
                key="reveal",
                bind="query-params",
                help=t(
                    "Answers given after seeing them are kept, marked as not blind, and "
                    "left out of the agreement."
                ),
            )
            st.caption(
                t(
                    "Keys: 1 to 0 and letters choose a label, space skips, q is not sure, u "
                    "takes back, z zooms, n writes a note, / finds a label."
                )
            )
    by = f" · {messages.plain(reviewer)}" if reviewer else ""
    title.markdown(f"**{t(OFFERS[kind].title)}**{by}")
    return reviewer, cast(reviewing.Reveal, reveal)


def task(
    dataset: Dataset, kind: str, reviewer: str, reveal: reviewing.Reveal
) -> review_screen.Task | None:
    """Return what is to be reviewed; None where a selection is gone, which is said."""
    more = _more(dataset, kind)
    if more is None:
        shell.missing(
            t("No images are marked."),
            t("What was marked on the map is known until the page is reloaded; mark it again."),
            "pages/explore.py",
            t("Go to the map"),
        )
        return None
    return review_screen.Task(kind, reviewer, reveal, more)


def _more(dataset: Dataset, kind: str) -> Mapping[str, Any] | None:
    """Return what a queue needs beside its name: a pair, positions; None where it is missing."""
    if kind == "pair":
        left, right = st.columns(2)
        with left:
            a = pickers.one(t("One label"), {c: c for c in dataset.labels}, "review_a")
        with right:
            b = pickers.one(t("The other"), {c: c for c in dataset.labels if c != a}, "review_b")
        return {"pair": (a, b)}
    if kind == "selection":
        marked = explore_map.marked_images(dataset)
        return {"positions": tuple(marked)} if marked else None
    return {}


def _nothing() -> None:
    """Be the callback that Streamlit asks for beside a default."""
