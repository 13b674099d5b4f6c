"""The map of the embeddings: which backbone, which plane, and the images that are marked in it."""

from __future__ import annotations

from typing import Any

import streamlit as st
from numpy.typing import NDArray

from core.records import Dataset
from core.services import embedding, exploring
from core.services.workspace import Workspace
from pages.ui import (
    cached,
    charts,
    evidence,
    gallery,
    job_panel,
    messages,
    pickers,
    selection,
    state,
    text,
)

PLANES = ["PCA", "UMAP"]


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
        k = choose_k(dataset, found, "map-k") if colour == "cluster" and found else None
    points, wanted = cached.plane(ws, dataset.id, backbone, plane.lower())
    if not wanted:
        umap_offer(ws, dataset, backbone)
    key = f"map-{dataset.id}-{backbone}-{plane}-{colour}-{k}"
    _draw(ws, dataset, points, colour, (found, k), key)


def _draw(
    ws: Workspace,
    dataset: Dataset,
    points: NDArray[Any],
    colour: str,
    clusters: tuple[dict[str, Any] | None, int | None],
    key: str,
) -> None:
    """Draw the points over the whole width, or beside the images of those that are marked."""
    images = cached.images(ws, dataset.id)
    groups, order = evidence.groups(images, dataset.labels, colour, *clusters)
    outline = state.component_value(key, "selection")
    marked = selection.positions(outline, points) if outline else []
    # One column or two: the chart is the first of them, so it keeps its place and its outline.
    chart, *beside = st.columns([3, 2] if marked else 1)
    with chart:
        st.caption("Draw around some points with the lasso, or click one, to see their images.")
        st.plotly_chart(
            charts.scatter_map(points, groups, order, hover=evidence.hover(images)),
            key=key,
            on_select="rerun",
            config={"displaylogo": False, "scrollZoom": True},
            alt=f"Map of the embeddings, coloured by {colour}",
        )
        if len(points) > charts.N_DRAWN:
            st.caption(
                f"{charts.N_DRAWN:,} of {len(points):,} points are drawn, at random; a lasso "
                "still takes every image inside it."
            )
    for images_column in beside:
        with images_column:
            st.markdown(f"**{text.count(len(marked), 'image')} marked**")
            key = f"marked-{evidence.fingerprint(marked)}"
            gallery.gallery(ws, dataset, marked, key, page_size=20)


def choose_k(dataset: Dataset, found: dict[str, Any], key: str) -> int:
    """Draw the choice of k; by default as many clusters as labels."""
    ks = list(found["clusters"])
    nearest = evidence.nearest_k(ks, len(dataset.labels))
    return int(st.select_slider("Clusters (k)", ks, value=nearest, key=key, bind="query-params"))


def choose_backbone(ws: Workspace, dataset: Dataset) -> str:
    """Draw the choice of the network whose embeddings are looked at."""
    known = [row["name"] for row in embedding.backbones()]
    return pickers.one(
        "Backbone",
        {name: title_of(name) for name in [*known, *embedding.embedded_with(ws, dataset.id)]},
        "backbone",
        help="The pretrained network that turns images into vectors. The first comes with the "
        "installation; the others need their weights: a download, or a file you place.",
    )


def title_of(backbone: str) -> str:
    """Return what a backbone is called on screen, with the size of its images where one is said."""
    titles = {row["name"]: str(row["title"]) for row in embedding.backbones()}
    name, _, size_px = backbone.partition("@")
    return titles.get(name, name) + (f" at {size_px} px" if size_px else "")
