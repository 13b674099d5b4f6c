"""The merge sandbox: what a class map gains, what it costs, and whether to do it at all.

Everything comes from one confusion matrix (choose on validation, confirm on test). The answer may
be "do not merge": fewer classes raise accuracy by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import Bools
from core.analysis.merges import merge_evidence as evidence
from core.analysis.merges import partitions as ways
from core.analysis.merges.itca import cell_worth, gains_of_many, score
from core.analysis.merges.merge_sandbox import Sandbox, open_sandbox, same_sizes
from core.analysis.merges.merge_verdict import STANDS_OUT, Kind, MergeEvidence, judge
from core.analysis.merges.overlap import APART
from core.analysis.merges.told_apart import worst_of
from core.language import t

__all__ = ["Merge", "Sandbox", "best", "examine", "open_sandbox", "optimism", "suggest"]

_MOST_CANDIDATES = 500  # class maps among which the suggestion is chosen, highest ITCA first
_N_REPEATED = 100  # resamples on which the choice is made again


@dataclass(frozen=True)
class Merge:
    """One class map and the evidence about it; shares in [0, 1], ITCA in nats.

    Attributes
    ----------
    partition : tuple of int
        The group of each class.
    skill : float
        (accuracy - chance) / (1 - chance): 0 for guessing in proportion to the classes.
    itca_gain, itca_gain_ci
        ITCA less that of the unmerged answers, with a 95 % paired bootstrap interval.
    gain : float
        Accuracy less that of the unmerged answers: never negative, and proof of nothing.
    gain_rank, n_same_sizes, gain_rank_share
        Place of the gain among all merges with the same group sizes (1 is the highest; ties count
        against it), how many those are, and rank / number: the chance that a merge of these sizes
        at random gains as much.
    excess_gain, ci
        Gain beyond the mean of those merges; see `merge_evidence.gain_interval`.
    max_p : float
        Of the group that stands out least; see `merge_evidence.pair_p_values`.
    told_apart, told_apart_high : float
        Kappa of the answers within the two merged classes that may be told apart best, and its
        upper 95 % limit; -1 without a merge. See `told_apart`.
    """

    partition: tuple[int, ...]
    n_classes: int
    accuracy: float
    chance: float
    skill: float
    kappa: float
    bits: float
    bits_kept_share: float
    itca: float
    itca_gain: float
    itca_gain_ci: tuple[float, float]
    gain: float
    gain_rank: int
    n_same_sizes: int
    gain_rank_share: float
    excess_gain: float
    ci: tuple[float, float]
    max_p: float
    told_apart: float
    told_apart_high: float
    verdict: Kind
    reason: str


def examine(box: Sandbox, partition: ArrayLike) -> Merge:
    """Return the evidence about one class map, composed by hand or taken from a ranking.

    Raises
    ------
    InvalidInput
        When the partition does not belong to the classes.

    Notes
    -----
    The same class map and seed give the same figures. What the verdict means: `merge_verdict`.
    """
    row = np.asarray(partition, dtype=np.int64)
    figures = score(box.confusion, row[None])  # refuses what does not fit
    row = ways.canonical(row[None])[0]
    joined, same_gains = same_sizes(box, row)
    rng = np.random.default_rng(box.seed)
    gain = float(evidence.merge_gains(box.confusion, row[None])[0])
    rank = int((same_gains >= gain - 1e-9).sum())
    excess, ci = evidence.gain_interval(box.confusion, row[:, None] == row, joined, rng)
    groups = [np.flatnonzero(row == g) for g in range(int(row.max()) + 1)]
    groups = [members for members in groups if len(members) > 1]
    given = _weigh(box, row, groups, float(figures.bits[0]), rng)
    found = judge(given)
    return Merge(
        partition=tuple(row.tolist()),
        n_classes=int(figures.n_classes[0]),
        accuracy=float(figures.accuracy[0]),
        chance=float(figures.chance[0]),
        skill=_skill(float(figures.accuracy[0]), float(figures.chance[0])),
        kappa=float(figures.kappa[0]),
        bits=float(figures.bits[0]),
        bits_kept_share=float(figures.bits_kept_share[0]),
        itca=float(figures.itca[0]),
        itca_gain=float(given.itca_changes[0]),
        itca_gain_ci=(float(given.itca_spans[0, 0]), float(given.itca_spans[0, 1])),
        gain=gain,
        gain_rank=rank,
        n_same_sizes=len(same_gains),
        gain_rank_share=rank / len(same_gains),
        excess_gain=excess,
        ci=ci,
        max_p=max(given.p_values, default=1.0),
        told_apart=worst_of(box.told.kappa, row),
        told_apart_high=max(given.told_high, default=-1.0),
        verdict=found.kind,
        reason=found.sentence,
    )


def best(box: Sandbox, n: int) -> list[Merge]:
    """Return the evidence about no merge, then the `n` merges of the highest ITCA."""
    order = np.argsort(-box.scores.itca, kind="stable")
    chosen = [0, *[int(i) for i in order if i != 0][: max(0, n)]]
    return [examine(box, box.partitions[i]) for i in chosen]


def suggest(box: Sandbox) -> Merge:
    """Return the class map to look at first; without a reason to merge, no merge.

    Notes
    -----
    Among maps all of whose groups hold together by pairs that stand out: the one with the fewest
    classes whose ITCA is within one standard error of the highest and of that of no merge (ties:
    higher ITCA), unless its verdict is "do not merge". The rule of one standard error prefers
    the simpler answer where the images cannot tell the two apart. A map that joins only
    classes which the answers do not tell apart at all is looked at whatever its ITCA: with three
    or four classes ITCA counts a class more than the guesses within it are worth.

    References
    ----------
    L. Breiman et al., "Classification and regression trees", 1984, 3.4.3.
    """
    index = _standing_out(box)
    itca = box.scores.itca
    here, top = (cell_worth(box.confusion, box.partitions[i]) for i in (0, index[0]))
    near = []
    for i in index:
        own = cell_worth(box.confusion, box.partitions[i])
        ties = all(
            itca[best] - itca[i] <= evidence.standard_error(box.confusion, worth - own) + 1e-12
            for best, worth in ((0, here), (index[0], top))
        )
        if ties or worst_of(box.told.low, box.partitions[i]) <= 0.0:
            near.append(int(i))
    for i in sorted(near, key=lambda i: (box.scores.n_classes[i], -box.scores.itca[i])):
        found = examine(box, box.partitions[i])
        if found.verdict != "do not merge":
            return found
    return examine(box, box.partitions[0])


def optimism(box: Sandbox) -> float:
    """Return how much of the best merge's ITCA gain is there because it was chosen, in nats.

    Notes
    -----
    The winner's curse: the highest of many noisy gains is too high. The choice is made again on
    100 resampled matrices; what the choice gains there, less what the same merge gains on the
    images at hand, is the optimism. Take it off the gain of a merge that was chosen for its
    gain; test images, which the choice has not seen, need no correction.

    References
    ----------
    B. Efron, "Estimating the error rate of a prediction rule: improvement on cross-validation",
    1983.
    """
    order = np.argsort(-box.scores.itca, kind="stable")[:_MOST_CANDIDATES]
    rows = box.partitions[np.union1d([0], order)]
    k = len(box.confusion)
    shares = (box.confusion / box.confusion.sum()).ravel()
    rng = np.random.default_rng(box.seed)
    drawn = rng.multinomial(round(float(box.confusion.sum())), shares, size=_N_REPEATED)
    there = gains_of_many(drawn.reshape(-1, k, k), rows)
    here = gains_of_many(box.confusion[None], rows)[0]
    too_high = there.max(axis=1) - here[there.argmax(axis=1)]
    return max(0.0, float(np.mean(too_high)))


def _weigh(
    box: Sandbox, row: np.ndarray, groups: list[np.ndarray], bits: float, rng: np.random.Generator
) -> MergeEvidence:
    """Return what the verdict on a class map is made of; `bits` are those it leaves."""
    k = len(row)
    whole = cell_worth(box.confusion, row) - cell_worth(box.confusion, np.arange(k))
    parts = [np.where(np.isin(np.arange(k), members)[:, None], whole, 0.0) for members in groups]
    worth = np.stack([whole, *parts])  # (1 + n_groups, K, K): what an image changes ITCA by
    n = float(box.confusion.sum())
    return MergeEvidence(
        names=tuple("+".join(box.classes[i] for i in members) for members in groups),
        itca_changes=(worth * box.confusion).sum(axis=(1, 2)) / n,
        itca_spans=evidence.bootstrap_means(box.confusion, worth, rng),
        p_values=tuple(evidence.group_p_value(box.pair_p, members) for members in groups),
        told_low=tuple(worst_of(box.told.low, _only(k, members)) for members in groups),
        told_high=tuple(worst_of(box.told.high, _only(k, members)) for members in groups),
        apart=_apart(box, row),
        bits=float(box.scores.bits[0]),
        bits_lost=float(box.scores.bits[0]) - bits,
        bits_noise=box.bits_noise,
        n_images=round(n),
    )


def _standing_out(box: Sandbox) -> np.ndarray:
    """Return rows whose groups hold together by pairs that stand out, highest ITCA first."""
    linked: Bools = box.pair_p <= STANDS_OUT
    order = np.argsort(-box.scores.itca, kind="stable")
    rows = box.partitions[order]
    alone_or_linked = np.ones(len(rows), dtype=bool)
    for k in range(len(linked)):
        together = rows == rows[:, [k]]
        alone_or_linked &= (together.sum(axis=1) == 1) | (together & linked[k]).any(axis=1)
    few = order[alone_or_linked][:_MOST_CANDIDATES]
    kept = [i for i in few if _holds_together(box, box.partitions[i])]
    return np.array(kept or [0], dtype=np.int64)


def _holds_together(box: Sandbox, row: np.ndarray) -> bool:
    """Say whether every group of two or more stands out, and none lies apart in the embedding."""
    if _apart(box, row):
        return False
    groups = [np.flatnonzero(row == g) for g in range(int(row.max()) + 1)]
    return all(len(g) < 2 or evidence.group_p_value(box.pair_p, g) <= STANDS_OUT for g in groups)


def _apart(box: Sandbox, row: np.ndarray) -> str:
    """Name the two merged classes that lie apart in the embedding most; "" without any."""
    joined = np.triu(row[:, None] == row, 1) & (box.overlap <= APART)  # NaN is not
    if not joined.any():
        return ""
    a, b = np.unravel_index(np.where(joined, box.overlap, np.inf).argmin(), joined.shape)
    share = box.overlap[a, b]
    return t(
        "{a} and {b} lie apart in the embedding (overlap {share:.0%})",
        a=box.classes[a],
        b=box.classes[b],
        share=float(share),
    )


def _only(n_classes: int, members: np.ndarray) -> np.ndarray:
    """Return the class map that joins `members` and nothing else."""
    row = np.arange(n_classes)
    row[members] = members[0]
    return row


def _skill(accuracy: float, chance: float) -> float:
    """Return skill over chance; 0 where guessing is always right."""
    return (accuracy - chance) / (1.0 - chance) if chance < 1.0 else 0.0
