"""The merge sandbox: what a class map gains, what it costs, and whether to do it at all.

Everything comes from one confusion matrix (choose on validation, confirm on test). The answer may
be "do not merge": fewer classes raise accuracy by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.analysis import merge_evidence as evidence
from core.analysis import partitions as ways
from core.analysis._checks import Bools, Floats, some_images
from core.analysis.itca import MergeScores, cell_worth, greedy_path, score
from core.analysis.merge_verdict import STANDS_OUT, Kind, MergeEvidence, judge
from core.errors import InvalidInput

_N_RANDOM = 10_000  # merges of the same sizes where they cannot all be listed; 2,000 at 100 classes
_CELLS_OF_RANDOM = 20_000_000
_MOST_PAIRS = 500  # single pairs looked at beyond `ways.MOST_CLASSES` classes, most confused first
_MOST_CANDIDATES = 500  # class maps among which the suggestion is chosen, highest ITCA first


@dataclass(frozen=True)
class Merge:
    """One class map and the evidence about it; shares in [0, 1], ITCA in nats.

    Attributes
    ----------
    partition : tuple of int
        The group of each class.
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
    """

    partition: tuple[int, ...]
    n_classes: int
    accuracy: float
    chance: float
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
    verdict: Kind
    reason: str


@dataclass(frozen=True)
class Sandbox:
    """What `open_sandbox` prepared once for a matrix, so that `examine` is quick."""

    confusion: Floats
    classes: tuple[str, ...]
    ordinal: bool
    exhaustive: bool
    seed: int
    partitions: ways.Partitions
    scores: MergeScores
    gains: Floats
    sizes: np.ndarray
    pair_p: Floats
    bits_noise: float


def open_sandbox(
    confusion: ArrayLike, classes: Sequence[str], *, ordinal: bool = False, seed: int = 0
) -> Sandbox:
    """Score every class map that merges the classes of a confusion matrix.

    Parameters
    ----------
    confusion : array, shape (n_classes, n_classes)
        Row = true, column = predicted; counts, from validation.
    classes : sequence of str
        Names, in the order of the matrix.
    ordinal : bool
        The classes are stages of one thing, in order: only neighbours are merged.
    seed : int
        Of the simulations and resamples; the same seed gives the same answer.

    Raises
    ------
    InvalidInput
        Without images, or with another number of names than rows.

    Notes
    -----
    Up to 10 classes (ordinal: 16) every merge is looked at. Beyond, the most confused pairs and a
    greedy path by ITCA; ranks are then among up to 10,000 random merges of the same sizes.
    """
    C = some_images(confusion)
    k = len(C)
    if len(classes) != k:
        raise InvalidInput(
            "every class of the matrix needs a name", expected=str(k), received=str(len(classes))
        )
    exhaustive = k <= (ways.MOST_ORDINAL_CLASSES if ordinal else ways.MOST_CLASSES)
    if exhaustive:
        rows = ways.neighbour_partitions(k) if ordinal else ways.all_partitions(k)
    else:
        rows = np.vstack([_confused_pairs(C, ordinal), greedy_path(C, ordinal=ordinal)[1:]])
        _, first = np.unique(rows, axis=0, return_index=True)
        rows = rows[np.sort(first)]
    return Sandbox(
        confusion=C,
        classes=tuple(classes),
        ordinal=ordinal,
        exhaustive=exhaustive,
        seed=seed,
        partitions=rows,
        scores=score(C, rows),
        gains=evidence.merge_gains(C, rows),
        sizes=ways.group_sizes(rows),
        pair_p=evidence.pair_p_values(C, np.random.default_rng(seed)),
        bits_noise=evidence.bits_noise(C),
    )


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
    same_rows, same_gains = _same_sizes(box, row)
    rng = np.random.default_rng(box.seed)
    gain = float(evidence.merge_gains(box.confusion, row[None])[0])
    rank = int((same_gains >= gain - 1e-9).sum())
    excess, ci = evidence.gain_interval(
        box.confusion, row[:, None] == row, evidence.joined_share(same_rows), rng
    )
    groups = [np.flatnonzero(row == g) for g in range(int(row.max()) + 1)]
    groups = [members for members in groups if len(members) > 1]
    given = _weigh(box, row, groups, float(figures.bits[0]), rng)
    found = judge(given)
    return Merge(
        partition=tuple(row.tolist()),
        n_classes=int(figures.n_classes[0]),
        accuracy=float(figures.accuracy[0]),
        chance=float(figures.chance[0]),
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
    Among maps all of whose groups hold together by pairs that stand out, and whose ITCA is not
    below that of no merge: the one with the fewest classes within one standard error of the
    highest ITCA (ties: higher ITCA), unless its verdict is "do not merge". The rule of one
    standard error prefers the simpler answer where the images cannot tell the two apart.

    References
    ----------
    L. Breiman et al., "Classification and regression trees", 1984, 3.4.3.
    """
    index = _standing_out(box)
    itca = box.scores.itca[index]
    top = cell_worth(box.confusion, box.partitions[index[0]])
    near = []
    for i, value in zip(index, itca, strict=True):
        apart = top - cell_worth(box.confusion, box.partitions[i])
        if value >= box.scores.itca[0] - 1e-12 and itca[0] - value <= evidence.standard_error(
            box.confusion, apart
        ):
            near.append(int(i))
    for i in sorted(near, key=lambda i: (box.scores.n_classes[i], -box.scores.itca[i])):
        found = examine(box, box.partitions[i])
        if found.verdict != "do not merge":
            return found
    return examine(box, box.partitions[0])


def _confused_pairs(C: Floats, ordinal: bool) -> ways.Partitions:
    """Return no merge, then the most confused pairs."""
    first, second = np.triu_indices(len(C), 1)
    if ordinal:
        first, second = np.arange(len(C) - 1), np.arange(1, len(C))
    confused = (C + C.T)[first, second]
    order = np.argsort(-confused, kind="stable")[:_MOST_PAIRS]
    return ways.pair_partitions(len(C), np.stack([first[order], second[order]], axis=1))


def _same_sizes(box: Sandbox, row: np.ndarray) -> tuple[np.ndarray, Floats]:
    """Return class maps with the group sizes of `row`, all or a sample, and their gains."""
    if box.exhaustive:
        same = (box.sizes == ways.group_sizes(row[None])).all(axis=1)
        if same.any():  # not so for a hand-made map that skips a neighbour in ordinal mode
            return box.partitions[same], box.gains[same]
    k = len(row)
    if row.max() + 1 == k:
        return row[None], np.zeros(1)
    n = min(_N_RANDOM, _CELLS_OF_RANDOM // (k * k))
    rng = np.random.default_rng(box.seed)
    drawn = ways.random_of_same_sizes(row, max(n, 1), rng, ordinal=box.ordinal)
    rows = np.vstack([row[None], drawn])
    return rows, evidence.merge_gains(box.confusion, rows)


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
    """Say whether every group of two or more stands out."""
    groups = [np.flatnonzero(row == g) for g in range(int(row.max()) + 1)]
    return all(len(g) < 2 or evidence.group_p_value(box.pair_p, g) <= STANDS_OUT for g in groups)
