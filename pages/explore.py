"""Do these classes exist? The map of the embeddings and the evidence for the number of classes.

For data scientists, and for whoever knows the images and wants to see what lies together.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.language import t, tn
from core.records import Dataset
from core.services.data import embedding, exploring
from core.services.workspace import Workspace
from pages.parts import evidence, explore_map, label_splits, sweep_chart, tables
from pages.ui import cached, gallery, job_panel, matrix, messages, shell


def number_of_classes(
    ws: Workspace, dataset: Dataset, backbone: str, found: dict[str, Any] | None
) -> None:
    """Show the evidence for the number of clusters, or offer to gather it."""
    st.subheader(t("How many classes are there?"), anchor=False)
    job = job_panel.latest(ws, "explore", dataset.id)
    if job_panel.show(ws, job):
        return
    if found is None:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.write(
                t(
                    "k-means is run for 1 to {n} clusters, and three criteria say which number the "
                    "images themselves suggest. It may well be: none.",
                    n=exploring.K_SHOWN,
                )
            )
            if st.button(t("Gather the evidence"), type="primary", icon=":material/query_stats:"):
                with messages.guard() as outcome:
                    exploring.submit_explore(ws, dataset.id, backbone)
                if outcome.ok:
                    st.rerun()
        return
    evidence.verdict(found["verdict"])
    what_is_shared(dataset, found)
    st.plotly_chart(
        sweep_chart.k_sweep(found["k"], found["suggested"]),
        key="k-sweep",
        alt=t("Six criteria against the number of clusters"),
    )
    st.caption(
        tn(
            "Of all {n:,} image, whatever their split, on standardised embeddings along their 64 "
            "strongest axes. A ring is the number a criterion names; bars are standard errors; "
            "dotted is what data without clusters would have.",
            "Of all {n:,} images, whatever their split, on standardised embeddings along their 64 "
            "strongest axes. A ring is the number a criterion names; bars are standard errors; "
            "dotted is what data without clusters would have.",
            found["n_images"],
        )
    )
    with st.expander(t("All numbers"), icon=":material/table_rows:"):
        st.dataframe(
            tables.written(evidence.sweep_table(found["k"]), evidence.SWEEP_WRITTEN),
            hide_index=True,
            column_config=evidence.sweep_columns(),
            alt=t("The criteria for each number of clusters"),
        )


def what_is_shared(dataset: Dataset, found: dict[str, Any]) -> None:
    """Say which labels share a cluster, and where to go with that."""
    k = found["crosstab"]["k"]
    sentences = evidence.shared_sentences(found)
    clusters = (
        tn("{n:,} cluster", "{n:,} clusters", k)
        if found["verdict"]["k"]
        else tn(
            "{n:,} cluster (the nearest to the number of labels)",
            "{n:,} clusters (the nearest to the number of labels)",
            k,
        )
    )
    if not sentences:
        st.write(t("With {clusters}, no two labels share one.", clusters=clusters))
        return
    st.markdown("\n".join([t("With {clusters}:", clusters=clusters), *sentences]))
    st.page_link(
        "pages/classes.py",
        label=t("Weigh a merge: what it gains, and what it gives up"),
        icon=":material/arrow_forward:",
        query_params={"dataset": dataset.name},
    )


@st.fragment
def clusters_and_labels(ws: Workspace, dataset: Dataset, found: dict[str, Any]) -> None:
    """Show the table cluster x label; a cell opens its images."""
    st.subheader(t("Clusters against labels"), anchor=False)
    k = explore_map.choose_k(found, "k")
    clusters = found["clusters"][k]
    counts, agreement = cached.cluster_table(
        ws, dataset.id, evidence.fingerprint(clusters), clusters
    )
    table, images = st.columns([3, 2])
    with table:
        chosen = matrix.cross_table(
            counts, evidence.cluster_names(k), dataset.labels, f"crosstab-{dataset.id}-{k}"
        )
        st.caption(
            t(
                "Adjusted Rand index {ari:.2f}, adjusted mutual information {ami:.2f}: 1 when "
                "clusters and labels are the same partition, about 0 when they have nothing to do "
                "with each other. Two labels that share their clusters are hard to tell apart for "
                "this backbone.",
                **agreement,
            )
        )
    with images:
        if chosen is None:
            st.caption(t("Choose a cell to see its images here."))
            return
        cluster, label = chosen
        st.markdown(
            t("**{cluster}, labelled {label}**", cluster=cluster, label=messages.plain(label))
        )
        inside = evidence.in_cell(cached.images(ws, dataset.id), clusters, cluster, label)
        gallery.gallery(ws, dataset, inside, f"cell-{k}-{cluster}-{label}", page_size=20)


here = shell.enter(
    t("Explore"), t("Do these classes exist? What the embeddings say, and their images.")
)
with messages.guard():
    with st.sidebar:
        backbone = explore_map.choose_backbone(here.ws, here.dataset)
    status = embedding.embedding_status(here.ws, here.dataset.id, backbone)
    if status is None:
        explore_map.embed_first(here.ws, here.dataset, backbone)
        st.stop()
    st.caption(
        tn(
            "{n:,} image, {dim:,} numbers each, from {backbone}.",
            "{n:,} images, {dim:,} numbers each, from {backbone}.",
            status["n_images"],
            dim=status["dim"],
            backbone=explore_map.title_of(status["backbone"]),
        )
    )
    found = exploring.exploration(here.ws, here.dataset.id, backbone)
    explore_map.the_map(here.ws, here.dataset, backbone, found)
    number_of_classes(here.ws, here.dataset, backbone, found)
    if found is not None:
        clusters_and_labels(here.ws, here.dataset, found)
        label_splits.panel(here.ws, here.dataset, found)
