"""How well can these classes be told apart? Configure a training, watch it learn.

For whoever trains models.
"""

from __future__ import annotations

import streamlit as st

from core.errors import NotReady
from core.language import t, tn
from core.services.classes import mapping
from core.services.data import embedding
from core.services.runs import training
from pages.parts import train_cost, train_form, train_jobs, train_preview
from pages.ui import job_panel, messages, shell, state

ctx = shell.enter(
    t("Train"), t("How well can these classes be told apart? Train a model and watch it learn.")
)
ws, dataset = ctx.ws, ctx.dataset

left, right = st.columns([2, 3], gap="large")
with left:
    algorithm = train_form.choose_algorithm(training.algorithms())
    class_map, pair = train_form.choose_question(
        ws, dataset, mapping.list_class_maps(ws, dataset.id)
    )
    labels = train_form.choose_labels(ws, dataset)
    on_embeddings = algorithm["input"] == "embedding"
    backbone = train_form.choose_backbone() if on_embeddings else embedding.backbones()[0]["name"]
    with st.grid(2, min_column_width=130):
        seeds = train_form.choose_seeds()
        time_budget_min = train_form.choose_time_budget()
    options = train_form.choose_options(algorithm)

request = training.TrainRequest(
    dataset=dataset.id,
    algorithm=algorithm["name"],
    class_map=class_map,
    labels=labels,
    pair=pair,
    seeds=seeds,
    backbone=backbone,
    options=options,
    time_budget_min=time_budget_min,
)


def submit() -> None:
    """Draw what would be trained and the button that does it."""
    planned = training.planned_runs(ws, request)
    n_new = sum(not exists for _, exists in planned)
    n_known = len(planned) - n_new
    if n_known:
        known = (
            t("This run exists already: same data, options and seed.")
            if len(planned) == 1
            else t(
                "{n_known} of {n_planned} exist already: same data, options and seed.",
                n_known=n_known,
                n_planned=len(planned),
            )
        )
        st.info(known, icon=":material/inventory_2:")
    train_cost.show(ws, request)
    at_work = train_jobs.at_work(ws, dataset, request)
    label = tn("Train {n:,} run", "Train {n:,} runs", n_new) if n_new else t("Nothing new to train")
    if st.button(
        t("At work already") if at_work else label,
        key="submit",
        type="primary",
        icon=":material/play_arrow:",
        disabled=at_work or not n_new,
    ):
        training.submit_training(ws, request)
        state.flash(t("Submitted. It goes on in the background; you may leave this page."))
        st.rerun()


def offer_embedding(reason: NotReady) -> None:
    """Say that embeddings come first, and make them with one click."""
    what = messages.plain(messages.capitalise(reason.what))
    st.warning(
        t("{what}; {title} learns from them.", what=what, title=t(algorithm["title"])),
        icon=":material/info:",
    )
    if job_panel.show(ws, job_panel.latest(ws, "embed", dataset.id)):
        return
    if st.button(t("Embed the images now"), key="embed", type="primary", icon=":material/memory:"):
        embedding.submit_embed(ws, dataset.id, backbone)
        st.rerun()


with left, messages.guard():
    embedded = not on_embeddings or embedding.embedding_status(ws, dataset.id, backbone)
    try:
        submit()
    except NotReady as reason:
        if embedded:
            raise
        offer_embedding(reason)

with right:
    train_preview.show(ws, dataset, algorithm["name"], options)
    st.subheader(t("Training"), anchor=False)
    with messages.guard():
        if train_jobs.train_jobs(ws, dataset):
            train_jobs.panel(ws, dataset)
        else:
            st.caption(
                t(
                    "Nothing was trained on this data set yet. The probe takes seconds and "
                    "is a good first run; the CNN takes minutes."
                )
            )
