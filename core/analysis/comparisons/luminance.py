"""How bright an image is, and how much contrast it has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.language import t

_LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)  # red, green, blue: ITU-R BT.709
_SIDE_PX = 64  # a larger image is looked at on a grid of about so many points a side
_CHUNK = 512  # images in memory at once


def brightness_and_contrast(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return mean and standard deviation of each image's luma.

    Parameters
    ----------
    pixels : array of uint8, shape (n_images, height, width, 3)
        May be a memory map: it is read in pieces.

    Returns
    -------
    array of float32, shape (n_images, 2)
        Brightness in [0, 1] and contrast in [0, 0.5].

    Raises
    ------
    InvalidInput
        If these are no colour images.

    References
    ----------
    E. Peli, "Contrast in complex images", 1990 (root-mean-square contrast).

    Examples
    --------
    >>> half = np.zeros((1, 2, 2, 3), np.uint8)
    >>> half[:, 0] = 255
    >>> brightness_and_contrast(half).tolist()
    [[0.5, 0.5]]
    """
    if pixels.ndim != 4 or pixels.shape[3] != 3 or pixels.dtype != np.uint8:
        raise InvalidInput(
            t("brightness is measured on colour images"),
            expected=t("uint8 (n_images, height, width, 3)"),
            received=f"{pixels.dtype} {pixels.shape}",
        )
    step = max(1, min(pixels.shape[1:3]) // _SIDE_PX)
    found = np.empty((len(pixels), 2), dtype=np.float32)
    for begin in range(0, len(pixels), _CHUNK):
        part = slice(begin, begin + _CHUNK)
        luma = pixels[part, ::step, ::step].astype(np.float32) @ (_LUMA / 255.0)
        found[part, 0] = luma.mean(axis=(1, 2))
        found[part, 1] = luma.std(axis=(1, 2))
    return found
