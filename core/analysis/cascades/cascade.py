"""The cascade: a generalist answers; where it is unsure between two classes an expert does.

An image is *owned* by a pair when the generalist's two most probable classes are that pair.
It is *deferred* to the pair's expert when it is owned and the generalist's confidence is below
tau; equality keeps, so tau = 0 defers nothing.

References
----------
D. Madras, T. Pitassi, R. Zemel, "Predict responsibly: improving fairness and accuracy by
learning to defer", 2018 (deferral to a second decision maker). W. Jitkrittum et al., "When does
confidence-based cascade deferral suffice?", 2023: a threshold on confidence is not optimal when
the second model is a specialist; hence recovery, breakage and two controls are shown (`controls`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import some_images
from core.analysis.cascades.deferral import answers, combine, deferred_mask, route
from core.analysis.cascades.threshold import Sweep, default_grid, sweep
from core.errors import InvalidInput
from core.language import t

__all__ = [
    "Sweep",
    "answers",
    "best_tau",
    "best_taus",
    "combine",
    "default_grid",
    "deferred_mask",
    "pair_table",
    "route",
    "sweep",
]


def best_tau(swept: Sweep) -> float:
    """Return the threshold with most right answers; of equals the smallest: fewest deferred.

    Where images are charged, the cheapest one.
    """
    return float(swept.taus[_first_best(swept.n_correct if swept.cost is None else -swept.cost)])


def best_taus(swept: Sweep) -> tuple[float, ...]:
    """Return, for each pair by itself, the smallest threshold that is best as in `best_tau`.

    Notes
    -----
    What one pair's threshold changes does not depend on another's, so the best of each are the
    best of all.
    """
    gains = swept.n_recovered_by_pair - swept.n_broken_by_pair  # (P, T)
    worth = gains if swept.cost_by_pair is None else -swept.cost_by_pair
    return tuple(float(swept.taus[_first_best(its)]) for its in worth)


def _first_best(worth: ArrayLike) -> int:
    """Return the first position of the highest worth; sums of costs differ by rounding."""
    its = np.asarray(worth, dtype=np.float64)
    return int(np.argmax(its >= its.max() - 1e-9 * max(1.0, float(np.abs(its).max()))))


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
            t("classes must name each row"), expected=str(len(C)), received=str(len(classes))
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
