"""What a cascade must beat, or its gain comes from somewhere else than its experts.

Two controls at the same cost: as many images deferred, but at random; and the same images deferred,
but to a second generalist whose probabilities are averaged with the first's. An expert that does
not beat the latter is no specialist: any second opinion would have done.

Random images come from all images, or an expert could only lose: where it is better throughout its
pair, the best threshold passes on the whole pair, and so does chance within the pair. That is told
beside it, as what the threshold itself adds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.analysis._checks import class_indices, probabilities, same_length
from core.analysis.cascades.routes import Routed
from core.analysis.comparisons.paired import paired_difference
from core.errors import InvalidInput
from core.language import t


def random_deferral(
    routed: Routed, everywhere: Routed, probs: ArrayLike, y: ArrayLike
) -> dict[str, float]:
    """Return what deferring as many images at random would give, each expert asked as often.

    Parameters
    ----------
    routed : Routed
        The cascade's routes; who a person is asked about does not matter here.
    everywhere : Routed
        The same with every owned image deferred (all taus 1, see `routes.send`).
    probs : array of float, shape (n_images, n_classes)
        The generalist's.
    y : array of int, shape (n_images,)

    Returns
    -------
    dict
        accuracy and gain as expected, accuracy_sd over draws, n_deferred; gain_in_pair and
        sd_in_pair: the same if each expert's images are drawn among those that its pair owns.

    Notes
    -----
    In closed form, expert by expert: drawing m of N images without replacement, each of which
    changes the number of right answers by +1, 0 or -1, has mean m * mean and the hypergeometric
    variance m * var * (N - m) / (N - 1). An expert changes nothing where its pair owns nothing.
    """
    P = probabilities(probs)
    truth = class_indices(y, P.shape[1], "y")
    same_length("probs", len(P), "y", len(truth))
    _some(len(P))
    right = P.argmax(axis=1) == truth
    change = (everywhere.answer == truth).astype(np.int64) - right
    won, n_deferred = np.zeros((2, 2)), 0  # of all, in the pair; mean and variance
    for pair in np.unique(everywhere.asked[everywhere.asked >= 0]):
        mine = everywhere.asked == pair
        m = int((routed.asked[mine] == pair).sum())
        n_deferred += m
        won += [_drawn(np.where(mine, change, 0), m), _drawn(change[mine], m)]
    (gain, sd), (gain_in_pair, sd_in_pair) = (
        (float(mean) / len(P), float(np.sqrt(variance)) / len(P)) for mean, variance in won
    )
    return {
        "accuracy": float(right.mean()) + gain,
        "gain": gain,
        "accuracy_sd": sd,
        "n_deferred": n_deferred,
        "gain_in_pair": gain_in_pair,
        "sd_in_pair": sd_in_pair,
    }


def second_generalist(
    routed: Routed, probs: ArrayLike, others: ArrayLike, y: ArrayLike
) -> dict[str, Any]:
    """Return what a second generalist gains where the cascade asks an expert.

    Parameters
    ----------
    routed : Routed
        The cascade's.
    probs, others : array of float, shape (n_images, n_classes)
        Calibrated probabilities of the two generalists.
    y : array of int, shape (n_images,)

    Returns
    -------
    dict
        accuracy and gain of the first generalist with the second asked for the same images;
        lead and lead_ci: how much more accurate the cascade is, with its paired 95 % interval.
    """
    P, Q = probabilities(probs), probabilities(others, "others")
    truth = class_indices(y, P.shape[1], "y")
    same_length("others", len(Q), "probs", len(P))
    _some(len(P))
    right = P.argmax(axis=1) == truth
    both = (P + Q).argmax(axis=1) == truth
    control = np.where(routed.asked >= 0, both, right)
    lead, interval = paired_difference(routed.answer == truth, control)
    return {
        "accuracy": float(control.mean()),
        "gain": float(control.mean() - right.mean()),
        "lead": lead,
        "lead_ci": list(interval),
    }


def _some(n_images: int) -> None:
    if n_images == 0:
        raise InvalidInput(t("there are no images to measure"), expected=t("at least one image"))


def _drawn(change: NDArray[np.int64], m: int) -> tuple[float, float]:
    """Return mean and variance of the sum of `m` of these numbers, drawn without replacement."""
    n = len(change)
    return m * float(change.mean()), m * float(change.var()) * (n - m) / max(1, n - 1)
