"""Which held-out images an export takes along, and what its model says of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from PIL import Image

from core.errors import NotReady
from core.language import t
from core.records import CascadeRecord, Run
from core.services.cascades.members import calibrated, check
from core.services.cascades.plan import Plan, read_plan
from core.services.classes.mapping import run_classes
from core.services.data.datasets import get_dataset, image_ids, pixels, split_index
from core.services.exports.manifest import ExampleEntry
from core.services.runs import answering, predicting
from core.services.runs.training import get_run
from core.store.database import Workspace

N_EXAMPLES = 32
MARGIN = 1e-4  # of a probability, to a threshold: rounding must not decide
_FACTOR, _NOTHING = 1e-3, 1e-9  # by which the next class is less probable; what is no class at all


def choose(ws: Workspace, generalist: Run, record: CascadeRecord | None) -> list[int]:
    """Return positions of held-out images: every route and answer in turn, test images first.

    Notes
    -----
    Images whose answer or route would be another one if a probability moved by `MARGIN` are left
    out: on another processor they may be answered otherwise, and rightly so.
    """
    dataset_id = generalist.dataset_id
    rows = np.concatenate([split_index(ws, dataset_id, name) for name in ("test", "val")])
    rows = rows[~np.isnan(ws.blobs.open_array(generalist.predictions)[rows]).any(axis=1)]
    probs = calibrated(ws, generalist, rows)
    experts = [get_run(ws, run_id) for run_id in record.experts] if record else []
    pairs = check(generalist, experts) if experts else ()
    said = [calibrated(ws, expert, rows) for expert in experts]
    plan = read_plan(record.plan) if record else Plan(answering.NO_THRESHOLDS)
    sent = plan.send(probs, pairs, said)
    steady = _clear(probs, 3 if experts else 2)  # the best two decide who owns an image
    for shift in (-MARGIN, MARGIN):
        other = _shifted(plan, shift).send(probs, pairs, said)
        steady &= (other.route == sent.route) & (other.answer == sent.answer)
    for q in said:
        steady &= _clear(q)
    found = pd.DataFrame({"row": rows, "route": sent.route, "answer": sent.answer})[steady]
    turn = found.groupby(["route", "answer"]).cumcount()
    return [int(row) for row in found["row"].iloc[np.argsort(turn, kind="stable")][:N_EXAMPLES]]


def record_answers(
    ws: Workspace, model_id: str, run: Run, positions: Sequence[int]
) -> list[tuple[ExampleEntry, bytes]]:
    """Ask a workspace's model about images; return each answer with the image as PNG.

    Raises
    ------
    NotReady
        If there is no held-out image whose answer is clear.
    """
    answers = predicting.predict_known(ws, model_id, positions) if positions else []
    ids, y = image_ids(ws, run.dataset_id), run_classes(ws, run)
    cached = pixels(ws, get_dataset(ws, run.dataset_id), check=False)
    found = []
    for position, said in zip(positions, answers, strict=True):
        shares = tuple(said["probabilities"].values())
        if not _clear(np.array([shares]))[0]:
            continue
        truth = run.classes[y[position]] if y[position] >= 0 else None
        entry = ExampleEntry(ids[position], truth, said["class"], said["route"], shares)
        found.append((entry, _png(cached[position])))
    if not found:
        raise NotReady(
            t(
                "there is no held-out image that this model answers clearly, to take along as "
                "example"
            ),
            todo=t("train it for longer, or import more images"),
        )
    return found


def _clear(probs: np.ndarray, n_best: int = 2) -> np.ndarray:
    """Return where rounding cannot change the order of the best classes, bool (n_images,)."""
    best = -np.sort(-probs, axis=1)[:, :n_best]
    better, next_ = best[:, :-1], best[:, 1:]  # rounding is a factor
    return np.asarray(((next_ < better * (1.0 - _FACTOR)) | (better < _NOTHING)).all(axis=1))


def _shifted(plan: Plan, shift: float) -> Plan:
    """Return the plan with its thresholds moved; 0 and 1 stay, they mean nobody and everybody."""

    def moved(share: float) -> float:
        return share if share in (0.0, 1.0) else min(1.0, max(0.0, share + shift))

    its = plan.thresholds
    taus = tuple(moved(tau) for tau in its.taus)
    return replace(plan, thresholds=replace(its, taus=taus, person=moved(its.person)))


def _png(square: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(square).save(buffer, "PNG")  # from pixels: there is no metadata to leave out
    return buffer.getvalue()
