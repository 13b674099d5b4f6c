"""What in an image does a model's answer hang on? Asked of the whole model, cascade included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.analysis import occlusion
from core.analysis._checks import Floats
from core.services.data.datasets import pixels
from core.services.runs import answering, predicting
from core.store.database import Workspace

_LEAST_SCALE = 0.05
_AT_ONCE = 16  # images in memory besides those the model makes of them


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What covering parts of an image does to the answer.

    Parameters
    ----------
    pixels : array of uint8, shape (size_px, size_px, 3)
        The image as the model gets it.
    heat : array of float, shape (size_px, size_px)
        By how much the answer's probability drops, on average, when a patch over the pixel is
        grey; negative where it rises.
    answer : str
        The class that the model names for the whole image.
    confidence : float
        Its probability there.
    n_patches, n_turned : int
        Patches that were tried, and those of them under which the model names another class.
    """

    pixels: np.ndarray
    heat: Floats
    answer: str
    confidence: float
    n_patches: int
    n_turned: int

    @property
    def scale(self) -> float:
        """Return the change that is drawn strongest: small ones are not to look large."""
        return max(_LEAST_SCALE, self.largest)

    @property
    def largest(self) -> float:
        """Return the largest change, in [0, 1]."""
        return float(np.abs(self.heat).max())


def look(ws: Workspace, model_id: str, asked: tuple[str, bytes] | int) -> Looked:
    """Return what a model's answer for one image hangs on.

    Parameters
    ----------
    model_id : str
        A run, a cascade or an extended model; about 200 images are asked of it.
    asked : (name, bytes) or int
        A file, or a position in the data set.

    Raises
    ------
    InvalidInput, NotFound, NotReady
        As `predicting.predict`.

    Notes
    -----
    A patch changes an image into one that the model never learned from: the map shows what this
    answer hangs on, and is no proof of what the model has understood. Where parts say the same
    twice, covering one of them shows nothing.
    """
    dataset, _, model = predicting.model_of(ws, model_id)
    if isinstance(asked, int):
        image = np.array(pixels(ws, dataset, check=False)[asked])
    else:
        image = predicting.square(ws, dataset, *asked)
    boxes = occlusion.patches(dataset.size_px)
    (whole,) = answering.answer(model, ["image"], image[None], {})
    answer = str(whole["class"])
    said = [
        one
        for part in occlusion.covered(image, boxes, _AT_ONCE)
        for one in answering.answer(model, [""] * len(part), part, {})
    ]
    drops = [whole["confidence"] - one["probabilities"][answer] for one in said]
    return Looked(
        image,
        occlusion.heat_map(drops, boxes, dataset.size_px),
        answer,
        float(whole["confidence"]),
        len(boxes),
        sum(one["class"] != answer for one in said),
    )
