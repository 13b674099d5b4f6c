"""What merging classes saves or costs in money, by the costs of mistakes that somebody entered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.analysis.merges import merge_costs
from core.analysis.merges.merge_costs import MergeCost
from core.analysis.merges.merge_sandbox import Sandbox
from core.analysis.merges.merging import Merge, examine
from core.records import Run
from core.services.costs import entering
from core.store.database import Workspace


@dataclass(frozen=True, slots=True, eq=False)
class Charges:
    """Costs of mistakes, ready to be charged to merges of a run's answers."""

    version: int
    unit: str
    costs: np.ndarray  # (n_labels, n_labels), row = true
    shares: np.ndarray  # (n_labels,), of the training images

    def of(self, box: Sandbox, partition: ArrayLike) -> MergeCost:
        """Return what an image costs before and after one merge."""
        return merge_costs.saved_by(box.confusion, partition, self.costs, self.shares)

    def cheapest(self, box: Sandbox, n: int) -> list[Merge]:
        """Return no merge, then the `n` merges that save most; of equals the first.

        Among those of the sandbox, without which nothing is ranked (`merge_sandbox.open_sandbox`).
        """
        saved = merge_costs.saved_by_each(box.confusion, box.partitions, self.costs, self.shares)
        order = np.argsort(-saved.round(12), kind="stable")
        chosen = [0, *[int(i) for i in order if i != 0][: max(0, n)]]
        return [examine(box, box.partitions[i]) for i in chosen]


def charges(ws: Workspace, run: Run) -> Charges | None:
    """Return what merges of a run's answers are charged by.

    None where nobody entered costs, and for a run over a class map: costs belong to labels, which
    its answers no longer tell apart.
    """
    entered = entering.current(ws, run.dataset_id)
    if entered is None or run.class_map_id is not None:
        return None
    shares = entering.label_shares(ws, run.dataset_id)
    return Charges(entered.version, entered.unit, np.array(entered.costs), shares)
