"""The algorithms that were tried, and a closer look at the best of them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from core.analysis.metrics import confusion_matrix
from core.language import phrase, t, tn
from core.language.text import NONE, duration
from core.records import Dataset
from core.services.comparing import calibrations, coverage, leaderboard, questions
from core.services.comparing.questions import Model
from core.services.labels.label_sets import ORIGINAL
from core.services.reports import pictures
from core.services.reports.blocks import Block, Picture, Section, Table, Text
from core.services.reports.figures import Figures, Unit
from core.services.reports.sections import algorithms
from core.services.story.choosing import labels_of
from core.store.database import Workspace

_FEWEST_KEPT = 10  # a share of right answers among one or two images jumps from 0 to 100 %
_CONFUSED = phrase(
    "What {model} ({id}), the best on validation, answers on the test images, by the labels that "
    "it learned; blue is right, orange is wrong, stronger means a larger share of the true class."
)
_CONFUSED_BY_PEOPLE = phrase(
    "What {model} ({id}), the best on validation by the newest reviewed labels, answers on the "
    "test images, by the labels that it learned; blue is right, orange is wrong, stronger means a "
    "larger share of the true class."
)
_SHARES, _NUMBERS = ("accuracy", "balanced_accuracy", "ece"), ("kappa", "bits", "log_loss")


def section(
    ws: Workspace, dataset: Dataset, figures: Figures, best: Model | None, judged_by: str
) -> Section:
    """Tell what was tried, and how the best one on validation does.

    Parameters
    ----------
    judged_by : str
        The label set by which it is the best, or ORIGINAL.
    """
    table, _ = leaderboard.leaderboard(ws, dataset.id)
    table = table.sort_values("pair", key=lambda pair: pair.notna(), kind="stable")  # experts last
    title = t("The algorithms that were tried")
    if table.empty:
        return Section("models", title, [Text(t("No model was trained yet."))])
    blocks: list[Block] = [
        Text(
            t(
                "Each model answers what it learned to answer, by the labels that it learned: "
                "accuracies compare among models with the same classes and labels only. The order "
                "is that of validation, so the test figure of the first is not the winner's luck."
            )
        ),
        _board(figures, table),
        algorithms.told(ws, dataset),
    ]
    if best is not None:
        blocks += _closer(ws, figures, best, judged_by)
    return Section("models", title, blocks)


def _board(figures: Figures, table: pd.DataFrame) -> Table:
    head = [
        t("model"), t("labels"), t("classes"), t("seed"), t("accuracy"), t("95 % interval"),
        t("chance"), t("kappa"), t("training"), t("id"),
    ]  # fmt: skip
    rows = []
    for row in table.to_dict("records"):
        name = _take(figures, row)
        trained = row["duration_s"]
        rows.append(
            [
                f"{row['name'] or row['algorithm']}{_pair(row)}",
                t("import") if row["labels"] == ORIGINAL else t("reviewed"),
                str(row["n_classes"]),
                str(row["seed"]),
                figures.text(f"{name}.accuracy", ".1%"),
                t(
                    "{low:.1%} to {high:.1%}",
                    low=figures.number(f"{name}.accuracy", "low"),
                    high=figures.number(f"{name}.accuracy", "high"),
                ),
                figures.text(f"{name}.chance", ".1%"),
                figures.text(f"{name}.kappa", ".2f"),
                NONE if pd.isna(trained) else duration(float(trained)),
                row["run"],
            ]
        )
    caption = t("Models on their test images, the best on validation first (Wilson intervals).")
    return Table(caption, head, rows, first_number=2, sortable=True, n_words_after=1)


def _pair(row: Mapping[Hashable, Any]) -> str:
    return f" · {row['pair']}" if row["pair"] else ""


def _take(figures: Figures, row: Mapping[Hashable, Any]) -> str:
    name = f"model.{row['run']}"

    def add(part: str, unit: Unit, interval: Sequence[float] | None = None) -> None:
        figures.add(
            f"{name}.{part}",
            float(row[part]),
            unit,
            interval,
            n=int(row["n_images"]),
            split="test",
            sources=(row["run"],),
        )

    for part in (*_SHARES, *_NUMBERS):
        unit: Unit = "share" if part in _SHARES else "number"
        add(part, unit, (row[f"{part}_low"], row[f"{part}_high"]))
    add("chance", "share")
    return name


def _closer(ws: Workspace, figures: Figures, best: Model, judged_by: str) -> list[Block]:
    """Return what the best model confuses, and whether its confidence means what it says."""
    asked = replace(questions.own(best), labels=labels_of(best.run))
    said = questions.answers(ws, asked, best)
    matrix = confusion_matrix(said.y, said.predicted, len(asked.classes))
    claims = calibrations.evidence(ws, asked, best.id)
    right = calibrations.correction(claims).after
    curve = coverage.coverage(said, "test")
    fewest = min(_FEWEST_KEPT, len(said.y))
    ece = figures.add(
        "best.ece", right.ece.value, "share", right.ece[1:], n=len(said.y), split="test",
        sources=(best.id,),
    )  # fmt: skip
    claimed = figures.add(
        "best.claimed", right.claimed, "share", n=len(said.y), split="test", sources=(best.id,)
    )
    reached = figures.add(
        "best.accuracy", right.accuracy, "share", n=len(said.y), split="test", sources=(best.id,)
    )
    counts = {
        (i, j): figures.add(
            f"best.confusion.{i}.{j}", int(matrix[i, j]), "count", split="test", sources=(best.id,)
        )
        for i, j in np.ndindex(matrix.shape)
    }

    def cell(i: int, j: int) -> str:
        return figures.text(counts[i, j], ",")

    names = {"model": best.run.algorithm, "id": best.id}
    alt = t("Confusion matrix of {model}: true classes in rows, answers in columns.", **names)
    alt_sure = t("Share of right answers of {model} over its confidence.", **names)
    alt_kept = t("Accuracy of {model} on the images that it is surest of.", **names)
    return [
        Picture(
            pictures.confusion(matrix, asked.classes, alt, cell),
            alt,
            t(_CONFUSED if judged_by == ORIGINAL else _CONFUSED_BY_PEOPLE, **names),
        ),
        Picture(
            pictures.reliability(right.bins, alt_sure),
            alt_sure,
            t(
                "Does its confidence mean what it says? It claims {claimed:.1%} on average and "
                "reaches {reached:.1%}; calibration error {ece:.1%}. On the dashed line it would "
                "mean what it says; below, it is too sure.",
                claimed=figures.number(claimed),
                reached=figures.number(reached),
                ece=figures.number(ece),
            ),
            small=True,
        ),
        Picture(
            pictures.coverage(curve.drawn[curve.drawn["n_kept"] >= fewest], alt_kept),
            alt_kept,
            tn(
                "If it answers only what it is surest of, {n} image or more, and leaves the rest "
                "to a person: how often it is right, over the share that it answers.",
                "If it answers only what it is surest of, {n} images or more, and leaves the rest "
                "to a person: how often it is right, over the share that it answers.",
                fewest,
            ),
            small=True,
        ),
    ]
