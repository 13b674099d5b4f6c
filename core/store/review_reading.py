"""Questions about the reviews that count, answered by the database without making records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from core.store import tables as t


def words(
    conn: Connection, dataset_id: str, *, source: str | None = None
) -> Sequence[Row[Any, Any, Any, Any, Any]]:
    """Return (image id, reviewer, verdict, label, blind) of every review that counts."""
    c, r = t.review_current.c, t.review.c
    query = select(r.image_id, r.reviewer, r.verdict, r.label, r.blind)
    query = query.join(t.review_current, c.seq == r.seq).where(c.dataset_id == dataset_id)
    if source is not None:
        query = query.where(r.source == source)
    return conn.execute(query.order_by(r.seq)).all()


def disputed(conn: Connection, dataset_id: str) -> list[str]:
    """Return the images that people gave different labels."""
    c, r = t.review_current.c, t.review.c
    query = select(r.image_id).join(t.review_current, c.seq == r.seq)
    query = query.where(c.dataset_id == dataset_id, r.label.is_not(None)).group_by(r.image_id)
    return list(conn.scalars(query.having(func.count(r.label.distinct()) > 1)))


def called(conn: Connection, dataset_id: str, labels: Sequence[str]) -> list[str]:
    """Return the images that somebody gave one of some labels."""
    c, r = t.review_current.c, t.review.c
    query = select(r.image_id).join(t.review_current, c.seq == r.seq)
    query = query.where(c.dataset_id == dataset_id, r.label.in_(labels))
    return list(conn.scalars(query.distinct()))


def reviewed_by(conn: Connection, dataset_id: str, reviewer: str) -> set[str]:
    """Return the images that a person has said something about that counts."""
    c = t.review_current.c
    query = select(c.image_id).where(
        c.dataset_id == dataset_id, c.reviewer == reviewer, c.seq.is_not(None)
    )
    return set(conn.scalars(query))


def recent_times(conn: Connection, dataset_id: str, reviewer: str, n: int) -> list[datetime]:
    """Return when a person's last n reviews were made, imported ones left out, newest first."""
    c = t.review.c
    query = select(c.created_at).where(
        c.dataset_id == dataset_id,
        c.reviewer == reviewer,
        c.verdict != "undo",
        c.source != "import",
    )
    rows = conn.scalars(query.order_by(c.seq.desc()).limit(n))
    return [datetime.fromisoformat(at) for at in rows]


def people(conn: Connection, dataset_id: str) -> list[str]:
    """Return who has a review that counts, in order of their names."""
    c = t.review_current.c
    query = select(c.reviewer).where(c.dataset_id == dataset_id, c.seq.is_not(None)).distinct()
    return list(conn.scalars(query.order_by(c.reviewer)))
