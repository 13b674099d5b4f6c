"""From what was marked on the map to positions of images; no Streamlit, so that it is tested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.analysis.projection import points_in_polygon

N_DRAWN = 100_000  # points; a browser without a GPU draws so many in a moment (docs/adr/0008)


def drawn(n_points: int, seed: int = 0) -> NDArray[np.int64]:
    """Return the sorted positions to draw: all, or `N_DRAWN` at random: densities stay true."""
    if n_points <= N_DRAWN:
        return np.arange(n_points)
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(n_points, N_DRAWN, replace=False))


def positions(marked: Mapping[str, Any] | None, points: NDArray[Any]) -> list[int]:
    """Return the ascending positions of the marked images.

    Parameters
    ----------
    marked : mapping or None
        `polygon`: corners in units of `points`; or `row`: which of the drawn points was clicked.
    points : array, shape (n_images, 2)
        All points of the map, also those that are not drawn.
    """
    found = marked or {}
    if "row" in found:
        rows = drawn(len(points))
        return [int(rows[found["row"]])] if 0 <= found["row"] < len(rows) else []
    corners = np.asarray(found.get("polygon", ()), dtype=np.float64).reshape(-1, 2)
    if len(corners) < 3:
        return []
    near = np.flatnonzero(
        ((points >= corners.min(axis=0)) & (points <= corners.max(axis=0))).all(axis=1)
    )
    return [int(p) for p in near[points_in_polygon(points[near], corners)]]
