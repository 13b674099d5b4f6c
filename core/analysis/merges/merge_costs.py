"""What a merge saves by costs of mistakes that were entered for labels.

Calling two labels one saves nothing by itself. An answer of a merged class is treated as *one* of
its labels (`core.analysis.mistake_costs.treated_as`), and every image is charged for what it really
is: what the class can no longer tell apart is paid for. So a merge saves only where treating all
of a class alike is cheaper than following answers that confuse its labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.analysis import mistake_costs
from core.analysis._checks import Floats, some_images
from core.analysis.comparisons.intervals import Estimate


@dataclass(frozen=True, slots=True)
class MergeCost:
    """What an image costs on average, before and after a merge of the same answers.

    Attributes
    ----------
    saved : Estimate
        Before less after, paired, with its 95 % interval; below 0 where the merge costs more.
    treated_as : tuple of int
        The label as which an answer of each label is treated after the merge.
    """

    before: float
    after: float
    saved: Estimate
    treated_as: tuple[int, ...]


def saved_by_each(
    confusion: ArrayLike, partitions: ArrayLike, costs: ArrayLike, shares: ArrayLike
) -> Floats:
    """Return what an image costs less after each of many merges, (n_partitions,).

    Parameters
    ----------
    confusion : array, shape (n_labels, n_labels)
        Counts; row = true, column = answered.
    partitions : array of int, shape (n_partitions, n_labels)
        The group of each label, in [0, n_labels).
    costs : array of float, shape (n_labels, n_labels)
        Of treating the row's label as the column's.
    shares : array of float, shape (n_labels,)
        How common each label is, by which the label that a class is treated as is chosen.

    Raises
    ------
    InvalidInput
        Without images.

    Notes
    -----
    What a group saves does not depend on the others: the answers of its labels cost sum A[s, s]
    before and sum A[s, t] after, with A = C^T W, s over its labels and t its cheapest one.
    """
    C, rows = some_images(confusion), np.asarray(partitions, dtype=np.int64)
    A = C.T @ np.asarray(costs, dtype=np.float64)  # (answered, treated as)
    saved = np.zeros(len(rows))
    for group in range(int(rows.max(initial=-1)) + 1):
        members = rows == group
        used = np.flatnonzero(members.sum(axis=1) > 1)  # alone: treated as itself, nothing saved
        inside = members[used]
        treated = mistake_costs.cheapest(costs, inside, shares)
        after = (inside @ A)[np.arange(len(used)), treated]
        saved[used] += inside @ np.diag(A) - after
    return np.asarray(saved / C.sum())


def saved_by(
    confusion: ArrayLike, partition: ArrayLike, costs: ArrayLike, shares: ArrayLike
) -> MergeCost:
    """Return what one merge saves, with its interval.

    Parameters
    ----------
    confusion, costs, shares
        As for `saved_by_each`.
    partition : array of int, shape (n_labels,)
        The group of each label.

    Raises
    ------
    InvalidInput
        Without images.
    """
    C, W = some_images(confusion), np.asarray(costs, dtype=np.float64)
    group = np.unique(np.asarray(partition, dtype=np.int64), return_inverse=True)[1]
    treated = mistake_costs.treated_as(W, group.tolist(), shares)[group]
    n = C.round().astype(np.int64).ravel()
    before, after = np.repeat(W.ravel(), n), np.repeat(W[:, treated].ravel(), n)
    return MergeCost(
        before=float(before.mean()),
        after=float(after.mean()),
        saved=mistake_costs.saved(before, after),
        treated_as=tuple(treated.tolist()),
    )
