"""What each command of the command line does: arguments in, one mapping out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.analysis.class_map import ClassMap
from core.analysis.comparisons.estimates import FIGURES
from core.errors import InvalidInput
from core.records import Job
from core.services import (
    demo as demo_service,
)
from core.services import (
    doctor as doctor_service,
)
from core.services import (
    jobs as job_service,
)
from core.services.cascades import saving
from core.services.classes import class_map_files, mapping, merging, retraining
from core.services.comparing import differences, leaderboard, questions
from core.services.comparing import more_images as more_images_service
from core.services.data import datasets, embedding, exploring, importing
from core.services.labels import label_sets
from core.services.runs import (
    crossvalidating,
    estimating,
    mirroring,
    training,
)
from core.services.workspace import Workspace, open_workspace

Result = dict[str, Any]


def demo(args: argparse.Namespace) -> Result:
    """Build the demo data set and wait until it is there."""
    ws = open_workspace(args.workspace)
    return _finish(ws, demo_service.submit_demo(ws))


def import_(args: argparse.Namespace) -> Result:
    """Import a source and wait."""
    ws = open_workspace(args.workspace)
    options = importing.ImportOptions(args.size_px, args.fit, args.shares, args.seed)
    return _finish(ws, importing.submit_import(ws, args.source, args.name, options))


def embed(args: argparse.Namespace) -> Result:
    """Embed a data set and wait."""
    ws = open_workspace(args.workspace)
    return _finish(ws, embedding.submit_embed(ws, args.dataset, args.backbone))


def explore(args: argparse.Namespace) -> Result:
    """Sweep the number of clusters and wait."""
    ws = open_workspace(args.workspace)
    k_min, k_max = args.k
    embedding.require_embedding(ws, datasets.get_dataset(ws, args.dataset), args.backbone)
    job = exploring.submit_explore(
        ws, args.dataset, args.backbone, k_min=k_min, k_max=k_max, seed=args.seed
    )
    return _finish(ws, job)


def map_(args: argparse.Namespace) -> Result:
    """Save a class map made of merges or from a file, or write one to a file.

    Raises
    ------
    InvalidInput
        If there is no name to save it under.
    """
    ws = open_workspace(args.workspace)
    dataset = datasets.get_dataset(ws, args.dataset)
    if args.to:
        return class_map_files.write_file(ws, dataset.id, args.class_map, Path(args.to))
    if args.source:
        found = class_map_files.read_file(Path(args.source), dataset.labels)
    else:
        merged = ClassMap.from_merges(dataset.labels, args.merge)
        class_of = dict(zip(merged.labels, merged.class_of, strict=True))
        found = class_map_files.ReadClassMap(class_of)
    name, why, who = (
        getattr(args, text) or getattr(found, text) for text in ("name", "why", "who")
    )
    if not name:
        raise InvalidInput("a class map needs a name to be saved", todo="give it one with --name")
    saved = mapping.save_class_map(ws, dataset.id, name, found.class_of, why=why, who=who)
    return {
        "class_map": saved.id,
        "name": saved.name,
        "version": saved.version,
        "classes": list(dict.fromkeys(found.class_of.values())),
        "class_of": found.class_of,
    }


def train(args: argparse.Namespace) -> Result:
    """Train and wait, or only say what it would cost."""
    ws = open_workspace(args.workspace)
    options = dict(args.option)
    if args.epochs is not None:
        options["epochs"] = args.epochs
    request = training.TrainRequest(
        dataset=args.dataset,
        algorithm=args.algorithm,
        class_map=args.class_map,
        labels=args.labels,
        pair=args.pair,
        seeds=args.seeds,
        backbone=args.backbone,
        options=options,
        time_budget_min=args.time_budget,
    )
    if args.dry_run:
        return asdict(estimating.estimate(ws, request))
    return _finish(ws, training.submit_training(ws, request))


def runs(args: argparse.Namespace) -> Result:
    """List runs and cascades, each by its own question or all by the one that is asked."""
    ws = open_workspace(args.workspace)
    asked = None
    if args.class_map or args.labels:
        asked = questions.question(
            ws, args.dataset, args.class_map, args.labels or label_sets.ORIGINAL
        )
    board, apart = leaderboard.leaderboard(ws, args.dataset, split=args.split, question=asked)
    board["created_at"] = board["created_at"].map(lambda at: at.isoformat())
    rows = board.astype(object).where(board.notna(), None).to_dict("records")
    for row in rows:
        for name in FIGURES:
            row[f"{name}_ci"] = [row.pop(f"{name}_low"), row.pop(f"{name}_high")]
    known = {c.id: c for c in saving.all_of(ws, args.dataset)}
    return {
        "split": args.split,
        "runs": [row for row in rows if row["run"] not in known],
        "cascades": [
            {
                "cascade": row.pop("run"),
                "generalist": known[c].generalist,
                "experts": list(known[c].experts),
                "tau": known[c].tau,
                **row,
                "test": known[c].report["test"],
            }
            for row in rows
            if (c := row["run"]) in known
        ],
        "apart": [{"model": a.model.id, "reason": a.reason} for a in apart],
    }


def compare(args: argparse.Namespace) -> Result:
    """Compare runs pair by pair."""
    return differences.compare(open_workspace(args.workspace), args.runs, split=args.split)


def more_images(args: argparse.Namespace) -> Result:
    """Fit the probe's learning curve and wait; say what twice the images would bring."""
    ws = open_workspace(args.workspace)
    question = more_images_service.question_of(ws, args.dataset, args.class_map, args.labels)
    about_s = more_images_service.estimate(ws, question, args.backbone)
    if about_s is not None:
        print(f"about {about_s:,.0f} s, unless it is there already", file=sys.stderr)
    job = _finish(ws, more_images_service.submit_curve(ws, question, args.backbone))
    return job | more_images_service.report(ws, question, args.backbone)


def merges(args: argparse.Namespace) -> Result:
    """Rank the merges of a run's classes, and give advice for each confused pair."""
    ws = open_workspace(args.workspace)
    usual = merging.usual_evidence(ws, args.run_id)  # refuses an expert
    evidence = usual if args.evidence == "auto" else args.evidence
    if evidence == "crossval":
        _finish(ws, crossvalidating.submit_crossval(ws, args.run_id))
    found = merging.rank_merges(
        ws,
        args.run_id,
        evidence=evidence,
        n_top=args.top,
        ordinal=args.ordinal,
        seed=args.seed,
        order=args.order,
    )
    if args.retrain:
        _finish(ws, retraining.submit_retraining(ws, args.run_id, args.retrain))
        found["retrained"] = retraining.figures(ws, args.run_id, args.retrain)
    return found


def crossval(args: argparse.Namespace) -> Result:
    """Compute a run's out-of-fold answers and wait."""
    ws = open_workspace(args.workspace)
    job = crossvalidating.submit_crossval(ws, args.run_id, n_folds=args.folds, over=args.over)
    about_s = crossvalidating.estimate(ws, args.run_id, n_folds=args.folds)
    print(f"about {about_s:,.0f} s of training", file=sys.stderr)
    return _finish(ws, job)


def mirror(args: argparse.Namespace) -> Result:
    """Mirror runs to MLflow, telling how far it is on stderr."""
    ws = open_workspace(args.workspace)
    return mirroring.mirror_missing(
        ws, args.dataset, lambda text: print(text, file=sys.stderr, flush=True)
    )


def jobs(args: argparse.Namespace) -> Result:
    """List, cancel or repeat jobs.

    Raises
    ------
    InvalidInput
        If there is no id of a job to cancel or repeat.
    """
    ws = open_workspace(args.workspace)
    if args.action == "list":
        return {"jobs": [_job(job) for job in job_service.list_jobs(ws)]}
    if not args.job:
        raise InvalidInput(f"jobs {args.action} needs the id of a job", todo="see `jobs list`")
    if args.action == "retry":
        return {"job": job_service.retry_job(ws, args.job)}
    job_service.cancel_job(ws, args.job)
    return _job(job_service.get_job(ws, args.job))


def doctor(args: argparse.Namespace) -> Result:
    """Say what is here and whether it works."""
    return doctor_service.examine(open_workspace(args.workspace))


def _finish(ws: Workspace, job_id: str) -> Result:
    """Wait for a job, telling its progress on stderr; an interruption cancels it."""
    try:
        job = job_service.wait_for(ws, job_id, _progress_printer())
    except KeyboardInterrupt:
        job_service.cancel_job(ws, job_id)
        raise
    return {"job": job.id, **(job.result or {})}


def _progress_printer() -> Callable[[Job], None]:
    """Return a function that prints a line whenever the step or the whole percent changes."""
    last: list[str] = [""]

    def show(job: Job) -> None:
        where = f"queued, {job.position} in line" if job.state == "queued" else job.step
        line = f"{job.title}: {100 * job.progress:3.0f} % {where}"
        if line != last[0]:
            last[0] = line
            end = "\r" if sys.stderr.isatty() else "\n"
            print(line.ljust(100), end=end, file=sys.stderr, flush=True)

    return show


def _job(job: Job) -> Result:
    return {
        "job": job.id,
        "kind": job.kind,
        "title": job.title,
        "state": job.state,
        "progress": job.progress,
        "step": job.step,
        "error": job.error,
        "created_at": job.created_at.isoformat(),
    }
