"""Train: submit runs as one job, watch them, and read what they left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from core.errors import NotReady
from core.ids import content_id
from core.jobs import engine
from core.language import t
from core.models import ALGORITHMS
from core.models.options import describe
from core.records import Job, Run
from core.services.data.datasets import get_dataset
from core.services.labels.label_sets import ORIGINAL
from core.services.runs.planning import Plan, TrainRequest, make_plan, request_from
from core.settings import DEFAULT_BACKBONE
from core.store import runs
from core.store.database import Workspace, utc_now

__all__ = ["TrainRequest"]


def submit_training(ws: Workspace, request: TrainRequest) -> str:
    """Start training in the background, one run a seed, and return the job's id.

    Notes
    -----
    A run whose configuration, data and seed exist already is not trained again: the job finds it.

    Raises
    ------
    InvalidInput
        If the algorithm, an option, a class of the pair or the seeds cannot be used.
    NotReady
        If the algorithm needs embeddings that are not there, or a split has no images.
    """
    plan = make_plan(ws, request)
    params = {
        **asdict(request),
        "dataset": plan.dataset.id,
        "class_map": plan.class_map_id,  # a name may have a newer version when the job starts
        "labels": plan.labels,
        "seeds": list(request.seeds),
        "options": dict(request.options),
    }
    name = plan.dataset.name
    title = (
        t("Train expert {pair} on {name}", pair=" / ".join(plan.classes), name=name)
        if request.pair
        else t("Train {algorithm} on {name}", algorithm=request.algorithm, name=name)
    )
    planned = _planned(ws, plan, request.seeds)
    for run_id, exists in planned:
        if exists:
            restore_run(ws, run_id)  # whoever asks for it again wants to see it
    return engine.submit(
        ws,
        "train",
        params,
        title=title,
        dataset_id=plan.dataset.id,
        idem_key=content_id("train", planned),  # a double click is one job
    )


def kept_epochs(ws: Workspace, job: Job) -> int:
    """Return after how many epochs a training that ended early would go on, or 0."""
    planned = planned_runs(ws, request_from(job.params))
    return max(ws.checkpoints(run_id).n_done() for run_id, _ in planned)


def planned_runs(ws: Workspace, request: TrainRequest) -> list[tuple[str, bool]]:
    """Return (run id, exists already) for each seed of a request, without training anything."""
    return _planned(ws, make_plan(ws, request), request.seeds)


def _planned(ws: Workspace, plan: Plan, seeds: Sequence[int]) -> list[tuple[str, bool]]:
    with ws.read() as conn:
        ids = [plan.run_id(seed) for seed in seeds]
        return [(run_id, runs.find(conn, run_id) is not None) for run_id in ids]


def request_of(run: Run, **changes: Any) -> TrainRequest:
    """Return the request that trains a run's recipe again, with `changes` to its fields.

    Raises
    ------
    NotReady
        If it was trained elsewhere.
    """
    _check_trained_here(run)
    fields: dict[str, Any] = {
        "dataset": run.dataset_id,
        "algorithm": run.algorithm,
        "class_map": run.class_map_id,
        "labels": run.config.get("labels", ORIGINAL),
        "pair": run.pair,
        "seeds": (run.seed,),
        "backbone": run.config["backbone"] or DEFAULT_BACKBONE,
        "options": run.config["options"],
        "time_budget_min": run.config.get("time_budget_min", 0.0),
    }
    return TrainRequest(**{**fields, **changes})


def training_s(run: Run) -> float:
    """Return how long a run's recipe takes to train, in seconds; raises as `request_of`."""
    _check_trained_here(run)
    return run.duration_s or 0.0


def list_runs(ws: Workspace, dataset_id: str, *, archived: bool = False) -> list[Run]:
    """Return the runs of a data set, newest first."""
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        return runs.all_of(conn, dataset.id, archived=archived)


def get_run(ws: Workspace, run_id: str) -> Run:
    """Return a run by id.

    Raises
    ------
    NotFound
        If there is none.
    """
    with ws.read() as conn:
        return runs.get(conn, run_id)


def archive_run(ws: Workspace, run_id: str) -> None:
    """Hide a run; `restore_run` undoes it and nothing is lost."""
    with ws.write() as conn:
        runs.set_archived(conn, runs.get(conn, run_id).id, utc_now())


def restore_run(ws: Workspace, run_id: str) -> None:
    """Bring an archived run back."""
    with ws.write() as conn:
        runs.set_archived(conn, runs.get(conn, run_id).id, None)


def algorithms() -> list[dict[str, Any]]:
    """Return what can be trained, as pages draw it.

    Returns
    -------
    list of dict
        name, title, summary, paper, input ("embedding" or "pixels"), options: [{name, title, kind
        (bool, int, float or str), default, help, minimum, maximum, choices}]. Titles, summary,
        paper, help and choices are phrases.
    """
    return [
        {
            "name": a.name,
            "title": a.title,
            "summary": a.summary,
            "paper": a.paper,
            "input": a.input,
            "options": [asdict(option) for option in describe(a.options)],
        }
        for a in ALGORITHMS.values()
    ]


def live_history(ws: Workspace, job_id: str) -> pd.DataFrame:
    """Return what a training job reported so far: columns run, epoch, name, value."""
    records = [
        {"run": event.payload["run"], "epoch": event.payload["epoch"], "name": name, "value": value}
        for event in engine.events(ws, job_id)
        if event.kind == "epoch"
        for name, value in event.payload["logs"].items()
    ]
    return pd.DataFrame(records, columns=["run", "epoch", "name", "value"])


def history_frame(run: Run) -> pd.DataFrame:
    """Return a finished run's history in the form of `live_history`."""
    records = [
        {"run": run.id, "epoch": epoch, "name": name, "value": value}
        for name, values in run.history.items()
        for epoch, value in enumerate(values, start=1)
    ]
    return pd.DataFrame(records, columns=["run", "epoch", "name", "value"])


def _check_trained_here(run: Run) -> None:
    if run.is_imported:
        raise NotReady(
            t("{id} was trained elsewhere: its recipe cannot be repeated here", id=run.id),
            todo=t("choose a run that was trained here"),
        )


def summary(run: Run) -> dict[str, Any]:
    """Return what `train` and `runs` print of a run."""
    return {
        "run": run.id,
        "algorithm": run.algorithm,
        "classes": list(run.classes),
        "pair": list(run.pair) if run.pair else None,
        "seed": run.seed,
        "val": dict(run.metrics["val"]),
        "test": dict(run.metrics["test"]),
        "duration_s": run.duration_s,
        "n_parameters": run.n_parameters,
        "device": run.device,
    }
