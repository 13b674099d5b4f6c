"""Three ways an image can go: the generalist answers, an expert does, or a person is asked.

An image goes to the expert of its pair when the generalist's confidence is below the pair's tau
(see `deferral`). Whoever answered, a person is asked when the confidence of the answer is below
`person`; equality keeps, so that person = 0 asks nobody.

`Table` holds everything that follows from the thresholds, counted once: a screen reads any position
of its sliders from it, at a cost that does not grow with the number of images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.analysis._checks import Floats, Ints, class_indices, probabilities, same_length
from core.analysis.cascades.deferral import (
    Pairs,
    checked_tau,
    combine,
    deferral_keys,
    deferrals,
    expert_class,
    route,
)
from core.analysis.mistake_costs import ChargedImages
from core.errors import InvalidInput
from core.language import t

GENERALIST, PERSON = -1, -2  # routes; from 0 on: the pair whose expert answered
N_STEPS = 1000  # of the sliders: 0, 0.001, ..., 1


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the sliders stand.

    Parameters
    ----------
    taus : tuple of float in [0, 1], one a pair
        Below it the pair's expert is asked.
    person : float in [0, 1]
        Below it a person is asked.
    """

    taus: tuple[float, ...]
    person: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Routed:
    """What a cascade does with each image."""

    route: Ints  # (n_images,): GENERALIST, PERSON, or the pair whose expert answered
    asked: Ints  # (n_images,): the pair whose expert was asked, -1 none, whoever ends it
    answer: Ints  # (n_images,): the class, also where a person will be asked
    confidence: Floats  # (n_images,): of that class
    probs: Floats  # (n_images, n_classes)


def send(
    probs: ArrayLike,
    pairs: Pairs,
    expert_probs: Sequence[ArrayLike],
    thresholds: Thresholds,
    keys: ArrayLike | None = None,
) -> Routed:
    """Return which way each image goes and what is answered.

    Parameters
    ----------
    probs : array of float, shape (n_images, n_classes)
        Calibrated probabilities of the generalist.
    pairs : sequence of tuples of int, length n_pairs
    expert_probs : sequence of arrays, each (n_images, classes of the pair)
        As for `combine`; read where an expert is asked.
    thresholds : Thresholds
    keys : array of float, shape (n_images,), optional
        What is held against tau; without it the generalist's confidence. See `learned.keys`.

    Raises
    ------
    InvalidInput
        If a threshold is no share, there is not one for each pair, or shapes do not fit.
    """
    P = probabilities(probs)
    limits = np.array([*_checked(thresholds, pairs).taus, 0.0])
    owner = route(P, pairs)
    rows = np.arange(len(P))
    deferred = (owner >= 0) & (deferral_keys(keys, P) < limits[owner])
    combined = combine(P, owner, expert_probs, deferred, pairs=pairs)
    answer = P.argmax(axis=1).astype(np.int64)
    for mine, pair, q in deferrals(P, owner, expert_probs, deferred, pairs):
        answer[mine] = expert_class(q, pair)
    confidence = combined[rows, answer]
    asked = np.where(deferred, owner, -1)
    ways = np.where(deferred, owner, GENERALIST)
    ways = np.where(confidence < thresholds.person, PERSON, ways)
    return Routed(ways, asked, answer, confidence, combined)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Counts from which every position of the sliders follows, exactly.

    Positions are whole numbers of steps, 0 to `N_STEPS`. K classes.

    Parameters
    ----------
    n_classes, n_images : int
    pairs : tuple of tuples of int
    kept : array of int32, shape (n_kept, 4)
        Of the generalist's answers: the highest position of `person` that still keeps them, true
        class, answer, number of images.
    owned : array of int32, shape (n_owned, 7)
        Of the images that a pair owns: pair; the first position of tau that defers them; the
        highest positions of `person` that keep the generalist's and the expert's answer; true
        class; answer of the generalist; answer of the expert.
    n_owned : array of int32, shape (n_owned,)
        How many images each row of `owned` stands for.
    kept_cost : array of float64, shape (n_kept,), or None
        What the answers of each row of `kept` cost in all; None where images are not charged.
    owned_cost : array of float64, shape (n_owned, 2), or None
        The same of the generalist's and the expert's answers.
    """

    n_classes: int
    n_images: int
    pairs: tuple[tuple[int, ...], ...]
    kept: NDArray[np.int32]
    owned: NDArray[np.int32]
    n_owned: NDArray[np.int32]
    kept_cost: Floats | None = None
    owned_cost: Floats | None = None

    def confusion_at(self, taus: Sequence[int], person: int) -> tuple[Ints, Ints, Ints]:
        """Return who answered what at positions of the sliders.

        Parameters
        ----------
        taus : sequence of int, one a pair
        person : int

        Returns
        -------
        generalist, expert : array of int64, shape (K, K), row = true class
        asked : array of int64, shape (K,)
            Images of each true class that a person is asked about.
        """
        K = self.n_classes
        totals = np.bincount(self.kept[:, 1], weights=self.kept[:, 3], minlength=K)
        generalist = self._cells(self.kept[:, 1], self.kept[:, 2],
                                 self.kept[:, 3] * (self.kept[:, 0] >= person))  # fmt: skip
        pair, first, keeps, expert_keeps, true, before, after = self.owned.T.astype(np.int64)
        deferred = first <= np.asarray([*taus, -1])[pair]
        left = self._cells(true, before, self.n_owned * (deferred & (keeps >= person)))
        expert = self._cells(true, after, self.n_owned * (deferred & (expert_keeps >= person)))
        generalist = generalist - left
        asked = totals.astype(np.int64) - generalist.sum(axis=1) - expert.sum(axis=1)
        return generalist, expert, asked

    def cost_at(self, taus: Sequence[int], person: int) -> tuple[float, float] | None:
        """Return what the answers that no person is asked about cost at positions of the sliders.

        Returns
        -------
        cost : float
            Of all these answers.
        saved : float
            What they cost less than the generalist's alone would, to the same images.
        """
        if self.kept_cost is None or self.owned_cost is None:
            return None
        pair, first, keeps, expert_keeps = self.owned.T[:4]
        before, after = self.owned_cost.T
        deferred = first <= np.asarray([*taus, -1])[pair]
        by_expert = deferred & (expert_keeps >= person)
        kept = self.kept_cost[self.kept[:, 0] >= person].sum()
        cost = kept - before[deferred & (keeps >= person)].sum() + after[by_expert].sum()
        return float(cost), float((before - after)[by_expert].sum())

    def _cells(self, true: NDArray[Any], said: NDArray[Any], n: NDArray[Any]) -> Ints:
        K = self.n_classes
        counted = np.bincount(true * K + said, weights=n, minlength=K * K)
        return counted.reshape(K, K).astype(np.int64)


def table(
    probs: ArrayLike,
    y: ArrayLike,
    pairs: Pairs,
    expert_probs: Sequence[ArrayLike],
    keys: ArrayLike | None = None,
    charged: ChargedImages | None = None,
) -> Table:
    """Count once what the sliders can ask for.

    Parameters
    ----------
    probs : array of float, shape (n_images, n_classes)
        Calibrated probabilities of the generalist.
    y : array of int, shape (n_images,)
        True classes.
    pairs, expert_probs, keys
        As for `send`; the rows of images that a pair owns must be distributions.
    charged : ChargedImages, optional
        The same images, where mistakes have costs.

    Raises
    ------
    InvalidInput
        If shapes do not fit.
    """
    P = probabilities(probs)
    truth = class_indices(y, P.shape[1], "y")
    same_length("probs", len(P), "y", len(truth))
    sure = P.max(axis=1, initial=0.0).astype(np.float64)
    answer, keeps, first = P.argmax(axis=1), _keeps(sure), _keeps(deferral_keys(keys, P)) + 1
    bills = [] if charged is None else [charged.of(answer)]
    kept, kept_costs = _unique(np.stack([keeps, truth, answer], axis=1), bills)
    owner, everyone = route(P, pairs), np.ones(len(P), dtype=bool)
    combined = combine(P, owner, expert_probs, everyone, pairs=pairs)
    parts = [np.empty((0, 7), dtype=np.int64)]
    bills = [np.empty((2, 0))]
    for index, (rows, pair, q) in enumerate(deferrals(P, owner, expert_probs, everyone, pairs)):
        after = expert_class(q, pair)
        expert_keeps = _keeps(combined[rows, after])
        columns = [np.full(len(rows), index), first[rows], keeps[rows], expert_keeps]
        parts.append(np.stack([*columns, truth[rows], answer[rows], after], axis=1))
        if charged is not None:
            bills.append(np.stack([charged.of(answer[rows], rows), charged.of(after, rows)]))
    owned, owned_costs = _unique(
        np.concatenate(parts), [] if charged is None else np.concatenate(bills, axis=1)
    )
    ordered = tuple(tuple(int(c) for c in pair) for pair in pairs)
    its = Table(P.shape[1], len(P), ordered, kept, owned[:, :-1], owned[:, -1])
    if charged is None:
        return its
    return replace(its, kept_cost=kept_costs[0], owned_cost=owned_costs.T)


def position(threshold: float) -> int:
    """Return the position of a threshold on the sliders, the nearest one."""
    return round(checked_tau(threshold) * N_STEPS)


def _keeps(confidence: Floats) -> Ints:
    """Return the highest position whose threshold is not above a confidence."""
    grid = np.arange(N_STEPS + 1) / N_STEPS
    return np.asarray(np.searchsorted(grid, confidence, side="right") - 1)


def _unique(rows: Ints, values: Sequence[Floats] | Floats = ()) -> tuple[NDArray[np.int32], Floats]:
    """Return the different rows, ascending, with how often each occurs as a last column.

    Also the sums of some values of each row, (n_values, n_different).
    """
    if not len(rows):
        return np.empty((0, rows.shape[1] + 1), dtype=np.int32), np.empty((len(values), 0))
    widths = tuple(rows.max(axis=0) + 1)  # one number a row: numpy sorts these much faster
    codes = np.ravel_multi_index(tuple(rows.T), widths)
    if len(values):
        found, which, n = np.unique(codes, return_inverse=True, return_counts=True)
        sums = [np.bincount(which, weights=its, minlength=len(found)) for its in values]
    else:
        (found, n), sums = np.unique(codes, return_counts=True), []
    different = np.column_stack([*np.unravel_index(found, widths), n]).astype(np.int32)
    return different, np.array(sums)


def _checked(thresholds: Thresholds, pairs: Pairs) -> Thresholds:
    if len(thresholds.taus) != len(pairs):
        raise InvalidInput(
            t("there must be one threshold for each pair"),
            expected=str(len(pairs)),
            received=str(len(thresholds.taus)),
        )
    for share in (*thresholds.taus, thresholds.person):
        checked_tau(share)
    return thresholds
