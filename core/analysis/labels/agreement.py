"""How far reviewers agree, beyond chance, with intervals, and with how many images they rest on.

Intervals resample images, because two words on one image are not independent. What is undefined
is NaN (`coefficients`), and so is an interval that would claim too much: of fewer than 10 images,
or where all resamples are equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import Bools, Floats
from core.analysis.labels import coefficients as co
from core.analysis.labels.votes import NOBODY, check_votes, count_votes

N_RESAMPLES = 1_000
_FEWEST = 10  # images that a bootstrap interval can rest on
_TAILS = (0.025, 0.975)  # of a 95 % interval
Formula = Callable[[Floats], Floats]  # (n_resamples, n_sums) -> (n_resamples,)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coefficient with its 95 % bootstrap interval and the number of images behind it."""

    value: float
    low: float
    high: float
    n_images: int


@dataclass(frozen=True, slots=True)
class ClassPair:
    """How well reviewers tell two classes apart."""

    a: int
    b: int
    alpha: Estimate  # of the images that two or more called a or b
    n_disagreed: int  # images that one called a and another b


@dataclass(frozen=True, slots=True)
class ReviewerFigures:
    """How far one person agrees with the others who saw the same images."""

    reviewer: int
    n_reviews: int
    share: Estimate  # mean share of the others who said the same
    kappa: Estimate


@dataclass(frozen=True, slots=True)
class ReviewerPair:
    """Two people and the images that both saw."""

    a: int
    b: int
    kappa: Estimate  # Cohen's
    n_disagreed: int
    mostly: tuple[int, int] | None  # what a and b said where they differed most often


def alpha(votes: ArrayLike, n_classes: int, *, seed: int = 0) -> Estimate:
    """Return Krippendorff's alpha with its interval; see `coefficients`."""
    counts = co.shared(count_votes(check_votes(votes, n_classes), n_classes))
    return _estimate(co.alpha_sums(counts), co.alpha_of, seed)


def kappa(votes: ArrayLike, n_classes: int, *, seed: int = 0) -> Estimate:
    """Return Fleiss' kappa with its interval; see `coefficients`."""
    counts = co.shared(count_votes(check_votes(votes, n_classes), n_classes))
    return _estimate(co.fleiss_sums(counts), co.fleiss_of, seed)


def by_class_pair(
    votes: ArrayLike, n_classes: int, *, n_most: int = 50, seed: int = 0
) -> list[ClassPair]:
    """Return the pairs of classes that somebody disagreed on, the most often confused first.

    Parameters
    ----------
    votes : array of int, shape (n_images, n_reviewers)
        -1 where somebody did not say anything.
    n_classes : int
    n_most : int
        Pairs to return, at most.
    seed : int
        Of the resamples.

    Notes
    -----
    The alpha of a pair looks at the votes for these two classes alone.
    """
    counts = count_votes(check_votes(votes, n_classes), n_classes)
    said = (counts > 0).astype(np.int64)
    both = np.triu(said.T @ said, k=1)  # images where both classes were said
    order = np.argsort(-both, axis=None, kind="stable")[:n_most]
    pairs = [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, both.shape), strict=True)]
    return [
        ClassPair(
            i,
            j,
            _estimate(co.alpha_sums(co.shared(counts[:, [i, j]])), co.alpha_of, seed),
            int(both[i, j]),
        )
        for i, j in pairs
        if both[i, j]
    ]


def by_reviewer(votes: ArrayLike, n_classes: int, *, seed: int = 0) -> list[ReviewerFigures]:
    """Return each reviewer's agreement with the others, in the order of the columns."""
    table = check_votes(votes, n_classes)
    counts = count_votes(table, n_classes)
    figures = []
    for reviewer in range(table.shape[1]):
        mine = table[:, reviewer] != NOBODY
        said = np.eye(n_classes)[table[mine, reviewer]]
        others = counts[mine] - said  # (n_mine, n_classes)
        seen = others.sum(axis=1) > 0
        said, others = said[seen], others[seen]
        others = others / others.sum(axis=1, keepdims=True)
        same = (said * others).sum(axis=1, keepdims=True)
        sums = np.hstack([np.ones((len(said), 1)), same, said, others])
        figures.append(
            ReviewerFigures(
                reviewer,
                int(mine.sum()),
                _estimate(sums, co.share_of, seed),
                _estimate(sums, co.kappa_of, seed),
            )
        )
    return figures


def by_reviewer_pair(votes: ArrayLike, n_classes: int, *, seed: int = 0) -> list[ReviewerPair]:
    """Return every two reviewers who share images, those with most of them first."""
    table = check_votes(votes, n_classes)
    seen = (table != NOBODY).astype(np.int64)
    shared = np.triu(seen.T @ seen, k=1)
    pairs = []
    for a, b in np.argwhere(shared):
        rows = (seen[:, a] & seen[:, b]).astype(bool)
        first, second = table[rows, a], table[rows, b]
        its = _estimate(co.kappa_sums(first, second, n_classes), co.kappa_of, seed)
        differ = first != second
        often = np.bincount(first[differ] * n_classes + second[differ])
        top = divmod(int(often.argmax()), n_classes) if differ.any() else None
        pairs.append(ReviewerPair(int(a), int(b), its, int(differ.sum()), top))
    return sorted(pairs, key=lambda pair: -pair.kappa.n_images)


def disagreed_on(
    votes: ArrayLike,
    n_classes: int,
    *,
    classes: tuple[int, int] | None = None,
    reviewers: tuple[int, int] | None = None,
) -> Bools:
    """Return the images behind a number: where these people said these different things.

    Parameters
    ----------
    classes : (int, int), optional
        Images that were given both of them; default: any two classes.
    reviewers : (int, int), optional
        Only what these two said. With `classes`, too, the first said the first of them.

    Returns
    -------
    array of bool, shape (n_images,)
    """
    table = check_votes(votes, n_classes)
    if reviewers is not None:
        first, second = table[:, reviewers[0]], table[:, reviewers[1]]
        if classes is not None:
            return np.asarray((first == classes[0]) & (second == classes[1]))
        return np.asarray((first != second) & (first != NOBODY) & (second != NOBODY))
    said = count_votes(table, n_classes) > 0
    if classes is not None:
        return np.asarray(said[:, classes[0]] & said[:, classes[1]])
    return np.asarray(said.sum(axis=1) > 1)


def _estimate(sums: Floats, formula: Formula, seed: int) -> Estimate:
    """Return a coefficient that follows from sums over images, with its bootstrap interval.

    Images that contribute the same are drawn together: of three reviewers and ten classes there
    are at most 220 kinds, so that 5,000 images cost no more than these.
    """
    value = float(formula(sums.sum(axis=0, keepdims=True))[0])
    n = len(sums)
    if n < _FEWEST or not np.isfinite(value):
        return Estimate(value, np.nan, np.nan, n)
    kinds, n_of_kind = np.unique(sums, axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(n, n_of_kind / n, size=N_RESAMPLES)
    values = formula(drawn @ kinds)
    values = values[np.isfinite(values)]  # a resample may hold one class only
    low, high = np.quantile(values, _TAILS) if len(values) else (np.nan, np.nan)
    return Estimate(value, *((float(low), float(high)) if low < high else (np.nan, np.nan)), n)
