"""Images that a model got wrong, with what it said of them; they can be sent to review."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.language import t, text, tn
from core.records import Dataset
from core.services.comparing import mistakes
from core.services.comparing.questions import Answers, Question
from core.services.workspace import Workspace
from pages.parts import downloads, explore_map
from pages.ui import gallery, state

N_SHOWN = 480  # images that can be looked at; whoever needs all of them downloads the table
PAGE_SIZE = 24


def show(
    ws: Workspace,
    dataset: Dataset,
    question: Question,
    said: Sequence[Answers],
    rows: np.ndarray,
    key: str,
    empty: str,
) -> None:
    """Draw the first of some images with what models say of them; they can be sent to review."""
    first = rows[:N_SHOWN]
    positions = [int(p) for p in said[0].positions[first]]
    if positions:
        with st.container(horizontal=True, vertical_alignment="center"):
            review_button(dataset, positions, key)
            downloads.csv(
                t("Download all {n:,}", n=len(rows)),
                lambda: mistakes.images_table(ws, question, said, rows),
                f"mistakes-{key}",
            )
    gallery.gallery(
        ws,
        dataset,
        positions,
        f"mistakes-{key}-{question.key}-{question.split}-{'-'.join(its.model for its in said)}",
        subs=answer_lines(question.classes, said, first),
        page_size=PAGE_SIZE,
        empty=empty,
    )
    if len(rows) > N_SHOWN:
        st.caption(
            t(
                "The first {n_shown} of {n:,} are shown; the download has them all.",
                n_shown=N_SHOWN,
                n=len(rows),
            )
        )


def review_button(dataset: Dataset, positions: Sequence[int], key: str) -> None:
    """Draw the button that sends images to the queue of chosen images on Review."""
    if st.button(
        tn("Review this {n:,} image", "Review these {n:,} images", len(positions)),
        key=f"review-{key}",
        icon=":material/rate_review:",
        help=t("On Review they come in another order, and the label is hidden."),
    ):
        explore_map.mark_images(dataset, positions)
        state.switch_page("review", {"queue": "selection"})


def answer_lines(classes: Sequence[str], said: Sequence[Answers], rows: np.ndarray) -> list[str]:
    """Return what models say of each image: "→ Bola 97 %", or once what all say."""
    lines = []
    for row in rows:
        answers = [(classes[its.predicted[row]], float(its.confidence[row])) for its in said]
        if len({answer for answer, _ in answers}) == 1:
            sure = [confidence for _, confidence in answers]
            low, high = text.percent(min(sure), 0), text.percent(max(sure), 0)
            both = text.interval((min(sure), max(sure)), 0)
            lines.append(f"→ {answers[0][0]} {low if low == high else both}")
        else:
            lines.append("→ " + ", ".join(f"{name} {text.percent(p, 0)}" for name, p in answers))
    return lines
