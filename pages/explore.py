"""Do these classes exist? The map of the embeddings and the evidence for the number of classes.

For data scientists, and for whoever knows the images and wants to see what lies together.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.records import Dataset
from core.services import embedding, exploring
from core.services.workspace import Workspace
from pages.ui import (
    cached,
    charts,
    evidence,
    gallery,
    job_panel,
    matrix,
    messages,
    selection,
    shell,
    text,
)

PLANES = ["PCA", "UMAP"]
K_MOST = 12


def embed_first(ws: Workspace, dataset: Dataset, backbone: str) -> None:
    """Offer to embed the images, and show the job."""
    if job_panel.show(ws, job_panel.latest(ws, "embed", dataset.id)):
        return
    with st.container(border=True):
        st.markdown("**The images have no embeddings yet.**")
        st.write(
            "A pretrained network turns each image into a vector; images that look alike get "
            "vectors that lie close together. It is done once, on this machine: "
            f"{text.count(dataset.n_images, 'image')}, at about 25 to 90 a second."
        )
        if st.button("Embed the images", type="primary", icon=":material/scatter_plot:"):
            with messages.guard() as outcome:
                embedding.submit_embed(ws, dataset.id, backbone)
            if outcome.ok:
                st.rerun()


def umap_offer(ws: Workspace, dataset: Dataset, backbone: str) -> None:
    """Offer the UMAP plane, which takes a job."""
    if job_panel.show(ws, job_panel.latest(ws, "projection", dataset.id)):
        st.caption("Until it is drawn, the PCA plane is shown.")
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.write("The UMAP plane is not drawn yet; it takes a minute or so.")
        if st.button("Draw the UMAP map", icon=":material/bubble_chart:"):
            with messages.guard() as outcome:
                exploring.submit_projection(ws, dataset.id, backbone)
            if outcome.ok:
                st.rerun()


@st.fragment
def the_map(ws: Workspace, dataset: Dataset, backbone: str, found: dict[str, Any] | None) -> None:
    """Draw the plane; what is marked in it opens beside it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        plane = st.segmented_control(
            "Plane",
            PLANES,
            default="PCA",
            required=True,
            key="plane",
            bind="query-params",
            help="PCA keeps distances and is there at once. UMAP shows neighbourhoods better, but "
            "its distances mean nothing: trust what lies together, not how far apart.",
        )
        colour = st.segmented_control(
            "Colour",
            ["label", "split", *(["cluster"] if found else [])],
            default="label",
            required=True,
            key="colour",
            bind="query-params",
        )
        k = _choose_k(dataset, found, "map-k") if colour == "cluster" and found else None
    points, wanted = cached.plane(ws, dataset.id, backbone, plane.lower())
    if not wanted:
        umap_offer(ws, dataset, backbone)
    groups, order = evidence.groups(cached.images(ws, dataset.id), dataset.labels, colour, found, k)
    chart, images = st.columns([3, 2])
    with chart:
        event = st.plotly_chart(
            charts.scatter_map(points, groups, order),
            key=f"map-{dataset.id}-{backbone}-{plane}-{colour}-{k}",
            on_select="rerun",
            config={"displaylogo": False, "scrollZoom": True},
            alt=f"Map of the embeddings, coloured by {colour}",
        )
        if len(points) > charts.N_DRAWN:
            st.caption(
                f"{charts.N_DRAWN:,} of {len(points):,} points are drawn, at random; a lasso "
                "still takes every image inside it."
            )
    with images:
        marked = selection.positions(event["selection"], points)
        if not marked:
            st.caption(
                "Draw around some points with the lasso, or click one, to see their images here."
            )
            return
        st.markdown(f"**{text.count(len(marked), 'image')} marked**")
        gallery.gallery(ws, dataset, marked, f"marked-{evidence.fingerprint(marked)}", page_size=20)


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
                f"k-means is run for 1 to {K_MOST} clusters, and four criteria say which number "
                "the images themselves suggest. It may well be: none."
            )
            if st.button("Gather the evidence", type="primary", icon=":material/query_stats:"):
                with messages.guard() as outcome:
                    exploring.submit_explore(ws, dataset.id, backbone, k_max=K_MOST)
                if outcome.ok:
                    st.rerun()
        return
    evidence.verdict(found["verdict"])
    st.plotly_chart(
        charts.k_sweep(found["k"], found["suggested"]),
        key="k-sweep",
        alt="Four criteria against the number of clusters",
    )
    with st.expander("All numbers", icon=":material/table_rows:"):
        st.dataframe(
            evidence.sweep_table(found["k"]),
            hide_index=True,
            column_config=evidence.SWEEP_COLUMNS,
            alt="The criteria for each number of clusters",
        )


@st.fragment
def clusters_and_labels(ws: Workspace, dataset: Dataset, found: dict[str, Any]) -> None:
    """Show the table cluster x label; a cell opens its images."""
    st.subheader("Clusters against labels", anchor=False)
    k = _choose_k(dataset, found, "k")
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


def _choose_k(dataset: Dataset, found: dict[str, Any], key: str) -> int:
    """Draw the choice of k; by default as many clusters as labels."""
    ks = list(found["clusters"])
    nearest = evidence.nearest_k(ks, len(dataset.labels))
    return int(st.select_slider("Clusters (k)", ks, value=nearest, key=key, bind="query-params"))


def choose_backbone(ws: Workspace, dataset: Dataset) -> str:
    """Draw the choice of the network whose embeddings are looked at."""
    names = [row["name"] for row in embedding.backbones()]
    return str(
        st.selectbox(
            "Backbone",
            list(dict.fromkeys([*names, *embedding.embedded_with(ws, dataset.id)])),
            key="backbone",
            bind="query-params",
            help="The pretrained network that turns images into vectors. The first comes with the "
            "installation; the others need their weights: a download, or a file you place.",
        )
    )


here = shell.enter("Explore", "Do these classes exist? What the embeddings say, and their images.")
with messages.guard():
    with st.sidebar:
        backbone = choose_backbone(here.ws, here.dataset)
    status = embedding.embedding_status(here.ws, here.dataset.id, backbone)
    if status is None:
        embed_first(here.ws, here.dataset, backbone)
        st.stop()
    st.caption(
        f"{text.count(status['n_images'], 'image')}, {status['dim']:,} numbers each, from "
        f"{status['backbone']}."
    )
    found = exploring.exploration(here.ws, here.dataset.id, backbone)
    the_map(here.ws, here.dataset, backbone, found)
    number_of_classes(here.ws, here.dataset, backbone, found)
    if found is not None:
        clusters_and_labels(here.ws, here.dataset, found)
