"""How bright each image of a data set is, and how much contrast it has: measured once, kept."""

from __future__ import annotations

import numpy as np

from core.analysis.comparisons.luminance import brightness_and_contrast
from core.services.data.datasets import get_dataset, pixels
from core.store import results
from core.store.database import Workspace

_KIND = "brightness"
_PARAMS = {"luma": "BT.709"}


def brightness(ws: Workspace, dataset_id: str) -> np.ndarray:
    """Return brightness and contrast of every image, float32 (n_images, 2), shares.

    Notes
    -----
    Of the square picture that a network sees. The first call reads every pixel.
    """
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        found = results.find(conn, _KIND, dataset.id, _PARAMS)
    if found and found[1]:
        return ws.blobs.open_array(found[1])
    measured = brightness_and_contrast(pixels(ws, dataset))
    blob = ws.blobs.put_array(measured)
    with ws.write() as conn:
        results.add(
            conn,
            kind=_KIND,
            dataset_id=dataset.id,
            params=_PARAMS,
            value={"n_images": dataset.n_images},
            blob=blob,
        )
    return measured
