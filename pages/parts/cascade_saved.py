"""The cascades that were saved, and where to try and to export them."""

from __future__ import annotations

import streamlit as st

from core.language import t, text
from core.records import CascadeRecord, Dataset
from core.services.cascades import saving
from core.services.workspace import Workspace
from pages.ui import messages, names


def show(ws: Workspace, dataset: Dataset) -> None:
    """Draw what each saved cascade reached on test, the newest first."""
    saved = saving.all_of(ws, dataset.id)
    if saved:
        st.subheader(t("Saved cascades"), anchor=False)
    for record in saved:
        _one(record)


def _one(record: CascadeRecord) -> None:
    test = record.report["test"]
    chosen_by = "tuned on validation" if record.tau_from == "validation" else "set by hand"
    person = record.plan["person"]
    promise = record.plan["promise"]
    with st.container(border=True):
        st.markdown(
            f"**{messages.plain(names.cascade(record))}** · {chosen_by}, "
            f"{text.ago(record.created_at)}"
        )
        asks = f", {text.percent(test['person_rate'])} left to a person" if person else ""
        st.caption(
            f"Test accuracy {text.percent(test['accuracy'])} "
            f"({text.interval(test['accuracy_ci'])}) on {text.count(test['n_answered'], 'answer')}"
            f", {text.points(test['gain'])} against the generalist alone, "
            f"{text.percent(test['deferral_rate'])} deferred{asks}."
        )
        if promise:
            st.caption(messages.inline(promise["sentence"]))
        st.page_link(
            "pages/predict.py",
            label=t("Try it on an image, or export it"),
            icon=":material/image_search:",
            query_params={"model": names.cascade(record)},
        )
