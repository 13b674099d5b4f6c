"""The Files tab: reviews and labels in and out as CSV, Parquet or Label Studio's JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st

from core.language import keep, phrase, say, t, tn
from core.records import Dataset
from core.services.labels import label_files, label_sets, votes
from core.services.workspace import Workspace
from pages.ui import messages, names, pickers, state

_MIMES = {"csv": "text/csv", "parquet": "application/octet-stream", "json": "application/json"}
_KINDS = {"csv": "CSV", "parquet": "Parquet", "json": phrase("Label Studio JSON")}
_MEGABYTES = 200
_IMPORTED = "imported-reviews"  # draft: what the last import did


def tab(ws: Workspace, dataset: Dataset) -> None:
    """Draw what can be taken along, and what can be brought."""
    out, back = st.columns(2, gap="large")
    with out:
        st.subheader(t("Take along"), anchor=False)
        with messages.guard():
            _reviews(ws, dataset)
            _labels(ws, dataset)
    with back:
        st.subheader(t("Bring"), anchor=False)
        _bring(ws, dataset)


def _reviews(ws: Workspace, dataset: Dataset) -> None:
    its = votes.votes_of(ws, dataset.id)
    st.markdown(
        t(
            "**All answers**: {labels} by {people}",
            labels=tn("{n:,} label", "{n:,} labels", its.n_reviews),
            people=tn("{n:,} person", "{n:,} people", len(its.reviewers)),
        )
    )
    st.caption(
        t(
            "Image, file, reviewer, label, time, note and the rest; what was taken back is "
            "left out. In a CSV no text begins like a formula."
        )
    )
    with st.container(horizontal=True):
        for kind, title in _KINDS.items():
            _download(
                title,
                f"{dataset.name}-reviews.{kind}",
                lambda path: label_files.export_reviews(ws, dataset.id, path),
                disabled=not its.last_seq,
            )


def _labels(ws: Workspace, dataset: Dataset) -> None:
    sets = {s.id: names.label_set(s) for s in label_sets.list_label_sets(ws, dataset.id)}
    chosen = pickers.one(
        t("One label an image"),
        {label_sets.ORIGINAL: t(names.AS_IMPORTED), **sets},
        "export_labels",
    )
    stem = "labels" if chosen == label_sets.ORIGINAL else sets[chosen].replace("@", "-")
    with st.container(horizontal=True):
        for kind in ("csv", "parquet"):
            _download(
                _KINDS[kind],
                f"{dataset.name}-{stem}.{kind}",
                lambda path: label_files.export_labels(ws, dataset.id, path, labels=chosen),
            )
    st.caption(
        t(
            "As class folders with splits, for any other trainer: `python -m core labels "
            "export DATASET FOLDER --labels NAME`."
        )
    )


def _download(
    title: str, file_name: str, write: Callable[[Path], int], *, disabled: bool = False
) -> None:
    """Offer a file that is written when it is asked for."""
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in file_name)

    def made() -> bytes:
        with TemporaryDirectory() as folder:
            path = Path(folder) / safe
            write(path)
            return path.read_bytes()

    st.download_button(
        title,
        made,
        file_name=safe,
        mime=_MIMES[safe.rpartition(".")[2]],
        key=f"download-{safe}",
        on_click="ignore",
        disabled=disabled,
        icon=":material/download:",
    )


def _bring(ws: Workspace, dataset: Dataset) -> None:
    """Read a file of reviews, all of it or nothing, and say what became of it."""
    if done := state.draft(_IMPORTED):
        _told(done)
    given = st.file_uploader(
        t("Reviews from elsewhere"),
        type=list(_KINDS),
        key=f"reviews-file-{dataset.id}",
        max_upload_size=_MEGABYTES,
        help=t(
            "The columns image, reviewer, label and maybe time, note; or what Label Studio "
            "exports as JSON. An image is named by its id, its path or its file name."
        ),
    )
    st.caption(
        t(
            "Either the whole file is read or nothing. Reading a file twice changes "
            "nothing. Labels must be among {labels}.",
            labels=messages.plain(names.listing(dataset.labels)),
        )
    )
    if given is None:
        return
    if st.button(t("Read these reviews"), key="read-reviews", icon=":material/upload:"):
        with messages.guard() as outcome, st.spinner(t("Reading …")):
            state.set_draft(_IMPORTED, label_files.add_reviews(ws, dataset.id, given.name, given))
        if outcome.ok:
            st.rerun()


def _told(done: Mapping[str, Any]) -> None:
    st.success(
        t(
            "{reviews} by {people} on {images}; {n_known:,} were known.",
            reviews=tn("{n:,} new review", "{n:,} new reviews", done["n_new"]),
            people=tn("{n:,} person", "{n:,} people", done["n_reviewers"]),
            images=tn("{n:,} image", "{n:,} images", done["n_images"]),
            n_known=done["n_reviews"] - done["n_new"],
        ),
        icon=":material/check_circle:",
    )
    if done["n_skipped"]:
        with st.expander(tn("{n:,} row left out", "{n:,} rows left out", done["n_skipped"])):
            st.dataframe(
                [
                    {t("row"): row["row"], t("reason"): say(keep(row["reason"]))}
                    for row in done["skipped"]
                ],
                hide_index=True,
                alt=t("Rows left out"),
            )
