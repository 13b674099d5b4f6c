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
from core.models import ALGORITHMS, get_algorithm
from core.models.options import describe, parse
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


def algorithms() -> list[dict[str, Any]]:
    """Return what can be trained, as pages draw it.

    Returns
    -------
    list of dict
        name, title, summary, paper, input ("embedding" or "pixels"), options: [{name, kind (bool,
        int or float), default, help, minimum, maximum}].
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
    algorithm = get_algorithm(request.algorithm)
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
    needs_embedding = algorithm.input == "embedding"
    config = {
        "format": FORMAT,
        "dataset": dataset.id,
        "algorithm": algorithm.name,
        "options": asdict(parse(algorithm.options, request.options)),
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
    """Fit one model and store the run; its share of the job begins at `done_share`."""
    from core.models import training

    ws, n_seeds = context.workspace, len(request.seeds)
    algorithm = get_algorithm(request.algorithm)
    which = f"seed {seed}: " if n_seeds > 1 else ""
    context.report(done_share, f"{which}starting {algorithm.title}")
    split = images(ws, plan.dataset.id)["split"].to_numpy()
    data = training.TrainingData(
        x=_input(ws, plan, algorithm.input, request.backbone),
        y=plan.y,
        train_index=np.flatnonzero((split == "train") & (plan.y >= 0)),
        val_index=np.flatnonzero((split == "val") & (plan.y >= 0)),
        n_classes=len(plan.classes),
    )

    def epoch(logs: Mapping[str, float]) -> None:
        numbers = dict(logs)
        n, n_epochs = int(numbers.pop("epoch")), int(numbers.pop("n_epochs"))
        context.event("epoch", {"run": plan.run_id(seed), "epoch": n, "logs": numbers})
        share = done_share + 0.95 * n / n_epochs / n_seeds
        context.report(share, f"{which}epoch {n} of at most {n_epochs}")

    fitted = training.fit(
        algorithm.name,
        parse(algorithm.options, request.options),
        data,
        seed,
        epoch,
        context.should_stop,
        n_threads=ws.settings.n_threads,
    )
    context.report(None, f"{which}predicting validation and test images")
    _store(ws, plan, seed, fitted, data.x, split)


def _input(ws: Workspace, plan: _Plan, kind: str, backbone: str) -> np.ndarray:
    if kind == "embedding":
        return embedding_matrix(ws, plan.dataset, backbone)
    return pixels(ws, plan.dataset)


def _store(
    ws: Workspace, plan: _Plan, seed: int, fitted: Any, x: np.ndarray, split: np.ndarray
) -> None:
    """Export the model, predict every held-out image with the export, and insert the run.

    The stored probabilities come from the exported model, so that Predict repeats them exactly.
    """
    from core.models import artifact

    run_id, config = plan.run_id(seed), {**plan.config, "seed": seed}
    manifest = {
        "run": run_id,
        "config": config,
        "classes": list(plan.classes),
        "size_px": plan.dataset.size_px,
        "fit": plan.dataset.fit,
    }
    held_out = np.flatnonzero(split != "train")
    predictions = np.full((len(x), len(plan.classes)), np.nan, dtype=np.float32)
    with tempfile.TemporaryDirectory(dir=ws.path, prefix=".run-") as folder:
        files = artifact.save(fitted, Path(folder), manifest)
        session = artifact.load_session(files["model.onnx"])
        predictions[held_out] = session.predict(x, held_out)
        blobs = {name: ws.blobs.put_file(path) for name, path in files.items()}
    rows = {name: np.flatnonzero((split == name) & (plan.y >= 0)) for name in ("val", "test")}
    val = rows["val"]
    record = {
        "id": run_id,
        "dataset_id": plan.dataset.id,
        "algorithm": config["algorithm"],
        "class_map_id": plan.class_map_id,
        "classes": list(plan.classes),
        "pair": config["pair"],
        "seed": seed,
        "config": config,
        "history": dict(fitted.history),
        "metrics": {
            name: metrics.summary(plan.y[index], predictions[index]) for name, index in rows.items()
        },
        "temperature": calibration.fit_temperature(predictions[val], plan.y[val]),
        "artifact": blobs,
        "predictions": ws.blobs.put_array(predictions),
        "n_parameters": fitted.n_parameters,
        "duration_s": fitted.duration_s,
        "device": fitted.device,
        "created_at": utc_now(),
    }
    with ws.write() as conn:
        runs.add(conn, record)
