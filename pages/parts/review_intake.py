"""Answers that arrive from the browser: each is stored before it counts as saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from core.errors import AppError, Conflict
from core.language import t
from core.records import Dataset, Review
from core.services.labels import reviewing
from core.services.workspace import Workspace
from pages.ui import messages

Verdict = Literal["label", "skip", "not_sure"]


@dataclass
class Receipt:
    """What became of some answers.

    Attributes
    ----------
    saved : list of str
        Event ids that are on the disk.
    refused : dict
        Event id -> {why: a sentence, version: what to send it over, None if that cannot help}.
    undone : dict
        Event id of a taking back -> id of the image that it was about.
    last : Review or None
        The last answer that was stored and not taken back here.
    """

    saved: list[str] = field(default_factory=list)
    refused: dict[str, dict[str, Any]] = field(default_factory=dict)
    undone: dict[str, str] = field(default_factory=dict)
    last: Review | None = None


def take_in(
    ws: Workspace, dataset: Dataset, reviewer: str, events: Sequence[Mapping[str, Any]]
) -> Receipt:
    """Store answers in their order and tell what became of each; a repeated one counts once."""
    receipt = Receipt()
    for event in events:
        event_id = str(event["id"])
        with messages.guard() as outcome:
            try:
                stored = _store(ws, dataset, reviewer, event)
            except AppError as error:
                receipt.refused[event_id] = _refusal(ws, dataset, reviewer, event, error)
                continue
            receipt.saved.append(event_id)
            if event["verdict"] != "undo":
                receipt.last = stored
            elif stored is not None:
                receipt.undone[event_id] = stored.image_id
                receipt.last = None
        if not outcome.ok:
            receipt.refused[event_id] = {"why": f"{t(messages.UNEXPECTED)}.", "version": None}
    return receipt


def _store(
    ws: Workspace, dataset: Dataset, reviewer: str, event: Mapping[str, Any]
) -> Review | None:
    event_id, label, undoes = str(event["id"]), event["label"], event["undoes"]
    if event["verdict"] == "undo":
        return reviewing.undo(
            ws,
            dataset.id,
            reviewer=reviewer,
            event_id=event_id,
            undoes=None if undoes is None else str(undoes),
        )
    return reviewing.submit(
        ws,
        dataset.id,
        str(event["image"]),
        reviewer=reviewer,
        event_id=event_id,
        verdict=cast(Verdict, event["verdict"]),
        label=None if label is None else str(label),
        note=str(event["note"]),
        expected_version=int(event["version"]),
        source=str(event["source"]),
        blind=bool(event["blind"]),
    )


def _refusal(
    ws: Workspace, dataset: Dataset, reviewer: str, event: Mapping[str, Any], error: AppError
) -> dict[str, Any]:
    """Return why an answer is not saved, and over which version it can be sent again."""
    version = None
    if isinstance(error, Conflict) and event["verdict"] != "undo":
        version = reviewing.image_state(ws, dataset.id, str(event["image"]), reviewer).version
    return {"why": messages.capitalise(str(error)), "version": version}
