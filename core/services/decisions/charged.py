"""What a proposal saves or costs by the costs of mistakes that somebody entered."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.analysis import mistake_costs as analysis
from core.analysis.class_map import ClassMap
from core.analysis.comparisons.intervals import Estimate
from core.records import CascadeRecord, ClassMapRecord, Run
from core.services.classes.mapping import held_out
from core.services.comparing.questions import Model
from core.services.costs import charging, entering
from core.services.decisions.evidence import labels_of
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
    before, after = (entering.columns(ws, entered, its)[1] for its in (None, record.id))
    saved = analysis.saved(before[y, said], after[y, merged])
    return _row(entered.version, entered.unit, saved)


def of_cascade(ws: Workspace, generalist: Run, record: CascadeRecord) -> dict[str, Any] | None:
    """Return the same for a cascade against its generalist.

    None also where a person is asked about some images: what that costs nobody has said.
    """
    entered = entering.current(ws, record.dataset_id)
    if entered is None or record.plan["person"]:
        return None
    saved = charging.saved(
        ws,
        entered,
        Model(generalist),
        Model(generalist, record),
        labels=labels_of(generalist),
    )
    return _row(entered.version, entered.unit, saved)


def _row(version: int, unit: str, saved: Estimate) -> dict[str, Any]:
    return {
        "version": version,
        "unit": unit,
        "saved": saved.value,
        "low": saved.low,
        "high": saved.high,
    }
