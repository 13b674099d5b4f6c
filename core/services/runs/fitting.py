"""What a training job does: fit, export, predict every held-out image, store the run.

`fit_plan` is the one way to train: cross-validation repeats it on other rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from core.analysis import calibration, metrics
from core.jobs.context import JobContext
from core.language import t
from core.models import get_algorithm
from core.models.options import parse
from core.services.data.datasets import pixels, splits
from core.services.data.embedding import embedding_matrix
from core.services.runs.mirroring import mirror_stored
from core.services.runs.pacing import ms_per_image
from core.services.runs.planning import Plan, TrainRequest, make_plan, request_from
from core.services.runs.training import get_run, summary
from core.store import runs
from core.store.checkpoints import Checkpoints
from core.store.database import Workspace, utc_now

if TYPE_CHECKING:
    from core.models.training import Fitted


def run_training(context: JobContext, params: Mapping[str, Any]) -> dict[str, Any]:
    """Train (in the job process) the runs of a request; return what `train` prints."""
    ws, request = context.workspace, request_from(params)
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
    ws, n_seeds = context.workspace, len(request.seeds)
    title = t(get_algorithm(request.algorithm).title)

    def of_seed(step: str) -> str:
        return t("seed {seed}: {step}", seed=seed, step=step) if n_seeds > 1 else step

    context.report(done_share, of_seed(t("starting {algorithm}", algorithm=title)))
    split = splits(ws, plan.dataset.id)
    x, kept = model_input(ws, plan), ws.checkpoints(plan.run_id(seed))

    def epoch(logs: Mapping[str, float]) -> None:
        numbers = dict(logs)
        n, n_epochs = int(numbers.pop("epoch")), int(numbers.pop("n_epochs"))
        context.event("epoch", {"run": plan.run_id(seed), "epoch": n, "logs": numbers})
        share = done_share + 0.95 * n / n_epochs / n_seeds
        step = of_seed(t("epoch {n} of at most {n_epochs}", n=n, n_epochs=n_epochs))
        for problem in kept.problems:
            step = t("{step}; {problem}", step=step, problem=problem)
        context.report(share, step)

    train, val = (np.flatnonzero((split == name) & (plan.y >= 0)) for name in ("train", "val"))
    fitted = fit_plan(context, plan, x, train, val, seed, epoch, kept)
    context.report(None, of_seed(t("predicting validation and test images")))
    _store(ws, plan, seed, fitted, x, split)
    kept.clear()
    mirror_stored(context, plan.run_id(seed))


def model_input(ws: Workspace, plan: Plan) -> np.ndarray:
    """Return what a plan's algorithm learns from, of every image: embeddings or pixels."""
    if get_algorithm(plan.config["algorithm"]).input == "embedding":
        return embedding_matrix(ws, plan.dataset, plan.config["backbone"])
    return pixels(ws, plan.dataset)


def fit_plan(
    context: JobContext,
    plan: Plan,
    x: np.ndarray,
    train_index: np.ndarray,
    val_index: np.ndarray,
    seed: int,
    report: Callable[[Mapping[str, float]], None],
    keeper: Checkpoints | None = None,
) -> Fitted:
    """Train a plan's algorithm (in the job process) on some of its images.

    Parameters
    ----------
    x : array, shape (n_images, ...)
        From `model_input`.
    train_index, val_index : array of int64
        Positions to learn from, and positions that decide when to stop.
    report : callable
        Told the numbers of every epoch; see `core.models.training.fit`.
    keeper : Checkpoints, optional
        Where the training goes on from, and what it leaves for the next attempt.
    """
    from core.models import training

    algorithm = get_algorithm(plan.config["algorithm"])
    return training.fit(
        algorithm.name,
        parse(algorithm.options, plan.config["options"]),
        training.TrainingData(x, plan.y, train_index, val_index, len(plan.classes)),
        seed,
        report,
        context.should_stop,
        n_threads=context.workspace.settings.n_threads,
        keeper=keeper,
        time_budget_s=plan.time_budget_s,
    )


def _store(
    ws: Workspace, plan: Plan, seed: int, fitted: Any, x: np.ndarray, split: np.ndarray
) -> None:
    """Export the model, predict every held-out image with the export, and insert the run."""
    trained_with = {
        "batch_size": fitted.batch_size,
        "precision": fitted.precision,
        "peak_memory_bytes": fitted.peak_memory_bytes,
    }
    config = {**plan.config, "seed": seed, "trained_with": trained_with}
    held_out = np.flatnonzero(split != "train")
    blobs, predictions, ms_per_image = _export(ws, plan, config, fitted, x, held_out)
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
        "ms_per_image": ms_per_image,
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
) -> tuple[dict[str, str], np.ndarray, float]:
    """Return the model's files as blobs, its probabilities, and its milliseconds an image.

    Both come from the exported model, so Predict repeats them; NaN for what it was trained on.
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
        blobs = {name: ws.blobs.put_file(path) for name, path in files.items()}
        return blobs, predictions, ms_per_image(ws, plan.dataset, plan.config, session, x)


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
