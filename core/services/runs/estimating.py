"""How long a training will take here, and whether it fits: said before it begins.

From earlier runs of the same algorithm in this workspace where there are any, else from what a
matrix product reaches on this machine. Nothing here needs the backend.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.language import phrase, t, tn
from core.models import backbones, get_algorithm
from core.models.batch_size import settle
from core.models.cost import Cost, Shape, cost, seconds
from core.models.machine import available_bytes, core_rate
from core.models.options import describe, parse
from core.records import Run
from core.services import devices
from core.services.classes.mapping import run_classes
from core.services.data.datasets import get_dataset, list_datasets, splits
from core.services.jobs import span
from core.services.runs.planning import Plan, TrainRequest, make_plan
from core.services.runs.training import list_runs, planned_runs, training_s
from core.store.database import Workspace

LONG_S = 3600.0  # from here on a page warns
_START_S = 15.0  # a process, the backend's import, the first graph
_FINISH_S = 6.0  # of each run: export, comparison of both forms, answers for held-out images
_MOST_EARLIER = 10  # runs; what a machine did long ago says less
_SPREAD = 2.5  # either way, where there are no earlier runs to tell
_USUAL_SHARE = 0.8  # of the epochs, before early stopping ends it
_LEAST_SPREAD = 1.3  # either way, however well earlier runs agree: other jobs take their share
_LIGHTER = {  # options that make a training cheaper, in the order in which to try them
    "time": ("epochs", "tuning_epochs", "input_px", "width", "width_share", "n_episodes"),
    "memory": ("batch_size", "input_px", "width", "width_share", "n_blocks", "dense_units"),
}
_NOTHING = phrase("Nothing to train: every run exists already.")

Times = tuple[float, float, float]  # most likely, least, most; seconds


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a request will cost on this machine.

    Attributes
    ----------
    n_new : int
        Runs that do not exist yet; the times are those of all of them together, with the start.
    seconds, low_s, high_s : float or None
        Most likely, and an interval; None where there is nothing to go by.
    n_earlier : int
        Earlier runs that it rests on.
    memory_bytes, available_bytes : float
        What the training takes at its peak, and what is free.
    device : str
        What will compute, in words.
    sentence : str
    warnings : list of str
        What to think about first: hours, or too little memory, each with what to change.
    """

    n_new: int
    seconds: float | None
    low_s: float | None
    high_s: float | None
    n_earlier: int
    memory_bytes: float
    available_bytes: float
    device: str
    sentence: str
    warnings: list[str]


def estimate(ws: Workspace, request: TrainRequest) -> Estimate:
    """Return what a request to train will cost.

    Raises
    ------
    InvalidInput, NotReady
        As `core.services.runs.training.submit_training`.
    """
    plan = make_plan(ws, request)
    n_new = sum(not exists for _, exists in planned_runs(ws, request))
    device = devices.expected(ws)
    shape = _shape(plan.y, splits(ws, plan.dataset.id), len(plan.classes), _size(plan))
    needed = _cost(request.algorithm, request.options, shape)
    earlier = [_made(ws, run) for run in _earlier(ws, plan, device)]
    times = _times(needed, request.algorithm, earlier, ws.settings.n_threads, device)
    if times is not None:
        times = _of_all(times, n_new, request.time_budget_min * 60)
    likely, least, most = times or (None, None, None)
    free = float(available_bytes() if device.free_bytes is None else device.free_bytes)
    algorithm = get_algorithm(request.algorithm)
    return Estimate(
        n_new,
        likely,
        least,
        most,
        len(earlier),
        needed.memory_bytes,
        free,
        device.text,
        _sentence(times, device.text, t(algorithm.title), len(earlier)) if n_new else t(_NOTHING),
        _warnings(algorithm.options, times, needed.memory_bytes, free),
    )


def fits_s(ws: Workspace, plan: Plan, sizes: Iterable[int]) -> float | None:
    """Return how long one process will take to fit a plan on so many training images in turn.

    Returns
    -------
    float or None
        Most likely, in seconds, with the start; None where there is nothing to go by.
    """
    device = devices.expected(ws)
    shape = _shape(plan.y, splits(ws, plan.dataset.id), len(plan.classes), _size(plan))
    earlier = [_made(ws, run) for run in _earlier(ws, plan, device)]
    algorithm, total = plan.config["algorithm"], _START_S
    for n_train in sizes:
        needed = _cost(algorithm, plan.config["options"], replace(shape, n_train=n_train))
        times = _times(needed, algorithm, earlier, ws.settings.n_threads, device)
        if times is None:
            return None
        total += times[0]
    return total


@dataclass(frozen=True, slots=True)
class _Made:
    """An earlier run: the share of its epochs it took, and its time by that of an idle machine."""

    epochs_share: float
    cost: Cost
    duration_s: float


def _times(
    needed: Cost, algorithm: str, earlier: Sequence[_Made], n_threads: int, device: devices.Device
) -> Times | None:
    """Return the most likely time to fit one model, the least and the most, in seconds."""
    rate = core_rate() * n_threads
    if not earlier:
        if device.kind != "cpu":
            return None  # how fast a card is, only a run tells
        likely = seconds(algorithm, needed, rate, _USUAL_SHARE)
        return likely, likely / _SPREAD, likely * _SPREAD
    slower = [
        run.duration_s / seconds(algorithm, run.cost, rate, run.epochs_share) for run in earlier
    ]
    shares = [run.epochs_share for run in earlier]
    likely = np.median(slower) * seconds(algorithm, needed, rate, float(np.median(shares)))
    least = min(slower) * seconds(algorithm, needed, rate, min(shares)) / _LEAST_SPREAD
    most = max(slower) * seconds(algorithm, needed, rate, 1.0) * _LEAST_SPREAD
    return float(likely), float(least), float(most)


def _of_all(times: Times, n_new: int, budget_s: float) -> Times:
    """Return the times of a whole job from those of one fit; a budget (0: none) cuts each short."""
    if not n_new:
        return 0.0, 0.0, 0.0
    fits = [min(time, budget_s or np.inf) for time in times]
    likely, least, most = (_START_S + n_new * (fit + _FINISH_S) for fit in fits)
    return likely, least, most


def _cost(algorithm: str, given: Mapping[str, Any], shape: Shape) -> Cost:
    options: Any = parse(get_algorithm(algorithm).options, given)
    return cost(algorithm, settle(algorithm, options, shape), shape)


def _size(plan: Plan) -> int:
    """Return the side of the images, or the dimensions of the embedding, that are learned from."""
    if plan.config["backbone"] is None:
        return plan.dataset.size_px
    return backbones.get(str(plan.config["backbone"]).partition("@")[0]).dim


def _shape(y: np.ndarray, split: np.ndarray, n_classes: int, size: int) -> Shape:
    n_train, n_val = (int(((split == name) & (y >= 0)).sum()) for name in ("train", "val"))
    return Shape(n_train, n_val, n_classes, size)


def _earlier(ws: Workspace, plan: Plan, device: devices.Device) -> list[Run]:
    """Return runs of the algorithm on this device: of the data set, else of all; newest first."""
    found = _comparable(list_runs(ws, plan.dataset.id, archived=True), plan, device)
    if found:
        return found
    others = [r for d in list_datasets(ws) for r in list_runs(ws, d.id, archived=True)]
    return _comparable(sorted(others, key=lambda r: r.created_at, reverse=True), plan, device)


def _comparable(runs: Sequence[Run], plan: Plan, device: devices.Device) -> list[Run]:
    same = [
        run
        for run in runs
        if run.algorithm == plan.config["algorithm"]
        and run.config.get("backbone") == plan.config["backbone"]
        and run.device == device.name
        and run.history.get("loss")
    ]
    return same[:_MOST_EARLIER]


def _made(ws: Workspace, run: Run) -> _Made:
    """Return what an earlier run cost; options that it did not know had their defaults."""
    plan = Plan(
        get_dataset(ws, run.dataset_id),
        run.classes,
        run.class_map_id,
        run_classes(ws, run),
        dict(run.config),
    )
    shape = _shape(plan.y, splits(ws, plan.dataset.id), len(run.classes), _size(plan))
    known = {field.name for field in describe(get_algorithm(run.algorithm).options)}
    given = {name: v for name, v in run.config["options"].items() if name in known}
    needed = _cost(run.algorithm, given, shape)
    return _Made(min(1.0, len(run.history["loss"]) / needed.n_epochs), needed, training_s(run))


def _sentence(times: Times | None, device: str, title: str, n_earlier: int) -> str:
    if times is None:
        return t(
            "How long it takes is not known: no run of {algorithm} was made on {device} yet.",
            algorithm=title,
            device=device,
        )
    source = (
        tn(
            "from {n} earlier run of {algorithm}",
            "from {n} earlier runs of {algorithm}",
            n_earlier,
            algorithm=title,
        )
        if n_earlier
        else t(
            "guessed from the speed of this machine; no run of {algorithm} was made here yet",
            algorithm=title,
        )
    )
    likely, least, most = (span(time) for time in times)
    if least == most:
        return t(
            "About {likely} on {device}, {source}.", likely=likely, device=device, source=source
        )
    if least.split()[1].rstrip("s") == most.split()[1].rstrip("s"):
        least = least.split()[0]  # 2 to 8 minutes
    return t(
        "About {likely} ({least} to {most}) on {device}, {source}.",
        likely=likely,
        least=least,
        most=most,
        device=device,
        source=source,
    )


def _warnings(options_type: type, times: Times | None, needed: float, free: float) -> list[str]:
    """Return what to think about before the training begins, each with what to change."""
    titles = {field.name: t(field.title) for field in describe(options_type)}
    said: list[str] = []
    if times is not None and times[0] >= LONG_S:
        said.append(
            t(
                "This will take {span}. Lower {options}, or set a time budget.",
                span=span(times[0]),
                options=_lower("time", titles),
            )
        )
    if needed > free:
        said.append(
            t(
                "This needs about {needed:.1f} GB of memory and {free:.1f} GB are free: it will "
                "probably fail. Lower {options}, or free some memory.",
                needed=needed / 1e9,
                free=free / 1e9,
                options=_lower("memory", titles),
            )
        )
    return said


def _lower(what: str, titles: Mapping[str, str]) -> str:
    found = [titles[name] for name in _LIGHTER[what] if name in titles]
    return t(" or ").join(title[:1].lower() + title[1:] for title in found[:3])
