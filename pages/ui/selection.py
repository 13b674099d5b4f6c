"""From what was marked in a chart to positions of images; no Streamlit, so that it is tested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.projection import points_in_polygon
from pages.ui.charts import N_DRAWN


def positions(selection: Mapping[str, Any], points: NDArray[Any]) -> list[int]:
    """Return the ascending positions of the marked points.

    Parameters
    ----------
    selection : mapping
        `event.selection` of a Plotly chart: points with their `customdata`, lasso, box.
    points : array, shape (n_images, 2)
        All points of the map, also those that were not drawn.

    Notes
    -----
    When every point is drawn, exactly the marked ones count (groups hidden by the legend stay
    out). When the drawing was thinned, the outline is applied to all points.
    """
    outlines = [*selection.get("lasso", ()), *selection.get("box", ())]
    if len(points) > N_DRAWN and outlines:
        inside = np.zeros(len(points), dtype=bool)
        for outline in outlines:
            inside |= points_in_polygon(points, _polygon(outline))
        return [int(p) for p in np.flatnonzero(inside)]
    return sorted({_first(point["customdata"]) for point in selection.get("points", ())})


def _polygon(outline: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the corners of a lasso, or the four of a box, (n_corners, 2)."""
    x, y = outline["x"], outline["y"]
    if len(x) == 2:  # a box is given by two opposite corners
        x, y = [x[0], x[1], x[1], x[0]], [y[0], y[0], y[1], y[1]]
    return np.column_stack([x, y]).astype(float)


def _first(customdata: Any) -> int:
    """Return the position: Plotly gives a number, or a list of one."""
    return int(customdata[0] if isinstance(customdata, list | tuple) else customdata)
