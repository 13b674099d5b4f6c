"""What augmentation does to the data set's images, before anybody waits for a training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.language import t
from core.records import Dataset
from core.services import jobs
from core.services.runs import previewing
from core.services.workspace import Workspace
from pages.ui import job_panel, messages

_ICON = ":material/auto_awesome_motion:"
_PICTURE_PX = 64  # six beside each other fit into half a page
_JOBS = 200  # looked through for the one of this preview


def show(ws: Workspace, dataset: Dataset, algorithm: str, options: Mapping[str, Any]) -> None:
    """Draw the preview of these options: the pictures, the job that makes them, or a button."""
    if algorithm not in previewing.augmenting():
        return
    with st.expander(t("Augmentation"), icon=_ICON), messages.guard():
        if not previewing.changes_anything(algorithm, options):
            st.caption(t("With these options no image is changed in training."))
            return
        found = previewing.find_preview(ws, dataset.id, algorithm, options)
        if found is not None:
            _grid(found)
            return
        st.caption(
            t(
                "In training, every image is changed a little at random each time it is "
                "seen. What a change must not do is turn one class into another."
            )
        )
        if job_panel.show(ws, _job(ws, dataset, algorithm, options)):
            return
        if st.button(
            t("See what augmentation does to your images"),
            key="preview",
            icon=":material/visibility:",
        ):
            previewing.submit_preview(ws, dataset.id, algorithm, options)
            st.rerun()


def _grid(found: previewing.Preview) -> None:
    """Draw a row an image: as the network sees it, then changed."""
    side = found.images.shape[2]
    st.caption(
        t(
            "First: a training image as the network sees it ({side} × {side} px). Then the "
            "same, changed as in training. Would you still give each the same label?",
            side=side,
        )
    )
    for label, row in zip(found.labels, found.images, strict=True):
        with st.container(gap="xsmall"):
            st.caption(messages.plain(label))
            with st.container(horizontal=True, gap="xsmall"):
                for number, picture in enumerate(row):
                    alt = (
                        t("{label}, changed, {number}", label=label, number=number)
                        if number
                        else t("{label}, unchanged", label=label)
                    )
                    st.image(picture, width=_PICTURE_PX, alt=alt)


def _job(ws: Workspace, dataset: Dataset, algorithm: str, options: Mapping[str, Any]) -> Any:
    """Return the newest job that makes this preview, or None."""
    wanted = {"dataset": dataset.id, "algorithm": algorithm, "options": dict(options)}
    for job in jobs.list_jobs(ws, limit=_JOBS):
        if job.kind == "preview" and dict(job.params) == wanted:
            return job
    return None
