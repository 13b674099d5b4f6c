"""The cascades that were saved, and where to try and to export them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.language import t, text, tn
from core.records import CascadeRecord, Dataset
from core.services.cascades import guaranteeing, saving
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
    tuned = record.tau_from == "validation"
    chosen_by = t("tuned on validation") if tuned else t("set by hand")
    person = record.plan["person"]
    promise = record.plan["promise"]
    with st.container(border=True):
        st.markdown(
            f"**{messages.plain(names.cascade(record))}** · {chosen_by}, "
            f"{text.ago(record.created_at)}"
        )
        st.caption(_figures(test, bool(person)))
        if promise:
            st.caption(messages.inline(guaranteeing.sentence(promise)))
        st.page_link(
            "pages/predict.py",
            label=t("Try it on an image, or export it"),
            icon=":material/image_search:",
            query_params={"model": names.cascade(record)},
        )


def _figures(test: Mapping[str, Any], asks_a_person: bool) -> str:
    """Say what a saved cascade reached on test."""
    figures = {
        "accuracy": test["accuracy"],
        "accuracy_ci": text.interval(test["accuracy_ci"]),
        "answers": tn("{n:,} answer", "{n:,} answers", test["n_answered"]),
        "gain": text.points(test["gain"]),
        "deferred": test["deferral_rate"],
    }
    if not asks_a_person:
        return t(
            "Test accuracy {accuracy:.1%} ({accuracy_ci}) on {answers}, {gain} against the "
            "generalist alone, {deferred:.1%} deferred.",
            **figures,
        )
    return t(
        "Test accuracy {accuracy:.1%} ({accuracy_ci}) on {answers}, {gain} against the generalist "
        "alone, {deferred:.1%} deferred, {person:.1%} left to a person.",
        **figures,
        person=test["person_rate"],
    )
