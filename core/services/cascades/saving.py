"""Saved cascades: members, rule and thresholds together, for Predict and the command line."""

from __future__ import annotations

import numpy as np

from core.analysis.cascades.routes import Routed, Thresholds
from core.errors import InvalidInput, NotFound
from core.ids import content_id
from core.language import SOURCE, speaking, t
from core.records import CascadeRecord, Run
from core.services.cascades import reporting
from core.services.cascades.guaranteeing import Promise
from core.services.cascades.members import Members, calibrated, check
from core.services.cascades.plan import read_plan
from core.services.data.datasets import get_dataset
from core.services.runs.training import get_run
from core.store import runs
from core.store.database import Workspace, utc_now


def save(
    ws: Workspace,
    members: Members,
    thresholds: Thresholds,
    *,
    tau_from: str = "hand",
    promise: Promise | None = None,
    second: Run | None = None,
) -> CascadeRecord:
    """Save a cascade; one with the same members, rule and thresholds is found, not made again.

    Parameters
    ----------
    tau_from : {"validation", "hand"}
        Who chose the taus.
    promise : Promise, optional
        What is promised at these thresholds; it is left out where they are others.

    Raises
    ------
    InvalidInput
        If there is no expert, or thresholds do not fit.
    """
    if not members.experts:
        raise InvalidInput(
            t("a cascade needs at least one expert"),
            todo=t("train one with `python -m core train DATASET --pair A,B`"),
        )
    kept = promise is not None and promise.thresholds == thresholds
    with speaking(SOURCE):  # the id must not depend on who saves; readers get their language anew
        figures = reporting.report(ws, members, thresholds, second)
        promised = promise.summary() if promise is not None and kept else None
    plan = {
        "rule": members.rule,
        "taus": list(thresholds.taus),
        "person": thresholds.person,
        "rules": [{"weights": list(r.weights), "intercept": r.intercept} for r in members.rules],
        "promise": promised,
    }
    experts = [expert.id for expert in members.experts]
    record = {
        "id": content_id("cas", [members.generalist.id, sorted(experts), plan, tau_from]),
        "dataset_id": members.generalist.dataset_id,
        "generalist": members.generalist.id,
        "experts": experts,
        "tau": max(thresholds.taus),
        "tau_from": tau_from,
        "plan": plan,
        "report": figures,
        "created_at": utc_now(),
    }
    with ws.write() as conn:
        runs.add_cascade(conn, record)
        runs.mark(conn, str(record["id"]), archived_at=None)  # who saves it again wants to see it
    return get(ws, str(record["id"]))


def get(ws: Workspace, cascade_id: str) -> CascadeRecord:
    """Return a cascade by id.

    Raises
    ------
    NotFound
        If there is none.
    """
    with ws.read() as conn:
        found = runs.find_cascade(conn, cascade_id)
    if found is None:
        raise NotFound(t("there is no such cascade"), received=repr(cascade_id))
    return found


def all_of(ws: Workspace, dataset_id: str, *, archived: bool = False) -> list[CascadeRecord]:
    """Return the cascades of a data set, newest first."""
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        return runs.cascades_of(conn, dataset.id, archived=archived)


def answered(ws: Workspace, record: CascadeRecord, rows: np.ndarray) -> Routed:
    """Return what a saved cascade does with held-out images, by their rows in the data set."""
    generalist = get_run(ws, record.generalist)
    experts = [get_run(ws, run_id) for run_id in record.experts]
    pairs = check(generalist, experts)
    probs = calibrated(ws, generalist, rows)
    said = [calibrated(ws, expert, rows) for expert in experts]
    return read_plan(record.plan).send(probs, pairs, said)
