"""From a scene to the bytes of a photograph: background, plant, bud, camera."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from core.sources.rosebuds.bud import F32, paint_bud
from core.sources.rosebuds.plant import Floats, bend, draw_leaf, draw_ribbon, leaf_width
from core.sources.rosebuds.scene import Scene

_OVERSAMPLE = 2
_BACKDROP_PX = 48  # backgrounds are out of focus: drawn small, enlarged smoothly
_PALETTES = np.array(
    [
        [[70, 96, 62], [120, 140, 105]],  # greenhouse: top, bottom
        [[128, 116, 96], [98, 80, 62]],  # soil
        [[168, 182, 190], [120, 138, 118]],  # sky
    ],
    dtype=np.float64,
)


def render(scene: Scene, rng: np.random.Generator, size_px: int) -> bytes:
    """Return the JPEG bytes of `scene`, `size_px` a side; `rng` draws background and grain."""
    side = size_px * _OVERSAMPLE
    canvas = _backdrop(scene, rng).resize((side, side), Image.Resampling.BICUBIC)
    _leaves_and_stem(canvas, scene, rng, side)
    _free_sepals(canvas, scene, rng, side, front=False)
    pixels = np.asarray(canvas, dtype=np.float32).copy()
    paint_bud(pixels, scene)
    canvas = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    _free_sepals(canvas, scene, rng, side, front=True)
    return _photograph(canvas, scene, rng, size_px)


def _backdrop(scene: Scene, rng: np.random.Generator) -> Image.Image:
    n = _BACKDROP_PX
    top, bottom = np.tensordot(scene.background, _PALETTES, axes=1)
    fade = np.linspace(0, 1, n)[:, None, None]
    base = np.broadcast_to(top * (1 - fade) + bottom * fade, (n, n, 3)).copy()
    clouds = rng.normal(0.0, 1.0, size=(6, 6)).astype(np.float32)
    soft = Image.fromarray(clouds).resize((n, n), Image.Resampling.BICUBIC)
    base *= 1 + 0.11 * np.asarray(soft)[..., None]
    picture = Image.fromarray(np.clip(base, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture, "RGBA")
    for _ in range(int(rng.integers(4, 14))):  # bokeh
        x, y, r = rng.uniform(0, n), rng.uniform(0, n), rng.uniform(1.5, 5.0)
        tint = base[int(y) % n, int(x) % n] * rng.uniform(0.75, 1.5) + rng.uniform(0, 25)
        r8, g8, b8 = (int(min(255, c)) for c in tint)
        draw.ellipse([x - r, y - r, x + r, y + r], fill=(r8, g8, b8, int(rng.integers(40, 120))))
    for _ in range(int(rng.integers(0, 4))):  # other stems
        x0, x1 = rng.uniform(0, n, size=2)
        green = int(rng.integers(70, 130))
        fill = (int(green * 0.7), green, int(green * 0.5), 90)
        draw.line([x0, n, x1, rng.uniform(-5, 20)], fill=fill, width=int(rng.integers(1, 4)))
    return picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.8, 2.0))))


def _leaves_and_stem(
    canvas: Image.Image, scene: Scene, rng: np.random.Generator, side: int
) -> None:
    foot = np.array([scene.x - 0.55 * np.sin(scene.tilt) + rng.normal(0, 0.05), 1.15]) * side
    top = np.array([scene.x, scene.y]) * side
    down = np.array([-np.sin(scene.tilt), np.cos(scene.tilt)])
    stem = bend(foot, top + down * 0.35 * side, top - down * 0.02 * side, 20)
    for direction in rng.permutation([-1.0, 1.0]):
        start = stem[int(rng.integers(6, 12))]
        reach = np.array([direction * rng.uniform(0.18, 0.34), -rng.uniform(-0.04, 0.22)]) * side
        lift = np.array([direction * 0.14, -rng.uniform(0.10, 0.2)]) * side
        centre = bend(start, start + lift, start + reach, 18)
        tone = scene.leaf * rng.uniform(0.85, 1.15)
        draw_leaf(canvas, centre, rng.uniform(0.045, 0.075) * side, tone, -direction)
    width = np.linspace(0.021, 0.017, len(stem)) * side * (0.75 + 1.6 * scene.shape.radius)
    left = 0.75 + 0.35 * max(0.0, -float(scene.light[0]))
    right = 0.75 + 0.35 * max(0.0, float(scene.light[0]))
    rounding = np.array([left * 0.75, left, 1.02, right, right * 0.75])
    draw_ribbon(canvas, stem, width, [scene.stem * k for k in rounding])
    for _ in range(int(rng.integers(0, 3))):
        at, direction = stem[int(rng.integers(5, 17))], float(rng.choice([-1, 1]))
        tip = at + np.array([direction * 0.045, 0.012]) * side
        thorn = bend(at, (at + tip) / 2 - [0, 0.012 * side], tip, 5)
        draw_ribbon(canvas, thorn, np.linspace(0.014, 0, 5) * side, [scene.stem * 0.9])


def _free_sepals(
    canvas: Image.Image, scene: Scene, rng: np.random.Generator, side: int, *, front: bool
) -> None:
    shape = scene.shape
    up = np.array([np.sin(scene.tilt), -np.cos(scene.tilt)])
    right = np.array([np.cos(scene.tilt), np.sin(scene.tilt)])
    base = np.array([scene.x, scene.y])
    lean = rng.normal(0.0, 0.12, size=5)
    for k in range(5):
        angle = scene.turn + k * 2 * np.pi / 5
        across, depth = float(np.sin(angle)), float(np.cos(angle))
        if (depth >= 0) != front:
            continue
        if shape.mouth > 0:
            start, middle, end = _bent_sepal(scene, across, depth, float(lean[k]))
            half = 0.036
        else:
            start, middle, end = _tip(scene, across, depth, float(lean[k]))
            half = 0.010 + 0.07 * shape.radius
        points = [base + right * p[0] + up * p[1] for p in (start, middle, end)]
        centre = bend(points[0], points[1], points[2], 14) * side
        half *= side * (0.55 + 0.45 * abs(depth))
        width = leaf_width(14, half, blunt=0.62)
        if shape.mouth == 0:
            width = half * np.linspace(1, 0, 14) ** 0.8
        tone = scene.sepal * (0.98 if front else 0.72)
        lit = 0.14 * float(np.sign(scene.light[0] or 1.0))
        tones = [tone * (1.1 - lit), tone * (0.95 - lit), tone * (0.95 + lit), tone * (1.1 + lit)]
        draw_ribbon(canvas, centre, width, tones, np.linspace(0.85, 1.1, 14))


def _bent_sepal(scene: Scene, across: float, depth: float, lean: float) -> tuple[Floats, ...]:
    """Start, middle and end of a sepal that left the bud, in (across, up) from its base."""
    shape = scene.shape
    out, bent = shape.sepal, shape.reflex + lean
    y0 = 0.13 * shape.length
    sink = -scene.pitch * depth * shape.radius * 0.5
    start = np.array([across * shape.hip * 0.9, y0 + sink * 0.6])
    middle = np.array([across * (shape.hip + 0.62 * out), y0 + sink + out * (0.55 - 0.25 * bent)])
    end = np.array(
        [across * (shape.hip + out * (0.75 + 0.2 * bent)), y0 + sink + out * (0.8 - 1.25 * bent)]
    )
    return start, middle, end


def _tip(scene: Scene, across: float, depth: float, lean: float) -> tuple[Floats, ...]:
    """Start, middle and end of the slender end of a closed sepal, above the bud."""
    shape = scene.shape
    y0 = shape.length * 0.94
    start = np.array([across * shape.radius * 0.26, y0 - 0.012 * depth])
    middle = np.array([across * shape.radius * 0.10, y0 + 0.45 * shape.sepal])
    end = np.array([across * 0.06 + lean * 0.3 * shape.sepal, y0 + shape.sepal])
    return start, middle, end


def _photograph(canvas: Image.Image, scene: Scene, rng: np.random.Generator, size_px: int) -> bytes:
    blur = scene.blur * size_px
    small = canvas.reduce(_OVERSAMPLE)
    if blur > 0.2:
        small = small.filter(ImageFilter.GaussianBlur(blur))
    pixels: F32 = np.asarray(small, dtype=np.float32)
    balance = np.array([1 + scene.warmth, 1.0, 1 - scene.warmth]) * scene.exposure
    axis = np.linspace(-1, 1, size_px, dtype=np.float32)
    vignette = 1 - 0.10 * (axis[:, None] ** 2 + axis**2)
    grain = rng.standard_normal((size_px, size_px), dtype=np.float32) * np.float32(scene.noise)
    pixels = pixels * balance.astype(np.float32) * vignette[..., None] + grain[..., None]
    stream = io.BytesIO()
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    picture.save(stream, "JPEG", quality=scene.quality, subsampling=0)
    return stream.getvalue()
