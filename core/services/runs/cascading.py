"""Cascades: a generalist, experts for the pairs it confuses, and the threshold between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from core.analysis import calibration
from core.analysis.cascades import cascade
from core.errors import InvalidInput, NotFound
from core.ids import content_id
from core.records import CascadeRecord, Run
from core.services.classes.mapping import run_classes, run_confusion
from core.services.data.datasets import get_dataset, split_index
from core.services.runs.training import get_run, list_runs
from core.store import runs
from core.store.database import Workspace, utc_now


@dataclass(frozen=True, slots=True)
class SplitInputs:
    """One split's images as the cascade sees them."""

    positions: np.ndarray  # int64 (n_images,), row in the data set
    y: np.ndarray  # int64 (n_images,), true class
    probs: np.ndarray  # (n_images, n_classes), calibrated, of the generalist
    expert_probs: list[np.ndarray]  # an (n_images, 2) array for each expert, calibrated
    owner: np.ndarray  # int64 (n_images,), expert that may be asked; -1 none
    sweep: cascade.Sweep


@dataclass(frozen=True, slots=True)
class CascadeInputs:
    """Everything the threshold slider needs, computed once."""

    generalist: Run
    experts: tuple[Run, ...]
    classes: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]
    val: SplitInputs
    test: SplitInputs
    best_tau: float  # the most accurate threshold on validation; 0 when no expert pays


def confused_pairs(ws: Workspace, run_id: str, *, split: str = "val") -> list[dict[str, Any]]:
    """Return the pairs a generalist confuses, most often first.

    Returns
    -------
    list of dict
        a, b, n_confused, share_of_errors, oracle_gain (the most a perfect expert could add to the
        accuracy), expert (id of the newest expert run for the pair over these classes, or None).
    """
    run = get_run(ws, run_id)
    table = cascade.pair_table(run_confusion(ws, run, split), run.classes)
    known = {expert.pair: expert.id for expert in reversed(_experts_for(ws, run))}
    return [{**row, "expert": known.get((row["a"], row["b"]))} for row in table]


def experts_of(ws: Workspace, run_id: str) -> list[Run]:
    """Return the expert runs that fit a generalist (same data set and class map), newest first."""
    return _experts_for(ws, get_run(ws, run_id))


def load_cascade_inputs(ws: Workspace, generalist: str, experts: Sequence[str]) -> CascadeInputs:
    """Gather a cascade's members and sweep its threshold on validation and on test.

    Raises
    ------
    InvalidInput
        If the generalist is an expert, an expert is not, one does not fit the generalist's classes,
        or two answer for the same pair.
    """
    run = get_run(ws, generalist)
    members = tuple(get_run(ws, run_id) for run_id in experts)
    pairs = _check(run, members)
    val, test = (_split_inputs(ws, run, members, pairs, split) for split in ("val", "test"))
    best = cascade.best_tau(val.sweep) if members else 0.0
    return CascadeInputs(run, members, run.classes, pairs, val, test, best)


def report(inputs: CascadeInputs, tau: float) -> dict[str, Any]:
    """Return what `cascade` prints: the figures at `tau` on val and test, and the random control.

    Raises
    ------
    InvalidInput
        If `tau` is outside [0, 1].
    """
    if not 0.0 <= tau <= 1.0:
        raise InvalidInput("tau is out of range", expected="a share in [0, 1]", received=str(tau))
    swept = {
        "val": _sweep_with(inputs, inputs.val, tau),
        "test": _sweep_with(inputs, inputs.test, tau),
    }
    figures: dict[str, Any] = {"tau": tau}
    for split, sweep in swept.items():
        rows = cascade.accounting(sweep, tau)
        pairs = [
            {**row, "expert": expert.id, "pair": list(expert.classes)}
            for row, expert in zip(rows, inputs.experts, strict=True)
        ]
        random = cascade.random_control(sweep, tau)
        figures[split] = {**sweep.at(tau), "pairs": pairs, "random": random}
    figures["controls"] = {"random": figures["test"]["random"]}
    figures["verdict"] = _verdict(figures)
    return figures


def positions_in_cell(
    inputs: CascadeInputs, tau: float, true_class: str, predicted_class: str, *, split: str = "test"
) -> list[int]:
    """Return the positions of the images in one cell of the cascade's confusion matrix at `tau`.

    Raises
    ------
    InvalidInput
        If there is no such class or held-out split, or `tau` is outside [0, 1].
    """
    parts = {"val": inputs.val, "test": inputs.test}
    names = (true_class, predicted_class)
    if split not in parts or not set(names) <= set(inputs.classes):
        raise InvalidInput(
            "this cascade has no such cell",
            expected=f"val or test, and two of {', '.join(inputs.classes)}",
            received=f"{split}, {true_class} and {predicted_class}",
        )
    part, (true, predicted) = parts[split], map(inputs.classes.index, names)
    deferred = cascade.deferred_mask(part.probs, part.owner, tau)
    answer = cascade.answers(
        part.probs, part.owner, part.expert_probs, deferred, pairs=inputs.pairs
    )
    return [int(p) for p in part.positions[(part.y == true) & (answer == predicted)]]


def save_cascade(
    ws: Workspace, generalist: str, experts: Sequence[str], tau: float | Literal["auto"] = "auto"
) -> CascadeRecord:
    """Save a cascade; `auto` takes the threshold that is most accurate on validation.

    Raises
    ------
    InvalidInput
        If no expert is named, the members do not fit, or `tau` is outside [0, 1].
    """
    if not experts:
        raise InvalidInput(
            "a cascade needs at least one expert",
            todo="train one with `python -m core train DATASET --pair A,B`",
        )
    inputs = load_cascade_inputs(ws, generalist, experts)
    chosen = inputs.best_tau if tau == "auto" else float(tau)
    figures = report(inputs, chosen)
    tau_from = "validation" if tau == "auto" else "hand"
    record = {
        "id": content_id("cas", [generalist, sorted(experts), chosen, tau_from]),
        "dataset_id": inputs.generalist.dataset_id,
        "generalist": generalist,
        "experts": list(experts),
        "tau": chosen,
        "tau_from": tau_from,
        "report": figures,
        "created_at": utc_now(),
    }
    with ws.write() as conn:
        runs.add_cascade(conn, record)
        runs.mark(conn, str(record["id"]), archived_at=None)  # who saves it again wants to see it
    return get_cascade(ws, str(record["id"]))


def get_cascade(ws: Workspace, cascade_id: str) -> CascadeRecord:
    """Return a cascade by id.

    Raises
    ------
    NotFound
        If there is none.
    """
    with ws.read() as conn:
        found = runs.find_cascade(conn, cascade_id)
    if found is None:
        raise NotFound("there is no such cascade", received=repr(cascade_id))
    return found


def list_cascades(ws: Workspace, dataset_id: str, *, archived: bool = False) -> list[CascadeRecord]:
    """Return the cascades of a data set, newest first."""
    dataset = get_dataset(ws, dataset_id)
    with ws.read() as conn:
        return runs.cascades_of(conn, dataset.id, archived=archived)


def calibrated(ws: Workspace, run: Run, rows: np.ndarray) -> np.ndarray:
    """Return a run's probabilities for some images after temperature scaling, (n, n_classes)."""
    raw = np.asarray(ws.blobs.open_array(run.predictions)[rows], dtype=np.float64)
    return calibration.apply_temperature(raw, run.temperature)


def answered(ws: Workspace, record: CascadeRecord, rows: np.ndarray) -> np.ndarray:
    """Return what a saved cascade says of some images, (n, n_classes of its generalist)."""
    generalist = get_run(ws, record.generalist)
    experts = [get_run(ws, run_id) for run_id in record.experts]
    pairs = _check(generalist, experts)
    probs = calibrated(ws, generalist, rows)
    owner = cascade.route(probs, pairs)
    deferred = cascade.deferred_mask(probs, owner, record.tau)
    said = [calibrated(ws, expert, rows) for expert in experts]
    return np.asarray(cascade.combine(probs, owner, said, deferred, pairs=pairs))


def _experts_for(ws: Workspace, run: Run) -> list[Run]:
    return [
        other
        for other in list_runs(ws, run.dataset_id)
        if other.pair
        and other.class_map_id == run.class_map_id
        and set(other.pair) <= set(run.classes)
    ]


def _check(run: Run, experts: Sequence[Run]) -> tuple[tuple[int, int], ...]:
    if run.pair:
        raise InvalidInput(
            "a generalist answers for all classes",
            received=f"{run.id}, an expert for {' / '.join(run.pair)}",
            todo="choose a run trained without a pair",
        )
    pairs: list[tuple[int, int]] = []
    for expert in experts:
        if not expert.pair:
            raise InvalidInput(
                "an expert is trained on two classes",
                received=f"{expert.id}, a run over {len(expert.classes)} classes",
            )
        same_question = (expert.dataset_id, expert.class_map_id) == (
            run.dataset_id,
            run.class_map_id,
        )
        if not same_question:
            raise InvalidInput(
                "this expert was trained on another data set or class map than the generalist",
                received=expert.id,
                todo="train the expert with the generalist's class map",
            )
        pair = (run.classes.index(expert.classes[0]), run.classes.index(expert.classes[1]))
        if pair in pairs:
            raise InvalidInput(
                f"two experts answer for {' / '.join(expert.classes)}",
                expected="one expert a pair",
                received=expert.id,
            )
        pairs.append(pair)
    return tuple(pairs)


def _split_inputs(
    ws: Workspace,
    run: Run,
    experts: Sequence[Run],
    pairs: Sequence[tuple[int, int]],
    split: str,
) -> SplitInputs:
    rows = split_index(ws, run.dataset_id, split)
    y = run_classes(ws, run)[rows]
    probs = calibrated(ws, run, rows)
    expert_probs = [calibrated(ws, expert, rows) for expert in experts]
    owner = cascade.route(probs, pairs)
    sweep = cascade.sweep(probs, y, pairs, expert_probs)
    return SplitInputs(rows, y, probs, expert_probs, owner, sweep)


def _sweep_with(inputs: CascadeInputs, part: SplitInputs, tau: float) -> cascade.Sweep:
    """Return the split's sweep, computed anew when `tau` lies between the slider's positions."""
    grid = part.sweep.taus
    if np.isclose(grid, tau, rtol=0.0, atol=1e-9).any():
        return part.sweep
    return cascade.sweep(part.probs, part.y, inputs.pairs, part.expert_probs, grid=[tau])


def _verdict(figures: dict[str, Any]) -> str:
    """Say in one sentence whether the experts pay, on test; "no" is an answer."""
    test = figures["test"]
    low, high = test["gain_ci"]
    if not test["n_deferred"]:
        return "At this threshold nothing is deferred: the cascade is the generalist."
    points = f"{100 * test['gain']:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"
    if low > 0:
        return f"The experts pay: {points} on {test['n_images']:,} test images."
    if high < 0:
        return f"The experts do harm: {points} on {test['n_images']:,} test images."
    return f"No measurable gain: {points} on {test['n_images']:,} test images."
