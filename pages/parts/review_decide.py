"""What reviewers left open, one image at a time: who said what, and a button a label to decide."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.errors import AppError
from core.ids import new_id
from core.language import t, text, tn
from core.records import Dataset
from core.services.labels import adjudicating, review_pictures, review_queues
from core.services.labels.adjudicating import OpenImage
from core.services.workspace import Workspace
from pages.parts import review_images
from pages.ui import messages, state

_REFUSED = "decision-refused"
_DECIDED = "decision-made"


@st.fragment
def panel(ws: Workspace, dataset: Dataset, quality: NDArray[np.float64], who: str) -> None:
    """Draw the open images of a consensus, the least agreed first; this alone runs again."""
    with messages.guard():
        left = adjudicating.open_positions(ws, dataset.id, quality=quality)
        _what_became(ws, dataset)
        if not left:
            st.caption(t("Nothing: people agree, or somebody has decided."))
            return
        st.caption(
            tn(
                "{n:,} image: people disagree and the label is less sure than 70 %, or they were "
                "not sure. Whoever decides sees everything; a decision stands above every "
                "method and can be taken back.",
                "{n:,} images: people disagree and the label is less sure than 70 %, or they were "
                "not sure. Whoever decides sees everything; a decision stands above every "
                "method and can be taken back.",
                len(left),
            )
        )
        number = st.pagination(len(left), key="open-image") if len(left) > 1 else 1
        position = left[min(number, len(left)) - 1]
        (image,) = review_queues.images_of(ws, dataset.id, [position])
        seen = adjudicating.open_image(ws, dataset.id, image)
        picture, choice = st.columns([2, 3], gap="medium")
        with picture:
            st.image(
                review_pictures.jpeg(ws, image), width="stretch", alt=t("The image to decide on")
            )
        with choice:
            _said(seen)
            _buttons(ws, dataset, seen, who)


def _said(seen: OpenImage) -> None:
    """Say what everybody said of it, the import and the last decision included."""
    lines: list[str] = [t("Label given: **{given}**", given=messages.plain(seen.given))]
    for review in seen.reviews:
        what = review_images.answer(review)
        note = f" ({messages.plain(review.note)})" if review.note else ""
        lines.append(
            f"{messages.plain(review.reviewer)}: **{messages.plain(what)}**{note}, "
            f":small[{text.ago(review.created_at)}]"
        )
    if seen.decided is not None:
        lines.append(t("{who} opened it again.", who=messages.plain(seen.decided.who)))
    st.markdown("  \n".join(lines))


def _buttons(ws: Workspace, dataset: Dataset, seen: OpenImage, who: str) -> None:
    with st.container(horizontal=True):
        for i, label in enumerate(seen.labels):
            st.button(
                messages.plain(label),
                key=f"decide-{i}",
                disabled=not who,
                on_click=_decide,
                args=(ws, dataset, seen, label, who),
            )
    if not who:
        st.caption(t("Type your name above to decide."))


def _decide(ws: Workspace, dataset: Dataset, seen: OpenImage, label: str | None, who: str) -> None:
    """Store a decision over what was seen when the button was drawn; a callback."""
    try:
        adjudicating.adjudicate(
            ws,
            dataset.id,
            seen.image,
            who=who,
            event_id=_event_id(seen, label),
            label=label,
            expected_version=seen.version,
        )
    except AppError as error:
        state.set_draft(_REFUSED, messages.capitalise(str(error)))
        return
    state.set_draft(_DECIDED, None if label is None else (dataset.id, seen.image, label, who))


def _event_id(seen: OpenImage, label: str | None) -> str:
    """Return one id for one button, however often it is pressed."""
    name = f"decision-{seen.image}-{seen.version}-{label}"
    event_id = state.draft(name) or new_id("dec")
    state.set_draft(name, event_id)
    return str(event_id)


def _what_became(ws: Workspace, dataset: Dataset) -> None:
    """Show why a decision was refused, once; and the last one, to take it back."""
    if sentence := state.draft(_REFUSED):
        state.clear_draft(_REFUSED)
        st.error(messages.inline(sentence), icon=":material/error:")
    made_in, image, label, who = state.draft(_DECIDED) or (None, "", "", "")
    if made_in == dataset.id:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(t("Decided: **{label}**.", label=messages.plain(label)))
            st.button(
                t("Take it back"),
                key="decide-back",
                icon=":material/undo:",
                type="tertiary",
                on_click=_decide,
                args=(ws, dataset, adjudicating.open_image(ws, dataset.id, image), None, who),
            )
