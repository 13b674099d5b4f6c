"""The leaderboard: what every model that answers a question reached, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from core.analysis.comparisons.estimates import FIGURES, estimates
from core.analysis.comparisons.intervals import Estimate
from core.analysis.metrics import chance_accuracy, confusion_matrix
from core.ids import content_id
from core.records import HeldOut, Run
from core.services.comparing import questions
from core.services.comparing.questions import Answers, Apart, Model, Question
from core.services.costs import charging
from core.services.labels.label_sets import ORIGINAL
from core.services.runs import training
from core.store.database import Workspace

_ENDS = ("", "_low", "_high")
_COLUMNS = [
    *("run", "algorithm", "name", "n_classes", "classes", "pair", "class_map", "labels", "seed"),
    *("n_images", "chance", "val_accuracy"),
    *(f"{name}{end}" for name in (*FIGURES, "cost") for end in _ENDS),
    *("duration_s", "ms_per_image", "n_parameters", "device", "created_at", "starred", "pinned"),
    "recipe",
]
_TYPES: dict[str, Any] = {
    **{"starred": bool, "pinned": bool, "n_parameters": "Int64"},
    **{"duration_s": float, "ms_per_image": float},
    **{f"cost{end}": float for end in _ENDS},
}
_COSTS = ("duration_s", "ms_per_image", "n_parameters")


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one model's answers, and what they stand on."""

    n_images: int
    n_classes: int
    chance: float
    figures: Mapping[str, Estimate]


def leaderboard(
    ws: Workspace,
    dataset_id: str,
    *,
    split: HeldOut = "test",
    question: Question | None = None,
) -> tuple[pd.DataFrame, list[Apart]]:
    """Return one row a run or cascade, the most accurate on validation first, and who is apart.

    Parameters
    ----------
    question : Question, optional
        What all of them are asked; without it, each is asked what it was trained to answer, by
        the labels that it learned.

    Returns
    -------
    DataFrame
        As `board`.
    list of Apart
        Models that cannot answer the question, with the reason.

    Notes
    -----
    Picking a model by its test figure makes that figure optimistic; so the order is validation's,
    whatever split is shown. Without a question accuracies compare only among rows with the same
    `classes` and `labels`.
    """
    models = questions.models_of(ws, dataset_id)
    apart: list[Apart] = []
    if question is not None:
        models, apart = questions.takes_part(ws, question, models)
    asked = [replace(question or _own(model), split=split) for model in models]
    said = [questions.answers(ws, q, model) for q, model in zip(asked, models, strict=True)]
    val = [val_accuracy(ws, q, model) for q, model in zip(asked, models, strict=True)]
    costs = charging.of_models(ws, dataset_id, models, split, question.labels if question else None)
    table = board(ws, models, [measure(its) for its in said], val, costs)
    table["classes"] = [", ".join(q.classes) for q in asked]
    table["pair"] = pd.Series([" / ".join(q.pair) if q.pair else None for q in asked], dtype=object)
    return table.iloc[best_first(models, val)], apart


def best_first(models: Sequence[Model], val_accuracies: Sequence[float]) -> list[int]:
    """Return the order of models by validation; of equals, a run before a cascade.

    A cascade that defers nothing answers as its generalist does, which is simpler.
    """

    def key(i: int) -> tuple[float, bool]:
        return -val_accuracies[i], models[i].cascade is not None

    return sorted(range(len(models)), key=key)


def measure(said: Answers) -> Measured:
    """Return every figure of some answers with its 95 % interval."""
    n_classes = said.probs.shape[1]
    chance = chance_accuracy(confusion_matrix(said.y, said.predicted, n_classes))
    return Measured(len(said.y), n_classes, chance, estimates(said.y, said.probs))


def val_accuracy(ws: Workspace, question: Question, model: Model) -> float:
    """Return a model's accuracy on the validation images of a question: what the order follows."""
    return float(questions.answers(ws, replace(question, split="val"), model).right.mean())


def board(
    ws: Workspace,
    models: Sequence[Model],
    measured: Sequence[Measured],
    val_accuracies: Sequence[float],
    costs: Sequence[Estimate | None] = (),
) -> pd.DataFrame:
    """Return one row a model, in the order given.

    Parameters
    ----------
    costs : sequence, one a model, optional
        What an image costs by its answers (`charging.of_model`), where mistakes have costs.

    Returns
    -------
    DataFrame
        run (id of a run or a cascade), algorithm, name (or None), n_classes, classes, pair,
        class_map and labels (ids: what it learned), seed, n_images, chance, val_accuracy; each of
        `FIGURES` and cost (NaN without) with _low and _high; duration_s (of training; of a cascade,
        of all its members), ms_per_image, n_parameters (None where nobody knows), device,
        created_at, starred, pinned, recipe (equal for runs that differ in nothing but the seed).
    """
    rows = []
    charged = costs or [None] * len(models)
    for model, its, val, cost in zip(models, measured, val_accuracies, charged, strict=True):
        row = {**_described(ws, model), "n_images": its.n_images, "n_classes": its.n_classes}
        row |= {"chance": its.chance, "val_accuracy": val}
        figures = dict(its.figures) if cost is None else {**its.figures, "cost": cost}
        for name, (value, low, high) in figures.items():
            row |= {name: value, f"{name}_low": low, f"{name}_high": high}
        rows.append(row)
    return pd.DataFrame(rows, columns=_COLUMNS).astype(_TYPES)


def by_recipe(table: pd.DataFrame) -> pd.DataFrame:
    """Fold runs that differ in nothing but the seed into one row, in order of the first of them.

    Returns
    -------
    DataFrame
        The columns of `board`, with means over the seeds, and for each of `FIGURES` `_sd`, the
        standard deviation over seeds (NaN of a single one), `n_seeds`, and `runs`, their ids.

    Notes
    -----
    Ends of intervals are means, too: all seeds are measured on the same images, so more of them do
    not make the images more.
    """
    figures = (*FIGURES, "cost")
    numbers = [*(f"{n}{end}" for n in figures for end in _ENDS), *_COSTS, "val_accuracy"]
    rows = []
    for _, same in table.groupby("recipe", sort=False):
        row = same.iloc[0].to_dict()
        row |= {c: same[c].astype(float).mean() for c in numbers}
        row |= {f"{name}_sd": same[name].std(ddof=1) for name in figures}
        row |= {mark: bool(same[mark].any()) for mark in ("starred", "pinned")}
        row["seed"] = ", ".join(str(seed) for seed in sorted(same["seed"]))
        row |= {"n_seeds": len(same), "runs": list(same["run"])}
        rows.append(row)
    extra = [*(f"{name}_sd" for name in figures), "n_seeds", "runs"]
    return pd.DataFrame(rows, columns=[*_COLUMNS, *extra])


def _own(model: Model) -> Question:
    """Return what a model was trained to answer, by the labels that it learned."""
    return replace(questions.own(model), labels=_labels(model.run))


def _labels(run: Run) -> str:
    return str(run.config.get("labels") or ORIGINAL)


def _described(ws: Workspace, model: Model) -> dict[str, Any]:
    """Return what a row says beside figures."""
    run, record = model.run, model.cascade
    marked = record or run
    experts = [training.get_run(ws, i) for i in record.experts] if record else []
    return {
        "run": model.id,
        "algorithm": "cascade" if record else run.algorithm,
        "name": marked.name or (None if record else run.config.get("name")),
        "classes": ", ".join(run.classes),
        "pair": " / ".join(run.pair) if run.pair else None,
        "class_map": run.class_map_id,
        "labels": _labels(run),
        "seed": run.seed,
        "duration_s": _sum([run.duration_s, *(e.duration_s for e in experts)]),
        "ms_per_image": _time(model, experts),
        "n_parameters": _sum([run.n_parameters, *(e.n_parameters for e in experts)]),
        "device": run.device,
        "created_at": marked.created_at,
        "starred": marked.starred,
        "pinned": marked.pinned,
        "recipe": model.id if record else _recipe(run),
    }


def _sum(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def _time(model: Model, experts: Sequence[Run]) -> float | None:
    """Return the milliseconds for an image; of a cascade, an expert's count where it is asked."""
    if model.cascade is None:
        return model.run.ms_per_image
    share = {row["expert"]: row["deferral_rate"] for row in model.cascade.report["test"]["pairs"]}
    asked = [
        None if e.ms_per_image is None else share.get(e.id, 0.0) * e.ms_per_image for e in experts
    ]
    return _sum([model.run.ms_per_image, *asked])


def _recipe(run: Run) -> str:
    """Return a hash of everything that decided a run, but its seed.

    A model from elsewhere is its own recipe: what else differs between two of them nobody knows.
    """
    if run.is_imported:
        return run.id
    config = {name: value for name, value in run.config.items() if name != "seed"}
    return content_id("recipe", [run.dataset_id, run.class_map_id, run.pair, config])
