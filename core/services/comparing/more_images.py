"""Would more images help? Probes on parts of the training images, and where their curve leads.

The probe learns in seconds from cached embeddings, so that a dozen fits cost about a minute. All of
them answer the same test images, and what each got right is kept: the curve and its intervals are
worked out from that whenever it is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.analysis.comparisons.learning_curve import (
    FACTORS,
    Estimate,
    LearningCurve,
    learning_curve,
)
from core.analysis.comparisons.training_parts import subsets
from core.errors import NotReady
from core.ids import content_id
from core.jobs import engine
from core.jobs.context import JobContext
from core.language import t
from core.services.classes.mapping import get_class_map, get_record
from core.services.comparing import wording
from core.services.comparing.questions import Question
from core.services.data.datasets import get_dataset, images, splits
from core.services.labels.label_sets import ORIGINAL
from core.services.runs import estimating
from core.services.runs.fitting import fit_plan, model_input
from core.services.runs.planning import Plan, TrainRequest, make_plan
from core.settings import DEFAULT_BACKBONE
from core.store import results
from core.store.database import Workspace

KIND = "learning_curve"
FORMAT = 1  # of what a result holds: part of its id
_SEED = 0  # of the parts and of the fits


@dataclass(frozen=True, slots=True, eq=False)
class MoreImages:
    """The learning curve of the probe for a question, and what it was made from."""

    curve: LearningCurve
    classes: tuple[str, ...]
    backbone: str
    n_val: int  # images that each fit was stopped by
    duration_s: float

    @property
    def sentence(self) -> str:
        """Say whether more images would help; "no gain can be told" included."""
        its, factor = self.curve, FACTORS[0]
        return wording.twice(its.gains[factor], factor * its.n_train, its.n_test, its.promises)


def question_of(
    ws: Workspace, dataset: str, class_map: str | None = None, labels: str = ORIGINAL
) -> Question:
    """Return the question for a data set by name: all classes of a class map, by these labels.

    Raises
    ------
    NotFound
        If there is no such data set or class map.
    """
    found = get_dataset(ws, dataset)
    map_id = get_record(ws, found.id, class_map).id if class_map else None
    classes = get_class_map(ws, found.id, map_id).classes
    return Question(found.id, classes, map_id, labels=labels)


def estimate(ws: Workspace, question: Question, backbone: str = DEFAULT_BACKBONE) -> float | None:
    """Return about how long `submit_curve` will take, in seconds; None if nothing tells.

    Raises
    ------
    InvalidInput, NotReady
        As `submit_curve`.
    """
    plan = _plan(ws, question, backbone)
    return estimating.fits_s(ws, plan, [len(part) for part in _parts(ws, plan)])


def submit_curve(ws: Workspace, question: Question, backbone: str = DEFAULT_BACKBONE) -> str:
    """Start the fits of a learning curve in the background and return the job's id.

    Parameters
    ----------
    question : Question
        Its classes and labels are learned; the curve is measured on test images whatever its split.
    backbone : str
        Whose embeddings the probe learns from.

    Raises
    ------
    InvalidInput
        If the backbone is unknown or there is only one class.
    NotReady
        If there are no embeddings from it, a split has no images, or a class has fewer than 4
        training images.

    Notes
    -----
    Validation images stop every fit and stay as many as they are. What exists already is found.
    """
    plan = _plan(ws, question, backbone)
    _parts(ws, plan)  # raises where there are too few
    key = _key(plan)
    with ws.read() as conn:
        exists = results.find(conn, KIND, plan.dataset.id, key) is not None
    title = t("Learning curve of {name}", name=plan.dataset.name)
    if question.pair:
        title = t(
            "Learning curve of {name} for {classes}",
            name=plan.dataset.name,
            classes=" / ".join(plan.classes),
        )
    return engine.submit(
        ws,
        KIND,
        {
            "dataset": plan.dataset.id,
            "class_map": plan.class_map_id,
            "labels": plan.labels,
            "pair": plan.config["pair"],
            "backbone": backbone,
        },
        title=title,
        dataset_id=plan.dataset.id,
        idem_key=content_id(KIND, [key, exists]),  # a double click is one job
    )


def run_curve(context: JobContext, params: Mapping[str, Any]) -> dict[str, Any]:
    """Fit part by part (in the job process), keep what each fit got right, return what was done."""
    ws = context.workspace
    pair = (params["pair"][0], params["pair"][1]) if params["pair"] else None
    asked = Question(params["dataset"], (), params["class_map"], pair, params["labels"])
    plan = _plan(ws, asked, params["backbone"])
    key = _key(plan)
    with ws.read() as conn:
        found = results.find(conn, KIND, plan.dataset.id, key)
    if found is not None:
        return found[0]
    context.report(0.0, t("reading images"))
    parts = _parts(ws, plan)
    started = time.perf_counter()
    right = _answer(context, plan, parts)
    value = {
        "classes": list(plan.classes),
        "backbone": params["backbone"],
        "n_train": [len(part) for part in parts],
        "n_val": len(_rows(ws, plan, "val")),
        "n_test": right.shape[1],
        "duration_s": time.perf_counter() - started,
    }
    blob = ws.blobs.put_array(right)
    with ws.write() as conn:
        results.add(conn, kind=KIND, dataset_id=plan.dataset.id, params=key, value=value, blob=blob)
    return value


def curve(ws: Workspace, question: Question, backbone: str = DEFAULT_BACKBONE) -> MoreImages | None:
    """Return the learning curve for a question, or None while it has not been computed.

    Raises
    ------
    InvalidInput, NotReady
        As `submit_curve`.
    """
    plan = _plan(ws, question, backbone)
    with ws.read() as conn:
        found = results.find(conn, KIND, plan.dataset.id, _key(plan))
    if found is None or found[1] is None:
        return None
    value, right = found[0], np.asarray(ws.blobs.open_array(str(found[1])))
    fitted = learning_curve(value["n_train"], right)
    return MoreImages(fitted, plan.classes, backbone, value["n_val"], value["duration_s"])


def report(ws: Workspace, question: Question, backbone: str) -> dict[str, Any]:
    """Return what `more-images` prints: the sentence, the law and the figures of a finished curve.

    Raises
    ------
    NotReady
        If it is not there yet.
    """
    found = curve(ws, question, backbone)
    if found is None:
        raise NotReady(t("the learning curve is not there yet"), todo=t("run `more-images` first"))
    return {
        "sentence": found.sentence,
        "promises": found.curve.promises,
        "law": asdict(found.curve.law),
        "curve": table(found),
    }


def table(found: MoreImages) -> list[dict[str, Any]]:
    """Return the figures as rows: those measured, the present number last, then those expected.

    Returns
    -------
    list of dict
        n_train (training images), kind ("measured" or "expected"), accuracy and gain (above the
        law's present; None where measured), each with _low and _high (95 %), n_fits and n_test.
    """
    its, rows = found.curve, []
    for n, said, n_fits in zip(its.sizes, its.accuracies, its.n_fits, strict=True):
        rows.append(_row(int(n), "measured", said, None) | {"n_fits": int(n_fits)})
    for factor in FACTORS:
        said, gain = its.reached[factor], its.gains[factor]
        rows.append(_row(factor * its.n_train, "expected", said, gain) | {"n_fits": 0})
    return [row | {"n_test": its.n_test} for row in rows]


def _row(n_train: int, kind: str, said: Estimate, gain: Estimate | None) -> dict[str, Any]:
    row: dict[str, Any] = {"n_train": n_train, "kind": kind}
    for name, its in (("accuracy", said), ("gain", gain)):
        low, high = its.interval if its else (None, None)
        row |= {name: its and its.value, f"{name}_low": low, f"{name}_high": high}
    return row


def _plan(ws: Workspace, asked: Question, backbone: str) -> Plan:
    """Return the plan of the probe that answers a question."""
    return make_plan(
        ws,
        TrainRequest(
            asked.dataset_id,
            "probe",
            class_map=asked.class_map_id,
            labels=asked.labels,
            pair=asked.pair,
            seeds=(_SEED,),
            backbone=backbone,
        ),
    )


def _key(plan: Plan) -> dict[str, Any]:
    """Return what decides the answers."""
    return {"plan": plan.config, "seed": _SEED, "format": FORMAT}


def _rows(ws: Workspace, plan: Plan, split: str) -> np.ndarray:
    """Return the images of a split that the plan looks at, int64 (n,)."""
    return np.flatnonzero((splits(ws, plan.dataset.id) == split) & (plan.y >= 0))


def _parts(ws: Workspace, plan: Plan) -> list[np.ndarray]:
    """Draw the parts of the training images, as positions; raise unless there are enough."""
    train = _rows(ws, plan, "train")
    frame = images(ws, plan.dataset.id).iloc[train]
    drawn = subsets(
        plan.y[train],
        groups=[group if isinstance(group, str) else None for group in frame["group"]],
        keys=frame["image_id"].tolist(),
        seed=_SEED,
    )
    return [train[part] for part in drawn]


def _answer(context: JobContext, plan: Plan, parts: list[np.ndarray]) -> np.ndarray:
    """Fit once a part; return which test images each fit got right, bool (n_fits, n_test)."""
    from core.models.pipelines import ask

    ws = context.workspace
    x, val, test = model_input(ws, plan), _rows(ws, plan, "val"), _rows(ws, plan, "test")
    right = np.empty((len(parts), len(test)), dtype=np.bool_)
    for number, part in enumerate(parts):
        epoch = _reporter(context, number, len(parts), len(part))
        fitted = fit_plan(context, plan, x, part, val, _SEED, epoch)
        right[number] = ask(fitted.model, x, test).argmax(axis=1) == plan.y[test]
    return right


def _reporter(
    context: JobContext, number: int, n_fits: int, n_images: int
) -> Callable[[Mapping[str, float]], None]:
    """Say that a fit begins, and return what tells its epochs."""
    which = t(
        "fit {number} of {n_fits}, on {n:,} images", number=number + 1, n_fits=n_fits, n=n_images
    )
    context.report(number / n_fits, which)

    def epoch(logs: Mapping[str, float]) -> None:
        share = (number + 0.95 * logs["epoch"] / logs["n_epochs"]) / n_fits
        context.report(share, which)

    return epoch
