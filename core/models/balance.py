"""Class weights: rare classes count as much in training as frequent ones.

References
----------
G. King and L. Zeng, "Logistic Regression in Rare Events Data", Political Analysis 2001 (weights
n / (K n_k), scikit-learn's "balanced").
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from core.language import phrase
from core.models.recipe import TrainingData

HELP = phrase("Count rare classes as much as frequent ones; their mistakes then weigh more")


def class_weights(y: npt.NDArray[np.integer[Any]], n_classes: int) -> npt.NDArray[np.float32]:
    """Return the weight of an image of each class, float32 (n_classes,).

    Parameters
    ----------
    y : ndarray of int, (n_images,)
        Class of each training image, 0 to n_classes - 1.
    n_classes : int
        1 or more.

    Returns
    -------
    ndarray
        n / (K n_k), where K classes have images: the mean over images is 1, and every class weighs
        the same together. A class without images has weight 0.

    Examples
    --------
    >>> class_weights(np.array([0, 0, 0, 1]), 2).tolist()
    [0.6666666865348816, 2.0]
    """
    counts = np.bincount(y, minlength=n_classes)
    n_present = max(1, int((counts > 0).sum()))
    weights = np.where(counts > 0, len(y) / (n_present * np.maximum(counts, 1)), 0.0)
    return weights.astype(np.float32)


def weights_for(options: Any, data: TrainingData) -> npt.NDArray[np.float32] | None:
    """Return the weights of the classes in training, where the options ask for any.

    Parameters
    ----------
    options : dataclass
        Of an algorithm; without an option `balance`, or with it false, there are no weights.
    data : TrainingData
        Its training labels decide.
    """
    if not getattr(options, "balance", False):
        return None
    return class_weights(data.y[data.train_index], data.n_classes)
