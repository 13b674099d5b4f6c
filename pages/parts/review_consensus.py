"""The Consensus tab: three ways to make one label of all answers, side by side; save one."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from core.errors import AppError, NotReady
from core.language import phrase, t, text, tn
from core.records import Dataset
from core.services.labels import label_preview, label_work, votes
from core.services.labels.label_preview import Preview
from core.services.workspace import Workspace
from pages.parts import review_decide, review_images, review_sets, review_start, tables
from pages.ui import cached, messages, names, pickers, state

TITLES = {"crowdlab": "CROWDLAB", "majority": phrase("Majority"), "dawid_skene": "Dawid-Skene"}
_WHAT = {
    "crowdlab": phrase(
        "Reviewers and a model, each trusted as far as it agrees with the rest (Goh et al. "
        "2022). The best choice for two to five people an image."
    ),
    "majority": phrase("The label with most votes. Simple, and often good enough."),
    "dawid_skene": phrase(
        "Learns how each reviewer confuses labels (1979). Needs many answers a person, "
        "and is not better than the majority by itself."
    ),
}


def tab(ws: Workspace, dataset: Dataset) -> None:
    """Draw the methods, what stays open, and the label sets that were saved."""
    if votes.reviews_version(ws, dataset.id):
        who = review_start.name_field()
        review_start.recall_reviewer(who)
        found = _previews(ws, dataset)
        _cards(found)
        able = {method: its for method, its in found.items() if isinstance(its, Preview)}
        if able:
            _chosen(ws, dataset, able, who)
    else:
        with st.container(border=True):
            st.markdown(t("**Nobody has reviewed anything yet.**"))
            st.write(t("One label of several people needs answers of several people."))
            st.button(
                t("Review the random sample"),
                key="consensus-random",
                icon=":material/casino:",
                on_click=review_start.go,
                args=("random",),
            )
    st.subheader(t("Label sets"), anchor=False)
    review_sets.saved(ws, dataset)


def _previews(ws: Workspace, dataset: Dataset) -> dict[str, Preview | AppError]:
    """Return what each method would do, or why it cannot do anything."""
    version = label_preview.version(ws, dataset.id)
    found: dict[str, Preview | AppError] = {}
    for method in TITLES:
        try:
            found[method] = cached.consensus(ws, dataset.id, method, version)
        except AppError as reason:
            found[method] = reason
    return found


def _cards(found: Mapping[str, Preview | AppError]) -> None:
    with st.grid(3, min_column_width=230):
        for method, its in found.items():
            with st.container(border=True, height="stretch", gap="small"):
                st.markdown(f"**{t(TITLES[method])}**")
                if isinstance(its, Preview):
                    _change(its)
                else:
                    _cannot(its)
                st.caption(t(_WHAT[method]))


def _change(its: Preview) -> None:
    """Draw how many labels a method would change, and how sure it is."""
    st.metric(
        t("Labels that change"),
        text.number(its.n_changed),
        help=t(
            "Of {n_reviewed:,} images that somebody labelled; what was decided counts as decided.",
            n_reviewed=its.n_reviewed,
        ),
    )
    st.markdown(
        t(
            ":small[Mean quality {quality:.1%} · {open}]",
            quality=its.mean_quality,
            open=tn("{n:,} image open", "{n:,} images open", its.n_open),
        ),
        help=t(
            "Quality: how sure the method is of its label. Open: people disagree, the label "
            "is less sure than 70 %, and nobody has decided. Each method has its own idea "
            "of quality: compare what changes, not these shares."
        ),
    )


def _cannot(reason: AppError) -> None:
    """Say what a method lacks, and where to get it."""
    st.markdown(f":small[{messages.inline(messages.capitalise(reason.what))}.]")
    if isinstance(reason, NotReady):
        st.button(
            t("Find suspects first"),
            key="consensus-suspects",
            icon=":material/flag:",
            on_click=state.set_widget,
            args=(review_start.VIEW, t(review_start.SUSPECTS)),
            help=t("The same trainings answer for the images here."),
        )


def _chosen(ws: Workspace, dataset: Dataset, found: Mapping[str, Preview], who: str) -> None:
    its = found[pickers.words(t("Look at"), {m: TITLES[m] for m in found}, "consensus_method")]
    _save(ws, dataset, its, who)
    with st.expander(
        tn("The {n:,} label that change", "The {n:,} labels that change", its.n_changed)
    ):
        review_images.images(
            ws,
            dataset,
            label_preview.changed(ws, dataset.id, its.labels),
            f"changes-{its.method}",
            empty=t("No label changes."),
        )
    with st.expander(t("How far each reviewer is trusted")):
        _reviewers(its)
    st.subheader(t("What stays open"), anchor=False)
    review_decide.panel(ws, dataset, its.quality, who)


def _reviewers(its: Preview) -> None:
    rows = sorted(its.reviewer_quality.items(), key=lambda row: -row[1])
    st.dataframe(
        tables.written(
            pd.DataFrame(rows, columns=["reviewer", "quality"]), {"quality": text.percent}
        ),
        hide_index=True,
        column_config={
            "reviewer": t("Reviewer"),
            "quality": st.column_config.NumberColumn(
                t("Quality"),
                help=t("How often this method takes them to be right"),
            ),
        },
        alt=t("Quality of each reviewer"),
    )
    if its.model_weight is not None:
        st.caption(
            t(
                "The model ({run}) weighs {model_weight:.2f} where a reviewer weighs 1 on average.",
                run=its.run,
                model_weight=its.model_weight,
            )
        )


def _save(ws: Workspace, dataset: Dataset, its: Preview, who: str) -> None:
    """Save the labels under a name; a known name gets a new version."""
    with st.form("save-label-set", border=True):
        first, second = st.columns([3, 5], vertical_alignment="bottom")
        name = first.text_input(
            t("Name"),
            key="label_set_name",
            placeholder=t("consensus"),
            max_chars=64,
            help=t(
                "A name that exists gets a new version; the older ones stay. The labels of "
                "the import are never changed."
            ),
        )
        pressed = second.form_submit_button(
            t("Save the {method} labels", method=t(TITLES[its.method])),
            type="primary",
            icon=":material/save:",
        )
    if not pressed:
        return
    with messages.guard() as outcome:
        record = label_work.consensus(
            ws,
            dataset.id,
            method=its.method,
            name=name.strip() or "consensus",
            run_id=its.run,
            who=who,
        )
        state.flash(t("Saved {record}.", record=messages.plain(names.label_set(record))))
    if outcome.ok:
        st.rerun()
