"""Mirror finished runs to MLflow, where other tools see them; our database stays the truth.

Nothing is read back: what MLflow lost or somebody deleted there can be mirrored again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.errors import AppError
from core.jobs.context import JobContext
from core.language import t
from core.records import Dataset, Run
from core.services.classes.mapping import get_record
from core.services.data.datasets import get_dataset
from core.services.labels import label_sets
from core.services.runs.mlflow_mirror import MlflowMirror, RunCopy, connect
from core.services.runs.training import get_run, list_runs
from core.settings import product_version
from core.store.database import Workspace
from core.store.schema import one_at_a_time

_log = logging.getLogger(__name__)

_LOCK = ".mirror.lock"
_FILES = ("manifest.json", "model.onnx")
_LARGEST_BYTES = 100_000_000  # a larger file stays in the workspace: sending it takes too long


def mirror_stored(context: JobContext, run_id: str) -> None:
    """Mirror a run that a job has just stored; does nothing where tracking is off.

    Never fails the job: that the run is stored, but not mirrored, is said in its step, its events
    and its log, and `mirror_missing` makes up for it.

    Raises
    ------
    JobCancelled
        If somebody asked the job to stop.
    """
    ws = context.workspace
    if ws.settings.tracking_uri is None:
        return
    context.report(None, t("mirroring {run} to MLflow", run=run_id))
    try:
        _mirror(ws, connect(ws.settings.tracking_uri), get_run(ws, run_id))
        return
    except Exception as error:  # noqa: BLE001 - hours of training outweigh whatever MLflow may raise
        said = t("{run} is stored, but not mirrored: {error}", run=run_id, error=str(error))
        _log.warning("%s", said, exc_info=not isinstance(error, AppError))
    context.event("log", {"text": said})
    context.report(None, said)


def mirror_missing(
    ws: Workspace, dataset: str, report: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Mirror every run of a data set that MLflow does not hold yet, oldest first.

    Archived runs stay out. `report` is told each run as it is mirrored.

    Returns
    -------
    dict
        dataset, n_runs, n_mirrored (now), n_there (before).

    Raises
    ------
    NotReady
        If MLFLOW_TRACKING_URI is not set, or MLflow is not installed.
    AppError
        If MLflow cannot be reached, or refuses; what was mirrored until then stays.
    """
    target = connect(ws.settings.tracking_uri)
    its = get_dataset(ws, dataset)
    runs = list_runs(ws, its.id)
    n_mirrored = 0
    for run in reversed(runs):
        if _mirror(ws, target, run):
            n_mirrored += 1
            report(f"mirrored {run.id}")
    return {
        "dataset": its.id,
        "n_runs": len(runs),
        "n_mirrored": n_mirrored,
        "n_there": len(runs) - n_mirrored,
    }


def _mirror(ws: Workspace, target: MlflowMirror, run: Run) -> bool:
    """Mirror a run unless it is there; return whether it was not."""
    dataset = get_dataset(ws, run.dataset_id)
    with one_at_a_time(ws.path / _LOCK, "mirrored"):  # two that look at once would both write
        if target.holds(dataset.name, run.id):
            return False
        with ws.scratch() as folder:
            target.put(_copy(ws, dataset, run, folder))
    return True


def _copy(ws: Workspace, dataset: Dataset, run: Run, folder: Path) -> RunCopy:
    return RunCopy(
        run_id=run.id,
        dataset=dataset.name,
        ended_ms=round(1000 * run.created_at.timestamp()),
        duration_ms=round(1000 * (run.duration_s or 0.0)),
        params=_params(ws, dataset, run),
        figures=_figures(run),
        curves={f"epoch/{name}": values for name, values in run.history.items()},
        marks={"desempate.version": product_version(), "desempate.dataset": dataset.id},
        files=_files(ws, run, folder),
    )


def _params(ws: Workspace, dataset: Dataset, run: Run) -> dict[str, str]:
    """Return what decided about the run, as text; names beside ids, because people read them."""
    of: dict[str, Any] = {
        "dataset": dataset.id,
        "algorithm": run.algorithm,
        "backbone": run.config.get("backbone"),
        "embedder": run.config.get("embedder"),
        "classes": ", ".join(run.classes),
        "pair": ", ".join(run.pair) if run.pair else None,
        "class_map": run.class_map_id,
        "labels": run.config.get("labels", label_sets.ORIGINAL),
        "seed": run.seed,
        "device": run.device,
    }
    if run.class_map_id:
        class_map = get_record(ws, dataset.id, run.class_map_id)
        of["class_map_name"] = f"{class_map.name}@{class_map.version}"
    labels = label_sets.find(ws, dataset, of["labels"])
    if labels:
        of["labels_name"] = f"{labels.name}@{labels.version}"
    of |= {f"options.{name}": value for name, value in run.config["options"].items()}
    return {name: str(value) for name, value in of.items() if value is not None}


def _figures(run: Run) -> dict[str, float]:
    """Return the figures of both splits, an interval as its two ends, and the run's costs."""
    known = {"n_parameters": run.n_parameters, "duration_s": run.duration_s}
    known |= {"temperature": run.temperature, "ms_per_image": run.ms_per_image}
    found = {name: float(value) for name, value in known.items() if value is not None}
    for split, figures in run.metrics.items():
        for name, value in figures.items():
            for end, number in _ends(name, value).items():
                found[f"{split}/{end}"] = float(number)
    return found


def _ends(name: str, value: Any) -> Mapping[str, float]:
    if not isinstance(value, list):
        return {name: value}
    stem = name.removesuffix("_ci")
    return {f"{stem}_low": value[0], f"{stem}_high": value[1]}


def _files(ws: Workspace, run: Run, folder: Path) -> list[Path]:
    """Put the run's files into `folder` under their names; return those not too large to send."""
    found = []
    for name in _FILES:
        blob = run.artifact.get(name)
        if blob and ws.blobs.path(blob).stat().st_size <= _LARGEST_BYTES:
            (folder / name).write_bytes(ws.blobs.read_bytes(blob))
            found.append(folder / name)
    return found
