"""Learned deferral: ask the expert where it is expected to help, not merely where doubt is large.

Confidence alone misleads when the second model is a specialist: low confidence may mean that the
expert does not know either. So the gain of asking is regressed on what the generalist says.

References
----------
W. Jitkrittum et al., "When does confidence-based cascade deferral suffice?", 2023: the best rule
defers where the second model's chance to be right exceeds the first's by more than its cost;
regressing 1[second right] - 1[first right] on the first model's output is their Diff-01.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr

from core.analysis._checks import Floats, Ints, class_indices, probabilities, same_length
from core.analysis.cascades.deferral import Pairs, deferrals, expert_class

N_FOLDS = 5
N_DOUBTS = 3  # inputs beside the probabilities: confidence, margin, entropy
LEAST_IMAGES = 20  # of a pair; with fewer the mean gain is all that can be told
_PENALTIES = tuple(10.0**k for k in range(-2, 5))


@dataclass(frozen=True, slots=True)
class GainRule:
    """How much is gained by asking a pair's expert, linear in what the generalist says.

    Parameters
    ----------
    weights : tuple of float
        Of what it sees: probabilities, confidence, margin, entropy.
    intercept : float
    """

    weights: tuple[float, ...]
    intercept: float

    def gain(self, probs: ArrayLike) -> Floats:
        """Return the expected gain of asking, in [-1, 1], for rows of probabilities."""
        inputs = _inputs(probabilities(probs).astype(np.float64))
        linear = inputs @ np.asarray(self.weights) + self.intercept
        return np.asarray(linear.clip(-1.0, 1.0))


def keys(probs: ArrayLike, owner: ArrayLike, rules: Sequence[GainRule]) -> Floats:
    """Return what takes the place of the confidence in `routes.send` and `routes.table`.

    Returns
    -------
    array of float64, shape (n_images,)
        (1 - expected gain) / 2 of owned images: an image is deferred where this is below tau, so
        that tau = 0.5 defers where a gain is expected. 1.0 of the others.
    """
    P = probabilities(probs)
    owners = np.asarray(owner)
    found = np.ones(len(P))
    for index, rule in enumerate(rules):
        mine = owners == index
        found[mine] = (1.0 - rule.gain(P[mine])) / 2.0
    return found


def learn(
    probs: ArrayLike,
    y: ArrayLike,
    owner: ArrayLike,
    pairs: Pairs,
    expert_probs: Sequence[ArrayLike],
    *,
    seed: int = 0,
) -> tuple[tuple[GainRule, ...], Floats]:
    """Learn a rule for each pair from images that neither model was trained on.

    Parameters
    ----------
    probs : array of float, shape (n_images, n_classes)
        Calibrated probabilities of the generalist, on validation images.
    y : array of int, shape (n_images,)
    owner : array of int, shape (n_images,)
        From `route`.
    pairs, expert_probs
        As for `combine`.

    Returns
    -------
    rules : tuple of GainRule, one a pair
        Learned from all images; for new ones.
    keys : array of float64, shape (n_images,)
        As `keys` gives, for these images, each by a rule that has not seen it: a threshold chosen
        by the rules' own answers for the images they learned from would be too kind.
    """
    P = probabilities(probs)
    truth = class_indices(y, P.shape[1], "y")
    same_length("probs", len(P), "y", len(truth))
    rules, found = [], np.ones(len(P))
    everyone = np.ones(len(P), dtype=bool)
    for rows, pair, q in deferrals(P, owner, expert_probs, everyone, pairs):
        after = expert_class(q, pair) == truth[rows]
        gain = after.astype(np.float64) - (P[rows].argmax(axis=1) == truth[rows])
        rules.append(_fit(P[rows], gain))
        found[rows] = (1.0 - _out_of_fold(P[rows], gain, seed)) / 2.0
    return tuple(rules), found


def _fit(probs: Floats, gain: Floats) -> GainRule:
    from sklearn.linear_model import RidgeCV

    n_inputs = probs.shape[1] + N_DOUBTS
    if len(gain) < LEAST_IMAGES:
        mean = float(gain.mean()) if len(gain) else 0.0
        return GainRule((0.0,) * n_inputs, mean)
    fitted = RidgeCV(alphas=_PENALTIES).fit(_inputs(probs.astype(np.float64)), gain)
    return GainRule(tuple(map(float, fitted.coef_)), float(fitted.intercept_))


def _out_of_fold(probs: Floats, gain: Floats, seed: int) -> Floats:
    """Return the gain expected of each image by a rule from the other folds."""
    n_folds = min(N_FOLDS, len(gain))
    if n_folds < 2:
        return np.zeros(len(gain))
    fold: Ints = np.random.default_rng(seed).permutation(len(gain)) % n_folds
    found = np.empty(len(gain))
    for number in range(n_folds):
        mine = fold == number
        found[mine] = _fit(probs[~mine], gain[~mine]).gain(probs[mine])
    return found


def _inputs(probs: Floats) -> Floats:
    """Return probabilities, confidence, margin and entropy (in units of its largest)."""
    ranked = np.sort(probs, axis=1)
    second = ranked[:, -2] if probs.shape[1] > 1 else np.zeros(len(probs))
    doubt = entr(probs).sum(axis=1) / np.log(max(2, probs.shape[1]))
    return np.column_stack([probs, ranked[:, -1], ranked[:, -1] - second, doubt])
