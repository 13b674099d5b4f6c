"""The evidence about a saved cascade: what it reached when it was saved, and who takes part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from core.records import CascadeRecord, Run
from core.services.classes.mapping import run_confusion
from core.services.decisions import charged
from core.services.decisions.evidence import Evidence, Ground, answers, common_ids, shown
from core.services.runs.training import get_run
from core.store import class_maps
from core.store.database import Workspace

Pays = Literal["pays", "no measurable gain", "does harm", "nothing is deferred"]

_OF_TEST = (
    *("n_answered", "coverage", "gain", "gain_ci", "n_deferred", "deferral_rate"),
    *("n_expert", "n_recovered", "n_broken", "person_rate"),
)
_OF_PAIR = ("pair", "tau", "n_deferred", "deferral_rate", "n_recovered", "n_broken", "gain")


def evidence(ws: Workspace, its: Ground, record: CascadeRecord) -> Evidence:
    """Return what a decision about a cascade is made on.

    Returns
    -------
    Evidence
        ids: `common_ids` with cascade, experts, best_run (the most accurate generalist there is for
        these classes) and archived (what of it was deleted). figures, on test images: n_classes,
        n_images, verdict (kind), rule, person (confidence below which one is asked), promise
        (whether one is made), before (the generalist alone), after (what the cascade answers),
        n_answered, coverage, gain with gain_ci (on what is answered), n_deferred, deferral_rate,
        n_expert, n_recovered, n_broken, person_rate, pairs [{pair, tau, n_deferred, deferral_rate,
        n_recovered, n_broken, gain}], random {gain}, ensemble {gain, lead, lead_ci} or
        None, costs (time), cost (`charged`).
    """
    members = [get_run(ws, run_id) for run_id in (record.generalist, *record.experts)]
    generalist = members[0]
    with ws.read() as conn:
        class_map = (
            class_maps.get(conn, its.dataset.id, generalist.class_map_id)
            if generalist.class_map_id
            else None
        )
    archived = {member.id for member in members if member.archived_at}
    best = its.best(generalist.class_map_id)
    ids = common_ids(its, generalist, class_map) | {
        "cascade": record.id,
        "experts": sorted(record.experts),
        "best_run": best.id if best else None,
        "archived": sorted(archived | {record.id} if record.archived_at else archived),
    }
    return Evidence(ids, shown(_figures(ws, record, generalist)))


def pays(report: Mapping[str, Any]) -> Pays:
    """Return whether the experts pay on test images, as `reporting.verdict` says it in words."""
    low, high = report["test"]["gain_ci"]
    if not report["test"]["n_deferred"]:
        return "nothing is deferred"
    if high < 0:
        return "does harm"
    return "pays" if low > 0 else "no measurable gain"


def _figures(ws: Workspace, record: CascadeRecord, generalist: Run) -> dict[str, Any]:
    report = record.report
    test, controls = report["test"], report["controls"]
    ensemble = controls["ensemble"]
    return {
        "n_classes": len(generalist.classes),
        "n_images": test["n_images"],
        "verdict": pays(report),
        "rule": record.plan["rule"],
        "person": record.plan["person"],
        "promise": record.plan["promise"] is not None,
        "before": answers(run_confusion(ws, generalist, "test")),
        "after": answers(test["confusion"]),
        **{name: test[name] for name in _OF_TEST},
        "pairs": [{name: row[name] for name in _OF_PAIR} for row in test["pairs"]],
        "random": {"gain": controls["random"]["gain"]},
        "ensemble": ensemble and {name: ensemble[name] for name in ("gain", "lead", "lead_ci")},
        "cost": charged.of_cascade(ws, generalist, record),
        "costs": report.get("costs"),  # None: saved before they were counted
    }
