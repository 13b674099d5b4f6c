"""Routing and deferral: which expert an image belongs to, and what the two models say together.

An image is *owned* by a pair when the generalist's two most probable classes are that pair.
It is *deferred* to the pair's expert when it is owned and the generalist's confidence is below
tau; equality keeps, so tau = 0 defers nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.analysis._checks import Bools, Floats, Ints, probabilities, same_length
from core.errors import InvalidInput

Pairs = Sequence[tuple[int, int]]


def route(probs: ArrayLike, pairs: Pairs) -> Ints:
    """Return which pair owns each image.

    Parameters
    ----------
    probs : array of float, shape (n_images, n_classes)
        Calibrated probabilities of the generalist.
    pairs : sequence of (int, int), length n_pairs
        Different pairs of classes; (a, b) and (b, a) are the same pair.

    Returns
    -------
    array of int64, shape (n_images,)
        The index of the pair that is the image's top two, or -1.

    Raises
    ------
    InvalidInput
        When a pair repeats, is no pair, or names a class that does not exist.

    Notes
    -----
    Equal probabilities rank in class order: of [0.4, 0.3, 0.3] the top two are classes 0 and 1.
    """
    P = probabilities(probs)
    owner_of = pair_owners(pairs, P.shape[1])
    if not len(pairs) or not len(P):
        return np.full(len(P), -1, dtype=np.int64)
    rows = np.arange(len(P))
    first = P.argmax(axis=1)
    others = P.copy()
    others[rows, first] = -1.0
    return np.asarray(owner_of[first, others.argmax(axis=1)])


def deferred_mask(probs: ArrayLike, owner: ArrayLike, tau: float) -> Bools:
    """Return which images are deferred: owned by a pair, confidence < tau (equality keeps)."""
    confidence = probabilities(probs).max(axis=1, initial=0.0).astype(np.float64)
    return np.asarray((np.asarray(owner) >= 0) & (confidence < checked_tau(tau)))


def combine(
    probs: ArrayLike,
    owner: ArrayLike,
    expert_probs: Sequence[ArrayLike],
    deferred: ArrayLike,
    *,
    pairs: Pairs,
) -> Floats:
    """Return the cascade's probabilities: the expert divides what the pair has between its two.

    Parameters
    ----------
    probs : array of float, shape (n_images, n_classes)
    owner : array of int, shape (n_images,)
        From `route`.
    expert_probs : sequence of arrays, each (n_images, 2)
        For each pair (a, b) its expert's q_a and q_b. Only the rows of deferred images are
        read; the others may be NaN.
    deferred : array of bool, shape (n_images,)
    pairs : sequence of (int, int)
        As given to `route`.

    Returns
    -------
    array of float64, shape (n_images, n_classes)
        p_a becomes (p_a + p_b) q_a, p_b becomes (p_a + p_b) q_b; all else is untouched.

    Notes
    -----
    The largest entry of a deferred image stays inside its pair. `answers` is the decision;
    it equals the largest entry here up to rounding of equal products.
    """
    P = probabilities(probs)
    combined = P.astype(np.float64)
    for rows, (a, b), q in deferrals(P, owner, expert_probs, deferred, pairs):
        mass = combined[rows, a] + combined[rows, b]
        combined[rows, a], combined[rows, b] = mass * q[:, 0], mass * q[:, 1]
    return combined


def answers(
    probs: ArrayLike,
    owner: ArrayLike,
    expert_probs: Sequence[ArrayLike],
    deferred: ArrayLike,
    *,
    pairs: Pairs,
) -> Ints:
    """Return the cascade's class of each image, int64 (n_images,).

    Parameters
    ----------
    probs, owner, expert_probs, deferred, pairs
        As for `combine`.

    Notes
    -----
    A deferred image gets the class its expert finds more probable; at exactly one half the
    first in class order. Every other image keeps the generalist's class.
    """
    P = probabilities(probs)
    decided: Ints = P.argmax(axis=1).astype(np.int64)
    for rows, (a, b), q in deferrals(P, owner, expert_probs, deferred, pairs):
        decided[rows] = expert_class(q, a, b)
    return decided


def checked_tau(tau: float) -> float:
    """Return `tau`, a share in [0, 1].

    Raises
    ------
    InvalidInput
        Otherwise; NaN included.
    """
    if not 0.0 <= tau <= 1.0:
        raise InvalidInput("tau is out of range", expected="a share in [0, 1]", received=str(tau))
    return float(tau)


def expert_class(q: Floats, a: int, b: int) -> Ints:
    """Return the class each row of an expert's (n, 2) favours; one half: first in class order."""
    prefers_b = q[:, 1] > q[:, 0] if a < b else q[:, 1] >= q[:, 0]
    return np.asarray(np.where(prefers_b, b, a), dtype=np.int64)


def deferrals(
    probs: NDArray[Any],
    owner: ArrayLike,
    expert_probs: Sequence[ArrayLike],
    deferred: ArrayLike,
    pairs: Pairs,
) -> Iterator[tuple[Ints, tuple[int, int], Floats]]:
    """Yield, for each pair, the rows deferred to it, the pair, and its expert's rows (n, 2).

    Parameters
    ----------
    probs, owner, expert_probs, deferred, pairs
        As for `combine`.

    Raises
    ------
    InvalidInput
        When shapes do not fit, or a deferred row of an expert is no distribution.
    """
    pair_owners(pairs, probs.shape[1])
    owners, mask = np.asarray(owner), np.asarray(deferred, dtype=bool)
    same_length("owner", len(owners), "probs", len(probs))
    same_length("deferred", len(mask), "probs", len(probs))
    if len(expert_probs) != len(pairs):
        raise InvalidInput(
            "there must be one expert for each pair",
            expected=str(len(pairs)),
            received=str(len(expert_probs)),
        )
    for index, (a, b) in enumerate(pairs):
        q = np.asarray(expert_probs[index])
        if q.shape != (len(probs), 2):
            raise InvalidInput(
                f"the expert for classes {a} and {b} must answer for each image",
                expected=f"shape ({len(probs)}, 2)",
                received=f"shape {q.shape}",
            )
        rows = np.flatnonzero(mask & (owners == index))
        answered = probabilities(q[rows], f"the expert for classes {a} and {b}")
        yield rows, (int(a), int(b)), answered.astype(np.float64)


def pair_owners(pairs: Pairs, n_classes: int) -> Ints:
    """Return the pair index of every two classes, -1 where there is none: (n_classes, n_classes).

    Raises
    ------
    InvalidInput
        When a pair repeats, is no pair, or names a class that does not exist.
    """
    owner_of = np.full((n_classes, n_classes), -1, dtype=np.int64)
    for index, (a, b) in enumerate(pairs):
        if a == b or not (0 <= a < n_classes and 0 <= b < n_classes) or owner_of[a, b] >= 0:
            raise InvalidInput(
                "an expert's pair cannot be used",
                expected=f"different pairs of two classes in [0, {n_classes})",
                received=f"({a}, {b})" + (" twice" if a != b else ""),
            )
        owner_of[a, b] = owner_of[b, a] = index
    return owner_of
