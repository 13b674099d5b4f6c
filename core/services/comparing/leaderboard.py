"""The leaderboard: what every run of a data set reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from core.analysis import metrics
from core.records import Run
from core.services.comparing.questions import Answers, Model
from core.services.runs.training import list_runs
from core.store.database import Workspace

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


def board(models: Sequence[Model], said: Sequence[Answers]) -> pd.DataFrame:
    """Return the rows of `leaderboard` for models that answer one question, in their order."""
    rows = [
        {**_row(m.run, "test"), "run": m.id, "n_classes": its.probs.shape[1], **_measured(its)}
        for m, its in zip(models, said, strict=True)
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _measured(said: Answers) -> dict[str, Any]:
    figures = metrics.summary(said.y, said.probs)
    low, high = figures["accuracy_ci"]
    return {**{name: figures[name] for name in ["n_images", "chance", *_FIGURES]},
            "low": low, "high": high}  # fmt: skip


_COLUMNS = [
    *("run", "algorithm", "n_classes", "classes", "pair", "class_map", "seed", "n_images"),
    *("accuracy", "low", "high", "chance", *_FIGURES[1:]),
    *("duration_s", "n_parameters", "device", "created_at"),
]


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
