"""`builtin:rosebuds`: cut-rose buds in seven stages, drawn by a program, with a known truth.

The set exists so that the product's answers can be checked against a truth. It is built so that

- `MERGE_PAIRS` are two pairs of neighbouring stages whose pictures overlap so much that nobody can
  tell them apart: with perfect sight of everything that is drawn, a guess is right in about 60 of
  100 cases. Five classes are what these pictures hold;
- `DETAIL_PAIR` differs in nothing but fine lines, which are lost where the picture gets small;
- every label comes from a simulated reviewer, who is wrong in about 6 % of the images.

Only that reviewer's label leaves this package as a label. The sidecar holds the truth, for tests
and for a report's note on honesty; nothing else may read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.errors import InvalidInput
from core.ids import canonical_json
from core.language import phrase, t
from core.sources.rosebuds.growth import (
    DETAIL_PAIR,
    LABELS,
    MERGE_PAIRS,
    REVIEWERS,
    Bud,
    grow,
)
from core.sources.rosebuds.photo import render
from core.sources.rosebuds.scene import compose

__all__ = [
    "DETAIL_PAIR", "LABELS", "MERGE_PAIRS", "NOTE", "VERSION", "RosebudImage", "draw", "generate",
    "image_name", "sidecar",
]  # fmt: skip

VERSION = 1  # counts up whenever the same seed gives other images, labels or truths
NOTE = phrase(
    "Synthetic: these rose buds are drawn by a program, not photographed, and their labels come "
    "from a simulated reviewer who is sometimes wrong."
)
_GROWTH, _SCENE, _PIXELS = 0, 1, 2  # independent streams of random numbers for each image
_SIZES_PX = (32, 512)


@dataclass(frozen=True, slots=True)
class RosebudImage:
    """One picture as it would come from a folder: a name, a JPEG file's bytes, a label."""

    name: str
    data: bytes
    label: str


def generate(n_per_class: int = 150, size_px: int = 160, seed: int = 0) -> Iterator[RosebudImage]:
    """Return the images one by one, drawn when they are asked for.

    Parameters
    ----------
    n_per_class : int, at least 1
        Images per *true* stage; there are seven. The labels' counts differ a little from it.
    size_px : int in 32..512
        Side of the square pictures. The scene of an image does not depend on it.
    seed : int, at least 0

    Returns
    -------
    iterator of RosebudImage, `7 * n_per_class` of them
        The true stages take turns, so the first `7 * m` images are the set of `m` per class.

    Raises
    ------
    InvalidInput
        If an argument is out of range; raised by this call, not by the first image.

    Notes
    -----
    Image i depends on (seed, i, size_px) and on nothing else. Names do not tell labels.

    Examples
    --------
    >>> [image.label for image in generate(n_per_class=1, size_px=32)][:2]
    ['Arroz', 'Arveja']
    """
    _validate(n_per_class, size_px, seed)
    return (draw(index, size_px, seed) for index in range(n_per_class * len(LABELS)))


def draw(index: int, size_px: int = 160, seed: int = 0) -> RosebudImage:
    """Return image `index` of the set; no other image is drawn for it.

    Parameters
    ----------
    index : int, at least 0
        Its true stage is `LABELS[index % 7]`.
    size_px, seed : int
        As for `generate`.

    Raises
    ------
    InvalidInput
        If an argument is out of range.
    """
    _validate(1, size_px, seed)
    if index < 0:
        raise InvalidInput(t("index is out of range"), expected=t("0 or more"), received=str(index))
    bud = _truth(index, seed)
    scene = compose(_rng(seed, index, _SCENE), bud)
    data = render(scene, _rng(seed, index, _PIXELS), size_px)
    return RosebudImage(image_name(index), data, LABELS[bud.reviews[0]])


def image_name(index: int) -> str:
    """Return the file name of image `index`.

    Examples
    --------
    >>> image_name(7)
    'rosebud-000007.jpg'
    """
    return f"rosebud-{index:06d}.jpg"


def sidecar(n_per_class: int = 150, size_px: int = 160, seed: int = 0) -> bytes:
    """Return the truth about the set of `generate` with the same arguments, as JSON in UTF-8.

    Returns
    -------
    bytes
        An object with `meta` (version, seed, n_per_class, size_px, labels, merge_pairs,
        detail_pair, reviewers) and `images`: for each name `growth` in [0, 7), `true_label`, and
        `reviews`, one label per reviewer in the order of `meta.reviewers`; the first of them is
        the label of the set.

    Raises
    ------
    InvalidInput
        If an argument is out of range.
    """
    _validate(n_per_class, size_px, seed)
    buds = {image_name(i): _truth(i, seed) for i in range(n_per_class * len(LABELS))}
    meta = {
        "version": VERSION,
        "seed": seed,
        "n_per_class": n_per_class,
        "size_px": size_px,
        "labels": LABELS,
        "merge_pairs": MERGE_PAIRS,
        "detail_pair": DETAIL_PAIR,
        "reviewers": [reviewer.name for reviewer in REVIEWERS],
    }
    images = {
        name: {
            "growth": round(bud.growth, 6),
            "true_label": LABELS[bud.stage],
            "reviews": [LABELS[stage] for stage in bud.reviews],
        }
        for name, bud in buds.items()
    }
    return canonical_json({"meta": meta, "images": images}).encode()


def _truth(index: int, seed: int) -> Bud:
    return grow(_rng(seed, index, _GROWTH), index)


def _rng(seed: int, index: int, stream: int) -> np.random.Generator:
    return np.random.default_rng((seed, index, stream))


def _validate(n_per_class: int, size_px: int, seed: int) -> None:
    low, high = _SIZES_PX
    if n_per_class < 1:
        raise InvalidInput(
            t("n_per_class is too small"), expected=t("1 or more"), received=str(n_per_class)
        )
    if not low <= size_px <= high:
        raise InvalidInput(
            t("size_px is out of range"),
            expected=t("{low} to {high} pixels", low=low, high=high),
            received=str(size_px),
        )
    if seed < 0:
        raise InvalidInput(t("seed is out of range"), expected=t("0 or more"), received=str(seed))
