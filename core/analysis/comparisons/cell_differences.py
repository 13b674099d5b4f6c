"""Tell in which cells the confusion matrices of two models differ by more than luck."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom

from core.analysis._checks import Bools, Floats, Ints, level_share
from core.analysis.comparisons.paired import holm
from core.analysis.metrics import confusion_matrix


@dataclass(frozen=True, slots=True, eq=False)
class CellDifferences:
    """Two confusion matrices of the same images, cell by cell.

    Attributes
    ----------
    only_a, only_b : array of int64, shape (n_classes, n_classes)
        Images that only one of the two puts into the cell; row = true, column = predicted.
    both : array of int64, shape (n_classes, n_classes)
        Images that both put there.
    holm_p : array of float64, shape (n_classes, n_classes)
        Corrected for `n_tested` cells; 1 where the cell is not tested.
    significant : array of bool, shape (n_classes, n_classes)
    n_tested : int
        Cells that could differ significantly at all.
    """

    only_a: Ints
    only_b: Ints
    both: Ints
    holm_p: Floats
    significant: Bools
    n_tested: int

    @property
    def difference(self) -> Ints:
        """Return the matrix of A minus that of B, int64 (n_classes, n_classes)."""
        return np.asarray(self.only_a - self.only_b)


def cell_differences(
    y_true: ArrayLike,
    predicted_a: ArrayLike,
    predicted_b: ArrayLike,
    n_classes: int,
    *,
    alpha: float = 0.05,
) -> CellDifferences:
    """Compare two models' confusion matrices cell by cell, on the same images.

    Parameters
    ----------
    y_true, predicted_a, predicted_b : array of int, shape (n_images,)
        Classes in [0, n_classes).
    n_classes : int
    alpha : float in (0, 1)
        Chance that any cell is called significant where the models do not differ at all.

    Raises
    ------
    InvalidInput
        When a class is out of range or the lengths differ.

    Notes
    -----
    Of a cell's images those count that exactly one model puts there: m of them, which a fair coin
    would share out (McNemar's exact test of "is this image in this cell"). Holm's correction holds
    whatever the cells have to do with each other, and cells of a row have: what leaves one enters
    another. A cell with m images can never have a p below 2 / 2^m, so cells that could not pass
    even so are left out of the count (Tarone); that depends on m alone, which the test is
    conditional on, and says nothing about the outcome.

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", 1979. R. E. Tarone, "A
    modified Bonferroni method for discrete data", Biometrics 46, 1990.

    Examples
    --------
    >>> found = cell_differences([0] * 10, [0] * 9 + [1], [1] * 10, 2)
    >>> found.difference.tolist(), found.n_tested
    ([[9, -9], [0, 0]], 2)
    >>> found.significant.tolist()
    [[True, True], [False, False]]
    """
    a, b = np.asarray(predicted_a), np.asarray(predicted_b)
    C_a, C_b = (confusion_matrix(y_true, said, n_classes) for said in (a, b))
    same = a == b
    both = confusion_matrix(np.asarray(y_true)[same], a[same], n_classes)
    only_a, only_b = C_a - both, C_b - both
    n = only_a + only_b
    p = np.minimum(1.0, 2.0 * binom.cdf(np.minimum(only_a, only_b), n, 0.5))
    tested = _testable(n, level_share(alpha))
    adjusted = np.ones_like(p)
    adjusted[tested] = holm(p[tested])
    return CellDifferences(only_a, only_b, both, adjusted, adjusted < alpha, int(tested.sum()))


def _testable(n: Ints, alpha: float) -> Bools:
    """Return which cells have a smallest possible p that survives the number of such cells."""
    smallest = 2.0 * 0.5 ** n.astype(np.float64)
    n_cells = np.arange(1, n.size + 1)
    n_passing = np.searchsorted(np.sort(smallest, axis=None), alpha / n_cells, side="right")
    return np.asarray(smallest <= alpha / n_cells[np.argmax(n_passing <= n_cells)])
