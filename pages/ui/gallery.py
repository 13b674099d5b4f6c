"""Thumbnails in a grid, page by page; a click opens the image large."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.language import t, tn
from core.records import Dataset
from core.services.data import datasets
from core.services.workspace import Workspace
from pages.ui import cached, messages, state

PAGE_SIZE = 48
_ASSETS = Path(__file__).with_name("assets")
_GRID = st.components.v2.component(
    "desempate_gallery",
    html="<div class='root' role='group'>\n</div>",
    css=(_ASSETS / "gallery.css").read_text(),
    js=(_ASSETS / "gallery.js").read_text(),
)


def gallery(
    ws: Workspace,
    dataset: Dataset,
    positions: Sequence[int],
    key: str,
    *,
    subs: Sequence[str] | None = None,
    page_size: int = PAGE_SIZE,
    empty: str | None = None,
) -> int | None:
    """Draw the images at `positions` and return the one that was clicked in this run.

    A click also opens the image large, unless the caller does something else with the result by
    drawing `tiles` itself.

    Parameters
    ----------
    ws, dataset
        Where the images are.
    positions : sequence of int
        Rows of the data set, in the order of drawing.
    key : str
        Identity of the grid and its page number.
    subs : sequence of str, optional
        A second line under each image, aligned with `positions`; default the split.
    page_size : int
        Images on one page.
    empty : str
        The sentence shown instead of an empty grid, if not the usual one.
    """
    if not len(positions):
        st.caption(empty or t("No images here."))
        return None
    n_pages = -(-len(positions) // page_size)
    slot = st.container()
    number = 1
    if n_pages > 1:
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            st.caption(tn("{n:,} image", "{n:,} images", len(positions)))
            number = st.pagination(n_pages, key=f"{key}-page")
    begin = (min(number, n_pages) - 1) * page_size
    part = slice(begin, begin + page_size)
    with slot:
        clicked = tiles(ws, dataset, positions[part], key, subs=subs[part] if subs else None)
    if clicked is not None:
        show_image(ws, dataset, clicked)
    return clicked


def tiles(
    ws: Workspace,
    dataset: Dataset,
    positions: Sequence[int],
    key: str,
    *,
    subs: Sequence[str] | None = None,
) -> int | None:
    """Draw one page of thumbnails and return the position that was clicked in this run."""
    wanted = [int(p) for p in positions]
    rows = cached.images(ws, dataset.id).iloc[wanted]
    thumbs = datasets.thumbnails(ws, dataset.id, wanted)
    result = _GRID(
        key=state.component_key(f"{key}-tiles"),
        data={
            "items": items(rows, thumbs, subs),
            "size_px": 96,
            "alt": t("images; Enter opens one"),
        },
        on_clicked_change=_nothing,
    )
    return None if result.clicked is None else int(result.clicked)


def items(
    rows: pd.DataFrame, thumbs: Sequence[bytes], subs: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Return what the browser draws; thumbnails travel as data URLs, so nothing is left behind."""
    second = list(subs) if subs is not None else [t(s) for s in rows["split"]]
    return [
        {
            "position": int(position),
            "src": "data:image/jpeg;base64," + base64.b64encode(thumb).decode(),
            "caption": str(label),
            "sub": sub,
            "title": f"{label}, {path}",
        }
        for position, label, path, thumb, sub in zip(
            rows["position"], rows["label"], rows["path"], thumbs, second, strict=True
        )
    ]


def show_image(ws: Workspace, dataset: Dataset, position: int) -> None:
    """Show one image large, with everything that is known about it."""
    st.dialog(t("Image"), width="small")(_large)(ws, dataset, position)


def _large(ws: Workspace, dataset: Dataset, position: int) -> None:
    with messages.guard():
        row = cached.images(ws, dataset.id).iloc[position]
        st.image(datasets.picture(ws, str(row["image_id"])), width="stretch", alt=str(row["path"]))
        st.markdown(
            f"**{messages.plain(str(row['label']))}** · {t(row['split'])} · "
            f"{row['width']} × {row['height']} px"
        )
        path, image_id = messages.plain(str(row["path"])), row["image_id"][:12]
        st.caption(t("{path}  \nImage id {image_id}", path=path, image_id=image_id))


def _nothing() -> None:
    """Be the callback that makes the result carry `clicked` in every run."""
