"""Whether there is something to learn: checks before a training, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import InvalidInput
from core.language import t
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
            t("the options are not those of {name}", name=entry.name),
            expected=entry.options.__name__,
            received=type(options).__name__,
        )
    if seed < 0:
        raise InvalidInput(t("the seed is negative"), expected=t("0 or more"), received=str(seed))
    wanted = {
        "embedding": (2, np.floating, "float (n_images, embedding_dim)"),
        "pixels": (4, np.uint8, "uint8 (n_images, size_px, size_px, 3)"),
    }
    n_axes, kind, words = wanted[entry.input]
    if data.x.ndim != n_axes or not np.issubdtype(data.x.dtype, kind) or len(data.x) != len(data.y):
        raise InvalidInput(
            t("{name} cannot learn from this array", name=entry.name),
            expected=t("{words} with as many labels", words=words),
            received=t(
                "{dtype} {shape} with {n} labels",
                dtype=str(data.x.dtype),
                shape=str(data.x.shape),
                n=len(data.y),
            ),
        )
    _check_classes(data)


def _check_classes(data: TrainingData) -> None:
    """Raise InvalidInput unless there are classes to learn and images to learn and judge by."""
    if data.n_classes < 2:
        raise InvalidInput(
            t("there is nothing to tell apart"),
            expected=t("2 classes or more"),
            received=str(data.n_classes),
        )
    if not len(data.val_index):
        raise InvalidInput(
            t("no validation image"),
            expected=t("1 or more"),
            todo=t("import with a validation share above 0"),
        )
    unknown = {
        t("a training image has a class that does not exist"): data.train_index,
        t("a validation image has a class that does not exist"): data.val_index,
    }
    for what, rows in unknown.items():
        y = data.y[rows]
        if len(y) and (y.min() < 0 or y.max() >= data.n_classes):
            raise InvalidInput(
                what,
                expected=t("{low} to {high}", low=0, high=data.n_classes - 1),
                received=t("{low} to {high}", low=int(y.min()), high=int(y.max())),
            )
    present = np.bincount(data.y[data.train_index], minlength=data.n_classes)
    if (present == 0).any():
        raise InvalidInput(
            t("class number {number} has no training image", number=int(present.argmin())),
            expected=t("1 or more in every class"),
            todo=t("merge it into another class, or add images"),
        )
