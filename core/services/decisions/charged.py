"""What a proposal saves or costs by the costs of mistakes that somebody entered."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.analysis import mistake_costs as analysis
from core.analysis.cascades.routed_cost import RoutedCost
from core.analysis.class_map import ClassMap
from core.analysis.comparisons.intervals import Estimate
from core.analysis.mistake_costs import ChargedImages
from core.records import CascadeRecord, ClassMapRecord, Run
from core.services.cascades import saving
from core.services.classes.mapping import held_out
from core.services.costs import entering
from core.services.data.datasets import get_dataset
from core.services.decisions.evidence import labels_of
from core.services.labels import label_sets
from core.store.database import Workspace


def of_class_map(ws: Workspace, run: Run, record: ClassMapRecord) -> dict[str, Any] | None:
    """Return what an image costs less when a run's answers are merged; None without costs.

    Returns
    -------
    dict
        version of the costs, unit, saved with low and high (95 % interval, paired), per test image;
        negative where it costs more. None also where there are no test images.
    """
    entered = entering.current(ws, record.dataset_id)
    rows, y, probs = held_out(ws, run, "test")
    if entered is None or not len(rows):
        return None
    said = probs.argmax(axis=1)
    merged = np.array(ClassMap.from_mapping(run.classes, record.class_of).class_index())[said]
    before, after = (entering.columns(ws, entered, its)[0] for its in (None, record.id))
    saved = analysis.saved(before[y, said], after[y, merged])
    return _row(entered.version, entered.unit, saved)


def of_cascade(ws: Workspace, generalist: Run, record: CascadeRecord) -> dict[str, Any] | None:
    """Return the same for a cascade against its generalist.

    None also where a person is asked about some images and nobody has said what that costs.
    """
    entered = entering.current(ws, record.dataset_id)
    rows, _, probs = held_out(ws, generalist, "test")
    unknown = entered is not None and record.plan["person"] and entered.person is None
    if entered is None or unknown or not len(rows):
        return None
    labels = label_sets.indices(ws, get_dataset(ws, record.dataset_id), labels_of(generalist))
    costs, _ = entering.columns(ws, entered, generalist.class_map_id)
    routed, before = saving.answered(ws, record, rows), probs.argmax(axis=1)
    cost = RoutedCost(ChargedImages(labels[rows], costs), before, routed, entered.person)
    return cost.saved and _row(entered.version, entered.unit, cost.saved)


def _row(version: int, unit: str, saved: Estimate) -> dict[str, Any]:
    return {
        "version": version,
        "unit": unit,
        "saved": saved.value,
        "low": saved.low,
        "high": saved.high,
    }
