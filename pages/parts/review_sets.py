"""Saved label sets: who made which of what, what they change, and what to do with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.language import text
from core.records import Dataset, LabelSet
from core.services.labels import label_sets, label_truth
from core.services.workspace import Workspace
from pages.ui import gallery, meaning, messages, names

_N_SHOWN = 5
_METHODS = {"crowdlab": "CROWDLAB", "majority": "majority", "dawid_skene": "Dawid-Skene"}


def saved(ws: Workspace, dataset: Dataset) -> None:
    """List the label sets, newest first."""
    found = label_sets.list_label_sets(ws, dataset.id)
    if not found:
        st.caption("None yet. Save one above; a model can then be trained on it.")
    for record in found[:_N_SHOWN]:
        _card(ws, dataset, record)
    if len(found) > _N_SHOWN:
        with st.expander(f"{len(found) - _N_SHOWN} older versions"):
            for record in found[_N_SHOWN:]:
                _card(ws, dataset, record)


def made_of(origin: Mapping[str, Any]) -> str:
    """Return "CROWDLAB of 1,050 labels by 3 people on 350 images, with run-0123456789ab".

    >>> made_of({"method": "majority", "n_reviews": 4, "n_reviewers": 2, "n_reviewed_images": 2})
    'majority of 4 labels by 2 people on 2 images'
    """
    method = str(origin.get("method", ""))
    if "n_reviews" not in origin:
        return method
    words = (
        f"{_METHODS.get(method, method)} of {text.count(origin['n_reviews'], 'label')} by "
        f"{text.count(origin['n_reviewers'], 'person', 'people')} on "
        f"{text.count(origin['n_reviewed_images'], 'image')}"
    )
    return words + (f", with {origin['run']}" if origin.get("run") else "")


def _card(ws: Workspace, dataset: Dataset, record: LabelSet) -> None:
    changes = label_sets.changes(ws, dataset.id, label_sets.ORIGINAL, record.id)
    with st.container(border=True, gap="xsmall"):
        who = f" by {record.who}" if record.who else ""
        st.markdown(
            f"**{messages.plain(names.label_set(record))}** · "
            f"{text.count(len(changes), 'label')} of {dataset.n_images:,} changed · "
            f":small[saved {text.ago(record.created_at)}{messages.plain(who)}]"
        )
        st.caption(messages.plain(messages.capitalise(made_of(record.origin)) + "."))
        _known_truth(ws, dataset, record)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                "pages/train.py",
                label="Train on these labels",
                icon=":material/model_training:",
                query_params={"labels": names.label_set(record)},
            )
        if len(changes):
            box = st.expander("The changed images", key=f"set-{record.id}", on_change="rerun")
            if box.open:
                with box:
                    gallery.gallery(
                        ws,
                        dataset,
                        [int(p) for p in changes["position"]],
                        f"set-images-{record.id}",
                        subs=[f"→ {label}" for label in changes["after"]],
                        page_size=24,
                    )


def _known_truth(ws: Workspace, dataset: Dataset, record: LabelSet) -> None:
    """Where the truth is known, say how many labels are right now."""
    found = label_truth.label_accuracy(ws, dataset.id, record.id)
    if found is None:
        return
    st.markdown(
        f"These images are drawn, so the truth is known: **{text.percent(found.before)}** of the "
        f"labels were right before, **{text.percent(found.after)}** are now: "
        f"{text.points(found.difference)}, 95 % interval {meaning.spread(found.ci)}.",
        help=f"On all {text.count(found.n_images, 'image')} of every split, paired.",
    )
