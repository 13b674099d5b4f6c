"""Where the image comes from: a file, the camera, or the test set."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.typing import UploadedFile

from core.language import phrase, t
from core.records import CascadeRecord, Dataset, Run
from core.services.cascades import saving
from core.services.data.datasets import split_index
from core.services.workspace import Workspace
from core.settings import ImageLimits
from pages.ui import cached, gallery, state

OWN, CAMERA = phrase("an image of yours"), phrase("the camera")
KNOWN, MANY = phrase("one of the test set"), phrase("many images")
TYPES = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff"]
N_TILES = 12
FILE_MB = ImageLimits().file_bytes // 1_000_000  # larger files are refused anyway
ANY = "all"
Asked = UploadedFile | int  # a file of one's own, or a position in the data set


def choose(
    source: str, ws: Workspace, dataset: Dataset, model: CascadeRecord | Run
) -> Asked | None:
    """Draw the place to choose one image from `source`; return it, None before it is chosen."""
    if source == KNOWN:
        return choose_known(ws, dataset, model)
    return choose_camera() if source == CAMERA else choose_own()


def choose_own() -> UploadedFile | None:
    """Draw the place to drop an image; return what was dropped."""
    dropped: UploadedFile | None = st.file_uploader(
        t("Drop an image here"),
        type=TYPES,
        max_upload_size=FILE_MB,
        key="predict_upload",
        help=t("It is looked at once and not kept."),
    )
    return dropped


def choose_camera() -> UploadedFile | None:
    """Draw what the camera sees; return the picture that was taken."""
    taken: UploadedFile | None = st.camera_input(
        t("Take a picture"),
        key="predict_camera",
        help=t(
            "The browser asks before it shows the camera; the picture goes to this program only, "
            "is looked at once and not kept."
        ),
    )
    return taken


def choose_known(ws: Workspace, dataset: Dataset, model: CascadeRecord | Run) -> int | None:
    """Draw test images to pick one from; return its position, None before a pick."""
    positions = np.flatnonzero(cached.images(ws, dataset.id)["split"].to_numpy() == "test")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox(
            t("Label"),
            [ANY, *dataset.labels],
            format_func=lambda name: t("all labels") if name == ANY else name,
            key="predict_label",
        )
        only = isinstance(model, CascadeRecord) and st.toggle(
            t("Only images that are deferred"),
            key="predict_deferred",
            help=t("Those where the generalist hesitates and an expert is asked."),
        )
    if only and isinstance(model, CascadeRecord):
        positions = deferred(ws, model)
    if label != ANY:
        labels = cached.images(ws, dataset.id)["label"].to_numpy()
        positions = positions[labels[positions] == label]
    if not len(positions):
        st.caption(t("No test image fits."))
        return None
    n_pages = -(-len(positions) // N_TILES)
    slot = st.container()
    number = st.pagination(n_pages, key=f"predict-page-{label}-{only}") if n_pages > 1 else 1
    part = positions[(number - 1) * N_TILES : number * N_TILES]
    with slot:
        clicked = gallery.tiles(ws, dataset, part.tolist(), f"predict-{label}-{only}-{number}")
    kept = f"predict-{dataset.id}"
    if clicked is not None:
        state.set_draft(kept, clicked)
    position: int | None = state.draft(kept)
    return position


def deferred(ws: Workspace, record: CascadeRecord) -> NDArray[np.int64]:
    """Return the positions of the test images that a cascade defers."""
    rows = split_index(ws, record.dataset_id, "test")
    return np.asarray(rows[saving.answered(ws, record, rows).asked >= 0])
