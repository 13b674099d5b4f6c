"""What the evidence about a merge says, in words; it may say "do not"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from core.analysis._checks import Floats
from core.analysis.merges.told_apart import HALFWAY
from core.language import t

Kind = Literal["baseline", "merge", "do not merge", "not enough images to tell"]

STANDS_OUT = 0.05  # level of the max-statistic over all pairs
_SMALL_LOSS_SHARE = 0.01  # of the bits: with very many images any loss is beyond noise
_WIDTH_IN_SE = 2 * 1.96  # of a 95 % interval


class MergeVerdict(NamedTuple):
    """What to tell a person: the `kind` and the `sentence` that gives its reason."""

    kind: Kind
    sentence: str


@dataclass(frozen=True)
class MergeEvidence:
    """What a verdict is made of.

    Attributes
    ----------
    names : tuple of str
        The groups of two or more classes, such as "A+B"; empty for no merge.
    itca_changes : array, shape (1 + n_groups,), nats
        Of the whole class map, then of each group.
    itca_spans : array, shape (1 + n_groups, 2)
        Their 95 % intervals.
    p_values : tuple of float, one a group
        See `merge_evidence.pair_p_values`.
    told_low, told_high : tuple of float, one a group
        95 % limits of the kappa within its best told pair of classes; see `told_apart`.
    apart : str
        Two merged classes that lie apart in the embedding, and how far; "" without any.
    bits, bits_lost, bits_noise : float
        I(Y; Y_hat) before the merge, what the merge takes, and half the 95 % interval before.
    n_images : int
    """

    names: tuple[str, ...]
    itca_changes: Floats
    itca_spans: Floats
    p_values: tuple[float, ...]
    told_low: tuple[float, ...]
    told_high: tuple[float, ...]
    apart: str
    bits: float
    bits_lost: float
    bits_noise: float
    n_images: int


def judge(given: MergeEvidence) -> MergeVerdict:
    """Return the verdict on a class map.

    Notes
    -----
    *Do not merge*: ITCA falls beyond its 95 % interval, for the whole map or for one of its
    groups, and the answers do tell its classes apart; or bits fall by more than noise (and more
    than 1 %); or ITCA rises for a group that does not stand out, as it would for others; or two
    of its classes lie apart in the embedding: then it is this model that misses the difference.

    *Merge*: every group is confused more than chance confuses any pair, and either ITCA rises
    beyond its interval, for the whole and for every group; or every two merged classes are told
    apart nearer to guessing than to knowing (kappa at most 1/2 at its upper 95 % limit) while
    ITCA is not more than one standard error below that of no merge: of two equals, the simpler.
    Where classes are not told apart at all, ITCA may fall: with few classes it counts a class
    more than the guesses within it are worth.

    Otherwise there are not enough images to tell.
    """
    if not given.names:
        return MergeVerdict("baseline", t("Nothing is merged."))
    against = _falls(given) or _loses_bits(given) or _by_chance(given) or _apart(given)
    if against:
        return MergeVerdict("do not merge", against)
    p, high = max(given.p_values), max(given.told_high)
    change = t(
        "ITCA changes by {change:+.3f} {span}",
        change=float(given.itca_changes[0]),
        span=_span(given.itca_spans[0]),
    )
    stands_out = p <= STANDS_OUT
    if stands_out and (given.itca_spans[:, 0] > 0).all():
        return MergeVerdict(
            "merge", t("{change}; confused beyond chance (p = {p:.2g}).", change=change, p=p)
        )
    if stands_out and high <= HALFWAY and _ties(given):
        return MergeVerdict(
            "merge",
            t(
                "Confused beyond chance (p = {p:.2g}) and told apart nearer to guessing than to "
                "knowing (kappa within the pair at most {high:.2f}); {change}.",
                p=p,
                high=high,
                change=change,
            ),
        )
    figures = {"change": change, "n": given.n_images, "p": p, "high": high}
    sentence = (
        t(
            "{change} on {n} images; confused beyond chance (p = {p:.2g}), told apart with a kappa "
            "of at most {high:.2f}.",
            **figures,
        )
        if stands_out
        else t(
            "{change} on {n} images; confused perhaps by chance (p = {p:.2g}), told apart with a "
            "kappa of at most {high:.2f}.",
            **figures,
        )
    )
    return MergeVerdict("not enough images to tell", sentence)


def _ties(given: MergeEvidence) -> bool:
    """Say whether ITCA does not fall by more than an error, or there is nothing to lose."""
    errors = (given.itca_spans[:, 1] - given.itca_spans[:, 0]) / _WIDTH_IN_SE
    return bool((given.itca_changes >= -errors).all() or max(given.told_low) <= 0.0)


def _falls(given: MergeEvidence) -> str:
    """Say what ITCA falls for, a group before the whole; "" where it does not."""
    told = np.array([max(given.told_low), *given.told_low]) > 0.0
    falling = np.flatnonzero((given.itca_spans[:, 1] < 0) & told)
    if not falling.size:
        return ""
    at = int(falling[-1])
    what = given.names[at - 1] if at else ", ".join(given.names)
    return t(
        "{merge}: ITCA falls by {fall:.3f} {span}.",
        merge=what,
        fall=-float(given.itca_changes[at]),
        span=_span(given.itca_spans[at]),
    )


def _loses_bits(given: MergeEvidence) -> str:
    """Say how many bits are lost; "" where that is within noise."""
    allowed = max(given.bits_noise, _SMALL_LOSS_SHARE * given.bits)
    if given.bits_lost <= allowed + 1e-9:  # beyond rounding, where there are no bits to lose
        return ""
    return t(
        "{lost:.3f} of {bits:.3f} bits are lost, more than noise.",
        lost=given.bits_lost,
        bits=given.bits,
    )


def _by_chance(given: MergeEvidence) -> str:
    """Say which group pays only as any other would; "" without one."""
    pays = given.itca_spans[1:, 0] > 0
    for name, p, sure in zip(given.names, given.p_values, pays, strict=True):
        if p > STANDS_OUT and sure:
            return t(
                "{merge}: confused no more than other pairs by chance (p = {p:.2g}).",
                merge=name,
                p=p,
            )
    return ""


def _apart(given: MergeEvidence) -> str:
    """Say which classes another model could tell apart; "" without any."""
    if not given.apart:
        return ""
    return t("{apart}: another model could tell them apart.", apart=given.apart)


def _span(span: Floats) -> str:
    return t("[{low:+.3f}, {high:+.3f}]", low=float(span[0]), high=float(span[1]))
