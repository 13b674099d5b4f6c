"""The threshold sweep: what a cascade does at every tau, from one pass over the images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.analysis._checks import (
    Floats,
    Ints,
    class_indices,
    probabilities,
    same_length,
    some_images,
)
from core.analysis.cascades.deferral import (
    Pairs,
    checked_tau,
    deferral_keys,
    deferrals,
    expert_class,
    route,
)
from core.analysis.comparisons.paired import paired_intervals
from core.analysis.metrics import confusion_matrix, wilson_interval
from core.analysis.mistake_costs import ChargedImages
from core.errors import InvalidInput
from core.language import t

N_POSITIONS = 1001  # of the slider: 0, 0.001, ..., 1
_SAME_POSITION = 1e-9  # a slider adds up steps of 0.001 in binary


def default_grid() -> Floats:
    """Return the thresholds of the slider: 0, 0.001, ..., 1, each the nearest float64."""
    return np.arange(N_POSITIONS, dtype=np.float64) / (N_POSITIONS - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """What a cascade does at every threshold of a grid, exactly, from one pass over the images.

    Only images whose answer an expert changes matter; `moves` counts them. With K classes,
    T thresholds and P pairs:

    Parameters
    ----------
    taus : array of float64, shape (T,), ascending
    pairs : tuple of tuples of int
    n_images : int
    base : array of int64, shape (K, K)
        The generalist's confusion matrix (row = true).
    moves : tuple of P arrays of int32, each (T, K, classes of the pair)
        By how many images of each true class the columns of a pair's classes have grown.
    n_deferred_by_pair, n_recovered_by_pair, n_broken_by_pair : array of int64, shape (P, T)
        Deferred images; those the expert corrects; those it spoils.
    n_owned, n_recoverable, n_breakable : array of int64, shape (P,)
        The same when every owned image is deferred, whatever its confidence.
    base_cost : float or None
        What the generalist's answers cost in all; None where images are not charged.
    cost_by_pair : array of float64, shape (P, T), or None
        What each expert adds to that, below 0 where it saves.
    """

    taus: Floats
    pairs: tuple[tuple[int, ...], ...]
    n_images: int
    base: Ints
    moves: tuple[NDArray[np.int32], ...]
    n_deferred_by_pair: Ints
    n_recovered_by_pair: Ints
    n_broken_by_pair: Ints
    n_owned: Ints
    n_recoverable: Ints
    n_breakable: Ints
    base_cost: float | None = None
    cost_by_pair: Floats | None = None

    @property
    def n_deferred(self) -> Ints:
        """Deferred images at each threshold: (T,); never falls."""
        return np.asarray(self.n_deferred_by_pair.sum(axis=0))

    @property
    def n_recovered(self) -> Ints:
        """Deferred images that an expert corrects, at each threshold: (T,)."""
        return np.asarray(self.n_recovered_by_pair.sum(axis=0))

    @property
    def n_broken(self) -> Ints:
        """Deferred images that an expert spoils, at each threshold: (T,)."""
        return np.asarray(self.n_broken_by_pair.sum(axis=0))

    @property
    def n_correct(self) -> Ints:
        """Right answers of the cascade at each threshold: (T,)."""
        return np.asarray(np.trace(self.base) + self.n_recovered - self.n_broken)

    @property
    def cost(self) -> Floats | None:
        """What all answers cost at each threshold: (T,); None where images are not charged."""
        if self.base_cost is None or self.cost_by_pair is None:
            return None
        return np.asarray(self.base_cost + self.cost_by_pair.sum(axis=0))

    def index_of(self, tau: float) -> int:
        """Return the position of `tau` on the grid.

        Raises
        ------
        InvalidInput
            When `tau` is not on the grid; give such a tau to `sweep` in `grid`.
        """
        position = int(np.searchsorted(self.taus, checked_tau(tau) - _SAME_POSITION))
        if position == len(self.taus) or self.taus[position] > tau + _SAME_POSITION:
            raise InvalidInput(
                t("tau is not a position of this sweep"),
                expected=t(
                    "one of its {n} positions, e.g. {tau:g}", n=len(self.taus), tau=self.taus[-1]
                ),
                received=str(tau),
                todo=t("compute the sweep with this tau in its grid"),
            )
        return position

    def confusion_at(self, position: int) -> Ints:
        """Return the cascade's confusion matrix at `taus[position]`: (K, K), in O(K P)."""
        C = self.base.copy()
        for pair, moves in zip(self.pairs, self.moves, strict=True):
            for column, c in enumerate(pair):  # slices: an index list takes thrice as long
                C[:, c] += moves[position, :, column]
        return C

    def at(self, tau: float) -> dict[str, Any]:
        """Return the figures at one threshold of the grid, in plain Python numbers.

        Returns
        -------
        dict
            tau, n_images, accuracy, accuracy_ci (Wilson), generalist_accuracy, gain, gain_ci
            (paired, Agresti-Min), deferral_rate, n_deferred, recovery and breakage (shares of
            the deferred images; 0 when none is), n_recovered, n_broken, confusion (K lists).
        """
        i = self.index_of(tau)
        n, n_deferred = self.n_images, int(self.n_deferred[i])
        recovered, broken = int(self.n_recovered[i]), int(self.n_broken[i])
        right = int(self.n_correct[i])
        return {
            "tau": float(self.taus[i]),
            "n_images": n,
            "accuracy": right / n,
            "accuracy_ci": list(wilson_interval(right, n)),
            "generalist_accuracy": int(np.trace(self.base)) / n,
            "gain": (recovered - broken) / n,
            "gain_ci": paired_intervals([recovered], [broken], n)[0].tolist(),
            "deferral_rate": n_deferred / n,
            "n_deferred": n_deferred,
            "recovery": recovered / n_deferred if n_deferred else 0.0,
            "breakage": broken / n_deferred if n_deferred else 0.0,
            "n_recovered": recovered,
            "n_broken": broken,
            "confusion": self.confusion_at(i).tolist(),
        }


def sweep(
    probs: ArrayLike,
    y: ArrayLike,
    pairs: Pairs,
    expert_probs: Sequence[ArrayLike],
    grid: ArrayLike | None = None,
    keys: ArrayLike | None = None,
    charged: ChargedImages | None = None,
) -> Sweep:
    """Return what the cascade does at every threshold, exactly.

    Parameters
    ----------
    probs : array of float, shape (n_images, n_classes)
        Calibrated probabilities of the generalist.
    y : array of int, shape (n_images,)
        True classes.
    pairs : sequence of tuples of int, length n_pairs
    expert_probs : sequence of arrays, each (n_images, classes of the pair)
        As for `combine`; the rows of images the pair owns must be distributions.
    grid : array of float, ascending, in [0, 1], optional
        Thresholds; default `default_grid()`.
    keys : array of float, shape (n_images,), optional
        What is held against tau; without it the generalist's confidence. See `learned.keys`.
    charged : ChargedImages, optional
        The same images, where mistakes have costs.

    Raises
    ------
    InvalidInput
        Without images, when shapes do not fit, or when the grid is not ascending in [0, 1].

    Notes
    -----
    Each image has the first position at which it is deferred; counting images there and
    summing up along the grid gives all positions in one pass.
    """
    P = probabilities(probs)
    truth = class_indices(y, P.shape[1], "y")
    same_length("probs", len(P), "y", len(truth))
    base = confusion_matrix(truth, P.argmax(axis=1), P.shape[1])
    some_images(base)
    taus = _checked_grid(grid)
    owner = route(P, pairs)
    n_taus, n_classes = len(taus), P.shape[1]
    moves, sure = [], deferral_keys(keys, P)
    counts = np.zeros((3, len(pairs), n_taus + 1), dtype=np.int64)  # the last: never deferred
    added = np.zeros((len(pairs), n_taus + 1))
    everyone = np.ones(len(P), dtype=bool)
    for index, (rows, pair, q) in enumerate(deferrals(P, owner, expert_probs, everyone, pairs)):
        start = np.searchsorted(taus, sure[rows], side="right")
        before, after, true = P[rows].argmax(axis=1), expert_class(q, pair), truth[rows]
        right, was_right = after == true, before == true
        for row, which in enumerate((slice(None), right & ~was_right, was_right & ~right)):
            counts[row, index] = np.bincount(start[which], minlength=n_taus + 1)
        if charged is not None:
            more = charged.of(after, rows) - charged.of(before, rows)
            added[index] = np.bincount(start, weights=more, minlength=n_taus + 1)
        shifts = np.zeros((n_taus + 1, n_classes, len(pair)), dtype=np.int32)
        for column, c in enumerate(pair):
            step = (after == c).astype(np.int32) - (before == c)
            np.add.at(shifts[:, :, column], (start, true), step)
        moves.append(shifts[:-1].cumsum(axis=0, dtype=np.int32))
    up_to = counts[:, :, :-1].cumsum(axis=2)
    totals = counts.sum(axis=2)
    ordered = tuple(tuple(int(c) for c in pair) for pair in pairs)
    found = Sweep(taus, ordered, len(P), base, tuple(moves), *up_to, *totals)
    if charged is None:
        return found
    base_cost = float(charged.of(P.argmax(axis=1)).sum())
    return replace(found, base_cost=base_cost, cost_by_pair=added[:, :-1].cumsum(axis=1))


def _checked_grid(grid: ArrayLike | None) -> Floats:
    """Return the thresholds, strictly ascending in [0, 1]."""
    taus = default_grid() if grid is None else np.asarray(grid, dtype=np.float64)
    inside = taus.ndim == 1 and taus.size > 0 and taus.min() >= 0.0 and taus.max() <= 1.0
    if not inside or (np.diff(taus) <= 0).any():
        raise InvalidInput(
            t("the grid of thresholds cannot be used"),
            expected=t("one or more shares in [0, 1], strictly ascending"),
            received=t("shape {shape}", shape=str(taus.shape)),
        )
    return taus
