"""The story so far: what is known of a data set, what was tried, and the next sensible step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.analysis.cascades import cascade
from core.language import say, t, tn
from core.records import Run
from core.services.cascades import reporting, saving
from core.services.classes.mapping import list_class_maps, run_confusion
from core.services.data.datasets import get_dataset
from core.services.data.embedding import embedding_status
from core.services.data.exploring import exploration
from core.services.labels.label_sets import list_label_sets
from core.services.labels.reviewing import reviewers
from core.services.runs.training import list_runs
from core.services.story.standing import standing
from core.store import reviews
from core.store.database import Workspace


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the journey: what it is, which page does it, what came out."""

    name: str
    page: str  # stem of the page
    done: bool
    outcome: str  # one sentence; what to do when not done
    params: dict[str, str] = field(default_factory=dict)  # query parameters for the page
    optional: bool = False  # not every data set needs it: never the next step


@dataclass(frozen=True, slots=True)
class Story:
    """A data set's journey; `next_step` is the first needed one not done, or the last."""

    steps: tuple[Step, ...]
    best: dict[str, Any] | None  # the best run on validation, with its test figures

    @property
    def next_step(self) -> Step:
        """Return the first step that is needed and not done; when all are, the last."""
        waiting = (step for step in self.steps if not step.done and not step.optional)
        return next(waiting, self.steps[-1])


def story(ws: Workspace, dataset_id: str, best_run: str | None = None) -> Story:
    """Tell the story of a data set in the order of the journey.

    Parameters
    ----------
    best_run : str, optional
        The run to tell about as the best, where the waterfall has chosen one.
    """
    dataset = get_dataset(ws, dataset_id)
    runs = list_runs(ws, dataset.id)
    whole = [run for run in runs if not run.pair]
    fine = [run for run in whole if run.class_map_id is None]
    best = next((run for run in whole if run.id == best_run), None) or max(
        fine or whole, key=lambda run: run.metrics["val"]["accuracy"], default=None
    )
    steps = (
        Step(
            t("Import"),
            "dataset",
            True,
            t(
                "{images}, {labels}",
                images=tn("{n:,} image", "{n:,} images", dataset.n_images),
                labels=tn("{n} label", "{n} labels", len(dataset.labels)),
            ),
        ),
        _embedded(ws, dataset.id),
        _explored(ws, dataset.id),
        _trained(best),
        _reviewed(ws, dataset.id),
        _classes(ws, dataset.id),
        _experts(ws, runs, best),
        _cascade(ws, dataset.id, best),
        _decided(ws, dataset.id),
        Step(t("Try it"), "predict", False, t("Drop an image and see who answers, and how sure.")),
    )
    return Story(steps, _best(best))


def _embedded(ws: Workspace, dataset_id: str) -> Step:
    found = embedding_status(ws, dataset_id)
    text = (
        t(
            "{n:,} vectors of {dim:,} numbers from {backbone}",
            n=found["n_images"],
            dim=found["dim"],
            backbone=found["backbone"],
        )
        if found
        else t("Turn every image into a vector with a pretrained backbone.")
    )
    return Step(t("Embed"), "explore", found is not None, text)


def _explored(ws: Workspace, dataset_id: str) -> Step:
    found = exploration(ws, dataset_id)
    text = (
        say(found["verdict"]["text"])
        if found
        else t("Ask the embeddings how many classes there are.")
    )
    return Step(t("Explore"), "explore", found is not None, text)


def _trained(best: Run | None) -> Step:
    if best is None:
        return Step(t("Train"), "train", False, t("Train a first model: the probe takes seconds."))
    figures = best.metrics["test"]
    low, high = figures["accuracy_ci"]
    text = t(
        "Best so far: {algorithm}, {accuracy:.1%} ({low:.1f} to {high:.1f}) on {images}, {classes}",
        algorithm=best.algorithm,
        accuracy=figures["accuracy"],
        low=100 * low,
        high=100 * high,
        images=tn("{n:,} test image", "{n:,} test images", figures["n_images"]),
        classes=tn("{n} class", "{n} classes", len(best.classes)),
    )
    return Step(t("Train"), "train", True, text)


def _reviewed(ws: Workspace, dataset_id: str) -> Step:
    with ws.read() as conn:
        n_reviews = reviews.n_events(conn, dataset_id)
    people, made = reviewers(ws, dataset_id), list_label_sets(ws, dataset_id)
    text = t("Are the labels right? One image, one key, several people.")
    if n_reviews:
        text = t(
            "{answers}, {people}",
            answers=tn("{n:,} answer", "{n:,} answers", n_reviews),
            people=tn("{n:,} reviewer", "{n:,} reviewers", len(people)),
        )
    if n_reviews and made:
        text = t(
            "{so_far}; newest label set: {name}, version {version}",
            so_far=text,
            name=made[0].name,
            version=made[0].version,
        )
    return Step(t("Review the labels"), "review", n_reviews > 0, text, optional=True)


def _classes(ws: Workspace, dataset_id: str) -> Step:
    maps = list_class_maps(ws, dataset_id)
    if not maps:
        text = t("Which labels are really one class?")
        return Step(t("Re-think the classes"), "classes", False, text)
    newest = maps[0]
    text = t(
        "{name}, version {version}: {classes}",
        name=newest.name,
        version=newest.version,
        classes=tn("{n} class", "{n} classes", len(set(newest.class_of.values()))),
    )
    return Step(t("Re-think the classes"), "classes", True, text)


def _experts(ws: Workspace, runs: list[Run], best: Run | None) -> Step:
    experts = [run for run in runs if run.pair]
    params: dict[str, str] = {}
    text = t("Train an expert for a pair that is confused.")
    if experts:
        text = tn("{n} trained", "{n} trained", len(experts))
    elif best is not None:
        pairs = cascade.pair_table(run_confusion(ws, best, "val"), best.classes)
        if pairs:
            text = t(
                "{a} and {b} are confused most: {images}",
                a=pairs[0]["a"],
                b=pairs[0]["b"],
                images=tn(
                    "{n:,} validation image", "{n:,} validation images", pairs[0]["n_confused"]
                ),
            )
            params = {"generalist": best.id}
    return Step(t("Train an expert"), "cascade", bool(experts), text, params)


def _cascade(ws: Workspace, dataset_id: str, best: Run | None) -> Step:
    found = saving.all_of(ws, dataset_id)
    text = (
        reporting.verdict(dict(found[0].report))
        if found
        else t("Let experts break the ties, and see if it pays.")
    )
    params = {"generalist": best.id} if best else {}
    return Step(t("Cascade"), "cascade", bool(found), text, params)


def _decided(ws: Workspace, dataset_id: str) -> Step:
    its = standing(ws, dataset_id)
    text = t("Let those decide who have to live with it: approve or decline, with a reason.")
    done = its.n_approved + its.n_declined > 0
    if done:
        text = t(
            "{approved} approved, {declined} declined, {waiting} open",
            approved=its.n_approved,
            declined=its.n_declined,
            waiting=its.n_open,
        )
    return Step(t("Decide"), "decisions", done, text)


def _best(best: Run | None) -> dict[str, Any] | None:
    if best is None:
        return None
    return {
        "run": best.id,
        "algorithm": best.algorithm,
        "n_classes": len(best.classes),
        **best.metrics["test"],
    }
