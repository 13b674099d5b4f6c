"""Overview: what each step gained, what is open, and the report to take along."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.language import current, phrase, t
from core.records import Dataset
from core.services.reports import writing
from core.services.story import bars, words
from core.services.story.open_points import OpenPoint
from core.services.story.waterfall import Waterfall
from core.services.workspace import Workspace
from pages.parts import story_chart
from pages.ui import messages

_ICONS = {
    "gained": ":material/trending_up:",
    "lost": ":material/trending_down:",
    "no measurable gain": ":material/trending_flat:",
}
_MEANING = phrase(
    "Every step is measured on the same images, so the bars add up. The lines are 95 % intervals "
    "over images (paired bootstrap): a step whose interval holds 0 may be luck. Which model is "
    "taken is decided on validation images, never on these. What fewer classes give by themselves "
    "is what merging any classes into groups of the same sizes gives on average."
)
_KINDS = {
    "html": ("text/html", ":material/description:", phrase("Report (HTML, to read and print)")),
    "md": ("text/markdown", ":material/notes:", phrase("Markdown")),
    "json": ("application/json", ":material/data_object:", phrase("All figures (JSON)")),
}


def gains(its: Waterfall) -> None:
    """Draw the waterfall beside what each of its steps says."""
    st.subheader(t("What each step gained"), anchor=False, help=t(_MEANING))
    st.markdown(messages.plain(words.total(its)))
    picture, said = st.columns([3, 2])
    picture.plotly_chart(
        story_chart.waterfall(bars.rows(its)),
        key="waterfall",
        config={"displayModeBar": False},
        alt=t("What each step gained in accuracy; the same in words stands beside it"),
    )
    with said.container(gap="xsmall"):
        st.caption(messages.plain(words.start(its)))
        for step in its.steps:
            name = messages.plain(t(words.NAMES[step.kind]))
            icon = _ICONS.get(step.verdict or "", ":material/radio_button_unchecked:")
            st.caption(f"{icon} **{name}**  \n{messages.plain(words.step(step))}")
    st.caption(messages.plain(words.yardstick(its)))


def still_open(points: Sequence[OpenPoint]) -> None:
    """List what is open, each with the way to the page that deals with it."""
    st.subheader(t("What is open"), anchor=False)
    if not points:
        st.caption(t("Nothing that was begun is left open."))
    for point in points:
        st.page_link(
            f"pages/{point.page}.py",
            label=messages.plain(point.text),
            icon=":material/arrow_forward:",
        )


def downloads(ws: Workspace, dataset: Dataset) -> None:
    """Offer the report in the reader's language; it is made when it is asked for."""
    st.subheader(t("The report"), anchor=False)
    st.caption(
        t(
            "One file with the story, its pictures, the decisions and every figure's source. It "
            "needs no network, prints on A4, and its numbers are those of this dashboard."
        )
    )
    with st.container(horizontal=True):
        for kind, (mime, icon, label) in _KINDS.items():
            st.download_button(
                t(label),
                # The download runs outside this session, where nobody knows the language.
                partial(writing.report_bytes, ws, dataset.id, kind, current()),
                f"{dataset.name}-report.{kind}",
                mime,
                key=f"report-{kind}",
                on_click="ignore",
                icon=icon,
            )
