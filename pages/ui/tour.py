"""A guided tour of the demo: one card a page, which says what to do there and goes on to the next.

It lives in the session: whoever leaves it, or reloads, finds it on the overview again.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.language import phrase, t
from core.settings import DEMO_NAME
from pages.ui import state

_KEY = "tour"


@dataclass(frozen=True, slots=True)
class Stop:
    """One page of the tour; `control` is the name of what is pressed there."""

    page: str
    title: str
    text: str
    control: str = ""


STOPS = (
    Stop(
        "dataset",
        phrase("Know the images"),
        phrase(
            "Seven stages of a rose bud, 1,050 drawings, and some labels are wrong on purpose. "
            "Look at a few of each label: could you tell Arveja from Garbanzo?"
        ),
    ),
    Stop(
        "explore",
        phrase("Ask the images how many classes there are"),
        phrase(
            "Every image is a point; those that look alike lie together. Draw around some points "
            "to see them. Then press **{control}**: do seven classes exist?"
        ),
        phrase("Gather the evidence"),
    ),
    Stop(
        "train",
        phrase("Train a first model"),
        phrase(
            "Press **{control}**. A probe over the seven labels takes seconds and gets about "
            "three in four right: this is where most teams are stuck."
        ),
        phrase("Train 1 run"),
    ),
    Stop(
        "classes",
        phrase("Merge what nobody can tell apart"),
        phrase(
            "The page suggests which classes to merge, and says what that is worth beyond having "
            "fewer classes. Press **{control}**, give it a name and save it."
        ),
        phrase("Take this suggestion"),
    ),
    Stop(
        "review",
        phrase("Let people check the labels"),
        phrase(
            "One image, one key. Give a name, start with the suspects, label ten or so. With "
            "several people you see how far they agree."
        ),
    ),
    Stop(
        "compare",
        phrase("Is one model really better?"),
        phrase(
            "Which model to take, and how sure that is. Every figure has an interval; where the "
            "images are too few to tell, the page says how many are missing."
        ),
    ),
    Stop(
        "cascade",
        phrase("Let an expert break a tie"),
        phrase(
            "Press **{control}** at a pair, then drag the threshold and watch the matrix. On this "
            "demo the answer may well be that an expert does not pay."
        ),
        phrase("Train expert"),
    ),
    Stop(
        "decisions",
        phrase("Decide, and say why"),
        phrase(
            "What was saved is proposed here in plain words. Where the images are too few to tell, "
            "it offers to judge on more. Approve or decline it with your name and a reason; the "
            "decision keeps the evidence it was made on."
        ),
    ),
    Stop(
        "overview",
        phrase("Take the story with you"),
        phrase(
            "What each step gained, measured on the same images, and a report that opens without "
            "this program. That is the whole way; now try it with your own images."
        ),
    ),
)


def offer(dataset: str) -> None:
    """Offer the tour where the demo is shown and nobody is on it."""
    if dataset != DEMO_NAME or state.draft(_KEY) is not None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            t("New here? The tour shows the whole way in {n} steps, five minutes.", n=len(STOPS))
        )
        st.button(
            t("Take the tour"),
            type="tertiary",
            icon=":material/tour:",
            on_click=lambda: state.set_draft(_KEY, 0),
        )


def show(page: str) -> None:
    """Show the card of the tour, if somebody is on it: on its own page, or the way there."""
    at = state.draft(_KEY)
    if at is None:
        return
    stop = STOPS[at]
    with st.container(border=True, key="tour"):
        st.markdown(
            t("**{title}** · step {n} of {last}", title=t(stop.title), n=at + 1, last=len(STOPS))
        )
        here = page == stop.page
        if here:
            st.markdown(t(stop.text, control=t(stop.control)) if stop.control else t(stop.text))
        with st.container(horizontal=True):
            if at > 0 and st.button(t("Back"), icon=":material/arrow_back:"):
                _go(at - 1)
            if not here and st.button(t("Go there"), type="primary"):
                _go(at)
            if (
                here
                and at + 1 < len(STOPS)
                and st.button(
                    t("Next: {title}", title=t(STOPS[at + 1].title)),
                    type="primary",
                    icon=":material/arrow_forward:",
                )
            ):
                _go(at + 1)
            if st.button(t("End the tour"), type="tertiary", icon=":material/close:"):
                state.clear_draft(_KEY)
                st.rerun()


def _go(to: int) -> None:
    state.set_draft(_KEY, to)
    state.switch_page(STOPS[to].page)
