"""Do these classes exist? The map of the embeddings and the evidence for the number of classes.

For data scientists, and for whoever knows the images and wants to see what lies together.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.language import text
from core.records import Dataset
from core.services.data import embedding, exploring
from core.services.workspace import Workspace
from pages.parts import evidence, explore_map, label_splits, sweep_chart
from pages.ui import cached, gallery, job_panel, matrix, messages, shell


def number_of_classes(
    ws: Workspace, dataset: Dataset, backbone: str, found: dict[str, Any] | None
) -> None:
    """Show the evidence for the number of clusters, or offer to gather it."""
    st.subheader("How many classes are there?", anchor=False)
    job = job_panel.latest(ws, "explore", dataset.id)
    if job_panel.show(ws, job):
        return
    if found is None:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.write(
                f"k-means is run for 1 to {exploring.K_SHOWN} clusters, and three criteria say "
                "which number the images themselves suggest. It may well be: none."
            )
            if st.button("Gather the evidence", type="primary", icon=":material/query_stats:"):
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
        alt="Six criteria against the number of clusters",
    )
    st.caption(
        f"Of all {text.count(found['n_images'], 'image')}, whatever their split, on standardised "
        "embeddings along their 64 strongest axes. A ring is the number a criterion names; bars "
        "are standard errors; dotted is what data without clusters would have."
    )
    with st.expander("All numbers", icon=":material/table_rows:"):
        st.dataframe(
            evidence.sweep_table(found["k"]),
            hide_index=True,
            column_config=evidence.SWEEP_COLUMNS,
            alt="The criteria for each number of clusters",
        )


def what_is_shared(dataset: Dataset, found: dict[str, Any]) -> None:
    """Say which labels share a cluster, and where to go with that."""
    k = found["crosstab"]["k"]
    sentences = evidence.shared_sentences(found)
    why = "" if found["verdict"]["k"] else " (the nearest to the number of labels)"
    if not sentences:
        st.write(f"With {text.count(k, 'cluster')}{why}, no two labels share one.")
        return
    st.markdown("\n".join([f"With {text.count(k, 'cluster')}{why}:", *sentences]))
    st.page_link(
        "pages/classes.py",
        label="Weigh a merge: what it gains, and what it gives up",
        icon=":material/arrow_forward:",
        query_params={"dataset": dataset.name},
    )


@st.fragment
def clusters_and_labels(ws: Workspace, dataset: Dataset, found: dict[str, Any]) -> None:
    """Show the table cluster x label; a cell opens its images."""
    st.subheader("Clusters against labels", anchor=False)
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
            f"Adjusted Rand index {agreement['ari']:.2f}, adjusted mutual information "
            f"{agreement['ami']:.2f}: 1 when clusters and labels are the same partition, about 0 "
            "when they have nothing to do with each other. Two labels that share their clusters "
            "are hard to tell apart for this backbone."
        )
    with images:
        if chosen is None:
            st.caption("Choose a cell to see its images here.")
            return
        cluster, label = chosen
        st.markdown(f"**{cluster}, labelled {messages.plain(label)}**")
        inside = evidence.in_cell(cached.images(ws, dataset.id), clusters, cluster, label)
        gallery.gallery(ws, dataset, inside, f"cell-{k}-{cluster}-{label}", page_size=20)


here = shell.enter("Explore", "Do these classes exist? What the embeddings say, and their images.")
with messages.guard():
    with st.sidebar:
        backbone = explore_map.choose_backbone(here.ws, here.dataset)
    status = embedding.embedding_status(here.ws, here.dataset.id, backbone)
    if status is None:
        explore_map.embed_first(here.ws, here.dataset, backbone)
        st.stop()
    st.caption(
        f"{text.count(status['n_images'], 'image')}, {status['dim']:,} numbers each, from "
        f"{explore_map.title_of(status['backbone'])}."
    )
    found = exploring.exploration(here.ws, here.dataset.id, backbone)
    explore_map.the_map(here.ws, here.dataset, backbone, found)
    number_of_classes(here.ws, here.dataset, backbone, found)
    if found is not None:
        clusters_and_labels(here.ws, here.dataset, found)
        label_splits.panel(here.ws, here.dataset, found)
