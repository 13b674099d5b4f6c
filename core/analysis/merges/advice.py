"""One piece of advice for a confused pair, from three signals: model, people, embeddings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from core.analysis.merges.merge_verdict import STANDS_OUT, Kind
from core.analysis.merges.overlap import APART
from core.analysis.merges.told_apart import HALFWAY
from core.language import t

What = Literal["merge", "train an expert", "relabel", "collect more images", "leave"]

_MOST_TIMES = 50  # more than so many times the images is no advice any more


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known about a pair of classes.

    Attributes
    ----------
    n_images : int
        Images of the two classes that the model was judged on.
    max_p : float
        How easily chance confuses some pair as strongly; see `merge_evidence.pair_p_values`.
    told_apart, told_apart_low, told_apart_high : float
        Kappa of the answers within the pair, with its 95 % interval.
    verdict : str
        Of merging just this pair; see `merge_verdict`.
    itca_gain, itca_gain_low : float, nats
        Of merging just this pair.
    overlap : float or None
        See `overlap.overlap_share`; None without embeddings.
    people : (alpha, low, high) or None
        Agreement of reviewers within the pair (Krippendorff); None without images that two
        reviewed.
    """

    n_images: int
    max_p: float
    told_apart: float
    told_apart_low: float
    told_apart_high: float
    verdict: Kind
    itca_gain: float
    itca_gain_low: float
    overlap: float | None
    people: tuple[float, float, float] | None


class Advice(NamedTuple):
    """What to do about a pair, and the sentence that gives the numbers behind it."""

    what: What
    reason: str
    n_more: int | None  # images of the two classes to judge beside these, for that advice


def advise(given: Signals) -> Advice:
    """Return what to do about a confused pair.

    Notes
    -----
    - *Leave*: chance confuses some pair as strongly.
    - People who agree on the pair (alpha above 1/2 at its lower limit) see a difference that the
      model misses: *train an expert*, whatever merging would gain.
    - So do embeddings that lie apart where the model hardly tells the two apart (kappa at most
      1/2 at its upper limit): *train an expert*.
    - *Merge*: the verdict says so, and nothing contradicts it.
    - *Collect more images*: the verdict cannot tell. How many: the interval of the ITCA gain
      shrinks with the square root of the number of images.
    - The answers do tell the two apart, but not well. *Relabel* where people disagree on the pair
      (alpha below 1/2 at its upper limit), or where the embeddings lie apart, so that what is
      confused sits among images of the other label. Else *train an expert*.
    """
    if given.max_p > STANDS_OUT:
        said = t("Chance confuses some pair as much (p = {p:.2g}).", p=given.max_p)
        return Advice("leave", said, None)
    signals, all_signals = _signals(given), _with_people(given)
    if given.people is not None and given.people[1] > HALFWAY:
        said = t(
            "People agree on it ({alpha}), the model does not: {signals}.",
            alpha=_alpha(given.people),
            signals=signals,
        )
        return Advice("train an expert", said, None)
    apart = given.overlap is not None and given.overlap <= APART
    if apart and given.told_apart_high <= HALFWAY:
        said = t("This model misses what the embedding shows: {signals}.", signals=all_signals)
        return Advice("train an expert", said, None)
    if given.verdict == "merge":
        said = t("The model does not tell them apart: {signals}.", signals=all_signals)
        return Advice("merge", said, None)
    if given.verdict == "not enough images to tell":
        return _collect(given, all_signals)
    if given.people is not None and given.people[2] < HALFWAY:
        said = t(
            "People disagree on it ({alpha}), yet the model has learned it: {signals}.",
            alpha=_alpha(given.people),
            signals=signals,
        )
        return Advice("relabel", said, None)
    if apart:
        said = t(
            "What is confused sits among images of the other label: {signals}.",
            signals=all_signals,
        )
        return Advice("relabel", said, None)
    return Advice(
        "train an expert", t("There is something to learn: {signals}.", signals=all_signals), None
    )


def _collect(given: Signals, said: str) -> Advice:
    """Say how many images would decide."""
    half = given.itca_gain - given.itca_gain_low
    times = (half / abs(given.itca_gain)) ** 2 if given.itca_gain else math.inf
    if times > _MOST_TIMES:
        reason = t(
            "Merging gains and costs about the same, and more images will not change it: "
            "{signals}.",
            signals=said,
        )
        return Advice("leave", reason, None)
    n_more = max(1, math.ceil((times - 1.0) * given.n_images))
    reason = t("{n} judged images cannot tell: {signals}.", n=given.n_images, signals=said)
    return Advice("collect more images", reason, n_more)


def _signals(given: Signals) -> str:
    """Say what the model and the embedding show."""
    model = t(
        "told apart with a kappa of {kappa:.2f} ({low:.2f} to {high:.2f})",
        kappa=given.told_apart,
        low=given.told_apart_low,
        high=given.told_apart_high,
    )
    if given.overlap is None:
        return model
    return t(
        "{model}; {share:.0%} of them lie among the other's images in the embedding",
        model=model,
        share=given.overlap,
    )


def _with_people(given: Signals) -> str:
    """Say what the model, the embedding and the people show."""
    if given.people is None:
        return _signals(given)
    alpha = _alpha(given.people)
    return t("{signals}; people: {alpha}", signals=_signals(given), alpha=alpha)


def _alpha(people: tuple[float, float, float]) -> str:
    alpha, low, high = people
    return t("alpha {alpha:.2f}, {low:.2f} to {high:.2f}", alpha=alpha, low=low, high=high)
