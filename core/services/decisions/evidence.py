"""The evidence of a proposal: the ids it rests on and the figures it shows, with one hash."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from core.analysis import metrics
from core.analysis.comparisons.matrix_intervals import matrix_estimates
from core.ids import bytes_id, canonical_json
from core.records import ClassMapRecord, Dataset, Run
from core.services.labels.label_sets import ORIGINAL, list_label_sets
from core.services.runs.training import list_runs
from core.store.database import Workspace

_OF_ANSWERS = ("accuracy", "accuracy_ci", "chance", "kappa", "bits")
_DIGITS = 4  # nothing is shown with more: what differs beyond is rounding, not evidence


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a decision is made on.

    Attributes
    ----------
    ids : mapping
        Data set, images, labels, class map, runs, cascade: see `common_ids` and who adds to it.
    figures : mapping
        What is shown, rounded to 4 digits.
    """

    ids: Mapping[str, Any]
    figures: Mapping[str, Any]

    @property
    def as_json(self) -> dict[str, Any]:
        """What is stored with a decision."""
        return {"ids": dict(self.ids), "figures": dict(self.figures)}

    @property
    def hash(self) -> str:
        """The sha256 of both, the order of keys apart: equal evidence has equal hashes."""
        return bytes_id(canonical_json(self.as_json).encode())


def shown(value: Any) -> Any:
    """Return figures as they are shown and kept: plain, rounded, None for what is not a number.

    >>> shown({"kappa": 0.123456, "ci": (0.5, float("nan"))})
    {'kappa': 0.1235, 'ci': [0.5, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): shown(its) for key, its in value.items()}
    if isinstance(value, list | tuple):
        return [shown(its) for its in value]
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if isinstance(value, float):
        # + 0.0: there is one zero, not two that differ in sign
        return round(value, _DIGITS) + 0.0 if math.isfinite(value) else None
    return value


def answers(confusion: ArrayLike) -> dict[str, Any] | None:
    """Return accuracy, accuracy_ci, chance, kappa, kappa_ci and bits; None without images.

    A single class is no question: then kappa_ci is None.
    """
    counts = np.asarray(confusion)
    if not counts.sum():
        return None
    found = metrics.from_confusion(counts)
    kappa = matrix_estimates(counts)["kappa"] if len(counts) > 1 else None
    return {
        **{name: found[name] for name in _OF_ANSWERS},
        "kappa_ci": kappa and [kappa.low, kappa.high],
    }


@dataclass(frozen=True, slots=True)
class Ground:
    """What all proposals of a data set stand on, read once.

    Attributes
    ----------
    runs : tuple of Run
        Those that are not archived, newest first.
    newest_labels, newest_id : str
        The newest label set, as "consensus@2" and by its id; both ORIGINAL without any.
    """

    dataset: Dataset
    runs: tuple[Run, ...]
    newest_labels: str
    newest_id: str

    def best(self, class_map_id: str | None) -> Run | None:
        """Return the run over these classes that answers validation best; None without any.

        Runs that are measured by the newest labels come before others: accuracies by different
        labels do not compare.
        """
        mine = [r for r in self.runs if not r.pair and r.class_map_id == class_map_id]
        return max(
            mine,
            key=lambda r: (
                labels_of(r) == self.newest_id,
                r.metrics["val"]["accuracy"],
            ),
            default=None,
        )


def ground(ws: Workspace, dataset: Dataset) -> Ground:
    """Read what all proposals of a data set stand on."""
    sets = list_label_sets(ws, dataset.id)
    newest = (f"{sets[0].name}@{sets[0].version}", sets[0].id) if sets else (ORIGINAL, ORIGINAL)
    return Ground(dataset, tuple(list_runs(ws, dataset.id)), *newest)


def labels_of(run: Run | None) -> str:
    """Return by whose labels a run learned and is measured: the id of a label set, or ORIGINAL."""
    return ORIGINAL if run is None else str(run.config.get("labels") or ORIGINAL)


def common_ids(
    its: Ground, generalist: Run | None, class_map: ClassMapRecord | None
) -> dict[str, Any]:
    """Return the ids that every proposal rests on.

    Returns
    -------
    dict
        dataset; images (the blob of their pixels); label_set (the truth of the figures);
        newest_labels (the truth there could be); class_map (None: the labels as they are);
        generalist; experts (none yet).
    """
    return {
        "dataset": its.dataset.id,
        "images": its.dataset.pixels,
        "label_set": labels_of(generalist),
        "newest_labels": its.newest_labels,
        "class_map": class_map.id if class_map else None,
        "generalist": generalist.id if generalist else None,
        "experts": [],
    }
