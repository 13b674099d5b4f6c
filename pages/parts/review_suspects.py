"""The Suspects tab: labels that are probably wrong, twins named apart, labels that overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import NotReady
from core.language import t, text, tn
from core.records import Dataset
from core.services.data import embedding
from core.services.labels import label_evidence
from core.services.runs import crossvalidating
from core.services.workspace import Workspace
from pages.parts import explore_map, review_start, tables
from pages.ui import cached, gallery, job_panel, messages, names, pickers, shell, state

_PAGE_SIZE = 24


def tab(ws: Workspace, dataset: Dataset) -> None:
    """Draw the suspects, or the job that finds them; then what needs no model."""
    st.caption(
        t("What this tab shows gives labels away. Whoever reviews should take the queue instead.")
    )
    if job_panel.show(ws, job_panel.latest(ws, "crossval", dataset.id)):
        st.caption(t("When it is done, the suspects stand here."))
    else:
        try:
            _suspects(ws, dataset)
        except NotReady as reason:
            _offer(ws, dataset, reason)
    st.subheader(t("Nearly the same image, another label"), anchor=False)
    _twins(ws, dataset)


def _offer(ws: Workspace, dataset: Dataset, reason: NotReady) -> None:
    """Offer the trainings that tell suspects, or say that a run is missing."""
    runs = label_evidence.usable_runs(ws, dataset.id)
    if not runs:
        shell.missing(
            t("No model can judge these labels yet."),
            t("Train a probe on the labels as they are: it takes seconds."),
            "pages/train.py",
            t("Train a probe"),
        )
        return
    with st.container(border=True):
        st.markdown(t("**Which labels are suspicious?**"))
        st.write(
            t(
                "A model knows the images it was trained on by heart, so it is asked about "
                "images it has not seen: the same recipe is trained five times, each time "
                "without a fifth of them, and answers for those."
            )
        )
        run_id = pickers.one(t("Run"), {run.id: names.run(run) for run in runs}, "suspect_run")
        about = text.duration(crossvalidating.estimate(ws, run_id))
        if st.button(
            t("Find suspects, about {about}", about=about),
            key="find-suspects",
            type="primary",
            icon=":material/flag:",
        ):
            crossvalidating.submit_crossval(ws, run_id, over="all")
            st.rerun()
        st.caption(messages.inline(messages.capitalise(f"{reason.what}.")))


def _suspects(ws: Workspace, dataset: Dataset) -> None:
    found = label_evidence.suspects(ws, dataset.id)
    rows = found["suspects"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            tn(
                "**{n:,} label of {n_images:,} are suspicious.** Not all of them are wrong: a "
                "person has to look.",
                "**{n:,} labels of {n_images:,} are suspicious.** Not all of them are wrong: a "
                "person has to look.",
                len(rows),
                n_images=found["n_images"],
            ),
            width="stretch",
        )
        st.button(
            t("Review the suspects"),
            key="review-suspects",
            type="primary",
            icon=":material/rate_review:",
            disabled=not rows,
            on_click=review_start.go,
            args=("suspects",),
        )
    st.caption(
        t(
            "Confident learning (Northcutt et al. 2021) on out-of-fold answers of {run}, "
            "the most suspicious first. Under each image: what the model says instead, and "
            "how sure it is.",
            run=found["run"],
        )
    )
    gallery.gallery(
        ws,
        dataset,
        [row["position"] for row in rows],
        f"suspects-{dataset.id}-{found['run']}",
        subs=[f"→ {row['suggested']} {text.percent(row['confidence'], 0)}" for row in rows],
        page_size=_PAGE_SIZE,
        empty=t("No label stands out."),
    )
    if rows:
        with st.expander(t("All suspects as a table"), icon=":material/table_rows:"):
            st.dataframe(
                tables.written(_readable(rows), _WRITTEN),
                hide_index=True,
                column_order=list(_columns()),
                column_config=_columns(),
                alt=t("The suspected label errors"),
            )
    st.subheader(t("Labels that overlap"), anchor=False)
    _overlap(ws, dataset)


_WRITTEN: tables.Writing = dict.fromkeys(("score", "confidence"), tables.digits(3))


def _readable(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame([{**row, "split": t(names.SPLITS[row["split"]])} for row in rows])


def _columns() -> dict[str, Any]:
    """Return what the columns of the table of suspects are called, in their order."""
    return {
        "label": t("Label given"),
        "suggested": st.column_config.TextColumn(
            t("Suggested"), help=t("What the model says instead")
        ),
        "score": st.column_config.NumberColumn(
            t("Suspicion"),
            help=t("1 less the probability of the label given; out-of-fold"),
        ),
        "confidence": st.column_config.NumberColumn(
            t("Confidence"),
            help=t("Calibrated probability of the suggested label"),
        ),
        "split": t("Split"),
        "path": t("File"),
    }


def _overlap(ws: Workspace, dataset: Dataset) -> None:
    pairs = [row for row in label_evidence.overlap(ws, dataset.id) if row["n_images"] >= 1]
    if not pairs:
        st.caption(t("No two labels are given for each other."))
        return
    st.dataframe(
        tables.written(
            pd.DataFrame([{**row, "labels": f"{row['a']} / {row['b']}"} for row in pairs]),
            {"n_images": lambda n: text.number(n, ",.0f"), "share": text.percent},
        ),
        hide_index=True,
        column_order=["labels", "n_images", "share"],
        column_config={
            "labels": t("Labels"),
            "n_images": st.column_config.NumberColumn(
                t("Images, estimated"),
                help=t("How many images have one of the two labels where the other is right"),
            ),
            "share": st.column_config.NumberColumn(
                t("Of all images"), help=t("The same as a share of the data set")
            ),
        },
        alt=t("Pairs of labels that are given for each other"),
    )
    with st.container(horizontal=True):
        st.button(
            t("Review {pair}", pair=messages.plain(f"{pairs[0]['a']} / {pairs[0]['b']}")),
            key="review-overlap",
            icon=":material/rate_review:",
            on_click=_review_pair,
            args=(pairs[0]["a"], pairs[0]["b"]),
        )
        st.page_link(
            "pages/classes.py", label=t("Should they be one class?"), icon=":material/merge:"
        )


def _review_pair(a: str, b: str) -> None:
    """Go to the queue of two labels; a callback."""
    state.set_widget("review_a", a)
    state.set_widget("review_b", b)
    review_start.go("pair")


def _twins(ws: Workspace, dataset: Dataset) -> None:
    backbone = embedding.backbones()[0]["name"]
    if embedding.embedding_status(ws, dataset.id, backbone) is None:
        st.caption(t("Embed the images on Explore to find them."))
        return
    min_cosine = st.slider(
        t("Cosine similarity from"),
        0.80,
        0.99,
        0.95,
        0.01,
        key="twin_cosine",
        bind="query-params",
        width=300,
        help=t("Of the embeddings of two images: 1 is the same direction."),
    )
    found = cached.twins(ws, dataset.id, min_cosine)
    st.caption(
        tn(
            "{n:,} pair of images with different labels, side by side, the most alike first (at "
            "most 200).",
            "{n:,} pairs of images with different labels, side by side, the most alike first (at "
            "most 200).",
            len(found),
        )
    )
    if found:
        side_by_side = both(found)
        gallery.gallery(
            ws,
            dataset,
            [position for position, _ in side_by_side],
            f"twins-{dataset.id}-{min_cosine}",
            subs=[sub for _, sub in side_by_side],
            page_size=_PAGE_SIZE,
        )
        st.button(
            t("Review these images"),
            key="review-twins",
            icon=":material/rate_review:",
            on_click=_review_twins,
            args=(dataset, sorted({position for position, _ in side_by_side})),
        )


def both(pairs: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """Return the two images of each pair one after the other, with the number of their pair."""
    return [
        (position, t("pair {number}, cosine {cosine:.3f}", number=number, cosine=pair["cosine"]))
        for number, pair in enumerate(pairs, start=1)
        for position in pair["positions"]
    ]


def _review_twins(dataset: Dataset, positions: list[int]) -> None:
    """Go to the queue of marked images with these; a callback."""
    explore_map.mark_images(dataset, positions)
    review_start.go("selection")
