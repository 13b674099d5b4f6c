"""The data: how many images of which label, in which split, and what they look like."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from core.language import say, t, tn
from core.records import SPLITS, Dataset
from core.services.data import datasets
from core.services.data.embedding import embedding_status
from core.services.data.exploring import exploration, points
from core.services.reports import pictures
from core.services.reports.blocks import Block, Photos, Picture, Section, Table, Text
from core.services.reports.figures import Figures
from core.settings import DEFAULT_BACKBONE
from core.store.database import Workspace

N_PHOTOS = 3  # of each label
_MOST_LABELS = 20  # with photos: beyond, a file would grow and nobody looks


def section(ws: Workspace, dataset: Dataset, figures: Figures) -> Section:
    """Tell what was imported."""
    balance = datasets.balance(ws, dataset.id)
    rows = []
    for number, row in enumerate(balance.to_dict("records")):
        cells = [str(row["label"])]
        for name in (*SPLITS, "total"):
            id_ = figures.add(
                f"data.{number}.{name}",
                int(row[name]),
                "count",
                split=None if name == "total" else name,
                sources=(dataset.id,),
            )
            cells.append(figures.text(id_, ","))
        rows.append(cells)
    head = [t("label"), t("training"), t("validation"), t("test"), t("total")]
    n_images = figures.add("data.n_images", dataset.n_images, "count", sources=(dataset.id,))
    n_duplicates = figures.add(
        "data.n_duplicates", dataset.n_duplicates, "count", sources=(dataset.id,)
    )
    n_problems = figures.add(
        "data.n_problems", len(datasets.problems(ws, dataset.id)), "count", sources=(dataset.id,)
    )
    blocks: list[Block] = [
        Text(
            t(
                "{n:,} images with {n_labels} labels, imported from {source}. Models learn from "
                "the training images, everything is chosen on validation images, and test images "
                "are looked at to report only. {n_duplicates:,} duplicates were left out, "
                "{n_problems:,} files could not be taken as they were.",
                n=figures.number(n_images),
                n_labels=len(dataset.labels),
                source=PurePath(dataset.source).name,  # no folders of whoever imported it
                n_duplicates=figures.number(n_duplicates),
                n_problems=figures.number(n_problems),
            )
        ),
    ]
    if dataset.note:
        blocks.append(Text(dataset.note, "note"))
    blocks.append(Table(t("Images of each label in each split."), head, rows, sortable=True))
    blocks += [*_photos(ws, dataset), *_map(ws, dataset, figures)]
    return Section("data", t("The data"), blocks)


def photos_of(
    ws: Workspace, dataset: Dataset, labels: Sequence[str], n: int = N_PHOTOS
) -> list[tuple[bytes, str]]:
    """Return thumbnails of the first `n` training images of each label, with the label."""
    frame = datasets.images(ws, dataset.id)
    train = frame[frame["split"] == "train"]
    rows = [
        (int(position), label)
        for label in labels
        for position in train[train["label"] == label]["position"].head(n)
    ]
    images = datasets.thumbnails(ws, dataset.id, [position for position, _ in rows])
    return [(image, label) for image, (_, label) in zip(images, rows, strict=True)]


def _photos(ws: Workspace, dataset: Dataset) -> list[Block]:
    items = photos_of(ws, dataset, dataset.labels[:_MOST_LABELS])
    caption = tn(
        "The first {n} training image of each label.",
        "The first {n} training images of each label.",
        N_PHOTOS,
    )
    return [Photos(caption, items)] if items else []


def _map(ws: Workspace, dataset: Dataset, figures: Figures) -> list[Block]:
    """Return the map of embeddings, and what they say about the number of classes."""
    if embedding_status(ws, dataset.id) is None:
        return []
    plane, kind = points(ws, dataset.id, kind="umap"), "UMAP"
    if plane is None:
        plane, kind = points(ws, dataset.id, kind="pca"), "PCA"
    if plane is None:
        return []
    y = datasets.label_indices(ws, dataset)
    alt = t("Map of the images: alike ones lie near each other; one colour a label.")
    caption = t(
        "Map of the embeddings ({kind}, backbone {backbone}): images that look alike to the "
        "network lie near each other. It is for eyes; distances on it mean little.",
        kind=kind,
        backbone=DEFAULT_BACKBONE,
    )
    found: list[Block] = [
        Picture(pictures.embedding_map(plane, y, dataset.labels, alt), alt, caption)
    ]
    explored = exploration(ws, dataset.id)
    if explored is not None:
        found.append(Text(say(explored["verdict"]["text"])))
    return found
