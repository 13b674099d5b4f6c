"""What in the image the answer hangs on, on request: a map over the image."""

from __future__ import annotations

import streamlit as st

from core.language import t, tn
from core.services.runs import looking
from core.services.workspace import Workspace
from pages.parts.predict_source import Asked
from pages.ui import charts, messages, state

_KEPT = "predict-look"


@st.fragment
def panel(ws: Workspace, model_id: str, asked: Asked) -> None:
    """Draw the toggle and, once it is on, the image with the map and what it shows."""
    wanted = st.toggle(
        t("What the answer hangs on"),
        key="predict_look",
        help=t(
            "Asks the model about 200 more times, with another part of the image covered each "
            "time: a few seconds."
        ),
    )
    if not wanted:
        return
    with messages.guard():
        found = _look(ws, model_id, asked)
        st.plotly_chart(
            charts.overlay(found.pixels, found.heat, found.scale),
            key="predict-look-map",
            config={"displayModeBar": False},
            alt=t("The image, and the same with the parts marked that the answer hangs on"),
        )
        st.caption(story(found))


def _look(ws: Workspace, model_id: str, asked: Asked) -> looking.Looked:
    """Return what was found, asking once for the image that is chosen."""
    key = (model_id, asked if isinstance(asked, int) else asked.file_id)
    kept = state.draft(_KEPT)
    if kept is None or kept[0] != key:
        with st.spinner(t("Covering one part of the image after the other …")):
            image = asked if isinstance(asked, int) else (asked.name, asked.getvalue())
            kept = (key, looking.look(ws, model_id, image))
        state.set_draft(_KEPT, kept)
    found: looking.Looked = kept[1]
    return found


def story(found: looking.Looked) -> str:
    """Return what the map shows, and what it does not."""
    return t(
        "A grey patch was laid over {n} places in turn. Under orange, the probability of {name} "
        "({confidence:.1%}) drops, under blue it rises; by {most:.1f} points at most, on average "
        "of the patches over a pixel. {turned} This shows what this answer hangs on, and is no "
        "proof of what the model has learned: a covered image is unlike all it knows, and parts "
        "that say the same twice do not show (Zeiler and Fergus 2014).",
        n=found.n_patches,
        name=messages.plain(found.answer),
        confidence=found.confidence,
        most=100 * found.largest,
        turned=tn(
            "{n:,} patch made it another class.",
            "{n:,} patches made it another class.",
            found.n_turned,
        ),
    )
