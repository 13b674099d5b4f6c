"""Compare, more images: would more training images help? The probe's learning curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from core.language import text
from core.records import Dataset
from core.services import jobs
from core.services.comparing import more_images
from core.services.comparing.more_images import MoreImages
from core.services.comparing.questions import Question
from core.services.data import embedding
from core.services.workspace import Workspace
from core.settings import DEFAULT_BACKBONE
from pages.parts import downloads, more_images_chart
from pages.ui import cached, job_panel, meaning, messages, pickers, shell

_HOW = (
    "The probe is trained on random parts of the training images, from a tenth to all, and asked "
    "about the test images each time. How its accuracy rises says what twice the images would "
    "bring."
)


def show(ws: Workspace, dataset: Dataset, question: Question) -> None:
    """Draw the learning curve for a question, or offer to make it."""
    known = embedding.embedded_with(ws, dataset.id)
    if not known:
        shell.missing(
            "The learning curve needs embeddings.",
            "The probe learns from them. Embed the images first: once for all trainings.",
            "pages/explore.py",
            "Go to Explore and embed",
        )
        return
    backbone = _choose_backbone(known)
    found = cached.more_images(ws, question, backbone)
    if found is None:
        _offer(ws, dataset, question, backbone)
        return
    st.markdown(f"**{messages.plain(found.sentence)}**")
    st.plotly_chart(
        more_images_chart.draw(found.curve),
        key="more-images-curve",
        config={"displayModeBar": False},
        alt="Accuracy of the probe against the number of training images, and what is expected",
    )
    st.caption(
        "This is the curve of the probe on embeddings of "
        f"{messages.plain(backbone)}; another algorithm, or another backbone, may make better or "
        f"worse use of more images. {_counts(found)} Points and bands are 95 % intervals over test "
        "images and the draw of training images. What is dashed holds if the error goes on falling "
        "as a power of the number of images, and if new images are like those there are; beyond "
        "four times the images nothing is said."
    )
    _table(found, dataset)


def _choose_backbone(known: list[str]) -> str:
    """Return the backbone: the default if there, else the first; a picker where there are more."""
    ordered = sorted(known, key=lambda name: name != DEFAULT_BACKBONE)
    if len(ordered) == 1:
        return ordered[0]
    return pickers.one(
        "Backbone",
        {name: name for name in ordered},
        "curve_backbone",
        help="Whose embeddings the probe learns from.",
    )


def _offer(ws: Workspace, dataset: Dataset, question: Question, backbone: str) -> None:
    """Draw the job while it is at work, else what it would do and how long, with a button."""
    if job_panel.show(ws, job_panel.latest(ws, more_images.KIND, dataset.id)):
        return
    seconds = more_images.estimate(ws, question, backbone)
    about = "" if seconds is None else f" It takes about {jobs.span(seconds)}."
    with st.container(border=True):
        st.markdown("**Would more images help?**")
        st.write(_HOW + about)
        if st.button(
            "Draw the learning curve",
            key="more-images-go",
            type="primary",
            icon=":material/trending_up:",
        ):
            more_images.submit_curve(ws, question, backbone)
            st.rerun()


def _counts(found: MoreImages) -> str:
    fits = text.count(int(found.curve.n_fits.sum()), "fit")
    return (
        f"{fits} in {text.duration(found.duration_s)}, each stopped by the same "
        f"{text.count(found.n_val, 'validation image')} and measured on the same "
        f"{text.count(found.curve.n_test, 'test image')}."
    )


def _table(found: MoreImages, dataset: Dataset) -> None:
    """Draw the figures, and offer them as a file."""
    rows = pd.DataFrame(more_images.table(found))
    shown = pd.DataFrame(
        {
            "n_train": rows["n_train"],
            "kind": rows["kind"],
            "accuracy": rows["accuracy"].map(text.percent),
            "interval": _bounds(rows, "accuracy", text.interval),
            "gain": rows["gain"].map(text.points, na_action="ignore").fillna(""),
            "of_gain": _bounds(rows, "gain", meaning.spread),
            "n_fits": rows["n_fits"],
        }
    )
    on = f" On {found.curve.n_test:,} test images."
    column = st.column_config.TextColumn
    st.dataframe(
        shown,
        hide_index=True,
        alt="Accuracy of the probe by number of training images",
        column_config={
            "n_train": st.column_config.NumberColumn("Training images", format="localized"),
            "kind": column("", help="Measured here, or expected by the fitted curve."),
            "accuracy": column("Accuracy", help="Mean over the fits." + on),
            "interval": column("95 % interval", help="Of the accuracy." + on),
            "gain": column("Gain by then", help="Over the curve at the present number." + on),
            "of_gain": column("95 % interval", help="Of the gain." + on),
            "n_fits": st.column_config.NumberColumn("Fits", help="Trainings on so many images."),
        },
    )
    downloads.csv("Download as CSV", lambda: rows, "learning-curve")


def _bounds(rows: pd.DataFrame, of: str, words: Callable[[Sequence[float]], str]) -> list[str]:
    """Return an interval's columns in words; nothing where there is none."""
    bounds = rows[[f"{of}_low", f"{of}_high"]]
    return [
        words(pair) if known else ""
        for pair, known in zip(
            bounds.itertuples(index=False, name=None), bounds.notna().all(axis=1), strict=True
        )
    ]
