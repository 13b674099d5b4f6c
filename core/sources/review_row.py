"""One row of a file of reviews, whatever the file, and how a bad one is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from core.errors import InvalidInput
from core.language import t
from core.sources.items import printable


@dataclass(frozen=True, slots=True)
class SaidRow:
    """What one row says: who said what about which image."""

    row: int  # from 1 on, as a person would count them; the header does not count
    image: str  # an image id, a path, or a file name
    reviewer: str
    verdict: Literal["label", "skip", "not_sure"]
    label: str | None
    at: datetime | None  # UTC
    note: str
    source: str
    blind: bool
    event_id: str | None


def refused(name: str, why: str) -> InvalidInput:
    """Return the error that says why a file of reviews is not read."""
    return InvalidInput(
        t("the reviews in {name} are not read: {why}", name=printable(name), why=why),
        expected=t("the columns image, reviewer, label and maybe time, note"),
    )


def parse_time(name: str, row: int, text: str) -> datetime:
    """Return a time; one that names no zone is UTC.

    Raises
    ------
    InvalidInput
        If it is not ISO 8601.
    """
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            t("row {row} of {name} has no time that can be read", row=row, name=printable(name)),
            expected=t("ISO 8601, such as 2026-11-23T16:30:00Z"),
            received=repr(printable(text)[:50]),
        ) from error
