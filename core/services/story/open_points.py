"""What is open: what was begun and leads nowhere yet, and which page goes on with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.language import Sentence, t, tn
from core.services.cascades import saving
from core.services.labels import adjudicating
from core.services.labels.by_people import FEWEST_IMAGES
from core.services.runs.training import list_runs
from core.services.story.standing import n_stale, standing
from core.services.story.waterfall import Waterfall
from core.store.database import Workspace


@dataclass(frozen=True, slots=True)
class OpenPoint:
    """One sentence, and the page (its stem) that deals with it."""

    text: Sentence
    page: str


def open_points(ws: Workspace, dataset_id: str, its: Waterfall | None) -> list[OpenPoint]:
    """Return what is open about a data set, what all else rests on first."""
    return [
        *_images(ws, dataset_id),
        *(_steps(its) if its is not None else ()),
        *_experts(ws, dataset_id),
        *_decisions(ws, dataset_id),
    ]


def _images(ws: Workspace, dataset_id: str) -> Iterator[OpenPoint]:
    disputed = len(adjudicating.open_positions(ws, dataset_id))
    if disputed:
        yield OpenPoint(
            tn(
                "On {n:,} image reviewers do not agree, and nobody has decided.",
                "On {n:,} images reviewers do not agree, and nobody has decided.",
                disputed,
            ),
            "review",
        )


def _steps(its: Waterfall) -> Iterator[OpenPoint]:
    if not its.reviewed:
        yield OpenPoint(
            t(
                "{n_settled:,} of {n_test:,} test images are settled by review; {needed} are "
                "needed before people, and not the labels of the import, say what is right.",
                n_settled=its.n_settled,
                n_test=its.n_test,
                needed=FEWEST_IMAGES,
            ),
            "review",
        )
    if its.step("labels").state == "unmeasured":
        yield OpenPoint(t("There are new labels that no model has learned from."), "train")
    if its.step("labels").state == "inseparable":
        yield OpenPoint(
            t("Nobody knows what the new labels are worth apart from the algorithm."), "review"
        )
    classes = its.step("classes")
    if classes.verdict in ("lost", "no measurable gain"):
        yield OpenPoint(
            t("The newest class map gains nothing beyond what fewer classes give by themselves."),
            "classes",
        )


def _experts(ws: Workspace, dataset_id: str) -> Iterator[OpenPoint]:
    used = {expert for record in saving.all_of(ws, dataset_id) for expert in record.experts}
    idle = [run for run in list_runs(ws, dataset_id) if run.pair and run.id not in used]
    if idle:
        yield OpenPoint(
            tn("{n} expert is in no cascade yet.", "{n} experts are in no cascade yet.", len(idle)),
            "cascade",
        )


def _decisions(ws: Workspace, dataset_id: str) -> Iterator[OpenPoint]:
    stale = n_stale(ws, dataset_id)
    if stale:
        yield OpenPoint(
            tn(
                "{n} decision rests on evidence that has changed since.",
                "{n} decisions rest on evidence that has changed since.",
                stale,
            ),
            "decisions",
        )
    waiting = standing(ws, dataset_id).n_open
    if waiting:
        yield OpenPoint(
            tn("{n} proposal waits for a decision.", "{n} proposals wait for a decision.", waiting),
            "decisions",
        )
