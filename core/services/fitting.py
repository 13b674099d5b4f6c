"""What a training job does: fit, export, predict every held-out image, store the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.analysis import calibration, metrics
from core.jobs.context import JobContext
from core.models import get_algorithm
from core.models.options import parse
from core.services.datasets import pixels, splits
from core.services.embedding import embedding_matrix
from core.services.planning import Plan, TrainRequest, make_plan
from core.services.training import get_run, summary
from core.store import runs
from core.store.database import Workspace, utc_now


def run_training(context: JobContext, params: Mapping[str, Any]) -> dict[str, Any]:
    """Train (in the job process) the runs of a request; return what `train` prints."""
    ws = context.workspace
    pair = tuple(params["pair"]) if params["pair"] else None
    request = TrainRequest(**{**params, "pair": pair, "seeds": tuple(params["seeds"])})
    plan = make_plan(ws, request)
    finished = []
    for n_done, seed in enumerate(request.seeds):
        with ws.read() as conn:
            existing = runs.find(conn, plan.run_id(seed))
        if existing is None:
            _train_one(context, plan, request, seed, n_done / len(request.seeds))
        finished.append(summary(get_run(ws, plan.run_id(seed))))
    return {"runs": finished}


def _train_one(
    context: JobContext, plan: Plan, request: TrainRequest, seed: int, done_share: float
) -> None:
    """Fit one model and store the run; its share of the job begins at `done_share`."""
    from core.models import training

    ws, n_seeds = context.workspace, len(request.seeds)
    algorithm = get_algorithm(request.algorithm)
    which = f"seed {seed}: " if n_seeds > 1 else ""
    context.report(done_share, f"{which}starting {algorithm.title}")
    split = splits(ws, plan.dataset.id)
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


def _input(ws: Workspace, plan: Plan, kind: str, backbone: str) -> np.ndarray:
    if kind == "embedding":
        return embedding_matrix(ws, plan.dataset, backbone)
    return pixels(ws, plan.dataset)


def _store(
    ws: Workspace, plan: Plan, seed: int, fitted: Any, x: np.ndarray, split: np.ndarray
) -> None:
    """Export the model, predict every held-out image with the export, and insert the run."""
    config = {**plan.config, "seed": seed}
    blobs, predictions = _export(ws, plan, config, fitted, x, np.flatnonzero(split != "train"))
    record = {
        "id": plan.run_id(seed),
        "dataset_id": plan.dataset.id,
        "algorithm": config["algorithm"],
        "class_map_id": plan.class_map_id,
        "classes": list(plan.classes),
        "pair": config["pair"],
        "seed": seed,
        "config": config,
        "history": dict(fitted.history),
        **run_figures(plan.y, predictions, split),
        "artifact": blobs,
        "predictions": ws.blobs.put_array(predictions),
        "n_parameters": fitted.n_parameters,
        "duration_s": fitted.duration_s,
        "device": fitted.device,
        "created_at": utc_now(),
    }
    with ws.write() as conn:
        runs.add(conn, record)


def _export(
    ws: Workspace,
    plan: Plan,
    config: Mapping[str, Any],
    fitted: Any,
    x: np.ndarray,
    held_out: np.ndarray,
) -> tuple[dict[str, str], np.ndarray]:
    """Return the model's files as blobs, and its probabilities, NaN for what it was trained on.

    The probabilities come from the exported model, so that Predict repeats them exactly.
    """
    from core.models.artifact import load_session, save

    manifest = {
        "run": plan.run_id(config["seed"]),
        "config": config,
        "classes": list(plan.classes),
        "size_px": plan.dataset.size_px,
        "fit": plan.dataset.fit,
    }
    predictions = np.full((len(x), len(plan.classes)), np.nan, dtype=np.float32)
    with ws.scratch() as folder:
        files = save(fitted, folder, manifest)
        session = load_session(files["model.onnx"])
        predictions[held_out] = session.predict(x, held_out)
        return {name: ws.blobs.put_file(path) for name, path in files.items()}, predictions


def run_figures(y: np.ndarray, predictions: np.ndarray, split: np.ndarray) -> dict[str, Any]:
    """Return `temperature`, fitted on validation, and `metrics` of calibrated probabilities.

    Parameters
    ----------
    y : array of int, shape (n_images,)
        True classes; -1 for images that are not looked at.
    predictions : array of float, shape (n_images, n_classes)
        Raw probabilities; training images may be NaN.
    split : array of str, shape (n_images,)
    """
    rows = {name: np.flatnonzero((split == name) & (y >= 0)) for name in ("val", "test")}
    temperature = calibration.fit_temperature(predictions[rows["val"]], y[rows["val"]])
    figures = {
        name: metrics.summary(
            y[index], calibration.apply_temperature(predictions[index], temperature)
        )
        for name, index in rows.items()
    }
    return {"metrics": figures, "temperature": temperature}
