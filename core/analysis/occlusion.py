"""What does an answer hang on? Cover a part of the image at a time and see what is lost.

References
----------
M. Zeiler and R. Fergus, "Visualizing and understanding convolutional networks", 2014, section 4.2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.analysis._checks import Floats
from core.errors import InvalidInput
from core.language import t

SIDE_SHARE = 7  # a patch is a seventh of the image wide
GREY = 128  # neither ink nor paper
Box = tuple[slice, slice]  # rows, columns


def patches(size_px: int) -> list[Box]:
    """Return where the patches lie on a square image, row by row; every pixel is in one at least.

    Parameters
    ----------
    size_px : int, at least 1
        Side of the image.

    Raises
    ------
    InvalidInput
        If `size_px` is out of range.

    Notes
    -----
    Each is a seventh of the side wide, rounded up, and they are half of that apart or less: 13 x 13
    patches on a large image.

    Examples
    --------
    >>> len(patches(224)), patches(224)[1]
    (169, (slice(0, 32, None), slice(16, 48, None)))
    """
    if size_px < 1:
        raise InvalidInput(
            t("size_px is out of range"), expected=t("1 or more"), received=str(size_px)
        )
    side = -(-size_px // SIDE_SHARE)
    n_steps = -(-(size_px - side) // max(1, side // 2))
    starts = np.linspace(0, size_px - side, n_steps + 1).round().astype(int).tolist()
    strips = [slice(start, start + side) for start in starts]
    return [(rows, columns) for rows in strips for columns in strips]


def covered(
    pixels: NDArray[np.uint8], boxes: list[Box], n_at_once: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield copies of an image with one patch covered in each, `n_at_once` at a time.

    Parameters
    ----------
    pixels : array of uint8, shape (size_px, size_px, 3)
    boxes : list
        From `patches`.

    Yields
    ------
    array of uint8, shape (n <= n_at_once, size_px, size_px, 3)
        In the order of the boxes.
    """
    for start in range(0, len(boxes), n_at_once):
        part = boxes[start : start + n_at_once]
        copies = np.repeat(pixels[None], len(part), axis=0)
        for copy, box in zip(copies, part, strict=True):
            copy[box] = GREY
        yield copies


def heat_map(drops: ArrayLike, boxes: list[Box], size_px: int) -> Floats:
    """Return for each pixel the mean drop over the patches that covered it, (size_px, size_px).

    Parameters
    ----------
    drops : array of float, shape (n_boxes,)
        What covering each patch took from the probability of the answer; negative where it rose.
    boxes : list
        From `patches`.

    Raises
    ------
    InvalidInput
        If there is not one drop for each patch.

    Examples
    --------
    >>> heat_map([1.0, 0.0], [(slice(0, 2), slice(0, 1)), (slice(0, 2), slice(0, 2))], 2).tolist()
    [[0.5, 0.0], [0.5, 0.0]]
    """
    values = np.asarray(drops, dtype=np.float64)
    if values.shape != (len(boxes),):
        raise InvalidInput(
            t("drops and patches do not fit each other"),
            expected=t("shape {shape}", shape=str((len(boxes),))),
            received=t("shape {shape}", shape=str(values.shape)),
        )
    total, n_covers = np.zeros((size_px, size_px)), np.zeros((size_px, size_px))
    for box, drop in zip(boxes, values, strict=True):
        total[box] += drop
        n_covers[box] += 1
    return total / np.maximum(n_covers, 1)
