"""One piece of advice for each confused pair: three signals, the numbers behind them, a button."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.language import text
from core.services.classes import advising
from pages.parts import class_composer
from pages.parts.class_draft import Draft
from pages.parts.class_sandbox import Bench
from pages.ui import cached, messages

N_SHOWN = 5  # pairs; the others sit in an expander
_WIDTHS = (7, 5, 3, 4, 4)
_LOOKS = {
    "merge": ("green", ":material/merge:"),
    "train an expert": ("blue", ":material/model_training:"),
    "relabel": ("violet", ":material/rate_review:"),
    "collect more images": ("orange", ":material/add_photo_alternate:"),
    "leave": ("gray", ":material/check:"),
}


def pairs(bench: Bench, draft: Draft) -> None:
    """Draw what to do about each pair that is confused, the most confused first."""
    last = advising.last_review(bench.ws, bench.run.id)
    found = cached.advice(bench.ws, bench.run.id, bench.evidence, bench.ordinal, last)
    if not found:
        st.caption(f"No pair of classes is confused more than once on {bench.images}.")
        return
    with st.container(border=True, gap="small"):
        _heads(bench)
        _rows(bench, draft, found[:N_SHOWN])
        if len(found) > N_SHOWN:
            with st.expander(text.count(len(found) - N_SHOWN, "pair") + " confused less often"):
                _rows(bench, draft, found[N_SHOWN:])


def _heads(bench: Bench) -> None:
    pair, model, people, embeddings, _ = st.columns(_WIDTHS)
    pair.caption("Pair and advice")
    model.caption(
        "Model",
        help="How well the answers tell the two apart: kappa within the pair, 0 is guessing, 1 is "
        f"perfect, with its 95 % interval. On {bench.images}.",
    )
    people.caption(
        "People",
        help="How well reviewers agree on images of the pair: Krippendorff's alpha with its 95 % "
        "interval; 0 is chance, 1 is always.",
    )
    embeddings.caption(
        "Embeddings",
        help="Share of images that lie among those of the other label, by their nearest "
        "neighbours, on training and validation images: 0 % is apart, about 50 % is one clump.",
    )


def _rows(bench: Bench, draft: Draft, found: Sequence[advising.PairAdvice]) -> None:
    for row in found:
        _row(bench, draft, row)


def _row(bench: Bench, draft: Draft, row: advising.PairAdvice) -> None:
    """Draw one pair."""
    pair, model, people, embeddings, action = st.columns(_WIDTHS, vertical_alignment="center")
    colour, icon = _LOOKS[row.what]
    with pair, st.container(gap="xxsmall"):
        st.markdown(
            f"**{messages.plain(row.a)} / {messages.plain(row.b)}** :{colour}-badge[{row.what}]",
            help=messages.inline(row.reason),
        )
        st.caption(
            f"{text.count(row.n_confused, 'image')} confused, "
            f"{text.percent(row.share_of_errors, 0)} of all errors"
        )
    given = row.signals
    model.markdown(
        f":small[kappa] **{given.told_apart:.2f}** :small[({given.told_apart_low:.2f} to "
        f"{given.told_apart_high:.2f})]"
    )
    if given.people is None:
        people.markdown(":small[no reviews yet]")
    else:
        alpha, low, high = given.people
        people.markdown(f":small[alpha] **{alpha:.2f}** :small[({low:.2f} to {high:.2f})]")
    embeddings.markdown(
        ":small[not embedded]"
        if given.overlap is None
        else f"**{text.percent(given.overlap, 0)}** :small[overlap]"
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
            "Merged" if one else "Merge them",
            key=f"advice-merge-{key}",
            icon=icon,
            disabled=one,
            on_click=class_composer.join,
            args=(bench.dataset, (row.a, row.b), bench.ordinal),
        )
    elif row.what == "train an expert":
        st.page_link(
            "pages/train.py",
            label="Train an expert",
            icon=icon,
            query_params={"role": "expert", "pair_a": row.a, "pair_b": row.b},
        )
    elif row.what == "relabel":
        st.page_link(
            "pages/review.py",
            label="See suspects",
            icon=icon,
            query_params={"review_view": "Suspects"},
        )
    elif row.what == "collect more images":
        st.markdown(
            f":small[about {row.n_more:,} more of the two classes]",
            help=f"That many more images to judge on, beside the {given.n_images:,} here, would "
            "decide it. Cross-validation judges on those you train with, too.",
        )
