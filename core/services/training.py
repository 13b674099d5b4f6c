"""Train: plan runs, submit them as one job, and keep everything that a later question may need."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.analysis import calibration, metrics
from core.errors import InvalidInput, NotReady
from core.ids import content_id
from core.jobs import engine
from core.jobs.context import JobContext
from core.models import ALGORITHMS, parse_options
from core.records import Dataset, Run
from core.services.datasets import get_dataset, images, label_indices, pixels
from core.services.embedding import DEFAULT_BACKBONE, embedder_for, embedding_matrix
from core.services.mapping import get_class_map, get_record
from core.store import runs
from core.store.database import Workspace, utc_now

FORMAT = 1  # of what a run holds: part of its id


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """What to train; options left out take the algorithm's defaults."""

    dataset: str  # id or name
    algorithm: str
    class_map: str | None = None  # id, name or name@version; None: the labels as they are
    pair: tuple[str, str] | None = None  # two classes: train an expert for them
    seeds: tuple[int, ...] = (0,)
    backbone: str = DEFAULT_BACKBONE
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A request with every default filled in: all that decides what a run will be."""

    dataset: Dataset
    classes: tuple[str, ...]
    class_map_id: str | None
    y: np.ndarray  # int64 (n_images,), index into `classes`; -1 outside the pair
    config: dict[str, Any]

    def run_id(self, seed: int) -> str:
        return content_id("run", {**self.config, "seed": seed})


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
    plan = _plan(ws, request)
    what = f"expert {' / '.join(plan.classes)}" if request.pair else request.algorithm
    params = {**asdict(request), "dataset": plan.dataset.id, "seeds": list(request.seeds)}
    params["options"] = dict(request.options)
    title = f"Train {what} on {plan.dataset.name}"
    return engine.submit(ws, "train", params, title=title, dataset_id=plan.dataset.id)


def planned_runs(ws: Workspace, request: TrainRequest) -> list[tuple[str, bool]]:
    """Return (run id, exists already) for each seed of a request, without training anything."""
    plan = _plan(ws, request)
    with ws.read() as conn:
        ids = [plan.run_id(seed) for seed in request.seeds]
        return [(run_id, runs.find(conn, run_id) is not None) for run_id in ids]


def run_training(context: JobContext, params: Mapping[str, Any]) -> dict[str, Any]:
    """Train (in the job process) the runs of a request; return what `train` prints."""
    ws = context.workspace
    pair = tuple(params["pair"]) if params["pair"] else None
    request = TrainRequest(**{**params, "pair": pair, "seeds": tuple(params["seeds"])})
    plan = _plan(ws, request)
    finished = []
    for n_done, seed in enumerate(request.seeds):
        with ws.read() as conn:
            existing = runs.find(conn, plan.run_id(seed))
        if existing is None:
            _train_one(context, plan, request, seed, n_done / len(request.seeds))
        finished.append(summary(get_run(ws, plan.run_id(seed))))
    return {"runs": finished}


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


def _plan(ws: Workspace, request: TrainRequest) -> _Plan:
    """Fill in every default and check everything that can be checked before the job."""
    dataset = get_dataset(ws, request.dataset)
    if request.algorithm not in ALGORITHMS:
        raise InvalidInput(
            "unknown algorithm", expected=" | ".join(ALGORITHMS), received=repr(request.algorithm)
        )
    if not request.seeds or len(set(request.seeds)) != len(request.seeds):
        raise InvalidInput(
            "the seeds of a submission differ from each other",
            expected="one or more different whole numbers",
            received=str(list(request.seeds)),
        )
    class_map_id = get_record(ws, dataset.id, request.class_map).id if request.class_map else None
    class_map = get_class_map(ws, dataset.id, class_map_id)
    y = class_map.apply(label_indices(ws, dataset))
    classes = class_map.classes
    if request.pair:
        classes, y = _only_pair(classes, y, request.pair)
    algorithm = ALGORITHMS[request.algorithm]
    needs_embedding = algorithm.input == "embedding"
    config = {
        "format": FORMAT,
        "dataset": dataset.id,
        "algorithm": algorithm.name,
        "options": asdict(parse_options(algorithm.name, request.options)),
        "embedder": embedder_for(ws, dataset, request.backbone) if needs_embedding else None,
        "backbone": request.backbone if needs_embedding else None,
        "classes": list(classes),
        "class_map": class_map_id,
        "pair": list(classes) if request.pair else None,
    }
    plan = _Plan(dataset, classes, class_map_id, y, config)
    _check_trainable(ws, plan)
    if needs_embedding:
        embedding_matrix(ws, dataset, request.backbone)  # NotReady is told now, not by the job
    return plan


def _only_pair(
    classes: tuple[str, ...], y: np.ndarray, pair: tuple[str, str]
) -> tuple[tuple[str, ...], np.ndarray]:
    unknown = [name for name in pair if name not in classes]
    if unknown or len(set(pair)) != 2:
        raise InvalidInput(
            "a pair is two different classes",
            expected=f"two of {', '.join(classes)}",
            received=" and ".join(pair),
        )
    ordered = tuple(name for name in classes if name in pair)
    recode = np.full(len(classes), -1, dtype=np.int64)
    for index, name in enumerate(ordered):
        recode[classes.index(name)] = index
    return ordered, recode[y]


def _check_trainable(ws: Workspace, plan: _Plan) -> None:
    split = images(ws, plan.dataset.id)["split"].to_numpy()
    for name in ("train", "val", "test"):
        here = plan.y[(split == name) & (plan.y >= 0)]
        absent = [c for i, c in enumerate(plan.classes) if not (here == i).any()]
        if name == "train" and absent:
            raise NotReady(
                f"there is no training image of {absent[0]}",
                expected="at least one training image of every class",
                todo="import more images, or merge the class into another",
            )
        if not len(here):
            raise NotReady(
                f"the {name} split has no image of these classes",
                expected="validation images to tune on and test images to report on",
                todo="import the images again with shares for all three splits",
            )


def _train_one(
    context: JobContext, plan: _Plan, request: TrainRequest, seed: int, done_share: float
) -> None:
    """Fit one model, predict every validation and test image, and store the run."""
    from core.models import training

    ws, run_id = context.workspace, plan.run_id(seed)
    options = parse_options(request.algorithm, request.options)
    which = f"seed {seed}: " if len(request.seeds) > 1 else ""
    context.report(done_share, f"{which}loading images")
    algorithm = ALGORITHMS[request.algorithm]
    if algorithm.input == "embedding":
        x: np.ndarray = embedding_matrix(ws, plan.dataset, request.backbone)
    else:
        x = pixels(ws, plan.dataset)
    split = images(ws, plan.dataset.id)["split"].to_numpy()

    def epoch(logs: Mapping[str, Any]) -> None:
        n, n_epochs = logs["epoch"], logs["n_epochs"]
        context.event("epoch", {"run": run_id, "epoch": n, "logs": dict(logs["logs"])})
        share = done_share + (n / n_epochs) / len(request.seeds)
        context.report(min(share, 0.99), f"{which}epoch {n} of at most {n_epochs}")

    data = training.TrainingData(
        x=x,
        y=plan.y,
        train_index=np.flatnonzero((split == "train") & (plan.y >= 0)),
        val_index=np.flatnonzero((split == "val") & (plan.y >= 0)),
        n_classes=len(plan.classes),
    )
    context.report(done_share, f"{which}starting {request.algorithm}")
    fitted = training.fit(request.algorithm, options, data, seed, epoch, context.should_stop)
    context.report(None, f"{which}predicting validation and test images")
    held_out = np.flatnonzero(split != "train")
    predictions = np.full((len(x), len(plan.classes)), np.nan, dtype=np.float32)
    predictions[held_out] = training.predict(fitted.model, x, held_out)
    _store(ws, plan, seed, fitted, predictions, split)


def _store(
    ws: Workspace, plan: _Plan, seed: int, fitted: Any, predictions: np.ndarray, split: np.ndarray
) -> None:
    from core.models import artifact

    rows = {name: np.flatnonzero((split == name) & (plan.y >= 0)) for name in ("val", "test")}
    run_id = plan.run_id(seed)
    manifest = {
        "run": run_id,
        "config": {**plan.config, "seed": seed},
        "classes": list(plan.classes),
        "size_px": plan.dataset.size_px,
    }
    with tempfile.TemporaryDirectory(dir=ws.path, prefix=".run-") as folder:
        files = artifact.save(fitted, Path(folder), manifest)
        blobs = {name: ws.blobs.put_file(path) for name, path in files.items()}
    temperature = calibration.fit_temperature(predictions[rows["val"]], plan.y[rows["val"]])
    record = {
        "id": run_id,
        "dataset_id": plan.dataset.id,
        "algorithm": plan.config["algorithm"],
        "class_map_id": plan.class_map_id,
        "classes": list(plan.classes),
        "pair": plan.config["pair"],
        "seed": seed,
        "config": {**plan.config, "seed": seed},
        "history": dict(fitted.history),
        "metrics": {
            name: metrics.summary(plan.y[index], predictions[index]) for name, index in rows.items()
        },
        "temperature": temperature,
        "artifact": blobs,
        "predictions": ws.blobs.put_array(predictions),
        "n_parameters": fitted.n_parameters,
        "duration_s": fitted.duration_s,
        "device": fitted.device,
        "created_at": utc_now(),
    }
    with ws.write() as conn:
        runs.add(conn, record)
