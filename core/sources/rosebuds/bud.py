"""The bud: a surface of revolution, shaded per pixel, with sepals or petals painted on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.sources.rosebuds.scene import Scene, Shape

F32 = NDArray[np.float32]

_FIFTH = 2 * np.pi / 5  # a rose has five sepals
# The detail pair: what is a line on a crisp bud is the same amount of colour, spread out, on a
# smooth one; the wider spread is the blush, the narrower one the pale margin of a line. (radians)
_BLUSH = 0.30
_MARGIN = 0.055
_STRIAE = 64.0  # radians to phase: a line every 0.1 radians, 3 px apart on a picture of 160 px


def silhouette(shape: Shape, n_points: int = 96) -> tuple[F32, F32]:
    """Return heights (share of the length) and radii (share of the side), each (n_points,)."""
    t = np.linspace(0.0, 1.0, n_points)
    hip_top = 0.16
    low = np.clip(t / hip_top, 0, 1)
    hip = shape.hip * np.sin(0.5 * np.pi * np.clip(low, 0.0, 1.0)) ** 0.6
    s = np.clip((t - 0.10) / 0.90, 0.0, 1.0)
    up = np.clip(s / shape.waist, 0.0, 1.0)
    down = np.clip((s - shape.waist) / (1 - shape.waist), 0.0, 1.0)
    rise = np.sqrt(np.clip(1 - (1 - up) ** 2, 0, 1))
    fall = np.clip(1 - down**2, 0, 1) ** (0.5 * shape.taper) * (1 - 0.12 * down)
    if shape.mouth > 0:
        fall = np.maximum(fall, 0.0) * (1 - shape.mouth) + shape.mouth * (1 - 0.1 * down)
    body = shape.radius * np.minimum(rise, 1.0) * fall
    return t.astype(np.float32), np.maximum(hip * (1 - low**6), body).astype(np.float32)


def paint_bud(canvas: F32, scene: Scene) -> None:
    """Paint the bud onto `canvas`, float32 (side_px, side_px, 3) in 0..255, in place."""
    side = canvas.shape[0]
    shape = scene.shape
    rows, columns = _box(scene, side)
    y, x = np.mgrid[rows, columns].astype(np.float32) / np.float32(side)
    dx, dy = x - np.float32(scene.x), y - np.float32(scene.y)
    sin, cos = np.float32(np.sin(scene.tilt)), np.float32(np.cos(scene.tilt))
    lateral = dx * cos + dy * sin
    t = (dx * sin - dy * cos) / np.float32(shape.length)
    heights, radii = silhouette(shape)
    radius = np.interp(t, heights, radii, left=0, right=0).astype(np.float32)
    inside = (np.abs(lateral) < radius) & (t > 0) & (t < 1)
    u, t = (lateral[inside] / radius[inside]), t[inside]
    radius = radius[inside]
    depth = np.sqrt(np.maximum(1 - u * u, 0))
    # a circle around the bud is seen as an ellipse: the front of it sits lower from above
    height = t + np.float32(scene.pitch) * depth * radius / np.float32(shape.length)
    phi = np.arcsin(u)
    slope = np.interp(t, heights, np.gradient(radii, heights)).astype(np.float32)
    slope /= np.float32(shape.length)
    light = _lambert(scene, u, depth, slope)
    if shape.mouth > 0:
        colour, alpha = _open_surface(scene, phi, height, u)
    else:
        colour, alpha = _closed_surface(scene, phi, height)
    colour *= light[:, None]
    highlight = np.clip(light - 1.02, 0, None) ** 2 * 260
    colour += highlight[:, None]
    window = canvas[rows, columns]
    window[inside] += alpha[:, None] * (colour - window[inside])


def _box(scene: Scene, side: int) -> tuple[slice, slice]:
    length, wide = scene.shape.length, 1.15 * scene.shape.radius
    top_x, top_y = scene.x + length * np.sin(scene.tilt), scene.y - length * np.cos(scene.tilt)
    xs, ys = sorted((scene.x, top_x)), sorted((scene.y, top_y))
    low = [max(0, int((v - wide) * side)) for v in (ys[0], xs[0])]
    high = [min(side, int((v + wide) * side) + 1) for v in (ys[1], xs[1])]
    return slice(low[0], high[0]), slice(low[1], high[1])


def _lambert(scene: Scene, u: F32, depth: F32, slope: F32) -> F32:
    norm = 1 / np.sqrt(1 + slope * slope)
    lx, ly, lz = (np.float32(v) for v in scene.light)
    # the light is given upright; the bud is tilted
    sin, cos = np.float32(np.sin(scene.tilt)), np.float32(np.cos(scene.tilt))
    side, up = lx * cos - ly * sin, lx * sin + ly * cos
    facing = np.maximum((u * side - slope * up + depth * lz) * norm, 0)
    rim = np.float32(0.72) + np.float32(0.28) * depth
    return np.asarray((scene.ambient + 0.78 * facing) * rim, dtype=np.float32)


def _closed_surface(scene: Scene, phi: F32, height: F32) -> tuple[F32, F32]:
    shape = scene.shape
    crisp = np.float32(shape.crisp)
    along = (phi - scene.turn + 5.5 * _FIFTH) % _FIFTH  # from one edge of a sepal to the next
    from_rib = np.abs(along - _FIFTH / 2)
    to_seam = np.float32(_FIFTH / 2) - from_rib
    calyx = _ramp(height, 0.10, 0.16)
    # each sepal lies on its neighbour's edge, and throws a shadow on it
    overlap = 0.30 * (along - _FIFTH / 2) * np.maximum(crisp, _ramp(to_seam, 0.0, 2 * _MARGIN))
    rib = np.exp(-((from_rib / 0.05) ** 2)) * 0.10
    veins = 0.05 * np.sin(from_rib * 55)
    seam = np.exp(-((to_seam / 0.05) ** 2)) * 0.20 * (shape.slit == 0)
    tone = 0.92 + 0.12 * height + rib + (overlap + crisp * veins - seam) * calyx
    colour = scene.sepal.astype(np.float32) * tone[:, None]
    colour += (1 - calyx)[:, None] * (scene.stem.astype(np.float32) * 1.12 - colour)
    if shape.slit > 0:
        belly = np.clip(np.sin(np.pi * np.clip((height - 0.2) / 0.72, 0, 1)), 0, 1)
        half = np.float32(shape.slit) * belly
        # the same amount of colour as a line between two pale margins
        line = _ramp(half - to_seam, -0.008, 0.008) - half * _bell(to_seam, _MARGIN)
        share = half * _bell(to_seam, _BLUSH) + crisp * line
        share += crisp * calyx * 0.10 * np.sin(from_rib * _STRIAE)
        colour += share[:, None] * (scene.petal.astype(np.float32) * 0.92 - colour)
    return colour.astype(np.float32), np.ones_like(phi)


def _petals(turn: float) -> list[tuple[float, float, float, float]]:
    """Return petals from the heart outwards: centre, half width (radians), top, drop at the sides.

    Tops and drops are shares of the bud's length.
    """
    return [
        (np.sin(turn) * 0.25, 0.75, 1.000, 0.030),
        (np.sin(turn + 2.2) * 0.55, 0.85, 0.985, 0.050),
        (np.sin(turn + 4.1) * 0.70, 1.05, 0.955, 0.070),
        (-0.95, 1.15, 0.915, 0.11),
        (0.85, 1.25, 0.875, 0.12),
        (np.sin(turn) * 0.5 - 0.1, 0.95, 0.80, 0.16),
    ]


def _open_surface(scene: Scene, phi: F32, height: F32, u: F32) -> tuple[F32, F32]:
    petal = scene.petal.astype(np.float32)
    colour = petal * (0.42 + 0.10 * np.sin(9 * u + 5 * height))[:, None]
    alpha = np.zeros_like(phi)
    for k, (centre, half, top, drop) in enumerate(_petals(scene.turn)):
        offset = (phi - np.float32(centre)) / np.float32(half)
        below = np.float32(top) - np.float32(drop) * offset**2 - height
        to_side = 1 - np.abs(offset)
        cover = _ramp(below, -0.004, 0.004) * _ramp(to_side, -0.01, 0.01)
        # what lies behind is in the shade of this petal's edge
        gap = np.maximum(np.maximum(-below, 0) / 0.035, np.maximum(-to_side, 0) / 0.10)
        colour *= (1 - 0.42 * np.exp(-(gap**2)) * (1 - cover))[:, None]
        curl = np.exp(-((below / 0.022) ** 2)) * 0.16
        side = np.exp(-((to_side / 0.10) ** 2)) * 0.10
        veins = 0.025 * np.sin(offset * 31 + k)
        tone = 0.80 + 0.045 * k - 0.22 * np.clip(below, 0, 0.7) + curl + side + veins
        colour += cover[:, None] * (petal * tone[:, None] + (curl * 60)[:, None] - colour)
        alpha = np.maximum(alpha, cover)
    calyx = 1 - _ramp(height, 0.13, 0.17)
    colour += calyx[:, None] * (scene.stem.astype(np.float32) * 1.15 - colour)
    hug = 1 - _ramp(height - np.float32(0.03) * np.cos(5 * phi), 0.19, 0.21)
    colour += hug[:, None] * (scene.sepal.astype(np.float32) * 0.95 - colour)
    return colour.astype(np.float32), np.maximum(alpha, np.maximum(calyx, hug)).astype(np.float32)


def _bell(x: F32, spread: float) -> F32:
    """Return a Gaussian whose integral over x >= 0 is 1."""
    return np.asarray(
        np.exp(-0.5 * (x / spread) ** 2) / (spread * np.sqrt(np.pi / 2)), dtype=np.float32
    )


def _ramp(x: NDArray[np.floating[Any]], low: float, high: float) -> F32:
    return np.asarray(np.clip((x - low) / (high - low), 0, 1), dtype=np.float32)
