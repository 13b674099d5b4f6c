"""What a correction of probabilities is worth, and whether it may be luck."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import ttest_1samp

from core.analysis._checks import level_share
from core.analysis.metrics import losses
from core.errors import InvalidInput


def loss_change(
    y: ArrayLike, before: ArrayLike, after: ArrayLike, level: float = 0.95
) -> tuple[float, tuple[float, float]]:
    """Return the log-loss after less that before on the same images, with its interval.

    Parameters
    ----------
    y : array of int, shape (n_images,)
        True classes.
    before, after : array of float, shape (n_images, n_classes)
        Two tables of probabilities.

    Returns
    -------
    change : float
        In nats; below 0 the second is better.
    interval : (low, high)
        Student's, of paired differences.

    Raises
    ------
    InvalidInput
        With fewer than two images, or when shapes do not fit.
    """
    differences = losses(np.asarray(y), np.asarray(after)) - losses(np.asarray(y), np.asarray(before))
    if len(differences) < 2:
        raise InvalidInput(
            "a change needs images to be measured on",
            expected="two or more",
            received=str(len(differences)),
        )
    mean = float(differences.mean())
    if not np.ptp(differences):  # all the same: Student's interval is not defined
        return mean, (mean, mean)
    low, high = ttest_1samp(differences, 0.0).confidence_interval(level_share(level))
    return mean, (float(low), float(high))
