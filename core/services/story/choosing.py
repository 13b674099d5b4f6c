"""Which models the story goes through: the first one, and the best on validation after each step.

What is chosen here is chosen on validation images and told on test images, so that no gain is the
winner's luck. Runs that differ in nothing but the seed are one choice: picking the luckiest seed
would be luck, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from core.ids import content_id
from core.records import ClassMapRecord, Run
from core.services.comparing import leaderboard, questions
from core.services.comparing.questions import Model, Question
from core.services.data.datasets import get_dataset
from core.services.labels.label_sets import ORIGINAL, list_label_sets
from core.services.story.standing import class_map_in_use
from core.store.database import Workspace


@dataclass(frozen=True, slots=True)
class Tried:
    """Everything that was tried, and the questions it is asked.

    Attributes
    ----------
    fine : tuple of Run
        One run a recipe over the labels as they are, oldest first; the first is the start.
    merged : tuple of Run
        One run a recipe that learned the classes of `class_map`.
    cascades : tuple of Model
        Cascades that answer the last question, newest first.
    class_map : ClassMapRecord or None
        See `standing.class_map_in_use`.
    asked : Question
        About the labels as they are, by the newest label set, on validation.
    asked_last : Question
        The same about the classes of `class_map`.
    label_sets : tuple of str
        Ids, newest first.
    """

    fine: tuple[Run, ...]
    merged: tuple[Run, ...]
    cascades: tuple[Model, ...]
    class_map: ClassMapRecord | None
    asked: Question
    asked_last: Question
    label_sets: tuple[str, ...]


def tried(ws: Workspace, dataset_id: str) -> Tried:
    """Gather what was tried on a data set; hidden runs and cascades are left out."""
    dataset = get_dataset(ws, dataset_id)
    models = questions.models_of(ws, dataset.id)
    runs = [model.run for model in models if model.cascade is None and not model.run.pair]
    runs.sort(key=lambda run: (run.created_at, run.id))
    sets, class_map = list_label_sets(ws, dataset.id), class_map_in_use(ws, dataset.id)
    labels = sets[0].id if sets else ORIGINAL
    asked, asked_last = (
        replace(questions.question(ws, dataset.id, its, labels), split="val")
        for its in (None, class_map.id if class_map else None)
    )
    fine = _first_on_original([run for run in runs if run.class_map_id is None])
    cascades = [model for model in models if model.cascade is not None]
    return Tried(
        one_a_recipe(fine),
        one_a_recipe(run for run in runs if class_map and run.class_map_id == class_map.id),
        tuple(questions.takes_part(ws, asked_last, cascades)[0]),
        class_map,
        asked,
        asked_last,
        tuple(one.id for one in sets),
    )


def labels_of(run: Run) -> str:
    """Return the label set that a run learned, or ORIGINAL."""
    return str(run.config.get("labels") or ORIGINAL)


def recipe(run: Run) -> str:
    """Return what runs have in common that differ in seed and labels only.

    A model from elsewhere is its own recipe: what else differs between two of them nobody knows.
    """
    if run.is_imported:
        return run.id
    rest = {name: value for name, value in run.config.items() if name not in ("seed", "labels")}
    return content_id("recipe", [run.algorithm, run.class_map_id, rest])


def one_a_recipe(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Return one run for each recipe and label set: that of the first seed, in the order given."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((recipe(run), labels_of(run)), []).append(run)
    first = next(iter(groups.values()), [])
    chosen = {run.id for run in (min(its, key=lambda run: run.seed) for its in groups.values())}
    if first:  # the start is the oldest run, whatever its seed
        chosen = chosen - {run.id for run in first} | {first[0].id}
    return tuple(run for its in groups.values() for run in its if run.id in chosen)


def best(ws: Workspace, asked: Question, models: Sequence[Model]) -> tuple[Model, float]:
    """Return the most accurate model on validation and its accuracy there; of equals the first."""
    scores = [leaderboard.val_accuracy(ws, asked, model) for model in models]
    at = max(range(len(models)), key=lambda i: (scores[i], -i))
    return models[at], scores[at]


def same(fine: Sequence[Run], its_recipe: Run, its_labels: Run) -> Run | None:
    """Return the run with the recipe of one run and the labels of another, if there is one."""
    wanted = (recipe(its_recipe), labels_of(its_labels))
    return next((run for run in fine if (recipe(run), labels_of(run)) == wanted), None)


def _first_on_original(runs: list[Run]) -> list[Run]:
    """Return runs, oldest first, but those on the import's labels before all others."""
    return sorted(runs, key=lambda run: labels_of(run) != ORIGINAL)
