"""A threshold with a guarantee: asked for in percent, answered with a mark on the slider."""

from __future__ import annotations

import streamlit as st

from core.analysis.cascades.routes import Thresholds
from core.language import t
from core.services.cascades import guaranteeing
from core.services.cascades.guaranteeing import Promise
from core.services.cascades.members import Members
from core.services.workspace import Workspace
from pages.parts import cascade_live
from pages.ui import messages

_ERRORS = ["1 %", "2 %", "5 %", "10 %", "20 %"]
_SURE = ["90 %", "95 %", "99 %"]


def ask(ws: Workspace, members: Members, thresholds: Thresholds) -> Promise:
    """Draw what may be asked for, and return what can be promised at these taus."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        error = st.selectbox(
            t("Wrong answers at most"),
            _ERRORS,
            index=2,
            key="max_error",
            bind="query-params",
            width=190,
            help=t("Among what is answered without a person."),
        )
        sure = st.segmented_control(
            t("How sure"),
            _SURE,
            default="95 %",
            required=True,
            key="how_sure",
            bind="query-params",
            help=t("How often such a promise is kept, over drawings of the calibration images."),
        )
    return guaranteeing.promise(ws, members, thresholds.taus, _share(error), _share(sure))


def tell(promise: Promise, thresholds: Thresholds, key: str) -> None:
    """Say what is promised where the sliders stand, and offer to move them there."""
    held = promise.thresholds
    if held is None:
        st.warning(messages.plain(promise.sentence), icon=":material/block:")
        return
    if _same(held, thresholds):
        said = promise.sentence
        if promise.n_checked:
            said += " " + t(
                "On {n:,} further test images {n_wrong:,} were wrong.",
                n=promise.n_checked,
                n_wrong=promise.n_wrong,
            )
        st.success(messages.plain(said), icon=":material/verified:")
        return
    where, go = st.columns([5, 2], vertical_alignment="center")
    where.info(
        t(
            "Where the slider stands nothing is promised: a threshold that is moved by hand, after "
            "looking, has no guarantee. One holds at a person's threshold of {person:.2f}, which "
            "answers {share:.0%} of the calibration images.",
            person=held.person,
            share=promise.guarantee.n_accepted / promise.guarantee.n_images,
        ),
        icon=":material/pan_tool:",
    )
    go.button(
        t("Move it there"),
        key="take-promise",
        icon=":material/verified:",
        on_click=lambda: cascade_live.move(key, held),
    )


def _same(held: Thresholds, now: Thresholds) -> bool:
    return held.taus == now.taus and abs(held.person - now.person) < 1e-9


def _share(words: str) -> float:
    return float(words.removesuffix(" %")) / 100.0
