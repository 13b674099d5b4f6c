"""What every word about an image needs: a name, an event id, an image and a label that exist."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.errors import InvalidInput, NotFound
from core.language import t
from core.records import Dataset
from core.services.data.datasets import label_indices, positions_by_id
from core.store.database import Workspace, utc_now

_NAME_MOST, ID_MOST, NOTE_MOST = 64, 64, 2_000  # characters


def person(name: str) -> str:
    """Return the name of a person as it is kept.

    Raises
    ------
    InvalidInput
        If it is empty, too long, or holds what cannot be seen.

    Examples
    --------
    >>> person(" Ana ")
    'Ana'
    """
    clean = name.strip()
    if not 0 < len(clean) <= _NAME_MOST or not clean.isprintable():
        raise InvalidInput(
            t("a reviewer needs a name"),
            expected=t("1 to {name_most} characters that can be seen", name_most=_NAME_MOST),
            received=repr(name[:80]),
        )
    return clean


def utc_text(at: datetime) -> str:
    """Return a time as the store keeps it; one without a zone is taken as UTC."""
    zoned = at if at.tzinfo else at.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).isoformat(timespec="microseconds")


def event_of(
    ws: Workspace, dataset: Dataset, image: str, event_id: str, note: str
) -> dict[str, Any]:
    """Return the columns that all events share, stamped with the time.

    Raises
    ------
    NotFound
        If the image is not in the data set.
    InvalidInput
        If the event id is empty or the note too long.
    """
    position_of(ws, dataset, image)
    if not 0 < len(event_id) <= ID_MOST:
        raise InvalidInput(
            t("an answer needs an event id"),
            expected=t("1 to 64 characters"),
            received=repr(event_id),
        )
    if len(note) > NOTE_MOST:
        raise InvalidInput(
            t("the note is too long"),
            expected=t("at most {note_most:,} characters", note_most=NOTE_MOST),
            received=f"{len(note):,}",
        )
    return {
        "event_id": event_id,
        "dataset_id": dataset.id,
        "image_id": image,
        "note": note,
        "created_at": utc_now(),
    }


def check_label(dataset: Dataset, label: str | None) -> None:
    """Raise InvalidInput unless this is a label of the data set."""
    if label not in dataset.labels:
        raise InvalidInput(
            t("this data set has no such label"),
            expected=t("one of {labels}", labels=", ".join(dataset.labels)),
            received=repr(label),
        )


def position_of(ws: Workspace, dataset: Dataset, image: str) -> int:
    """Return the position of an image.

    Raises
    ------
    NotFound
        If the image is not in the data set.
    """
    position = positions_by_id(ws, dataset.id).get(image)
    if position is None:
        raise NotFound(t("{name} has no such image", name=dataset.name), received=repr(image))
    return position


def given_label(ws: Workspace, dataset: Dataset, position: int) -> str:
    """Return the label that an image has from the import."""
    return dataset.labels[int(label_indices(ws, dataset)[position])]
