"""`labels`: reviews in and out, how far people agree, one label from all, and suspected errors."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.cli_commands import _finish
from core.errors import InvalidInput, JobFailed, NotReady
from core.services.data import datasets
from core.services.labels import (
    label_evidence,
    label_files,
    label_folder,
    label_sets,
    label_work,
    label_worth,
)
from core.services.labels.label_sets import ORIGINAL
from core.services.runs import crossvalidating
from core.services.workspace import Workspace, open_workspace

Result = dict[str, Any]


def labels(args: argparse.Namespace) -> Result:
    """Do what the word after `labels` says.

    Raises
    ------
    InvalidInput
        If a file is needed and not named, or the other way round.
    """
    needs_file = args.action in ("import", "export")
    if needs_file is (args.file is None):
        raise InvalidInput(
            f"labels {args.action} takes {'a' if needs_file else 'no'} file",
            received=args.file or "none",
        )
    ws = open_workspace(args.workspace)
    return {
        "import": _import,
        "export": _export,
        "suspects": _suspects,
        "agreement": _agreement,
        "consensus": _consensus,
        "worth": _worth,
    }[args.action](ws, args)


def _import(ws: Workspace, args: argparse.Namespace) -> Result:
    return label_files.import_reviews(ws, args.dataset, Path(args.file))


def _export(ws: Workspace, args: argparse.Namespace) -> Result:
    path = Path(args.file)
    if args.labels is None:
        n = label_files.export_reviews(ws, args.dataset, path)
        return {"file": str(path), "n_reviews": n}
    export = label_files.export_labels if path.suffix else label_folder.export_folders
    return {"file": str(path), "n_images": export(ws, args.dataset, path, labels=args.labels)}


def _suspects(ws: Workspace, args: argparse.Namespace) -> Result:
    run_id = _answered(ws, args)
    found = label_evidence.suspects(ws, args.dataset, run_id)
    return {
        **found,
        "suspects": found["suspects"][: args.limit],
        "overlap": label_evidence.overlap(ws, args.dataset, run_id),
    }


def _agreement(ws: Workspace, args: argparse.Namespace) -> Result:
    return label_work.agreement(ws, args.dataset, source=args.source)


def _consensus(ws: Workspace, args: argparse.Namespace) -> Result:
    run_id = _answered(ws, args) if args.method == "crowdlab" else None
    saved = label_work.consensus(
        ws, args.dataset, method=args.method, name=args.name, run_id=run_id, who=args.who
    )
    dataset = datasets.get_dataset(ws, args.dataset)
    frame = datasets.images(ws, dataset.id)
    names = [dataset.labels[i] for i in label_sets.indices(ws, dataset, saved)]
    return {
        "label_set": saved.id,
        "name": saved.name,
        "version": saved.version,
        **saved.origin,
        "labels": dict(zip(frame["image_id"], names, strict=True)),
        "paths": dict(zip(frame["image_id"], frame["path"], strict=True)),
        "n_images": dataset.n_images,
    }


def _worth(ws: Workspace, args: argparse.Namespace) -> Result:
    """Train a recipe on old and new labels where that was not done, and compare."""
    runs = label_evidence.usable_runs(ws, args.dataset)
    old = [run for run in runs if run.config.get("labels", ORIGINAL) == ORIGINAL]
    if args.run is None and not old:
        raise NotReady("there is no run on the original labels", todo="train one")
    given = (ws, args.run or old[0].id, args.labels or "consensus", args.seeds)
    found = label_worth.worth(*given)
    if found is None:
        _finish(ws, label_worth.submit_worth(*given))
        found = label_worth.worth(*given)
    if found is None:
        raise JobFailed("a training ended without its run", todo="see `python -m core jobs list`")
    row = asdict(found)
    del row["positions"]
    return row


def _answered(ws: Workspace, args: argparse.Namespace) -> str | None:
    """Return the run to ask; cross-validate one over all images first where none was."""
    try:
        return label_evidence.evidence(ws, args.dataset, args.run).run.id
    except NotReady:
        runs = label_evidence.usable_runs(ws, args.dataset)
        if not runs:
            raise
        run_id = args.run or runs[0].id
        about_s = crossvalidating.estimate(ws, run_id)
        print(f"about {about_s:,.0f} s of training", file=sys.stderr)
        _finish(ws, crossvalidating.submit_crossval(ws, run_id, over="all"))
        return run_id
