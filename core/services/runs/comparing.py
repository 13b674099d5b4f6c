"""Compare runs: the leaderboard, paired differences, and the images behind every cell."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from core.analysis import comparison
from core.errors import InvalidInput
from core.records import Run
from core.services.classes.mapping import held_out, run_confusion
from core.services.runs.training import get_run, list_runs, summary
from core.store.database import Workspace

Answers = tuple[np.ndarray, np.ndarray, np.ndarray]  # of `held_out`: positions, y, probs
_FIGURES = ["accuracy", "balanced_accuracy", "macro_f1", "kappa", "bits", "log_loss", "ece"]


def leaderboard(ws: Workspace, dataset_id: str, *, split: str = "test") -> pd.DataFrame:
    """Return one row a run, the most accurate on validation first, whatever split is shown.

    Returns
    -------
    DataFrame
        run, algorithm, n_classes, classes, pair, class_map, seed, n_images, accuracy with its 95 %
        interval low and high, chance, balanced_accuracy, macro_f1, kappa, bits, log_loss, ece,
        duration_s, n_parameters, device, created_at.

    Notes
    -----
    Picking a run by its test figure makes that figure optimistic; so the order is validation's.
    Runs over other classes, and experts, answer other questions: accuracies compare only among
    rows with the same `classes`.
    """
    runs = list_runs(ws, dataset_id)
    best_first = sorted(runs, key=lambda run: -run.metrics["val"]["accuracy"])
    return pd.DataFrame([_row(run, split) for run in best_first], columns=_COLUMNS)


_COLUMNS = [
    *("run", "algorithm", "n_classes", "classes", "pair", "class_map", "seed", "n_images"),
    *("accuracy", "low", "high", "chance", *_FIGURES[1:]),
    *("duration_s", "n_parameters", "device", "created_at"),
]


def compare(ws: Workspace, run_ids: Sequence[str], *, split: str = "test") -> dict[str, Any]:
    """Compare runs on the same images, pair by pair.

    Returns
    -------
    dict
        `runs`: their figures; `pairs`: [{a, b, n_images, difference, ci, mcnemar_p, holm_p}], the
        difference being the accuracy of a less that of b.

    Raises
    ------
    InvalidInput
        If fewer than two runs are named, one twice, or they differ in data set, classes or in what
        their classes mean; if `split` is neither val nor test.
    """
    if len(run_ids) < 2 or len(set(run_ids)) != len(run_ids):
        raise InvalidInput(
            "a comparison takes two or more different runs", received=", ".join(run_ids) or "none"
        )
    members = [get_run(ws, run_id) for run_id in run_ids]
    answers = [held_out(ws, run, split) for run in members]
    for run, its in zip(members[1:], answers[1:], strict=True):
        _check_same_question(members[0], answers[0], run, its)
    correct = [probs.argmax(axis=1) == y for _, y, probs in answers]
    pairs = [
        _pair(members[i], members[j], correct[i], correct[j])
        for i, j in combinations(range(len(members)), 2)
    ]
    for pair, p in zip(pairs, comparison.holm([pair["mcnemar_p"] for pair in pairs]), strict=True):
        pair["holm_p"] = float(p)
    return {"split": split, "runs": [summary(run) for run in members], "pairs": pairs}


def confusion(
    ws: Workspace, run_id: str, *, split: str = "test"
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return (matrix, classes) of a run; int64 (n_classes, n_classes), row = true."""
    run = get_run(ws, run_id)
    return run_confusion(ws, run, split), run.classes


def cell_positions(
    ws: Workspace, run_id: str, true_class: str, predicted_class: str, *, split: str = "test"
) -> list[int]:
    """Return the positions of the images in one cell, those the run is surest of first."""
    run = get_run(ws, run_id)
    rows, y, probs = held_out(ws, run, split)
    true_index, predicted_index = _index(run, true_class), _index(run, predicted_class)
    inside = (y == true_index) & (probs.argmax(axis=1) == predicted_index)
    order = np.argsort(-probs[inside, predicted_index], kind="stable")
    return [int(p) for p in rows[inside][order]]


def _row(run: Run, split: str) -> dict[str, Any]:
    figures = run.metrics[split]
    low, high = figures["accuracy_ci"]
    return {
        "run": run.id,
        "algorithm": run.algorithm,
        "n_classes": len(run.classes),
        "classes": ", ".join(run.classes),
        "pair": " / ".join(run.pair) if run.pair else None,
        "class_map": run.class_map_id,
        "seed": run.seed,
        "n_images": figures["n_images"],
        "low": low,
        "high": high,
        "chance": figures["chance"],
        **{name: figures[name] for name in _FIGURES},
        "duration_s": run.duration_s,
        "n_parameters": run.n_parameters,
        "device": run.device,
        "created_at": run.created_at,
    }


def _check_same_question(first: Run, answers: Answers, run: Run, its: Answers) -> None:
    """Refuse to compare answers about other images, or classes of one name that mean two things."""
    same = (run.dataset_id, run.classes) == (first.dataset_id, first.classes)
    if not same:
        raise InvalidInput(
            "these runs do not answer the same question",
            expected=f"runs over {', '.join(first.classes)} of one data set",
            received=f"{run.id} over {', '.join(run.classes)}",
            todo="choose runs with the same classes",
        )
    if not all(np.array_equal(a, b) for a, b in zip(answers[:2], its[:2], strict=True)):
        raise InvalidInput(
            "classes of one name hold different labels in these runs",
            expected="runs over one class map",
            received=f"{first.id} and {run.id}",
            todo="choose runs with the same class map",
        )


def _pair(a: Run, b: Run, correct_a: np.ndarray, correct_b: np.ndarray) -> dict[str, Any]:
    difference, ci = comparison.paired_difference(correct_a, correct_b)
    return {
        "a": a.id,
        "b": b.id,
        "n_images": len(correct_a),
        "difference": float(difference),
        "ci": [float(bound) for bound in ci],
        "mcnemar_p": float(comparison.mcnemar_exact(correct_a, correct_b)),
    }


def _index(run: Run, name: str) -> int:
    if name not in run.classes:
        raise InvalidInput(
            "this run has no such class", expected=", ".join(run.classes), received=repr(name)
        )
    return run.classes.index(name)
