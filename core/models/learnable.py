"""Whether there is something to learn: checks before a training, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import InvalidInput
from core.models import Algorithm
from core.models.recipe import TrainingData


def check(entry: Algorithm, options: Any, data: TrainingData, seed: int) -> None:
    """Raise unless algorithm, options and data fit together.

    Parameters
    ----------
    entry : Algorithm
        What is to learn.
    options : dataclass
        Its options.
    data : TrainingData
        What from.
    seed : int
        Not negative.

    Raises
    ------
    InvalidInput
        With the first thing that does not fit.
    """
    if not isinstance(options, entry.options):
        raise InvalidInput(
            f"the options are not those of {entry.name}",
            expected=entry.options.__name__,
            received=type(options).__name__,
        )
    if seed < 0:
        raise InvalidInput("the seed is negative", expected="0 or more", received=str(seed))
    wanted = {
        "embedding": (2, np.floating, "float (n_images, embedding_dim)"),
        "pixels": (4, np.uint8, "uint8 (n_images, size_px, size_px, 3)"),
    }
    n_axes, kind, words = wanted[entry.input]
    if data.x.ndim != n_axes or not np.issubdtype(data.x.dtype, kind) or len(data.x) != len(data.y):
        raise InvalidInput(
            f"{entry.name} cannot learn from this array",
            expected=f"{words} with as many labels",
            received=f"{data.x.dtype} {data.x.shape} with {len(data.y)} labels",
        )
    _check_classes(data)


def _check_classes(data: TrainingData) -> None:
    """Raise InvalidInput unless there are classes to learn and images to learn and judge by."""
    if data.n_classes < 2:
        raise InvalidInput(
            "there is nothing to tell apart",
            expected="2 classes or more",
            received=str(data.n_classes),
        )
    if not len(data.val_index):
        raise InvalidInput(
            "no validation image",
            expected="1 or more",
            todo="import with a validation share above 0",
        )
    for name, rows in (("training", data.train_index), ("validation", data.val_index)):
        y = data.y[rows]
        if len(y) and (y.min() < 0 or y.max() >= data.n_classes):
            raise InvalidInput(
                f"a {name} image has a class that does not exist",
                expected=f"0 to {data.n_classes - 1}",
                received=f"{y.min()} to {y.max()}",
            )
    present = np.bincount(data.y[data.train_index], minlength=data.n_classes)
    if (present == 0).any():
        raise InvalidInput(
            f"class number {int(present.argmin())} has no training image",
            expected="1 or more in every class",
            todo="merge it into another class, or add images",
        )
