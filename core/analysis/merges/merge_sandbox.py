"""What the merge sandbox prepares once for a confusion matrix: every merge, scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import Floats, some_images
from core.analysis.merges import merge_evidence as evidence
from core.analysis.merges import partitions as ways
from core.analysis.merges.itca import MergeScores, greedy_path, score
from core.analysis.merges.told_apart import ToldApart, told_apart
from core.errors import InvalidInput
from core.language import t

_N_RANDOM = 10_000  # merges of the same sizes where they cannot all be listed
_CELLS_OF_RANDOM = 4_000_000  # of ordered classes: 400 merges at 100
_MOST_PAIRS = 500  # single pairs looked at beyond `ways.MOST_CLASSES` classes, most confused first


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
    told: ToldApart
    overlap: Floats
    bits_noise: float


def open_sandbox(
    confusion: ArrayLike,
    classes: Sequence[str],
    *,
    overlap: ArrayLike | None = None,
    ordinal: bool = False,
    seed: int = 0,
) -> Sandbox:
    """Score every class map that merges the classes of a confusion matrix.

    Parameters
    ----------
    confusion : array, shape (n_classes, n_classes)
        Row = true, column = predicted; counts, from validation.
    classes : sequence of str
        Names, in the order of the matrix.
    overlap : array of float, shape (n_classes, n_classes), optional
        How far each pair overlaps in the embedding (`overlap.overlap_share`); NaN is unknown. A
        pair that lies apart there is not merged: another model could tell the two apart.
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
            t("every class of the matrix needs a name"), expected=str(k), received=str(len(classes))
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
        told=told_apart(C),
        overlap=np.full((k, k), np.nan) if overlap is None else np.asarray(overlap, np.float64),
        bits_noise=evidence.bits_noise(C),
    )


def _confused_pairs(C: Floats, ordinal: bool) -> ways.Partitions:
    """Return no merge, then the most confused pairs."""
    first, second = np.triu_indices(len(C), 1)
    if ordinal:
        first, second = np.arange(len(C) - 1), np.arange(1, len(C))
    confused = (C + C.T)[first, second]
    order = np.argsort(-confused, kind="stable")[:_MOST_PAIRS]
    return ways.pair_partitions(len(C), np.stack([first[order], second[order]], axis=1))


def same_sizes(box: Sandbox, row: np.ndarray) -> tuple[Floats, Floats]:
    """Return what merges with the group sizes of `row` do, all of them or a sample.

    Returns
    -------
    joined : array, shape (n_classes, n_classes)
        The share of them that joins each two classes.
    gains : array, shape (n_merges,)
        What each adds to accuracy; a sample begins with `row` itself.
    """
    if box.exhaustive:
        same = (box.sizes == ways.group_sizes(row[None])).all(axis=1)
        if same.any():  # not so for a hand-made map that skips a neighbour in ordinal mode
            return evidence.joined_share(box.partitions[same]), box.gains[same]
    own = evidence.merge_gains(box.confusion, row[None])
    if row.max() + 1 == len(row):
        return evidence.joined_share(row[None]), own
    rng = np.random.default_rng(box.seed)
    if not box.ordinal:
        joined, gains = evidence.random_gains(box.confusion, row, _N_RANDOM, rng)
        return joined, np.concatenate([own, gains])
    n = max(1, min(_N_RANDOM, _CELLS_OF_RANDOM // len(row) ** 2))
    drawn = ways.random_of_same_sizes(row, n, rng, ordinal=True)
    rows = np.vstack([row[None], drawn])
    return evidence.joined_share(rows), evidence.merge_gains(box.confusion, rows)
