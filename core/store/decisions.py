"""Decisions: what people decided about proposals, each on what it has seen; append-only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from core.errors import Conflict
from core.language import phrase, t
from core.records import Decision
from core.store import tables

_SAME = ("dataset_id", "proposal_id", "action", "who", "reason")  # of a repeated send
_DID = {
    "approve": phrase("{who} approved this at {when} UTC"),
    "decline": phrase("{who} declined this at {when} UTC"),
    "comment": phrase("{who} said something about this at {when} UTC"),
    "withdraw": phrase("{who} withdrew the decision at {when} UTC"),
}


def add(
    conn: Connection, event: Mapping[str, Any], expected_version: int | None
) -> tuple[Decision, bool]:
    """Insert an event in the caller's transaction; return it, and whether it was there already.

    Parameters
    ----------
    event : mapping
        The columns of `tables.decision` but `seq` and `version`.
    expected_version : int or None
        How many events about this proposal the sender has seen; None: whatever there is.

    Raises
    ------
    Conflict
        If somebody was first (the sentence says who, what and when), or the event id was used for
        another event.
    """
    query = select(tables.decision).where(tables.decision.c.event_id == event["event_id"])
    row = conn.execute(query).mappings().first()
    if row is not None:
        if any(row[key] != event[key] for key in _SAME):
            raise Conflict(
                t("this event id was used for another decision"),
                expected=t("a new event id for every decision"),
                received=repr(event["event_id"]),
            )
        return _record(row), True
    spoken = history(conn, event["dataset_id"], event["proposal_id"])
    if expected_version not in (None, len(spoken)):
        raise _stale(spoken, expected_version)
    conn.execute(insert(tables.decision), {**event, "version": len(spoken) + 1})
    return _record(conn.execute(query).mappings().one()), False


def history(conn: Connection, dataset_id: str, proposal_id: str | None = None) -> list[Decision]:
    """Return every event of a data set, or of one proposal, oldest first."""
    c = tables.decision.c
    query = select(tables.decision).where(c.dataset_id == dataset_id)
    if proposal_id is not None:
        query = query.where(c.proposal_id == proposal_id)
    return [_record(row) for row in conn.execute(query.order_by(c.seq)).mappings()]


def _stale(spoken: list[Decision], expected_version: int | None) -> Conflict:
    if not spoken:
        return Conflict(
            t("nobody has said anything about this proposal yet"),
            expected=t("version 0"),
            received=str(expected_version),
        )
    last = spoken[-1]
    return Conflict(
        t(
            _DID[last.action],
            who=last.who,
            when=f"{last.created_at:%Y-%m-%d %H:%M:%S}",
        ),
        expected=t("a decision that has seen version {n}", n=last.version),
        received=t("one that has seen version {n}", n=expected_version),
        todo=t("look at the proposal again"),
    )


def _record(row: RowMapping) -> Decision:
    values = {name: row[name] for name in Decision.__slots__}
    values["created_at"] = datetime.fromisoformat(row["created_at"])
    return Decision(**values)
