"""Ribbons: everything long and flat on a rose (stem, leaves, sepals), drawn as shaded polygons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Floats = NDArray[np.float64]


def bend(start: Floats, middle: Floats, end: Floats, n_points: int = 16) -> Floats:
    """Return a quadratic Bezier curve, shape (n_points, 2).

    Parameters
    ----------
    start, middle, end : array, shape (2,)
        Control points, in pixels.
    n_points : int
        At least 2.
    """
    s = np.linspace(0.0, 1.0, n_points)[:, None]
    a, b, c = (np.asarray(p, dtype=np.float64) for p in (start, middle, end))
    return np.asarray((1 - s) ** 2 * a + 2 * s * (1 - s) * b + s**2 * c)


def leaf_width(n_points: int, half_width: float, *, blunt: float = 0.75) -> Floats:
    """Return half widths of a leaf: rounded at the base, pointed at the tip, shape (n_points,)."""
    s = np.linspace(0.0, 1.0, n_points)
    return np.asarray(half_width * np.sin(np.pi * s**blunt) ** 0.9 * (1 - 0.25 * s))


def draw_ribbon(
    canvas: Image.Image,
    centre: Floats,
    half_width: Floats,
    tones: Sequence[Floats],
    shade: Floats | None = None,
) -> None:
    """Paint a ribbon of `len(tones)` lengthwise strips from its left to its right edge.

    Parameters
    ----------
    canvas : Image.Image
        RGB picture that is painted on; `centre` and `half_width` are in its pixels.
    centre : ndarray, shape (n_points, 2)
    half_width : ndarray, shape (n_points,)
    tones : sequence of RGB colours
        One per strip, so a stem shaded round needs about five, a leaf with a midrib three.
    shade : ndarray, shape (n_points,), optional
        Brightness along the ribbon, 1 leaves the tones as they are.
    """
    draw = ImageDraw.Draw(canvas)
    along = np.gradient(centre, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * half_width[:, None]
    brightness = np.ones(len(centre)) if shade is None else shade
    edges = np.linspace(-1.0, 1.0, len(tones) + 1)
    rails = [centre + edge * across for edge in edges]
    for k, tone in enumerate(tones):
        left, right = rails[k], rails[k + 1]
        for i in range(len(centre) - 1):
            corners = [tuple(left[i]), tuple(right[i]), tuple(right[i + 1]), tuple(left[i + 1])]
            draw.polygon(corners, fill=_rgb(tone, brightness[i]))


def draw_leaf(
    canvas: Image.Image, centre: Floats, half_width: float, tone: Floats, light: float
) -> None:
    """Paint a leaf with a midrib, side veins and a lighter side.

    Parameters
    ----------
    canvas : Image
        Painted upon.
    centre : array, shape (n_points, 2)
        The midrib from base to tip, in pixels.
    half_width : float
        Of the blade at its widest, in pixels.
    tone : array, shape (3,)
        RGB, 0 to 255.
    light : float
        In [-1, 1]: how much brighter the left side is.
    """
    n_points = len(centre)
    width = leaf_width(n_points, half_width) * (1 + 0.08 * (np.arange(n_points) % 2))
    base = np.asarray(tone, dtype=np.float64)
    left, right = base * (1 + 0.16 * light), base * (1 - 0.16 * light)
    shade = np.linspace(0.8, 1.08, n_points)
    draw_ribbon(canvas, centre, width, [left * 0.93, left, right, right * 0.93], shade)
    draw = ImageDraw.Draw(canvas)
    vein = _rgb(base * 1.25 + 12, 1.0)
    thick = max(1, round(half_width / 9))
    draw.line([tuple(p) for p in centre], fill=vein, width=thick)
    along = np.gradient(centre, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    faint = _rgb(base * 1.12 + 6, 1.0)
    for i in range(2, n_points - 3, 2):
        for side in (-0.75, 0.75):
            tip = centre[i] + side * width[i] * normal[i] + 0.45 * width[i] * along[i]
            draw.line([tuple(centre[i]), tuple(tip)], fill=faint, width=max(1, thick // 2))


def _rgb(tone: Floats, brightness: float) -> tuple[int, int, int]:
    r, g, b = (int(min(255.0, max(0.0, float(c) * brightness))) for c in tone)
    return r, g, b
