"""Saved label sets: who made which of what, what they change, and what to do with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.language import t, text, tn
from core.records import Dataset, LabelSet
from core.services.labels import label_sets, label_truth, settling
from core.services.workspace import Workspace
from pages.ui import gallery, meaning, messages, names

_N_SHOWN = 5


def saved(ws: Workspace, dataset: Dataset) -> None:
    """List the label sets, newest first."""
    found = label_sets.list_label_sets(ws, dataset.id)
    if not found:
        st.caption(t("None yet. Save one above; a model can then be trained on it."))
    for record in found[:_N_SHOWN]:
        _card(ws, dataset, record)
    if len(found) > _N_SHOWN:
        with st.expander(tn("{n} older version", "{n} older versions", len(found) - _N_SHOWN)):
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
    figures: dict[str, Any] = {
        "method": t(settling.TITLES.get(method, method)),
        "labels": tn("{n:,} label", "{n:,} labels", origin["n_reviews"]),
        "people": tn("{n:,} person", "{n:,} people", origin["n_reviewers"]),
        "images": tn("{n:,} image", "{n:,} images", origin["n_reviewed_images"]),
    }
    if origin.get("run"):
        return t(
            "{method} of {labels} by {people} on {images}, with {run}", run=origin["run"], **figures
        )
    return t("{method} of {labels} by {people} on {images}", **figures)


def _card(ws: Workspace, dataset: Dataset, record: LabelSet) -> None:
    changes = label_sets.changes(ws, dataset.id, label_sets.ORIGINAL, record.id)
    with st.container(border=True, gap="xsmall"):
        changed = tn(
            "{n:,} label of {n_images:,} changed",
            "{n:,} labels of {n_images:,} changed",
            len(changes),
            n_images=dataset.n_images,
        )
        made = text.ago(record.created_at)
        by = (
            t("saved {made} by {who}", made=made, who=messages.plain(record.who))
            if record.who
            else t("saved {made}", made=made)
        )
        st.markdown(f"**{messages.plain(names.label_set(record))}** · {changed} · :small[{by}]")
        st.caption(messages.plain(messages.capitalise(made_of(record.origin)) + "."))
        _known_truth(ws, dataset, record)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                "pages/train.py",
                label=t("Train on these labels"),
                icon=":material/model_training:",
                query_params={"labels": names.label_set(record)},
            )
        if len(changes):
            box = st.expander(t("The changed images"), key=f"set-{record.id}", on_change="rerun")
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
        t(
            "These images are drawn, so the truth is known: **{before:.1%}** of the labels "
            "were right before, **{after:.1%}** are now: {difference}, 95 % interval {ci}.",
            before=found.before,
            after=found.after,
            difference=text.points(found.difference),
            ci=meaning.spread(found.ci),
        ),
        help=tn(
            "On all {n:,} image of every split, paired.",
            "On all {n:,} images of every split, paired.",
            found.n_images,
        ),
    )
