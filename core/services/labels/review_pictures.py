"""Pictures for reviewing: large enough to judge, small enough to be sent ahead."""

from __future__ import annotations

import io
from functools import lru_cache

from PIL import Image

from core.services.data.datasets import picture
from core.store.database import Workspace

MOST_PX = 1_280  # of the longer side: a large screen, zoomed in once
_QUALITY = 90


@lru_cache(maxsize=64)
def jpeg(ws: Workspace, image_id: str) -> bytes:
    """Return an image as a JPEG of at most 1,280 pixels a side, without metadata.

    Parameters
    ----------
    image_id : str

    Returns
    -------
    bytes
        Of small images every pixel, with colours at full resolution.

    Raises
    ------
    NotFound
        If there is no such image.
    """
    image = Image.fromarray(picture(ws, image_id))
    image.thumbnail((MOST_PX, MOST_PX), Image.Resampling.BICUBIC, reducing_gap=3.0)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY, subsampling=0)
    return file.getvalue()
