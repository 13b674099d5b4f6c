"""The cascade: a generalist answers; where it is unsure between two classes an expert does.

An image is *owned* by a pair when the generalist's two most probable classes are that pair.
It is *deferred* to the pair's expert when it is owned and the generalist's confidence is below
tau; equality keeps, so tau = 0 defers nothing.

References
----------
D. Madras, T. Pitassi, R. Zemel, "Predict responsibly: improving fairness and accuracy by
learning to defer", 2018 (deferral to a second decision maker). W. Jitkrittum et al., "When does
confidence-based cascade deferral suffice?", 2023: a threshold on confidence is not optimal when
the second model is a specialist; hence recovery, breakage and the random control are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import some_images
from core.analysis.cascades.deferral import answers, combine, deferred_mask, route
from core.analysis.cascades.threshold import Sweep, default_grid, sweep
from core.analysis.comparisons.paired import paired_intervals
from core.errors import InvalidInput

__all__ = [
    "Sweep",
    "accounting",
    "answers",
    "best_tau",
    "best_taus",
    "combine",
    "default_grid",
    "deferred_mask",
    "pair_table",
    "random_control",
    "route",
    "sweep",
]


def best_tau(swept: Sweep) -> float:
    """Return the threshold with most right answers; of equals the smallest: fewest deferred."""
    return float(swept.taus[int(np.argmax(swept.n_correct))])


def best_taus(swept: Sweep) -> tuple[float, ...]:
    """Return, for each pair by itself, the smallest threshold with most right answers.

    Notes
    -----
    What one pair's threshold changes does not depend on another's, so the best of each are the
    best of all.
    """
    gains = swept.n_recovered_by_pair - swept.n_broken_by_pair  # (P, T)
    return tuple(float(swept.taus[int(gain.argmax())]) for gain in gains)


def random_control(swept: Sweep, tau: float) -> dict[str, float]:
    """Return what deferring as many images at random, among those a pair owns, would give.

    Returns
    -------
    dict
        accuracy and gain as expected, accuracy_sd over draws. If a cascade does not beat this,
        its confidence does not know where the expert helps.

    Notes
    -----
    In closed form: drawing m of the N owned images without replacement, each of which changes
    the number of right answers by +1, 0 or -1, has mean m * mean and the hypergeometric
    variance m * var * (N - m) / (N - 1).
    """
    m = int(swept.n_deferred[swept.index_of(tau)])
    n_owned = int(swept.n_owned.sum())
    won, lost = int(swept.n_recoverable.sum()), int(swept.n_breakable.sum())
    generalist = int(np.trace(swept.base)) / swept.n_images
    if n_owned == 0:
        return {"accuracy": generalist, "gain": 0.0, "accuracy_sd": 0.0}
    mean = (won - lost) / n_owned
    variance = (won + lost) / n_owned - mean**2
    spread = m * variance * (n_owned - m) / max(1, n_owned - 1)
    gain = m * mean / swept.n_images
    sd = float(np.sqrt(max(0.0, spread))) / swept.n_images
    return {"accuracy": generalist + gain, "gain": gain, "accuracy_sd": sd}


def accounting(swept: Sweep, tau: float) -> list[dict[str, Any]]:
    """Return what each pair's expert does at one threshold, in the order of the pairs.

    Returns
    -------
    list of dict
        pair (a, b), n_owned, n_deferred, deferral_rate, n_recovered, n_broken, recovery and
        breakage (shares of the pair's deferred images), gain and gain_ci (of all images).
    """
    i, n = swept.index_of(tau), swept.n_images
    rows = []
    for p, pair in enumerate(swept.pairs):
        deferred = int(swept.n_deferred_by_pair[p, i])
        won, lost = int(swept.n_recovered_by_pair[p, i]), int(swept.n_broken_by_pair[p, i])
        rows.append(
            {
                "pair": pair,
                "n_owned": int(swept.n_owned[p]),
                "n_deferred": deferred,
                "deferral_rate": deferred / n,
                "n_recovered": won,
                "n_broken": lost,
                "recovery": won / deferred if deferred else 0.0,
                "breakage": lost / deferred if deferred else 0.0,
                "gain": (won - lost) / n,
                "gain_ci": paired_intervals([won], [lost], n)[0].tolist(),
            }
        )
    return rows


def pair_table(confusion: ArrayLike, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Return the pairs of classes that are confused, the most confused first.

    Parameters
    ----------
    confusion : array of int, shape (n_classes, n_classes)
    classes : sequence of str, length n_classes

    Returns
    -------
    list of dict
        a, b (names, in class order), pair (their numbers), n_confused (a taken for b, and b for
        a), share_of_errors, oracle_gain: the accuracy a perfect expert would add at most.
        Pairs that are never confused are left out; ties stay in class order.

    Raises
    ------
    InvalidInput
        Without images, or when `classes` does not name each row.
    """
    C = some_images(confusion)
    if len(classes) != len(C):
        raise InvalidInput(
            "classes must name each row", expected=str(len(C)), received=str(len(classes))
        )
    n_images, n_errors = float(C.sum()), float(C.sum() - np.trace(C))
    both = np.triu(C + C.T, k=1)
    a_of, b_of = np.nonzero(both)
    order = np.argsort(-both[a_of, b_of], kind="stable")
    return [
        {
            "a": classes[a],
            "b": classes[b],
            "pair": (int(a), int(b)),
            "n_confused": round(float(both[a, b])),
            "share_of_errors": float(both[a, b]) / n_errors,
            "oracle_gain": float(both[a, b]) / n_images,
        }
        for a, b in zip(a_of[order], b_of[order], strict=True)
    ]
