"""The map of the embeddings: pan, zoom, lasso, and pictures under the pointer (docs/adr/0008).

The points are sent once. What changes later (colours, pictures, what is marked) goes through
small components of their own that hand it to the map in the browser.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.language import t, text
from core.records import Dataset
from core.services.data import datasets
from core.services.workspace import Workspace
from pages.ui import cached, messages, names, selection, state

PLANES = ("PCA", "UMAP")
_ASSETS = Path(__file__).with_name("assets")
_PARTS = ("_drawing", "_beside", "_hands", "")  # one module in the browser
_STEPS = 65_535  # positions travel as 16 bits an axis: at 80 times zoom still half a pixel
_N_AHEAD = 16  # pictures an answer holds: the one under the pointer and its nearest

Groups = tuple[Sequence[str], Sequence[str]]  # (group of each image, order of the groups)
Mark = tuple[str, Sequence[float]]  # (name, place) of something drawn on top of the points

_MAP = st.components.v2.component(
    "desempate_map",
    html="<div class='root'>\n</div>",
    css=(_ASSETS / "map.css").read_text(),
    js="".join((_ASSETS / f"map{part}.js").read_text() for part in _PARTS),
)
_FEED = st.components.v2.component(
    "desempate_map_feed", html="<i hidden>\n</i>", js=(_ASSETS / "map_feed.js").read_text()
)


def choose_plane(key: str) -> str:
    """Draw the choice of the projection and return "PCA" or "UMAP"; bound to the address."""
    return str(
        st.segmented_control(
            t("Plane"),
            PLANES,
            default=PLANES[0],
            required=True,
            key=key,
            bind="query-params",
            help=t(
                "PCA keeps distances and is there at once. UMAP shows neighbourhoods better, but "
                "its distances mean nothing: trust what lies together, not how far apart."
            ),
        )
    )


def scatter(
    ws: Workspace,
    dataset: Dataset,
    points: NDArray[Any],
    colour: Groups,
    key: str,
    *,
    alt: str,
    marks: Sequence[Mark] = (),
    selectable: bool = True,
) -> None:
    """Draw a map of a data set's images; `marked` tells what is marked on it.

    Parameters
    ----------
    points : array, shape (n_images, 2)
        The projection; row = position.
    colour : (groups, order)
        What colours a point: its label, cluster or split. It may change without a loss of the
        view or of what is marked.
    alt : str
        What the map shows, for those who do not see it; the same for every colour.
    key : str
        Identity of the map: name the data set, the backbone and the plane, never the colour.
    marks : sequence of (name, (x, y))
        Images that are not of the data set, drawn as large rings.
    selectable : bool
        Whether images can be marked.
    """
    rows = selection.drawn(len(points))
    with st.container(gap=None):
        _MAP(
            key=key,
            data={
                **map_data(points, rows, cached.images(ws, dataset.id)["label"], dataset.labels),
                **_marks(points, marks),
                **{"map": key, "words": _words(alt, selectable), "selectable": selectable},
            },
            default={"selection": None},
            on_selection_change=_nothing,
        )
        _FEED(
            key=f"{key}-colours",
            data={"map": key, "what": "colours", **colour_data(*colour, rows)},
            on_asked_change=_nothing,
        )
        _pictures(ws, dataset, key, rows)


def marked(key: str, points: NDArray[Any]) -> list[int]:
    """Return the ascending positions of the images that are marked on the map `key`."""
    return selection.positions(state.component_value(key, "selection"), points)


def map_data(
    points: NDArray[Any], rows: NDArray[Any], labels: pd.Series, label_set: Sequence[str]
) -> dict[str, Any]:
    """Return what is sent once: positions in whole steps of the square around the map, labels."""
    low, high = points.min(axis=0), points.max(axis=0)
    span = float((high - low).max()) or 1.0
    steps = np.rint((points[rows] - low) / span * _STEPS).astype(np.uint16)
    codes = pd.Categorical(labels.to_numpy()[rows], categories=list(label_set)).codes
    frame = pd.DataFrame({"x": steps[:, 0], "y": steps[:, 1], "label": _small(codes)})
    return {
        "points": frame,
        "labels": list(label_set),
        "origin": [float(v) for v in low],
        "span": span,
    }


def colour_data(groups: Sequence[str], order: Sequence[str], rows: NDArray[Any]) -> dict[str, Any]:
    """Return the group of each drawn point, and the legend with the number of all images."""
    codes = pd.Categorical(np.asarray(groups), categories=list(order)).codes
    counts = np.bincount(codes, minlength=len(order))
    return {
        "groups": pd.DataFrame({"group": _small(codes[rows])}),
        "names": list(order),
        "counts": [text.number(int(n)) for n in counts],
        "words": {"entry": t("{name}: {n} images; click to bring them forward")},
    }


def picture_data(
    ws: Workspace, dataset: Dataset, asked: Sequence[int], rows: NDArray[Any]
) -> list[list[Any]]:
    """Return [row, picture, lines of text ...] for the drawn points that the browser asks for."""
    wanted = [int(r) for r in asked[:_N_AHEAD] if 0 <= int(r) < len(rows)]
    positions = [int(rows[r]) for r in wanted]
    said = hover(cached.images(ws, dataset.id).iloc[positions])
    thumbs = datasets.thumbnails(ws, dataset.id, positions)
    return [
        [row, "data:image/jpeg;base64," + base64.b64encode(thumb).decode(), *lines]
        for row, thumb, lines in zip(wanted, thumbs, said.to_numpy().tolist(), strict=True)
    ]


def _words(alt: str, selectable: bool) -> dict[str, str | tuple[str, str]]:
    """Return what the browser says by itself; of buttons, what is on them and their tooltip."""
    marking = t(
        "{map}; arrows move it, plus and minus zoom, Enter marks what is in the middle", map=alt
    )
    looking = t("{map}; arrows move it, plus and minus zoom", map=alt)
    return {
        "keys": marking if selectable else looking,
        "lasso": (t("Lasso"), t("Draw around points to mark them; or hold Shift and drag")),
        "clear": (t("Clear"), t("Mark nothing (Escape)")),
        "fit": (t("Fit"), t("Show the whole map (0)")),
        "nearer": t("Nearer (+)"),
        "further": t("Further away (-)"),
    }


@st.fragment
def _pictures(ws: Workspace, dataset: Dataset, key: str, rows: NDArray[Any]) -> None:
    """Answer the question for pictures: this alone runs again while a pointer wanders."""
    feed = f"{key}-pictures"
    with messages.guard():
        asked = state.component_value(feed, "asked") or []
        _FEED(
            key=feed,
            data={
                "map": key,
                "what": "pictures",
                "pictures": picture_data(ws, dataset, asked, rows),
                "selected": state.component_value(key, "selection"),
            },
            default={"asked": []},
            on_asked_change=_nothing,
        )


def _marks(points: NDArray[Any], marks: Sequence[Mark]) -> Mapping[str, Any]:
    """Return the marks and the corners of what the map shows, in steps like the points."""
    low = points.min(axis=0)
    scale = _STEPS / (float((points.max(axis=0) - low).max()) or 1.0)
    places = [(np.asarray(place, dtype=np.float64) - low) * scale for _, place in marks]
    everything = np.vstack([(points.max(axis=0) - low) * scale, np.zeros(2), *places])
    return {
        "marks": [
            {"name": name, "x": float(x), "y": float(y)}
            for (name, _), (x, y) in zip(marks, places, strict=True)
        ],
        "bounds": [*map(float, everything.min(axis=0)), *map(float, everything.max(axis=0))],
    }


def _small(codes: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers from 0 on in one byte each where that is enough."""
    return codes.astype(np.uint8 if codes.max(initial=0) < 256 else np.uint16)


def _nothing() -> None:
    """Be the callback that Streamlit asks for beside a default."""


def hover(images: pd.DataFrame) -> pd.DataFrame:
    """Return what a point says of its image, one column a line; row = position."""
    splits = {split: t(word) for split, word in names.SPLITS.items()}
    said = images["label"] + ", " + images["split"].map(splits)
    return pd.DataFrame({"said": said, "path": images["path"]})
