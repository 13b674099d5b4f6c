"""Offer to judge merges on all training and validation images, and show the job that does it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.language import t, text
from core.services.runs import crossvalidating
from core.services.workspace import Workspace
from pages.ui import job_panel


def offer(
    ws: Workspace,
    dataset_id: str,
    run_id: str,
    n_images: int,
    on_start: Callable[[], None] | None = None,
) -> None:
    """Draw the offer with what it takes, or the job while it runs.

    Parameters
    ----------
    n_images : int
        Training and validation images together.
    on_start : callable, optional
        Called when somebody takes the offer, before the page is drawn again.
    """
    job = job_panel.latest(ws, "crossval", dataset_id)
    mine = job is not None and job.params["run"] == run_id and job.params["over"] != "all"
    if mine and job_panel.show(ws, job):
        return
    about = text.duration(crossvalidating.estimate(ws, run_id))
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            t(
                "**More images, narrower intervals.** :small[Five models of the same recipe answer "
                "for all training and validation images, each for those that it has not seen. "
                "About {time}.]",
                time=about,
            ),
            width="stretch",
        )
        if st.button(
            t("Judge on all {n:,} images", n=n_images),
            key="cross-validate",
            icon=":material/stacks:",
        ):
            crossvalidating.submit_crossval(ws, run_id)
            if on_start is not None:
                on_start()
            st.rerun()
