"""Compare, more images: would more training images help? The probe's learning curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from core.language import phrase, t, text, tn
from core.records import Dataset
from core.services import jobs
from core.services.comparing import more_images
from core.services.comparing.more_images import MoreImages
from core.services.comparing.questions import Question
from core.services.data import embedding
from core.services.workspace import Workspace
from core.settings import DEFAULT_BACKBONE
from pages.parts import downloads, figures_on, more_images_chart, tables
from pages.ui import cached, job_panel, meaning, messages, pickers, shell

_HOW = phrase(
    "The probe is trained on random parts of the training images, from a tenth to all, and asked "
    "about the test images each time. How its accuracy rises says what twice the images would "
    "bring."
)


_KINDS = {"measured": phrase("measured"), "expected": phrase("expected")}


def show(ws: Workspace, dataset: Dataset, question: Question) -> None:
    """Draw the learning curve for a question, or offer to make it."""
    known = embedding.embedded_with(ws, dataset.id)
    if not known:
        shell.missing(
            t("The learning curve needs embeddings."),
            t("The probe learns from them. Embed the images first: once for all trainings."),
            "pages/explore.py",
            t("Go to Explore and embed"),
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
        alt=t("Accuracy of the probe against the number of training images, and what is expected"),
    )
    st.caption(
        t(
            "This is the curve of the probe on embeddings of {backbone}; another algorithm, or "
            "another backbone, may make better or worse use of more images. {counts} Points and "
            "bands are 95 % intervals over test images and the draw of training images. What is "
            "dashed holds if the error goes on falling as a power of the number of images, and if "
            "new images are like those there are; beyond four times the images nothing is said.",
            backbone=messages.plain(backbone),
            counts=_counts(found),
        )
    )
    _table(found, dataset)


def _choose_backbone(known: list[str]) -> str:
    """Return the backbone: the default if there, else the first; a picker where there are more."""
    ordered = sorted(known, key=lambda name: name != DEFAULT_BACKBONE)
    if len(ordered) == 1:
        return ordered[0]
    return pickers.one(
        t("Backbone"),
        {name: name for name in ordered},
        "curve_backbone",
        help=t("Whose embeddings the probe learns from."),
    )


def _offer(ws: Workspace, dataset: Dataset, question: Question, backbone: str) -> None:
    """Draw the job while it is at work, else what it would do and how long, with a button."""
    if job_panel.show(ws, job_panel.latest(ws, more_images.KIND, dataset.id)):
        return
    seconds = more_images.estimate(ws, question, backbone)
    about = "" if seconds is None else t("It takes about {span}.", span=jobs.span(seconds))
    with st.container(border=True):
        st.markdown(t("**Would more images help?**"))
        st.write(f"{t(_HOW)} {about}".rstrip())
        if st.button(
            t("Draw the learning curve"),
            key="more-images-go",
            type="primary",
            icon=":material/trending_up:",
        ):
            more_images.submit_curve(ws, question, backbone)
            st.rerun()


def _counts(found: MoreImages) -> str:
    return t(
        "{fits} in {duration}, each stopped by the same {val} and measured on the same {test}.",
        fits=tn("{n:,} fit", "{n:,} fits", int(found.curve.n_fits.sum())),
        duration=text.duration(found.duration_s),
        val=tn("{n:,} validation image", "{n:,} validation images", found.n_val),
        test=tn("{n:,} test image", "{n:,} test images", found.curve.n_test),
    )


def _table(found: MoreImages, dataset: Dataset) -> None:
    """Draw the figures, and offer them as a file."""
    rows = pd.DataFrame(more_images.table(found))
    shown = pd.DataFrame(
        {
            "n_train": rows["n_train"],
            "kind": rows["kind"].map(_KINDS).map(t),
            "accuracy": rows["accuracy"].map(text.percent),
            "interval": _bounds(rows, "accuracy", text.interval),
            "gain": rows["gain"].map(text.points, na_action="ignore").fillna(""),
            "of_gain": _bounds(rows, "gain", meaning.spread),
            "n_fits": rows["n_fits"],
        }
    )
    on = f" {figures_on.on(found.curve.n_test, 'test')}"
    column = st.column_config.TextColumn
    st.dataframe(
        tables.written(shown, {"n_train": text.number}),
        hide_index=True,
        alt=t("Accuracy of the probe by number of training images"),
        column_config={
            "n_train": st.column_config.NumberColumn(t("Training images")),
            "kind": column("", help=t("Measured here, or expected by the fitted curve.")),
            "accuracy": column(t("Accuracy"), help=t("Mean over the fits.") + on),
            "interval": column(t("95 % interval"), help=t("Of the accuracy.") + on),
            "gain": column(t("Gain by then"), help=t("Over the curve at the present number.") + on),
            "of_gain": column(t("95 % interval"), help=t("Of the gain.") + on),
            "n_fits": st.column_config.NumberColumn(
                t("Fits"), help=t("Trainings on so many images.")
            ),
        },
    )
    downloads.csv(t("Download as CSV"), lambda: rows, "learning-curve")


def _bounds(rows: pd.DataFrame, of: str, words: Callable[[Sequence[float]], str]) -> list[str]:
    """Return an interval's columns in words; nothing where there is none."""
    bounds = rows[[f"{of}_low", f"{of}_high"]]
    return [
        words(pair) if known else ""
        for pair, known in zip(
            bounds.itertuples(index=False, name=None), bounds.notna().all(axis=1), strict=True
        )
    ]
