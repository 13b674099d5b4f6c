"""Adjudications: decisions about images that reviewers left open, each on what it has seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from core.errors import Conflict
from core.language import t
from core.records import Adjudication
from core.store import tables

_SAME = ("dataset_id", "image_id", "label", "who")  # of a repeated send


def add(
    conn: Connection, event: Mapping[str, Any], expected_version: int
) -> tuple[Adjudication, bool]:
    """Insert a decision in the caller's transaction; return it, and whether it was there already.

    Parameters
    ----------
    event : mapping
        The columns of `tables.adjudication` but `version`.
    expected_version : int
        How many decisions about this image the sender has seen.

    Raises
    ------
    Conflict
        If somebody decided in the meantime (the sentence says who, what and when), or the event id
        was used for another decision.
    """
    c = tables.adjudication.c
    query = select(tables.adjudication).where(c.event_id == event["event_id"])
    row = conn.execute(query).mappings().first()
    if row is not None:
        if any(row[key] != event[key] for key in _SAME):
            raise Conflict(
                t("this event id was used for another decision"),
                expected=t("a new event id for every decision"),
                received=repr(event["event_id"]),
            )
        return _record(row), True
    spoken = history(conn, event["dataset_id"], event["image_id"])
    if len(spoken) != expected_version:
        raise _stale(spoken, expected_version)
    values = {**event, "version": len(spoken) + 1}
    conn.execute(insert(tables.adjudication), values)
    return _record(conn.execute(query).mappings().one()), False


def history(conn: Connection, dataset_id: str, image_id: str) -> list[Adjudication]:
    """Return every decision about an image, oldest first; the last one counts."""
    c = tables.adjudication.c
    query = select(tables.adjudication).where(c.dataset_id == dataset_id, c.image_id == image_id)
    return [_record(row) for row in conn.execute(query.order_by(c.version)).mappings()]


def current(conn: Connection, dataset_id: str) -> dict[str, Adjudication]:
    """Return {image id: the decision that counts}, those that opened an image again left out."""
    c = tables.adjudication.c
    query = select(tables.adjudication).where(c.dataset_id == dataset_id).order_by(c.version)
    last = {row["image_id"]: _record(row) for row in conn.execute(query).mappings()}
    return {image_id: its for image_id, its in last.items() if its.label is not None}


def _stale(spoken: list[Adjudication], expected_version: int) -> Conflict:
    if not spoken:
        return Conflict(
            t("nobody has decided about this image yet"),
            expected=t("expected_version 0"),
            received=str(expected_version),
        )
    last = spoken[-1]
    when = f"{last.created_at:%Y-%m-%d %H:%M:%S}"
    return Conflict(
        t("{who} decided {label} at {when} UTC", who=last.who, label=last.label, when=when)
        if last.label
        else t("{who} opened this image again at {when} UTC", who=last.who, when=when),
        expected=t("a decision that has seen version {version}", version=last.version),
        received=t("one that has seen version {version}", version=expected_version),
        todo=t("look at the image again"),
    )


def _record(row: RowMapping) -> Adjudication:
    values = {name: row[name] for name in Adjudication.__slots__}
    values["created_at"] = datetime.fromisoformat(row["created_at"])
    return Adjudication(**values)
