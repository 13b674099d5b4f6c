"""Facts of a data set: its images, its map, its clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.services.data import datasets, exploring
from core.services.workspace import Workspace
from pages.ui.cached.keeping import SIZE, NotYet

_FRAMES = 8  # shared, never written to: of a million images a copy takes half a second


@st.cache_resource(max_entries=_FRAMES, show_spinner=False)
def images(_ws: Workspace, dataset_id: str) -> pd.DataFrame:
    """Return position, image_id, path, label, split, group, width, height; row = position."""
    return datasets.images(_ws, dataset_id)


@st.cache_data(max_size=SIZE, show_spinner=False)
def where(_ws: Workspace, dataset_id: str, *, label: str, split: str, any_word: str) -> list[int]:
    """Return the positions of the images with this label and split; `any_word` means all."""
    frame = images(_ws, dataset_id)
    for column, value in (("label", label), ("split", split)):
        if value != any_word:
            frame = frame[frame[column] == value]
    return [int(p) for p in frame["position"]]


@st.cache_data(max_size=SIZE, show_spinner=False)
def examples(_ws: Workspace, dataset_id: str) -> pd.DataFrame:
    """Return one image a label: label, position (of its first training image), n_images."""
    frame = images(_ws, dataset_id)
    first = frame.sort_values("split", key=lambda s: s != "train", kind="stable")
    table = first.groupby("label", sort=False)["position"].agg(position="first", n_images="size")
    order = datasets.get_dataset(_ws, dataset_id).labels
    return table.reindex([label for label in order if label in table.index]).reset_index()


@st.cache_data(max_size=SIZE, show_spinner=False)
def balance(_ws: Workspace, dataset_id: str) -> pd.DataFrame:
    """Return label, train, val, test, total."""
    return datasets.balance(_ws, dataset_id)


@st.cache_data(max_size=SIZE, show_spinner=False)
def _points(_ws: Workspace, dataset_id: str, backbone: str, kind: str) -> NDArray[np.float32]:
    """Return the points or raise `NotYet`."""
    found = exploring.points(_ws, dataset_id, backbone, kind=kind)
    if found is None:
        raise NotYet
    return found


def plane(
    ws: Workspace, dataset_id: str, backbone: str, kind: str
) -> tuple[NDArray[np.float32], bool]:
    """Return the points to draw, float32 (n_images, 2), and whether they are of the kind wanted.

    UMAP needs a job; before it has run, the PCA plane stands in.
    """
    try:
        return _points(ws, dataset_id, backbone, kind), True
    except NotYet:
        return _points(ws, dataset_id, backbone, "pca"), False


@st.cache_data(max_size=SIZE, show_spinner=False)
def cluster_table(
    _ws: Workspace, dataset_id: str, content: str, _clusters: NDArray[Any]
) -> tuple[NDArray[Any], dict[str, float]]:
    """Return the table cluster x label and {ari, ami}; `content` is a hash of the clusters."""
    return exploring.cluster_table(_ws, dataset_id, _clusters)
