"""Routing and deferral: which expert an image belongs to, and what the two models say together.

An image is *owned* by a pair when the generalist's two most probable classes are that pair. What is
called a pair here may be a group of three or more classes that are confused: it owns an image when
the top two lie in it and no class outside is as probable as the group's classes are on average.
So whatever an expert says, its answer is the most probable class.
It is *deferred* to the pair's expert when it is owned and the generalist's confidence is below
tau; equality keeps, so tau = 0 defers nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.analysis._checks import Bools, Floats, Ints, probabilities, same_length
from core.errors import InvalidInput
from core.language import t

Pairs = Sequence[tuple[int, ...]]  # two classes, or a group of more


def route(probs: ArrayLike, pairs: Pairs) -> Ints:
    """Return which pair owns each image.

    Parameters
    ----------
    probs : array of float, shape (n_images, n_classes)
        Calibrated probabilities of the generalist.
    pairs : sequence of tuples of two or more ints, length n_pairs
        Classes of each expert; no two classes belong to two experts together.

    Returns
    -------
    array of int64, shape (n_images,)
        The index of the pair that owns the image, or -1.

    Raises
    ------
    InvalidInput
        When two pairs share two classes, one is no pair, or a class does not exist.

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
    owner = np.asarray(owner_of[first, others.argmax(axis=1)])
    for index, pair in enumerate(pairs):
        if len(pair) > 2:  # of two classes the mean is never below the third
            outside = np.delete(P, list(pair), axis=1).max(axis=1, initial=0.0)
            mean = P[:, list(pair)].mean(axis=1, dtype=np.float64)
            owner[(owner == index) & (outside >= mean)] = -1
    return owner


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
    expert_probs : sequence of arrays, each (n_images, classes of the pair)
        For each pair its expert's probabilities, columns in the pair's order. Only the rows of
        deferred images are read; the others may be NaN.
    deferred : array of bool, shape (n_images,)
    pairs : sequence of tuples of int
        As given to `route`.

    Returns
    -------
    array of float64, shape (n_images, n_classes)
        The sum of the pair's probabilities is divided as its expert says; all else is untouched.

    Notes
    -----
    The largest entry of a deferred image stays inside its pair. `answers` is the decision;
    it equals the largest entry here up to rounding of equal products.
    """
    P = probabilities(probs)
    combined = P.astype(np.float64)
    for rows, pair, q in deferrals(P, owner, expert_probs, deferred, pairs):
        mine = np.ix_(rows, np.asarray(pair))
        combined[mine] = combined[mine].sum(axis=1, keepdims=True) * q
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
    A deferred image gets the class its expert finds most probable; of equals the first in class
    order. Every other image keeps the generalist's class.
    """
    P = probabilities(probs)
    decided: Ints = P.argmax(axis=1).astype(np.int64)
    for rows, pair, q in deferrals(P, owner, expert_probs, deferred, pairs):
        decided[rows] = expert_class(q, pair)
    return decided


def checked_tau(tau: float) -> float:
    """Return `tau`, a share in [0, 1].

    Raises
    ------
    InvalidInput
        Otherwise; NaN included.
    """
    if not 0.0 <= tau <= 1.0:
        raise InvalidInput(
            t("tau is out of range"), expected=t("a share in [0, 1]"), received=str(tau)
        )
    return float(tau)


def deferral_keys(keys: ArrayLike | None, probs: NDArray[Any]) -> Floats:
    """Return what is held against tau, shares, one an image: the confidence unless told."""
    if keys is None:
        return np.asarray(probs.max(axis=1, initial=0.0), dtype=np.float64)
    found = np.asarray(keys, dtype=np.float64)
    same_length("keys", len(found), "probs", len(probs))
    return found


def expert_class(q: Floats, pair: Sequence[int]) -> Ints:
    """Return the class each row of an expert favours; of equals the first in class order."""
    order = np.argsort(pair)
    return np.asarray(np.asarray(pair, dtype=np.int64)[order][q[:, order].argmax(axis=1)])


def deferrals(
    probs: NDArray[Any],
    owner: ArrayLike,
    expert_probs: Sequence[ArrayLike],
    deferred: ArrayLike,
    pairs: Pairs,
) -> Iterator[tuple[Ints, tuple[int, ...], Floats]]:
    """Yield, for each pair, the rows deferred to it, the pair, and its expert's rows.

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
            t("there must be one expert for each pair"),
            expected=str(len(pairs)),
            received=str(len(expert_probs)),
        )
    for index, pair in enumerate(pairs):
        q = np.asarray(expert_probs[index])
        called = t(
            "the expert for classes {classes}",
            classes=reduce(lambda a, b: t("{a} and {b}", a=a, b=b), map(str, pair)),
        )
        if q.shape != (len(probs), len(pair)):
            raise InvalidInput(
                t("{called} must answer for each image", called=called),
                expected=t("shape {shape}", shape=str((len(probs), len(pair)))),
                received=t("shape {shape}", shape=str(q.shape)),
            )
        rows = np.flatnonzero(mask & (owners == index))
        answered = probabilities(q[rows], called)
        yield rows, tuple(int(c) for c in pair), answered.astype(np.float64)


def pair_owners(pairs: Pairs, n_classes: int) -> Ints:
    """Return the pair index of every two classes, -1 where there is none: (n_classes, n_classes).

    Raises
    ------
    InvalidInput
        When two pairs share two classes, one is no pair, or a class does not exist.
    """
    owner_of = np.full((n_classes, n_classes), -1, dtype=np.int64)
    for index, pair in enumerate(pairs):
        members = set(pair)
        known = all(0 <= c < n_classes for c in pair)
        within = np.ix_(list(pair), list(pair)) if known else None
        if within is None or not 1 < len(members) == len(pair) or (owner_of[within] >= 0).any():
            raise InvalidInput(
                t("an expert's pair cannot be used"),
                expected=t(
                    "two or more different classes in [0, {n}), no two of them answered for by "
                    "another expert",
                    n=n_classes,
                ),
                received=f"({', '.join(map(str, pair))})",
            )
        owner_of[within] = index
        np.fill_diagonal(owner_of, -1)  # two pairs may share one class
    return owner_of
