"""The Suspects tab: labels that are probably wrong, twins named apart, labels that overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import NotReady
from core.language import text
from core.records import Dataset
from core.services.data import embedding
from core.services.labels import label_evidence
from core.services.runs import crossvalidating
from core.services.workspace import Workspace
from pages.parts import explore_map, review_start
from pages.ui import cached, gallery, job_panel, messages, names, pickers, shell, state

_PAGE_SIZE = 24
_COLUMNS: dict[str, Any] = {
    "label": "Label given",
    "suggested": st.column_config.TextColumn("Suggested", help="What the model says instead"),
    "score": st.column_config.NumberColumn(
        "Suspicion", format="%.3f", help="1 less the probability of the label given; out-of-fold"
    ),
    "confidence": st.column_config.NumberColumn(
        "Confidence", format="%.3f", help="Calibrated probability of the suggested label"
    ),
    "split": "Split",
    "path": "File",
}


def tab(ws: Workspace, dataset: Dataset) -> None:
    """Draw the suspects, or the job that finds them; then what needs no model."""
    st.caption(
        "What this tab shows gives labels away. Whoever reviews should take the queue instead."
    )
    if job_panel.show(ws, job_panel.latest(ws, "crossval", dataset.id)):
        st.caption("When it is done, the suspects stand here.")
    else:
        try:
            _suspects(ws, dataset)
        except NotReady as reason:
            _offer(ws, dataset, reason)
    st.subheader("Nearly the same image, another label", anchor=False)
    _twins(ws, dataset)


def _offer(ws: Workspace, dataset: Dataset, reason: NotReady) -> None:
    """Offer the trainings that tell suspects, or say that a run is missing."""
    runs = label_evidence.usable_runs(ws, dataset.id)
    if not runs:
        shell.missing(
            "No model can judge these labels yet.",
            "Train a probe on the labels as they are: it takes seconds.",
            "pages/train.py",
            "Train a probe",
        )
        return
    with st.container(border=True):
        st.markdown("**Which labels are suspicious?**")
        st.write(
            "A model knows the images it was trained on by heart, so it is asked about images it "
            "has not seen: the same recipe is trained five times, each time without a fifth of "
            "them, and answers for those."
        )
        run_id = pickers.one("Run", {run.id: names.run(run) for run in runs}, "suspect_run")
        about = text.duration(crossvalidating.estimate(ws, run_id))
        if st.button(
            f"Find suspects, about {about}",
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
            f"**{text.count(len(rows), 'label')} of {found['n_images']:,} are suspicious.** "
            "Not all of them are wrong: a person has to look.",
            width="stretch",
        )
        st.button(
            "Review the suspects",
            key="review-suspects",
            type="primary",
            icon=":material/rate_review:",
            disabled=not rows,
            on_click=review_start.go,
            args=("suspects",),
        )
    st.caption(
        f"Confident learning (Northcutt et al. 2021) on out-of-fold answers of {found['run']}, the "
        "most suspicious first. Under each image: what the model says instead, and how sure it is."
    )
    gallery.gallery(
        ws,
        dataset,
        [row["position"] for row in rows],
        f"suspects-{dataset.id}-{found['run']}",
        subs=[f"→ {row['suggested']} {text.percent(row['confidence'], 0)}" for row in rows],
        page_size=_PAGE_SIZE,
        empty="No label stands out.",
    )
    if rows:
        with st.expander("All suspects as a table", icon=":material/table_rows:"):
            st.dataframe(
                pd.DataFrame(rows),
                hide_index=True,
                column_order=list(_COLUMNS),
                column_config=_COLUMNS,
                alt="The suspected label errors",
            )
    st.subheader("Labels that overlap", anchor=False)
    _overlap(ws, dataset)


def _overlap(ws: Workspace, dataset: Dataset) -> None:
    pairs = [row for row in label_evidence.overlap(ws, dataset.id) if row["n_images"] >= 1]
    if not pairs:
        st.caption("No two labels are given for each other.")
        return
    st.dataframe(
        pd.DataFrame([{**row, "labels": f"{row['a']} / {row['b']}"} for row in pairs]),
        hide_index=True,
        column_order=["labels", "n_images", "share"],
        column_config={
            "labels": "Labels",
            "n_images": st.column_config.NumberColumn(
                "Images, estimated",
                format="%.0f",
                help="How many images have one of the two labels where the other is right",
            ),
            "share": st.column_config.NumberColumn(
                "Of all images", format="percent", help="The same as a share of the data set"
            ),
        },
        alt="Pairs of labels that are given for each other",
    )
    with st.container(horizontal=True):
        st.button(
            messages.plain(f"Review {pairs[0]['a']} / {pairs[0]['b']}"),
            key="review-overlap",
            icon=":material/rate_review:",
            on_click=_review_pair,
            args=(pairs[0]["a"], pairs[0]["b"]),
        )
        st.page_link("pages/classes.py", label="Should they be one class?", icon=":material/merge:")


def _review_pair(a: str, b: str) -> None:
    """Go to the queue of two labels; a callback."""
    state.set_widget("review_a", a)
    state.set_widget("review_b", b)
    review_start.go("pair")


def _twins(ws: Workspace, dataset: Dataset) -> None:
    backbone = embedding.backbones()[0]["name"]
    if embedding.embedding_status(ws, dataset.id, backbone) is None:
        st.caption("Embed the images on Explore to find them.")
        return
    min_cosine = st.slider(
        "Cosine similarity from",
        0.80,
        0.99,
        0.95,
        0.01,
        key="twin_cosine",
        bind="query-params",
        width=300,
        help="Of the embeddings of two images: 1 is the same direction.",
    )
    found = cached.twins(ws, dataset.id, min_cosine)
    st.caption(
        f"{text.count(len(found), 'pair')} of images with different labels, side by side, the most "
        "alike first (at most 200)."
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
            "Review these images",
            key="review-twins",
            icon=":material/rate_review:",
            on_click=_review_twins,
            args=(dataset, sorted({position for position, _ in side_by_side})),
        )


def both(pairs: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """Return the two images of each pair one after the other, with the number of their pair."""
    return [
        (position, f"pair {number}, cosine {pair['cosine']:.3f}")
        for number, pair in enumerate(pairs, start=1)
        for position in pair["positions"]
    ]


def _review_twins(dataset: Dataset, positions: list[int]) -> None:
    """Go to the queue of marked images with these; a callback."""
    explore_map.mark_images(dataset, positions)
    review_start.go("selection")
