"""The Agreement tab: how far people agree, and whether their labels can be relied on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.language import phrase, t, text, tn
from core.records import Dataset
from core.services.labels import votes
from core.services.workspace import Workspace
from pages.parts import review_differences, review_start
from pages.ui import cached, pickers

RELIABLE, TENTATIVE = 0.8, 0.667  # Krippendorff, "Content analysis", 2004, page 241
_SOURCES = {
    "": phrase("All answers"),
    "random": phrase("The random sample"),
    "import": phrase("Imported answers"),
}


def tab(ws: Workspace, dataset: Dataset) -> None:
    """Draw the figures, then who differs with whom, on what."""
    version = votes.reviews_version(ws, dataset.id)
    if not version:
        _nothing_yet(t("Nobody has reviewed anything yet."))
        return
    source = pickers.one(
        t("Which answers"),
        {source: t(words) for source, words in _SOURCES.items()},
        "answers",
        help=t(
            "Suspects and disagreements are harder than other images: an agreement that "
            "stands for the whole data set comes from the random sample."
        ),
        width=260,
    )
    found = cached.agreement(ws, dataset.id, source or None, version)
    if found["agreement"]["alpha"] is None:
        _nothing_yet(
            t("No two people have labelled the same image here, with different labels in all.")
        )
        _left_out(found)
        return
    _figures(found)
    _left_out(found)
    st.caption(
        t(
            "What follows shows labels and answers. Whoever still reviews should look at it "
            "afterwards."
        )
    )
    st.subheader(t("Which labels are told apart"), anchor=False)
    review_differences.labels(ws, dataset, found, source or None, version)
    st.subheader(t("Who agrees"), anchor=False)
    review_differences.people(found)
    review_differences.two_people(ws, dataset, found, source or None)


def reading(alpha: float, interval: Sequence[float] | None) -> str:
    """Return what an alpha means for whoever wants to rely on the labels.

    >>> reading(0.9, [0.85, 0.95])[:22]
    'People agree well enou'
    """
    low = interval[0] if interval else alpha
    if low >= RELIABLE:
        return t("People agree well enough to rely on their labels.")
    if low >= TENTATIVE:
        return t("People agree well enough for tentative conclusions, not more.")
    if alpha >= TENTATIVE:
        return t(
            "On the edge: people may agree well enough for tentative conclusions, but the interval "
            "reaches below that. More images would tell."
        )
    return t(
        "People do not agree well enough to rely on these labels. Look below at which ones they "
        "tell apart: some may be better as one class, or need a clearer description."
    )


def _nothing_yet(what: str) -> None:
    with st.container(border=True):
        st.markdown(f"**{what}**")
        st.write(
            t(
                "Let two people or more review the random sample: 200 images, the same for "
                "everybody. After some 50 of them the figures mean something."
            )
        )
        st.button(
            t("Review the random sample"),
            key="agreement-random",
            icon=":material/casino:",
            on_click=review_start.go,
            args=("random",),
        )


def _figures(found: Mapping[str, Any]) -> None:
    its = found["agreement"]
    on = tn(
        "On {n:,} image that two or more people labelled.",
        "On {n:,} images that two or more people labelled.",
        its["n_images"],
    )
    how = t(review_differences.HOW)
    with st.grid(4, min_column_width=150):
        for name, label, more in (
            ("alpha", t("Krippendorff's alpha"), t("Takes any number of people an image.")),
            ("kappa", t("Fleiss' kappa"), t("The older measure; it differs little here.")),
        ):
            st.metric(
                label,
                text.number(its[name], ".3f"),
                help=f"{more} {how} {on}",
                border=True,
                delta=review_differences.bounds(its[f"{name}_ci"]),
                delta_color="off",
                delta_arrow="off",
            )
        any_label = t("{n_images:,} have any label.", n_images=found["n_images"])
        st.metric(
            t("Images"),
            text.number(its["n_images"]),
            help=f"{on} {any_label}",
            border=True,
            height="stretch",
        )
        st.metric(
            t("People"),
            text.number(found["n_reviewers"]),
            help=t("They gave {n_reviews:,} labels.", n_reviews=found["n_reviews"]),
            border=True,
            height="stretch",
        )
    st.markdown(f"**{reading(its['alpha'], its['alpha_ci'])}**")
    st.caption(
        t(
            "From alpha {reliable:.2f} on labels can be relied on, from {tentative:.3f} on "
            "tentative conclusions are possible (Krippendorff 2004): conventions, no laws.",
            reliable=RELIABLE,
            tentative=TENTATIVE,
        )
    )


def _left_out(found: Mapping[str, Any]) -> None:
    skipped = tn("{n:,} skipped image", "{n:,} skipped images", found["n_skipped"])
    unsure = tn("{n:,} “not sure”", "{n:,} “not sure”", found["n_not_sure"])
    told = tn(
        "{n:,} answer that was not blind",
        "{n:,} answers that were not blind",
        found["n_not_blind"],
    )
    st.caption(
        t("Not counted: {skipped}, {unsure}, {told}.", skipped=skipped, unsure=unsure, told=told)
    )
