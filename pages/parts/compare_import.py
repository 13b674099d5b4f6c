"""Compare, models from elsewhere: their predictions come in as a file and take part."""

from __future__ import annotations

import streamlit as st

from core.language import t, tn
from core.records import Dataset
from core.services.classes import mapping
from core.services.labels import label_sets
from core.services.runs import adopting
from core.services.workspace import Workspace
from pages.ui import messages, names, state

_MEGABYTES = 1000
_DONE = "imported-predictions"  # draft: what the last import did
_LABELS = "labels"


def show(ws: Workspace, dataset: Dataset) -> None:
    """Draw the form, and what the last file brought."""
    with st.expander(t("Bring a model that was trained elsewhere"), icon=":material/upload_file:"):
        st.caption(
            t(
                "A CSV or Parquet file with one row for each validation and test image: a column "
                "image (id, path or file name), and for each class a column p_CLASS with its "
                "probability. The file that *Review, Files* exports lists the images; a file of "
                "two classes only becomes an expert. Training images are left out: a model knows "
                "them by heart."
            )
        )
        with st.form("import-predictions", border=False), messages.guard():
            _form(ws, dataset)
        _told()


def _form(ws: Workspace, dataset: Dataset) -> None:
    file = st.file_uploader(
        t("Predictions"),
        type=["csv", "tsv", "parquet"],
        key=f"predictions-{state.draft(_DONE, {}).get('n', 0)}",
        max_upload_size=_MEGABYTES,
    )
    left, right = st.columns(2)
    name = left.text_input(
        t("Name of the model"),
        key="predictions-name",
        max_chars=64,
        placeholder=t("ResNet-50, March"),
        help=t("What it is called on the leaderboard and in the report."),
    )
    maps = {r.id: names.class_map(r) for r in mapping.list_class_maps(ws, dataset.id)}
    class_map = right.selectbox(
        t("Its classes"),
        [_LABELS, *maps],
        format_func=lambda i: maps.get(i, t(names.AS_LABELLED)),
        key="predictions-map",
        help=t("Whose classes the columns of the file are."),
    )
    sets = {s.id: names.label_set(s) for s in label_sets.list_label_sets(ws, dataset.id)}
    labels = left.selectbox(
        t("Measured by"),
        [label_sets.ORIGINAL, *sets],
        format_func=lambda i: sets.get(i, t(names.AS_IMPORTED)),
        key="predictions-labels",
        help=t("The labels that its own figures and its temperature stand on."),
    )
    duration = right.number_input(
        t("Training time in seconds, if known"),
        min_value=0.0,
        value=None,
        key="predictions-s",
        help=t("Shown on the leaderboard beside the others'."),
    )
    if not st.form_submit_button(
        t("Add to the leaderboard"), icon=":material/add:", type="primary"
    ):
        return
    if file is None:
        st.warning(t("Choose a file first."), icon=":material/upload_file:")
        return
    with st.spinner(t("Reading the predictions …")):
        found = adopting.add_predictions(
            ws,
            dataset.id,
            file.name,
            file,
            adopting.Origin(name.strip(), duration_s=duration),
            class_map=None if class_map == _LABELS else class_map,
            labels=labels,
        )
    n = state.draft(_DONE, {}).get("n", 0) + 1
    state.set_draft(_DONE, {**found, "n": n})
    st.rerun()


def _told() -> None:
    """Say what the last file brought, and which of its rows were not used."""
    found = state.draft(_DONE)
    if not found:
        return
    st.success(
        tn(
            "{name} is {run}: {n:,} row read, accuracy {accuracy:.1%} on {n_test:,} test images.",
            "{name} is {run}: {n:,} rows read, accuracy {accuracy:.1%} on {n_test:,} test images.",
            found["n_images"],
            name=messages.plain(found["name"]),
            run=found["run"],
            accuracy=found["test"]["accuracy"],
            n_test=found["test"]["n_images"],
        ),
        icon=":material/check:",
    )
    if found["n_skipped"]:
        st.caption(
            tn(
                "{n:,} row not used, about images that this data set does not have.",
                "{n:,} rows not used, about images that this data set does not have.",
                found["n_skipped"],
            )
        )
        st.dataframe(found["skipped"], hide_index=True, alt=t("Rows that were not used"))
