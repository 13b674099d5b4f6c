"""Out-of-fold answers: what a run's recipe says of each image when it has not learned from it.

A model knows the images it was trained on by heart; what it says of them tells nothing. So the
run's recipe is trained again for each fold, without the fold's images, and answers for them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.analysis import calibration, metrics
from core.analysis.folds import Fold, assign_folds, nested_folds
from core.errors import InvalidInput, NotReady
from core.ids import content_id
from core.jobs import engine
from core.jobs.context import JobContext
from core.language import t
from core.records import SPLITS, Run
from core.services.classes.mapping import run_classes
from core.services.data.datasets import get_dataset, images, splits
from core.services.runs.fitting import fit_plan, model_input
from core.services.runs.planning import Plan, make_plan
from core.services.runs.training import get_run, request_of, training_s
from core.store import results
from core.store.database import Workspace

FORMAT = 1  # of what a result holds: part of its id
OVER: Mapping[str, tuple[str, ...]] = {"train+val": ("train", "val"), "all": SPLITS}
MOST_FOLDS = 20  # each is a training
_START_S = 5.0  # a process, the backend's import and its first graph, on a laptop


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """What models that had not seen them said of images, one row an image."""

    positions: (
        np.ndarray
    )  # int64 (n,), ascending rows of the data set; without those outside a pair
    y: np.ndarray  # int64 (n,), true class as an index into the run's classes
    probs: np.ndarray  # float32 (n, n_classes), calibrated
    n_folds: int
    duration_s: float


def estimate(ws: Workspace, run_id: str, *, n_folds: int = 5) -> float:
    """Return about how long `submit_crossval` will take, in seconds.

    Notes
    -----
    The start of a job and the run's own training time once a fold. A fold learns from somewhat
    fewer images than the run did; other jobs on the machine are not counted.
    """
    return _START_S + n_folds * training_s(get_run(ws, run_id))


def submit_crossval(
    ws: Workspace, run_id: str, *, n_folds: int = 5, over: str = "train+val"
) -> str:
    """Start the computation of out-of-fold answers in the background and return the job's id.

    Parameters
    ----------
    n_folds : int
        From 2 to `MOST_FOLDS`; the cost is as many trainings (`estimate`).
    over : {"train+val", "all"}
        Whose images: "train+val" keeps the test images for confirming a choice; "all" answers for
        every image, to look for label errors.

    Raises
    ------
    InvalidInput
        If the number of folds or `over` cannot be used, or there are fewer images than folds.
    NotReady
        If a class has too few images, or the run's embeddings are no longer there.

    Notes
    -----
    Same recipe as the run's: algorithm, options, classes, embedder and seed. Of the images outside
    a fold, 15 % serve for early stopping and for the temperature, as the validation split did in
    the run. What exists already is not computed again: the job finds it.
    """
    run = get_run(ws, run_id)
    key = _key(run, n_folds, over)
    _folds(ws, run, *_scored(ws, run, over), n_folds)
    _plan_of(ws, run)
    name = get_dataset(ws, run.dataset_id).name
    title = (
        t("Cross-validate expert {pair} on {name}", pair=" / ".join(run.pair), name=name)
        if run.pair
        else t("Cross-validate {algorithm} on {name}", algorithm=run.algorithm, name=name)
    )
    with ws.read() as conn:
        exists = results.find(conn, "crossval", run.dataset_id, key) is not None
    return engine.submit(
        ws,
        "crossval",
        {"run": run.id, "n_folds": n_folds, "over": over},
        title=title,
        dataset_id=run.dataset_id,
        idem_key=content_id("crossval", [key, exists]),  # a double click is one job
    )


def run_crossval(context: JobContext, params: Mapping[str, Any]) -> dict[str, Any]:
    """Train fold by fold (in the job process), keep and return what `crossval` prints."""
    ws = context.workspace
    run = get_run(ws, params["run"])
    key = _key(run, params["n_folds"], params["over"])
    with ws.read() as conn:
        found = results.find(conn, "crossval", run.dataset_id, key)
    if found is not None:
        return found[0]
    context.report(0.0, t("reading images"))
    positions, y = _scored(ws, run, params["over"])
    plan = _plan_of(ws, run)
    folds = _folds(ws, run, positions, y, params["n_folds"])
    started = time.perf_counter()
    probs = answer(context, plan, run.seed, positions, folds)
    value = {
        "run": run.id,
        "n_folds": params["n_folds"],
        "over": params["over"],
        **metrics.summary(y, probs),
        "duration_s": time.perf_counter() - started,
    }
    blob = ws.blobs.put_array(probs)
    with ws.write() as conn:
        results.add(
            conn, kind="crossval", dataset_id=run.dataset_id, params=key, value=value, blob=blob
        )
    return value


def out_of_fold(
    ws: Workspace, run_id: str, n_folds: int = 5, over: str = "train+val"
) -> OutOfFold | None:
    """Return a run's out-of-fold answers, or None while they have not been computed.

    Notes
    -----
    The answers come from `n_folds` models, and two of them share most of their training images:
    an interval over all images as if one model had answered is a little too narrow.

    References
    ----------
    Y. Bengio and Y. Grandvalet, "No unbiased estimator of the variance of K-fold cross-validation",
    2004.
    """
    run = get_run(ws, run_id)
    with ws.read() as conn:
        found = results.find(conn, "crossval", run.dataset_id, _key(run, n_folds, over))
    if found is None:
        return None
    value, blob = found
    if blob is None:
        return None
    positions, y = _scored(ws, run, over)
    return OutOfFold(positions, y, ws.blobs.open_array(blob), n_folds, value["duration_s"])


def answer(
    context: JobContext, plan: Plan, seed: int, positions: np.ndarray, folds: list[Fold]
) -> np.ndarray:
    """Train once a fold (in the job process) and let each model answer for its held-out images.

    Parameters
    ----------
    positions : array of int64, shape (n,)
        Rows of the data set that the folds' row numbers count through.

    Returns
    -------
    array of float32, shape (n, n_classes)
        Calibrated probabilities; those of a fold depend on no label of its held-out images.
    """
    from core.models.pipelines import ask

    x = model_input(context.workspace, plan)
    probs = np.empty((len(positions), len(plan.classes)), dtype=np.float32)
    for number, fold in enumerate(folds):
        epoch = _reporter(context, number, len(folds))
        val, held_out = positions[fold.val], positions[fold.held_out]
        fitted = fit_plan(context, plan, x, positions[fold.train], val, seed, epoch)
        temperature = calibration.fit_temperature(ask(fitted.model, x, val), plan.y[val])
        raw = ask(fitted.model, x, held_out)
        probs[fold.held_out] = calibration.apply_temperature(raw, temperature)
    return probs


def _reporter(
    context: JobContext, number: int, n_folds: int
) -> Callable[[Mapping[str, float]], None]:
    """Say that a fold begins, and return what tells its epochs."""
    fold = t("fold {fold} of {n_folds}", fold=number + 1, n_folds=n_folds)
    context.report(number / n_folds, fold)

    def epoch(logs: Mapping[str, float]) -> None:
        n, n_epochs = int(logs["epoch"]), int(logs["n_epochs"])
        share = (number + 0.95 * n / n_epochs) / n_folds
        step = t("{fold}: epoch {n} of at most {n_epochs}", fold=fold, n=n, n_epochs=n_epochs)
        context.report(share, step)

    return epoch


def _key(run: Run, n_folds: int, over: str) -> dict[str, Any]:
    """Return what decides the answers."""
    if over not in OVER:
        raise InvalidInput(
            t("unknown choice of images"), expected=t(" or ").join(OVER), received=repr(over)
        )
    if not 2 <= n_folds <= MOST_FOLDS:
        raise InvalidInput(
            t("this number of folds cannot be used"),
            expected=t("2 to {most_folds}", most_folds=MOST_FOLDS),
            received=str(n_folds),
        )
    return {"run": run.id, "n_folds": n_folds, "over": over, "format": FORMAT}


def _scored(ws: Workspace, run: Run, over: str) -> tuple[np.ndarray, np.ndarray]:
    """Return positions and classes of the images that are answered for."""
    y = run_classes(ws, run)
    positions = np.flatnonzero(np.isin(splits(ws, run.dataset_id), OVER[over]) & (y >= 0))
    return positions, y[positions]


def _plan_of(ws: Workspace, run: Run) -> Plan:
    """Return the plan that this run was trained by."""
    plan = make_plan(ws, request_of(run))
    if plan.config["embedder"] != run.config["embedder"]:
        raise NotReady(
            t("the embeddings that {id} was trained on are no longer made here", id=run.id),
            todo=t("train it again, then cross-validate the new run"),
        )
    return plan


def _folds(
    ws: Workspace, run: Run, positions: np.ndarray, y: np.ndarray, n_folds: int
) -> list[Fold]:
    """Draw the folds, and raise unless each of them can be trained."""
    frame = images(ws, run.dataset_id).iloc[positions]
    drawn_from: dict[str, Any] = {
        "groups": [group if isinstance(group, str) else None for group in frame["group"]],
        "keys": frame["image_id"].tolist(),
        "seed": run.seed,
    }
    folds = nested_folds(assign_folds(y, n_folds, **drawn_from), y, **drawn_from)
    for fold in folds:
        present = np.bincount(y[fold.train], minlength=len(run.classes))
        if not present.all():
            raise NotReady(
                t(
                    "{name} has too few images to be left out in turn",
                    name=run.classes[int(present.argmin())],
                ),
                expected=t("2 or more images of every class, in different groups"),
                todo=t("merge the class into another, or add images"),
            )
        if not len(fold.val):
            raise NotReady(
                t("there are too few images to leave some out and stop by others"),
                todo=t("take fewer folds, or add images"),
            )
    return folds
