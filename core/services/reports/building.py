"""Gather a report: its sections in order, in one language."""

from __future__ import annotations

from datetime import UTC, datetime

from core.language import speaking, t
from core.language.text import date
from core.records import Dataset
from core.services.comparing.questions import Model
from core.services.data.datasets import get_dataset
from core.services.decisions import listing
from core.services.reports.adopting import adopt
from core.services.reports.blocks import Report
from core.services.reports.figures import Figures
from core.services.reports.sections import (
    cascades,
    classes,
    data,
    decisions,
    gains,
    labels,
    methods,
    models,
    sources,
)
from core.services.story import choosing
from core.services.story.open_points import open_points
from core.services.story.waterfall import version, waterfall
from core.store.database import Workspace

SCHEMA = 1  # of the JSON


def build(ws: Workspace, dataset_id: str, language: str) -> Report:
    """Return the report of a data set in one language.

    Raises
    ------
    NotFound
        If there is no such data set.
    """
    dataset = get_dataset(ws, dataset_id)
    with speaking(language):
        return _build(ws, dataset, language)


def _build(ws: Workspace, dataset: Dataset, language: str) -> Report:
    figures, now = Figures(), datetime.now(UTC)
    its = waterfall(ws, dataset.id)
    tried = choosing.tried(ws, dataset.id)
    best = None
    if tried.fine:
        best, _ = choosing.best(ws, tried.asked, [Model(run) for run in tried.fine])
    about: dict[str, object] = {
        "schema": SCHEMA,
        "dataset": dataset.id,
        "name": dataset.name,
        "labels": list(dataset.labels),
        "state": version(ws, dataset.id),
        "made_at": now.isoformat(timespec="seconds"),
        "versions": sources.versions(),
    }
    proposals = listing.proposals(ws, dataset.id)
    found = [
        gains.section(figures, its, open_points(ws, dataset.id, its)),
        data.section(ws, dataset, figures),
        labels.section(ws, dataset, figures),
        models.section(ws, dataset, figures, best, tried.asked.labels),
        classes.section(ws, dataset, figures, best),
        cascades.section(ws, dataset, figures),
        decisions.section(ws, dataset, proposals),
        *methods.sections(),
        sources.section(ws, dataset, about),
    ]
    title = t("Report on {name}", name=dataset.name)
    lead = t(
        "Made by Desempate on {day}. What an image classifier reached, what was done to make it "
        "better, what each step was worth, and what was decided.",
        day=date(now),
    )
    whole = [adopt(figures, section) for section in found]
    return Report(title, lead, language, whole, figures, about, decisions.as_rows(proposals))
