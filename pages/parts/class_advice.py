"""One piece of advice for each confused pair: three signals, the numbers behind them, a button."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.language import keep, phrase, say, t, text, tn
from core.services.classes import advising
from pages.parts import class_composer
from pages.parts.class_draft import Draft
from pages.parts.class_sandbox import Bench
from pages.ui import cached, messages

N_SHOWN = 5  # pairs; the others sit in an expander
_WIDTHS = (7, 5, 3, 4, 5)
_LOOKS = {
    "merge": (phrase("merge"), "green", ":material/merge:"),
    "train an expert": (phrase("train an expert"), "blue", ":material/model_training:"),
    "relabel": (phrase("relabel"), "violet", ":material/rate_review:"),
    "collect more images": (
        phrase("collect more images"),
        "orange",
        ":material/add_photo_alternate:",
    ),
    "leave": (phrase("leave"), "gray", ":material/check:"),
}


def pairs(bench: Bench, draft: Draft) -> None:
    """Draw what to do about each pair that is confused, the most confused first."""
    last = advising.last_review(bench.ws, bench.run.id)
    found = cached.advice(bench.ws, bench.run.id, bench.evidence, bench.ordinal, last)
    if not found:
        st.caption(
            t("No pair of classes is confused more than once on {images}.", images=bench.images)
        )
        return
    with st.container(border=True, gap="small", key="aligned-advice"):
        _heads(bench)
        _rows(bench, draft, found[:N_SHOWN])
        if len(found) > N_SHOWN:
            n = len(found) - N_SHOWN
            title = tn("{n:,} pair confused less often", "{n:,} pairs confused less often", n)
            with st.expander(title):
                _rows(bench, draft, found[N_SHOWN:])


def _heads(bench: Bench) -> None:
    pair, model, people, embeddings, _ = st.columns(_WIDTHS, wrap=False)
    pair.caption(t("Pair and advice"))
    model.caption(
        t("Model"),
        help=t(
            "How well the answers tell the two apart: kappa within the pair, 0 is guessing, 1 is "
            "perfect, with its 95 % interval. On {images}.",
            images=bench.images,
        ),
    )
    people.caption(
        t("People"),
        help=t(
            "How well reviewers agree on images of the pair: Krippendorff's alpha with its 95 % "
            "interval; 0 is chance, 1 is always."
        ),
    )
    embeddings.caption(
        t("Embeddings"),
        help=t(
            "Share of images that lie among those of the other label, by their nearest "
            "neighbours, on training and validation images: 0 % is apart, about 50 % is one clump."
        ),
    )


def _rows(bench: Bench, draft: Draft, found: Sequence[advising.PairAdvice]) -> None:
    for row in found:
        _row(bench, draft, row)


def _row(bench: Bench, draft: Draft, row: advising.PairAdvice) -> None:
    """Draw one pair."""
    pair, model, people, embeddings, action = st.columns(
        _WIDTHS, vertical_alignment="center", wrap=False
    )
    word, colour, icon = _LOOKS[row.what]
    with pair, st.container(gap="xxsmall"):
        st.markdown(
            f"**{messages.plain(row.a)} / {messages.plain(row.b)}** :{colour}-badge[{t(word)}]",
            help=messages.inline(say(keep(row.reason))),  # it may be from the cache
        )
        st.caption(
            tn(
                "{n:,} image confused, {share:.0%} of all errors",
                "{n:,} images confused, {share:.0%} of all errors",
                row.n_confused,
                share=row.share_of_errors,
            )
        )
    given = row.signals
    model.markdown(
        t(
            ":small[kappa] **{kappa:.2f}** :small[({low:.2f} to {high:.2f})]",
            kappa=given.told_apart,
            low=given.told_apart_low,
            high=given.told_apart_high,
        )
    )
    if given.people is None:
        people.markdown(t(":small[no reviews yet]"))
    else:
        alpha, low, high = given.people
        people.markdown(
            t(
                ":small[alpha] **{alpha:.2f}** :small[({low:.2f} to {high:.2f})]",
                alpha=alpha,
                low=low,
                high=high,
            )
        )
    embeddings.markdown(
        t(":small[not embedded]")
        if given.overlap is None
        else t("**{overlap}** :small[overlap]", overlap=text.percent(given.overlap, 0))
    )
    with action:
        _action(bench, draft, row, icon)


def _action(bench: Bench, draft: Draft, row: advising.PairAdvice, icon: str) -> None:
    """Draw the button that does what is advised."""
    given = row.signals
    key = f"{row.a}-{row.b}"
    class_of = draft.mapping
    if row.what == "merge":
        one = class_of[row.a] == class_of[row.b]
        st.button(
            t("Merged") if one else t("Merge them"),
            key=f"advice-merge-{key}",
            icon=icon,
            disabled=one,
            on_click=class_composer.join,
            args=(bench.dataset, (row.a, row.b), bench.ordinal),
        )
    elif row.what == "train an expert":
        st.page_link(
            "pages/train.py",
            label=t("Train an expert"),
            icon=icon,
            query_params={"role": "expert", "pair_a": row.a, "pair_b": row.b},
        )
    elif row.what == "relabel":
        st.page_link(
            "pages/review.py",
            label=t("See suspects"),
            icon=icon,
            query_params={"review_view": t("Suspects")},
        )
    elif row.what == "collect more images":
        st.markdown(
            t(":small[about {n:,} more of the two classes]", n=row.n_more),
            help=t(
                "That many more images to judge on, beside the {n:,} here, would decide it. "
                "Cross-validation judges on those you train with, too.",
                n=given.n_images,
            ),
        )
