"""Reviews: what each person said about each image, in an order that clocks cannot change.

Only ever added to. A repeated send of one event id counts once; what a person said before is
followed by what they say now, and "undo" is an event like any other. `review_current` holds what
counts of it; it is written in the same transaction and `rebuild` would make the same again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select

from core.errors import Conflict
from core.language import phrase, t
from core.records import Review
from core.store import tables
from core.store.sql import insert_or_replace

_SAME = ("dataset_id", "image_id", "reviewer", "verdict", "label", "undoes")  # of a repeated send
_LAST_WORD = {
    "label": phrase("{who} said {label} about this image at {when} UTC"),
    "skip": phrase("{who} chose skip about this image at {when} UTC"),
    "not_sure": phrase("{who} chose not sure about this image at {when} UTC"),
    "undo": phrase("{who} chose undo about this image at {when} UTC"),
}
_IDS_AT_ONCE = 10_000  # SQLite takes 32,766 parameters a statement


def add(
    conn: Connection, event: Mapping[str, Any], expected_version: int | None = None
) -> tuple[Review, bool]:
    """Insert one event in the caller's transaction; return it, and whether it was there already.

    Parameters
    ----------
    event : mapping
        The columns of `tables.review` but `seq` and `version`.
    expected_version : int, optional
        How many events of this person on this image the sender has seen; None does not check.

    Raises
    ------
    Conflict
        If the event id was used for something else, the sender has not seen this person's last
        word, or what is to be undone does not count (any more).
    """
    first = find(conn, event["event_id"])
    if first is not None:
        _check_same(first, event)
        return first, True
    thread = (event["dataset_id"], event["image_id"], event["reviewer"])
    version, counting = state(conn, *thread)
    if expected_version is not None and expected_version != version:
        raise _stale(conn, thread, expected_version, version)
    if event["verdict"] == "undo" and (counting is None or counting.event_id != event["undoes"]):
        raise Conflict(
            t("this cannot be taken back: it is not what counts now"),
            expected=t("the event {event_id}", event_id=counting.event_id)
            if counting
            else t("a review that counts"),
            received=str(event["undoes"]),
            todo=t("look at the image again"),
        )
    values = {**event, "version": version + 1, "blind": int(event["blind"])}
    seq = conn.execute(insert(tables.review), values).inserted_primary_key[0]  # type: ignore[index]
    now = seq if event["verdict"] != "undo" else _before(conn, thread)
    _set_current(conn, [(*thread, version + 1, now)])
    return _get(conn, seq), False


def add_many(conn: Connection, events: Sequence[Mapping[str, Any]]) -> int:
    """Insert events of one data set that undo nothing, as an import does; return how many are new.

    Raises
    ------
    Conflict
        If an event id was used for something else.
    """
    if not events:
        return 0
    dataset_id = str(events[0]["dataset_id"])
    stored = known(conn, [str(event["event_id"]) for event in events])
    c = tables.review_current.c
    versions: dict[tuple[str, str], int] = {
        (row.image_id, row.reviewer): row.version
        for row in conn.execute(
            select(c.image_id, c.reviewer, c.version).where(c.dataset_id == dataset_id)
        )
    }
    rows: dict[str, dict[str, Any]] = {}
    for event in events:
        first = stored.get(event["event_id"]) or rows.get(event["event_id"])
        if first is not None:
            _check_same(first, event)
            continue
        thread = (event["image_id"], event["reviewer"])
        versions[thread] = versions.get(thread, 0) + 1
        values = {**event, "version": versions[thread], "blind": int(event["blind"])}
        rows[event["event_id"]] = values
    if not rows:
        return 0
    conn.execute(insert(tables.review), list(rows.values()))
    new = sorted(known(conn, list(rows)).values(), key=lambda event: event.version)
    newest = {(event.image_id, event.reviewer): event for event in new}
    _set_current(conn, [(dataset_id, *key, e.version, e.seq) for key, e in newest.items()])
    return len(rows)


def find(conn: Connection, event_id: str) -> Review | None:
    """Return the event with this id, or None."""
    return known(conn, [event_id]).get(event_id)


def state(
    conn: Connection, dataset_id: str, image_id: str, reviewer: str
) -> tuple[int, Review | None]:
    """Return how often a person spoke about an image, and what of it counts (None: nothing)."""
    c = tables.review_current.c
    query = select(c.version, c.seq).where(
        c.dataset_id == dataset_id, c.image_id == image_id, c.reviewer == reviewer
    )
    row = conn.execute(query).first()
    if row is None:
        return 0, None
    return row.version, None if row.seq is None else _get(conn, row.seq)


def current(
    conn: Connection,
    dataset_id: str,
    *,
    reviewer: str | None = None,
    image_id: str | None = None,
) -> list[Review]:
    """Return what counts: at most one review of each person on each image, in order of `seq`."""
    c = tables.review_current.c
    query = select(tables.review).join(tables.review_current, c.seq == tables.review.c.seq)
    query = query.where(c.dataset_id == dataset_id)
    if reviewer is not None:
        query = query.where(c.reviewer == reviewer)
    if image_id is not None:
        query = query.where(c.image_id == image_id)
    return [_review(row) for row in conn.execute(query.order_by(tables.review.c.seq)).mappings()]


def last(conn: Connection, dataset_id: str, reviewer: str) -> Review | None:
    """Return a person's last review that counts, or None."""
    c = tables.review_current.c
    query = select(func.max(c.seq)).where(c.dataset_id == dataset_id, c.reviewer == reviewer)
    seq = conn.scalar(query)
    return None if seq is None else _get(conn, seq)


def history(
    conn: Connection,
    dataset_id: str,
    *,
    reviewer: str | None = None,
    image_id: str | None = None,
) -> list[Review]:
    """Return every event of a data set in the order it was stored, undoing included."""
    c = tables.review.c
    query = select(tables.review).where(c.dataset_id == dataset_id)
    if reviewer is not None:
        query = query.where(c.reviewer == reviewer)
    if image_id is not None:
        query = query.where(c.image_id == image_id)
    return [_review(row) for row in conn.execute(query.order_by(c.seq)).mappings()]


def last_seq(conn: Connection, dataset_id: str) -> int:
    """Return the number of the last event of a data set, 0 without any."""
    where = tables.review.c.dataset_id == dataset_id
    return int(conn.scalar(select(func.max(tables.review.c.seq)).where(where)) or 0)


def n_events(conn: Connection, dataset_id: str) -> int:
    """Return how many events a data set has, undoing included."""
    where = tables.review.c.dataset_id == dataset_id
    return int(conn.scalar(select(func.count()).select_from(tables.review).where(where)) or 0)


def replay(events: Sequence[Review]) -> list[Review]:
    """Return what counts after these events, which are in order: the meaning of the log.

    A person's words on an image are a pile: a review is put on top, an undo takes the top away.
    """
    piles: dict[tuple[str, str], list[Review]] = {}
    for event in events:
        pile = piles.setdefault((event.image_id, event.reviewer), [])
        if event.verdict == "undo":
            pile.pop()
        else:
            pile.append(event)
    return [pile[-1] for pile in piles.values() if pile]


def rebuild(conn: Connection, dataset_id: str) -> None:
    """Make `review_current` of a data set again from its events alone."""
    events = history(conn, dataset_id)
    versions = {(e.image_id, e.reviewer): e.version for e in events}
    counting = {(r.image_id, r.reviewer): r.seq for r in replay(events)}
    conn.execute(
        delete(tables.review_current).where(tables.review_current.c.dataset_id == dataset_id)
    )
    _set_current(
        conn, [(dataset_id, *thread, n, counting.get(thread)) for thread, n in versions.items()]
    )


def _before(conn: Connection, thread: tuple[str, str, str]) -> int | None:
    """Return the `seq` that counts after the undo just inserted."""
    dataset_id, image_id, reviewer = thread
    left = replay(history(conn, dataset_id, reviewer=reviewer, image_id=image_id))
    return left[0].seq if left else None


def _set_current(conn: Connection, rows: Sequence[tuple[str, str, str, int, int | None]]) -> None:
    """Say what counts: (dataset, image, reviewer, version, seq) rows."""
    names = ("dataset_id", "image_id", "reviewer", "version", "seq")
    insert_or_replace(
        conn, tables.review_current, [dict(zip(names, row, strict=True)) for row in rows]
    )


def known(conn: Connection, event_ids: Sequence[str]) -> dict[str, Review]:
    """Return {event id: event} of those that are stored, of whatever data set."""
    c = tables.review.c
    found: dict[str, Review] = {}
    for start in range(0, len(event_ids), _IDS_AT_ONCE):
        part = event_ids[start : start + _IDS_AT_ONCE]
        for row in conn.execute(select(tables.review).where(c.event_id.in_(part))).mappings():
            found[row["event_id"]] = _review(row)
    return found


def _get(conn: Connection, seq: int) -> Review:
    row = conn.execute(select(tables.review).where(tables.review.c.seq == seq)).mappings().one()
    return _review(row)


def _check_same(first: Review | Mapping[str, Any], event: Mapping[str, Any]) -> None:
    was = first if isinstance(first, Mapping) else {k: getattr(first, k) for k in _SAME}
    if any(was[key] != event[key] for key in _SAME):
        raise Conflict(
            t("this event id was used for another review"),
            expected=t("a new event id for every review"),
            received=repr(event["event_id"]),
        )


def _stale(
    conn: Connection, thread: tuple[str, str, str], expected_version: int, version: int
) -> Conflict:
    dataset_id, image_id, reviewer = thread
    spoken = history(conn, dataset_id, reviewer=reviewer, image_id=image_id)
    if not spoken:
        return Conflict(
            t("{reviewer} has said nothing about this image yet", reviewer=reviewer),
            expected=t("expected_version 0"),
            received=str(expected_version),
        )
    last = spoken[-1]
    when = f"{last.created_at:%Y-%m-%d %H:%M:%S}"
    return Conflict(
        t(_LAST_WORD[last.verdict], who=reviewer, label=last.label, when=when),
        expected=t("an answer that has seen version {version}", version=version),
        received=t("one that has seen version {version}", version=expected_version),
        todo=t("look at the image again"),
    )


def _review(row: RowMapping) -> Review:
    values = {name: row[name] for name in Review.__slots__}
    values["blind"] = bool(row["blind"])
    values["created_at"] = datetime.fromisoformat(row["created_at"])
    return Review(**values)
