"""What can be imported without own files: drawn rosebuds, and scikit-learn's digits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from core.language import phrase, t
from core.records import Problem
from core.sources.arrays import ArraySource, Part
from core.sources.items import Source, SourceItem

DIGITS_NOTE = phrase(
    "Digits: 1,797 scans of 8 x 8 pixels from 43 people (Alpaydin and Kaynak 1998, as shipped "
    "with scikit-learn)."
)
_DIGITS_INK = 16  # each pixel counts the inked ones in a 4 x 4 block
ROSEBUD_OPTIONS: Mapping[str, tuple[int, int]] = {
    "n_per_class": (1, 20_000),
    "size_px": (32, 512),
    "seed": (0, 2**31 - 1),
}
_ROSEBUD_DEFAULTS = {"n_per_class": 150, "size_px": 160, "seed": 0}


class RosebudSource(Source):
    """`builtin:rosebuds`: drawn while they are read; the truth is in the sidecar."""

    def __init__(self, options: Mapping[str, int]) -> None:
        from core.sources import rosebuds

        self._rosebuds = rosebuds
        self._options = options = {**_ROSEBUD_DEFAULTS, **options}
        self.name = "rosebuds"
        self.note = t(rosebuds.NOTE)
        self.label_order = tuple(rosebuds.LABELS)
        self.natural_px = options["size_px"]
        self.n_items = options["n_per_class"] * len(rosebuds.LABELS)

    def items(self) -> Iterator[SourceItem | Problem]:
        """Yield the buds in the order they are drawn."""
        for bud in self._rosebuds.generate(**self._options):
            yield SourceItem(bud.name, partial(bytes, bud.data), bud.label)

    def sidecar(self) -> bytes:
        """Return growth, true label and the three reviews of each image, as JSON."""
        return self._rosebuds.sidecar(**self._options)


def open_digits() -> Source:
    """Return `builtin:digits`, 1,797 images in ten classes."""
    return ArraySource(
        _load_digits,
        name="digits",
        note=t(DIGITS_NOTE),
        labels=tuple("0123456789"),
        natural_px=8,
    )


def _load_digits() -> Sequence[Part]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.round(digits.images * (255 / _DIGITS_INK)).astype(np.uint8)  # (1797, 8, 8)
    return [(None, pixels, digits.target)]
