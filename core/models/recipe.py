"""What an algorithm is given, and what it hands to the training: models and how to fit them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a model is trained on; rows of `x` and `y` that no index names are never looked at.

    Parameters
    ----------
    x : ndarray
        Embeddings, float32 (n_images, embedding_dim), or pixels, uint8 (n_images, size_px, size_px,
        3); may be a memory map.
    y : ndarray of int, (n_images,)
        Class of each image, 0 to n_classes - 1.
    train_index, val_index : ndarray of int64
        Rows to learn from, and rows that decide when to stop.
    n_classes : int
        At least 2.
    """

    x: npt.NDArray[Any]
    y: npt.NDArray[np.integer[Any]]
    train_index: npt.NDArray[np.int64]
    val_index: npt.NDArray[np.int64]
    n_classes: int


@dataclass(frozen=True, slots=True)
class Stage:
    """One call of Keras' `fit`.

    Parameters
    ----------
    trained : keras.Model
        What `fit` runs; may change its input at random (augmentation), or eat something other than
        images (episodes, pairs). Its answers are always probabilities.
    optimizer, loss
        What to compile `trained` with.
    train : keras.utils.PyDataset, optional
        What it eats; by default the training images in batches, shuffled anew for each epoch.
    val : keras.utils.PyDataset, optional
        The validation images in the same form. Where there is none but there is `train`, the served
        model is asked about them instead.
    n_epochs : int, optional
        At most so many; by default the option `epochs`.
    prepare : callable, optional
        Called before the stage with a function that raises JobCancelled when the training is to
        stop: the place for long computations.
    """

    trained: Any
    optimizer: Any
    loss: Any
    train: Any = None
    val: Any = None
    n_epochs: int | None = None
    prepare: Callable[[Callable[[], None]], None] | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """An untrained classifier, built for some data.

    Parameters
    ----------
    served : keras.Model
        Shares the weights of what is trained, without randomness: what is saved, exported and
        asked. From raw embeddings or raw uint8 pixels to probabilities (n_images, n_classes).
    stages : tuple of Stage
        In order; each begins with the best weights of the one before.
    remember : callable, optional
        Puts into `served` what it keeps of the training images (prototypes, a support set); called
        after every epoch, before the validation.
    """

    served: Any
    stages: tuple[Stage, ...]
    remember: Callable[[], None] | None = None


def n_steps(options: Any, data: TrainingData) -> int:
    """Return the steps of a whole training in batches of `options.batch_size` images."""
    steps: int = -(-len(data.train_index) // options.batch_size) * options.epochs
    return steps
