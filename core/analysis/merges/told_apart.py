"""Does the model tell two classes apart at all? Agreement within a pair, with its interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from core.analysis._checks import Floats, level_share, some_images

HALFWAY = 0.5  # kappa within a pair: nearer to guessing (0) below it, nearer to knowing (1) above


class ToldApart(NamedTuple):
    """For every two classes, each (n_classes, n_classes), symmetric.

    Attributes
    ----------
    n : array of float64
        Images of one of the two that were taken for one of the two.
    kappa, low, high : array of float64 in [-1, 1]
        Agreement of answers and labels on these images, corrected for chance, with its interval.
        0 is guessing, 1 is knowing; a pair without images has 0, -1 and 1.
    """

    n: Floats
    kappa: Floats
    low: Floats
    high: Floats


def told_apart(confusion: ArrayLike, *, level: float = 0.95) -> ToldApart:
    """Return how well the answers tell every two classes apart.

    Parameters
    ----------
    confusion : array, shape (n_classes, n_classes)
        Row = true, column = predicted; counts.
    level : float
        Of the two-sided interval.

    Notes
    -----
    For a pair the four cells that both classes share are a confusion matrix of their own; its
    kappa is what the answers know *given that* it is one of the two. The interval is Wilson's for
    the accuracy on these cells, put on the scale of kappa with the chance agreement as observed.
    On the diagonal: kappa 1.

    References
    ----------
    J. Cohen, "A coefficient of agreement for nominal scales", 1960. E. B. Wilson, "Probable
    inference, the law of succession, and statistical inference", 1927.

    Examples
    --------
    >>> found = told_apart([[40, 10, 0], [10, 40, 0], [0, 0, 50]])
    >>> round(float(found.kappa[0, 1]), 3), float(found.kappa[0, 2]), float(found.n[0, 1])
    (0.6, 1.0, 100.0)
    """
    C = some_images(confusion)
    right = np.diag(C)
    n = right[:, None] + right + C + C.T
    np.fill_diagonal(n, right)
    seen = np.where(n > 0, n, 1.0)
    true_a, said_a = right[:, None] + C, right[:, None] + C.T  # of the first class of each pair
    by_chance = (true_a * said_a + (n - true_a) * (n - said_a)) / seen**2
    share = np.minimum((right[:, None] + right) / seen, 1.0)  # above 1 on the diagonal only
    z = float(norm.ppf(0.5 + level_share(level) / 2.0))
    centre = (share + z * z / (2 * seen)) / (1 + z * z / seen)
    half = z * np.sqrt(share * (1 - share) / seen + (z / (2 * seen)) ** 2) / (1 + z * z / seen)
    known = (n > 0) & (by_chance < 1.0 - 1e-12)
    kappas = [_kappa(a, by_chance, known) for a in (share, centre - half, centre + half)]
    for values, nothing in zip(kappas, (0.0, -1.0, 1.0), strict=True):
        values[~known] = nothing
        np.fill_diagonal(values, 1.0)
    return ToldApart(n, *kappas)


def _kappa(share: Floats, by_chance: Floats, known: np.ndarray) -> Floats:
    """Return agreement beyond chance, within [-1, 1]."""
    return np.asarray(((share - by_chance) / np.where(known, 1.0 - by_chance, 1.0)).clip(-1.0, 1.0))


def worst_of(values: Floats, groups: ArrayLike) -> float:
    """Return the largest value over the pairs that a class map joins; -1 where it joins none."""
    row = np.asarray(groups)
    joined = np.triu(row[:, None] == row, 1)
    return float(values[joined].max(initial=-1.0))
