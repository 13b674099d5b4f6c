"""Images that come as arrays of pixels: each becomes a file, so that it has bytes and an id.

The file is a BMP: its bytes are laid out by the format and not by an encoder, so an image has the
same id on every machine and with every version of Pillow; a PNG's depends on the zlib inside.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.records import Problem, Split
from core.sources.items import Source, SourceItem

Part = tuple[Split | None, NDArray[np.uint8], NDArray[np.integer]]  # split, pixels, label index


class ArraySource(Source):
    """Pixels `(n, h, w)` or `(n, h, w, 3)` with label indices `(n,)`, in one or more parts.

    Parameters
    ----------
    load : callable
        Returns the parts, e.g. training and test images. Called by `items` and not before:
        opening a source is quick and needs no network.
    name, note : str
        See `Source`.
    labels : tuple of str
        What the label indices mean; also the label order.
    natural_px : int
        The side of the images.
    n_per_class : int, optional
        Keep the first so many images of each label and split.
    """

    def __init__(
        self,
        load: Callable[[], Sequence[Part]],
        *,
        name: str,
        note: str,
        labels: tuple[str, ...],
        natural_px: int,
        n_per_class: int | None = None,
    ) -> None:
        self.name, self.note, self.label_order, self.natural_px = name, note, labels, natural_px
        self._load, self._labels, self._n_per_class = load, labels, n_per_class

    def items(self) -> Iterator[SourceItem | Problem]:
        """Yield the images in the order of the arrays."""
        chosen = [
            (split, x, i, self._labels[index])
            for split, x, y in self._load()
            for i, index in _first(y, self._n_per_class)
        ]
        self.n_items = len(chosen)
        for split, x, i, label in chosen:
            path = f"{split or 'all'}/{label.replace('/', '-')}/{i:05d}.bmp"
            yield SourceItem(path, partial(bmp, x[i]), label, split)


def bmp(pixels: NDArray[np.uint8]) -> bytes:
    """Return a BMP file of grey `(h, w)` or RGB `(h, w, 3)` pixels."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "BMP")
    return file.getvalue()


def _first(y: NDArray[np.integer], n_per_class: int | None) -> Iterator[tuple[int, int]]:
    n_taken: Counter[int] = Counter()
    for i, index in enumerate(y.tolist()):
        n_taken[index] += 1
        if n_per_class is None or n_taken[index] <= n_per_class:
            yield i, index
