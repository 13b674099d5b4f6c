"""Slices: is a model worse on some kind of image than on the rest, or does it only look so."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2_contingency, fisher_exact

from core.analysis._checks import Ints, booleans, class_indices, same_length
from core.analysis.calibration import equal_mass_bins
from core.analysis.metrics import wilson_interval

LARGE = 10_000  # images; from there on the chi-squared test says the same, at once
_FEWEST_EXPECTED = 5.0  # in a cell, for chi-squared (Cochran 1954)


class Slice(NamedTuple):
    """How a model answers some of the images, and how all the others."""

    n_images: int
    n_right: int
    n_rest: int
    n_rest_right: int

    @property
    def accuracy(self) -> float:
        """Return the share of right answers in the slice."""
        return self.n_right / self.n_images

    @property
    def accuracy_ci(self) -> tuple[float, float]:
        """Return Wilson's 95 % interval of the accuracy."""
        return wilson_interval(self.n_right, self.n_images)

    @property
    def difference(self) -> float:
        """Return the accuracy in the slice less that of the rest."""
        return self.accuracy - self.n_rest_right / self.n_rest

    @property
    def p_value(self) -> float:
        """Return how often chance puts slice and rest so far apart, two-sided.

        Notes
        -----
        Fisher's exact test; of many images the chi-squared test of two proportions.

        References
        ----------
        R. A. Fisher, "On the interpretation of chi-squared from contingency tables", 1922.
        W. G. Cochran, "Some methods for strengthening the common chi-squared tests", 1954.
        """
        table = np.array(
            [
                [self.n_right, self.n_images - self.n_right],
                [self.n_rest_right, self.n_rest - self.n_rest_right],
            ]
        )
        expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
        if table.sum() >= LARGE and expected.min() >= _FEWEST_EXPECTED:
            return float(chi2_contingency(table, correction=False).pvalue)
        return float(fisher_exact(table).pvalue)


def slices(right: ArrayLike, codes: ArrayLike, n_slices: int) -> list[Slice | None]:
    """Return each slice beside the rest; None for one that is empty or has no rest.

    Parameters
    ----------
    right : array of bool, shape (n_images,)
    codes : array of int, shape (n_images,)
        Slice of each image, in [0, n_slices).
    n_slices : int

    Raises
    ------
    InvalidInput
        When the lengths differ, or a code is out of range.
    """
    hits, of_slice = booleans(right, "right"), class_indices(codes, n_slices, "codes")
    same_length("right", len(hits), "codes", len(of_slice))
    n_images = np.bincount(of_slice, minlength=n_slices)
    n_right = np.bincount(of_slice[hits], minlength=n_slices)
    total, total_right = int(n_images.sum()), int(n_right.sum())
    return [
        Slice(n, k, total - n, total_right - k) if 0 < n < total else None
        for n, k in zip(n_images.tolist(), n_right.tolist(), strict=True)
    ]


def parts_of_equal_size(values: ArrayLike, n_parts: int) -> tuple[Ints, list[tuple[float, float]]]:
    """Return the part of each image, and the least and largest value in each part.

    Parameters
    ----------
    values : array of float, shape (n_images,)
    n_parts : int
        Parts of (nearly) equally many images; equal values share a part, so there may be fewer.

    Raises
    ------
    InvalidInput
        Without images, or with fewer than one part.
    """
    array = np.asarray(values, dtype=np.float64)
    bins = equal_mass_bins(array, n_parts)
    used, codes = np.unique(bins, return_inverse=True)
    parts = [array[codes == part] for part in range(len(used))]
    ranges = [(float(part.min()), float(part.max())) for part in parts]
    return codes.astype(np.int64), ranges
