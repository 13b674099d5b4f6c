"""The map of the embeddings: which backbone, which plane, and the images that are marked in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.language import phrase, t, text, tn
from core.records import Dataset
from core.services.data import datasets, embedding, exploring, neighbours
from core.services.workspace import Workspace
from pages.parts import evidence
from pages.ui import cached, gallery, job_panel, messages, names, pickers, scatter, selection, state

_COLOURS = (phrase("label"), phrase("split"), phrase("cluster"))
_MARKED = "marked-"  # of a data set: what a lasso or a click took


def embed_first(ws: Workspace, dataset: Dataset, backbone: str) -> None:
    """Offer to embed the images, and show the job."""
    if job_panel.show(ws, job_panel.latest(ws, "embed", dataset.id)):
        return
    with st.container(border=True):
        st.markdown(t("**The images have no embeddings yet.**"))
        st.write(
            tn(
                "A pretrained network turns each image into a vector; images that look alike get "
                "vectors that lie close together. It is done once, on this machine: {n:,} image, "
                "at about 25 to 90 a second.",
                "A pretrained network turns each image into a vector; images that look alike get "
                "vectors that lie close together. It is done once, on this machine: {n:,} images, "
                "at about 25 to 90 a second.",
                dataset.n_images,
            )
        )
        if st.button(t("Embed the images"), type="primary", icon=":material/scatter_plot:"):
            with messages.guard() as outcome:
                exploring.submit_embed_and_map(ws, dataset.id, backbone)
            if outcome.ok:
                st.rerun()


def umap_offer(ws: Workspace, dataset: Dataset, backbone: str) -> None:
    """Offer the UMAP plane, which takes a job."""
    if job_panel.show(ws, job_panel.latest(ws, "projection", dataset.id)):
        st.caption(t("Until it is drawn, the PCA plane is shown."))
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.write(
            t(
                "The UMAP plane is not drawn yet. It takes seconds; the very first on a machine "
                "takes about half a minute more."
            )
        )
        if st.button(t("Draw the UMAP map"), icon=":material/bubble_chart:"):
            with messages.guard() as outcome:
                exploring.submit_projection(ws, dataset.id, backbone)
            if outcome.ok:
                st.rerun()


@st.fragment
def the_map(ws: Workspace, dataset: Dataset, backbone: str, found: dict[str, Any] | None) -> None:
    """Draw the plane; what is marked in it opens beside it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        plane = scatter.choose_plane("plane")
        colours = _COLOURS if found else _COLOURS[:2]
        colour = pickers.words(t("Colour"), colours, "colour", default="label")
        k = choose_k(found, "map-k") if colour == "cluster" and found else None
    points, wanted = cached.plane(ws, dataset.id, backbone, plane.lower())
    if not wanted:
        umap_offer(ws, dataset, backbone)
    colouring = evidence.groups(cached.images(ws, dataset.id), dataset.labels, colour, found, k)
    alt = t("{plane} map of the embeddings", plane=plane)
    key = f"map-{dataset.id}-{backbone}-{plane if wanted else 'PCA'}"
    marked = scatter.marked(key, points)
    state.set_draft(_MARKED + dataset.id, marked)
    # One column or two: the map is in the first of them, so it keeps its place and its view.
    chart, *beside = st.columns([3, 2] if marked else 1)
    with chart:
        _caption(len(points))
        scatter.scatter(ws, dataset, points, colouring, key, alt=alt)
    for column in beside:
        with column:
            if len(marked) == 1:
                one_image(ws, dataset, backbone, marked[0])
            else:
                several_images(ws, dataset, marked)


def marked_images(dataset: Dataset) -> list[int]:
    """Return the positions that were marked when the map was last looked at; for any page."""
    return list(state.draft(_MARKED + dataset.id, []))


def mark_images(dataset: Dataset, positions: Sequence[int]) -> None:
    """Let these be the marked images for other pages, wherever they were chosen."""
    state.set_draft(_MARKED + dataset.id, list(positions))


def several_images(ws: Workspace, dataset: Dataset, positions: list[int]) -> None:
    """Show the images that are marked, and which labels they have."""
    st.markdown(tn("**{n:,} image marked**", "**{n:,} images marked**", len(positions)))
    labels = cached.images(ws, dataset.id)["label"].iloc[positions].value_counts()
    counts = [f"{messages.plain(str(name))} {text.number(n)}" for name, n in labels.items() if n]
    st.caption(names.listing(counts), help=t("How many of the marked images have each label."))
    st.page_link(
        "pages/review.py",
        label=t("Review these images"),
        icon=":material/rate_review:",
        query_params={"queue": "selection"},
    )
    gallery.gallery(
        ws, dataset, positions, f"marked-{evidence.fingerprint(positions)}", page_size=20
    )


def one_image(ws: Workspace, dataset: Dataset, backbone: str, position: int) -> None:
    """Show the one image that is marked, larger, and the images most like it."""
    row = cached.images(ws, dataset.id).iloc[position]
    st.markdown(t("**1 image marked: {label}**", label=messages.plain(str(row["label"]))))
    st.image(
        datasets.picture(ws, str(row["image_id"])),
        width=220,
        caption=f"{messages.plain(str(row['path']))}, {t(names.SPLITS[row['split']])}",
        alt=t("The marked image"),
    )
    near = neighbours.neighbours(ws, dataset.id, position, backbone=backbone)
    st.markdown(
        t("**Most similar images**"),
        help=t(
            "By cosine similarity of their embeddings over all splits: 1 is the same direction, 0 "
            "has nothing in common. On the map they may lie apart: it has only two dimensions."
        ),
    )
    gallery.gallery(
        ws,
        dataset,
        [neighbour for neighbour, _ in near],
        f"similar-{dataset.id}-{position}",
        subs=[t("cosine {cosine:.2f}", cosine=cosine) for _, cosine in near],
        empty=t("There is no other image."),
    )


def _caption(n_points: int) -> None:
    """Say what can be done with the map, and how many of its points are drawn."""
    st.caption(
        t(
            "Click a point to see its image and those most like it; draw around several with the "
            "lasso. Drag moves the map, the wheel zooms."
        )
    )
    if n_points > selection.N_DRAWN:
        st.caption(
            t(
                "{n_drawn:,} of {n:,} points are drawn, at random, so that dense places stay "
                "dense; a lasso still takes every image inside it.",
                n_drawn=selection.N_DRAWN,
                n=n_points,
            )
        )


def choose_k(found: dict[str, Any], key: str) -> int:
    """Draw the choice of k; by default the number that the evidence is about."""
    ks, judged = list(found["clusters"]), found["crosstab"]["k"]
    said = t("How many groups k-means makes. At first the number that the evidence is about.")
    return int(
        st.select_slider(
            t("Clusters (k)"), ks, value=judged, key=key, bind="query-params", help=said
        )
    )


def choose_backbone(ws: Workspace, dataset: Dataset) -> str:
    """Draw the choice of the network whose embeddings are looked at."""
    known = [row["name"] for row in embedding.backbones()]
    return pickers.one(
        t("Backbone"),
        {name: title_of(name) for name in [*known, *embedding.embedded_with(ws, dataset.id)]},
        "backbone",
        help=t(
            "The pretrained network that turns images into vectors. The first comes with the "
            "installation; the others need their weights: a download, or a file you place."
        ),
    )


def title_of(backbone: str) -> str:
    """Return what a backbone is called on screen, with the size of its images where one is said."""
    titles = {row["name"]: str(row["title"]) for row in embedding.backbones()}
    name, _, size_px = backbone.partition("@")
    title = titles.get(name, name)
    return t("{title} at {size_px} px", title=title, size_px=size_px) if size_px else title
