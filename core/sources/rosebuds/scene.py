"""Everything about one picture that is drawn by lot: camera, light, colours, bud, background."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.sources.rosebuds.growth import LOOKS, Bud

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shape:
    """The bud's geometry; lengths are shares of the picture's side, angles are radians."""

    length: float  # calyx to tip
    radius: float  # widest
    hip: float  # radius of the receptacle
    waist: float  # position of the widest part, share of the length
    taper: float  # 1 = a ball's top, higher = pointed
    mouth: float  # radius of the open top, share of `radius`; 0 = closed
    slit: float  # half width of the slits between sepals
    crisp: float  # 1 = edges and slits are lines, 0 = the same amount of colour, blurred
    reflex: float  # 0 = sepals upright, 1 = bent down
    sepal: float  # length of the free sepals


@dataclass(frozen=True, slots=True)
class Scene:
    """All that `photo.render` needs, independent of the size of the picture."""

    shape: Shape
    x: float  # calyx, share of the side
    y: float
    tilt: float  # radians, clockwise
    pitch: float  # > 0: seen from above
    turn: float  # where the first sepal is, radians
    light: Floats  # unit vector towards the light, (right, up, to the camera)
    ambient: float
    petal: Floats  # RGB
    sepal: Floats
    stem: Floats
    leaf: Floats
    background: Floats  # weights of greenhouse, soil, sky
    exposure: float
    warmth: float
    blur: float  # share of the side
    noise: float  # standard deviation in grey levels
    quality: int  # of the JPEG


# length, radius, hip, waist, taper, mouth, slit, reflex, sepal at ripeness 0 and at 1
_SHAPES: dict[str, tuple[tuple[float, float], ...]] = {
    "rice": ((0.37, 0.42), (0.056, 0.068), (0.032, 0.038), (0.40, 0.42), (1.5, 1.4),
             (0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.13, 0.13)),
    "pea": ((0.31, 0.39), (0.090, 0.150), (0.050, 0.068), (0.42, 0.44), (1.45, 1.05),
            (0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.14, 0.13)),
    "ball": ((0.46, 0.50), (0.176, 0.188), (0.076, 0.082), (0.44, 0.44), (1.2, 1.2),
             (0.0, 0.0), (0.050, 0.066), (0.0, 0.0), (0.13, 0.13)),
    "striped": ((0.46, 0.50), (0.176, 0.188), (0.076, 0.082), (0.44, 0.44), (1.2, 1.2),
                (0.0, 0.0), (0.050, 0.066), (0.0, 0.0), (0.13, 0.13)),
    "open": ((0.50, 0.56), (0.162, 0.196), (0.080, 0.084), (0.46, 0.48), (1.0, 1.0),
             (0.54, 0.72), (0.0, 0.0), (0.35, 1.0), (0.26, 0.26)),
}  # fmt: skip


def compose(rng: np.random.Generator, bud: Bud) -> Scene:
    """Return a scene for `bud`; nothing but the shape depends on the bud."""
    shape = _shape(rng, bud)
    tilt = float(np.clip(rng.normal(0.0, 0.09), -0.25, 0.25))
    side = rng.uniform(-0.8, 0.8)
    light = np.array([side, rng.uniform(0.35, 0.8), rng.uniform(0.5, 0.9)])
    centre = np.array([0.5, 0.52]) + rng.normal(0.0, 0.025, size=2)
    half = 0.42 * shape.length
    hue = rng.normal(0.96, 0.012) % 1.0
    return Scene(
        shape=shape,
        x=float(centre[0] - half * np.sin(tilt)),
        y=float(centre[1] + half * np.cos(tilt)),
        tilt=tilt,
        pitch=float(rng.uniform(0.20, 0.34)),
        turn=float(rng.uniform(0.2, 0.2 + np.pi / 5)),
        light=np.asarray(light / np.linalg.norm(light)),
        ambient=float(rng.uniform(0.42, 0.58)),
        petal=_colour(hue, rng.uniform(0.68, 0.80), rng.uniform(0.82, 0.93)),
        sepal=_colour(rng.normal(0.27, 0.015), rng.uniform(0.45, 0.6), rng.uniform(0.55, 0.68)),
        stem=_colour(rng.normal(0.27, 0.02), rng.uniform(0.42, 0.6), rng.uniform(0.42, 0.56)),
        leaf=_colour(rng.normal(0.32, 0.02), rng.uniform(0.5, 0.65), rng.uniform(0.32, 0.46)),
        background=np.asarray(rng.dirichlet([2.4, 1.6, 1.6])),
        exposure=float(rng.uniform(0.88, 1.14)),
        warmth=float(rng.normal(0.0, 0.035)),
        blur=float(rng.uniform(0.0, 0.003)),
        noise=float(rng.uniform(0.8, 1.6)),
        quality=int(rng.integers(91, 96)),
    )


def _shape(rng: np.random.Generator, bud: Bud) -> Shape:
    look = LOOKS[bud.look]
    v = [low + (high - low) * bud.ripeness for low, high in _SHAPES[look]]
    zoom, girth = rng.normal(1.0, 0.02), rng.normal(1.0, 0.015)
    return Shape(
        length=float(v[0] * zoom), radius=float(v[1] * zoom * girth), hip=float(v[2] * zoom),
        waist=v[3], taper=v[4], mouth=v[5], slit=v[6], crisp=_crispness(look, bud.ripeness),
        reflex=v[7], sepal=float(v[8] * zoom),
    )  # fmt: skip


def _crispness(look: str, ripeness: float) -> float:
    """Stripes start as hairlines: a few are so faint that only an expert sees them."""
    if look != "striped":
        return 0.0 if look == "ball" else 1.0
    return float(np.clip((ripeness - 0.05) / 0.4, 0.1, 1.0))


def _colour(hue: float, saturation: float, value: float) -> Floats:
    return np.array(colorsys.hsv_to_rgb(float(hue) % 1.0, float(saturation), float(value))) * 255.0
