"""The evidence about a saved class map: what the best run's answers are worth under it.

Figures follow from immutable inputs, so they are computed once and kept as a result.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from core.analysis.class_map import ClassMap
from core.analysis.merges import merging as analysis
from core.analysis.merges.merge_sandbox import Sandbox
from core.language import keep
from core.records import ClassMapRecord, Run
from core.services.classes import advising, merging
from core.services.classes.mapping import run_confusion
from core.services.costs import entering
from core.services.data.embedding import embedded_with
from core.services.decisions import charged
from core.services.decisions.evidence import Evidence, Ground, answers, common_ids, shown
from core.store import results
from core.store.database import Workspace

_KIND, _RULES = "decision-evidence", 1  # the second goes up when the figures come to mean another
_OF_MERGE = (
    *("verdict", "itca_gain", "itca_gain_ci", "excess_gain", "gain_rank", "n_same_sizes"),
    "bits_kept_share",
)
MOST_PAIRS = 6  # of classes that become one, the most confused: a person reads no more
N_ALTERNATIVES = 5  # from the ranking, beside no merge


@dataclass(frozen=True)
class Bench:
    """A run's answers, on which the class maps of a data set are measured; made when asked for."""

    ws: Workspace
    run: Run

    @cached_property
    def judged_on(self) -> merging.Evidence:
        """The images that merges are chosen on: cross-validated where those answers are there."""
        return [s.name for s in merging.evidence_sources(self.ws, self.run.id) if s.ready][-1]

    @cached_property
    def confusion(self) -> np.ndarray:
        """The answers that merges are chosen on, (n_classes, n_classes), row = true."""
        return merging.evidence_confusion(self.ws, self.run, self.judged_on)

    @cached_property
    def test(self) -> np.ndarray:
        """The answers on test images, row = true; the choice has not seen them."""
        return run_confusion(self.ws, self.run, "test")

    @cached_property
    def box(self) -> Sandbox:
        """Every merge of these answers, scored."""
        return merging.open_sandbox(self.ws, self.run.id, evidence=self.judged_on)

    @cached_property
    def people(self) -> dict[tuple[str, str], advising.People]:
        """How far reviewers agree within each pair of labels."""
        return advising.people_of(self.ws, self.run.dataset_id)

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Everything that the figures follow from but the class map."""
        costs = entering.current(self.ws, self.run.dataset_id)
        return {
            "rules": _RULES,
            "run": self.run.id,
            "judged_on": self.judged_on,
            "n_judged": round(float(self.confusion.sum())),
            "embedded": embedded_with(self.ws, self.run.dataset_id),
            "costs": costs.version if costs else None,
            "last_review": advising.last_review(self.ws, self.run.id),
        }


def evidence(
    ws: Workspace, its: Ground, bench: Bench | None, record: ClassMapRecord, newest_version: int
) -> Evidence:
    """Return what a decision about a class map is made on.

    Parameters
    ----------
    bench : Bench or None
        Of the best run over the labels as they are; None without any.
    newest_version : int
        Of this class map's name: a newer one is proposed instead.

    Returns
    -------
    Evidence
        ids: `common_ids` with newest_version and judged_on. figures: n_labels, n_classes and, with
        a run, `measured`.
    """
    groups = list(record.class_of.values())
    figures: dict[str, Any] = {"n_labels": len(groups), "n_classes": len(set(groups))}
    ids = common_ids(its, bench.run if bench else None, record)
    ids |= {"newest_version": newest_version, "judged_on": None}
    if bench is not None:
        figures |= measured(ws, bench, record)["figures"]
        ids["judged_on"] = bench.judged_on
    return Evidence(ids, figures)


def measured(ws: Workspace, bench: Bench, record: ClassMapRecord) -> dict[str, Any]:
    """Return the figures of a class map, why the verdict is what it is, and the alternatives.

    Returns
    -------
    dict
        figures: n_judged, verdict (kind), itca_gain, itca_gain_ci, excess_gain, gain_rank,
        n_same_sizes, bits_kept_share on the images that merges are chosen on; n_images, n_merged
        (of classes that become one) and before, after (`answers`) on test images (None without
        any); pairs [{a, b, n_confused, n_images, told_apart, overlap, people}] of labels that
        become one; cost (`charged`).
        reason: a kept sentence. alternatives: [{merges, n_classes, verdict, answers}], no merge
        first; answers are as before and after.
    """
    key = {**bench.inputs, "class_map": record.id}
    with ws.read() as conn:
        found = results.find(conn, _KIND, record.dataset_id, key)
    if found is None:
        value = _measure(bench, record)
        with ws.write() as conn:
            results.add(
                conn, kind=_KIND, dataset_id=record.dataset_id, params=key, value=value, blob=None
            )
        return value
    return found[0]


def _measure(bench: Bench, record: ClassMapRecord) -> dict[str, Any]:
    labels = bench.run.classes
    table = ClassMap.from_mapping(labels, record.class_of)
    merge = analysis.examine(bench.box, table.apply(np.arange(len(labels))))
    figures = {
        "n_judged": bench.inputs["n_judged"],
        **{name: getattr(merge, name) for name in _OF_MERGE},
        "n_images": int(bench.test.sum()),
        "n_merged": int(bench.test.sum(axis=1)[_joined(table)].sum()),
        "before": answers(bench.test),
        "after": answers(table.merge_confusion(bench.test)),
        "pairs": _pairs(bench, table),
        "cost": charged.of_class_map(bench.ws, bench.run, record),
    }
    return {
        "figures": shown(figures),
        "reason": keep(merge.reason),
        "alternatives": shown(_alternatives(bench)),
    }


def _joined(class_map: ClassMap) -> np.ndarray:
    """Return which labels share their class with another, bool (n_labels,)."""
    own = class_map.class_of
    return np.array([own.count(name) > 1 for name in own])


def _pairs(bench: Bench, class_map: ClassMap) -> list[dict[str, Any]]:
    """Return what is known of each two labels that become one, the most confused first."""
    box, labels = bench.box, class_map.labels
    confused = box.confusion + box.confusion.T
    joined = [
        (i, j)
        for i, j in combinations(range(len(labels)), 2)
        if class_map.class_of[i] == class_map.class_of[j]
    ]
    joined.sort(key=lambda pair: -confused[pair])
    return [
        {
            "a": labels[i],
            "b": labels[j],
            "n_confused": round(float(confused[i, j])),
            "n_images": round(float(box.confusion[[i, j]].sum())),
            "told_apart": float(box.told.kappa[i, j]),
            "overlap": float(box.overlap[i, j]),
            "people": bench.people.get((labels[i], labels[j])),
        }
        for i, j in joined[:MOST_PAIRS]
    ]


def _alternatives(bench: Bench) -> list[dict[str, Any]]:
    """Return no merge and the best of the ranking, with what they are worth on test images."""
    labels = bench.run.classes
    found = [*analysis.best(bench.box, N_ALTERNATIVES), analysis.suggest(bench.box)]
    rows = []
    for partition, merge in {merge.partition: merge for merge in found}.items():
        table = ClassMap(labels, tuple(map(str, partition)))
        groups = [
            [label for label, own in zip(labels, table.class_of, strict=True) if own == name]
            for name in table.classes
        ]
        rows.append(
            {
                "merges": [group for group in groups if len(group) > 1],
                "n_classes": merge.n_classes,
                "verdict": merge.verdict,
                "answers": answers(table.merge_confusion(bench.test)),
            }
        )
    return rows
