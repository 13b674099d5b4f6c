"""What an algorithm hands to the training: models and how to fit them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Recipe:
    """An untrained classifier, built for some data.

    Parameters
    ----------
    trained : keras.Model
        What `fit` runs; may change its input at random (augmentation).
    served : keras.Model
        The same weights without randomness: what is saved, exported and asked. From raw embeddings
        or raw uint8 pixels to probabilities (n_images, n_classes).
    optimizer, loss
        What to compile `trained` with.
    """

    trained: Any
    served: Any
    optimizer: Any
    loss: Any
