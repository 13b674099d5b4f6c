"""Embeddings: a vector is kept once for an image and an embedder, whichever data set needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from core.store import tables as t
from core.store.sql import insert_or_keep


def rows_of(conn: Connection, dataset_id: str, embedder: str) -> pd.DataFrame:
    """Return position, image_id, shard and row for every image; the last two None where missing."""
    link = (t.embedding_row.c.image_id == t.dataset_image.c.image_id) & (
        t.embedding_row.c.embedder == embedder
    )
    query = (
        select(
            t.dataset_image.c.position,
            t.dataset_image.c.image_id,
            t.embedding_row.c.shard,
            t.embedding_row.c.row,
        )
        .select_from(t.dataset_image.outerjoin(t.embedding_row, link))
        .where(t.dataset_image.c.dataset_id == dataset_id)
        .order_by(t.dataset_image.c.position)
    )
    return pd.DataFrame(conn.execute(query).all(), columns=["position", "image_id", "shard", "row"])


def add_rows(conn: Connection, embedder: str, shard: str, image_ids: Sequence[str]) -> None:
    """Record that row i of blob `shard` is the vector of `image_ids[i]`."""
    rows = [
        {"image_id": image_id, "embedder": embedder, "shard": shard, "row": row}
        for row, image_id in enumerate(image_ids)
    ]
    insert_or_keep(conn, t.embedding_row, rows)


def add(conn: Connection, embedding: Mapping[str, Any]) -> None:
    """Record that a data set went through an embedder; the first time is kept."""
    insert_or_keep(conn, t.embedding, [embedding])


def all_of(conn: Connection, dataset_id: str) -> list[dict[str, Any]]:
    """Return the embeddings of a data set as mappings, oldest first."""
    c = t.embedding.c
    query = select(t.embedding).where(c.dataset_id == dataset_id)
    return [dict(row) for row in conn.execute(query.order_by(c.created_at)).mappings()]


def find(conn: Connection, dataset_id: str, embedder: str) -> dict[str, Any] | None:
    """Return the embedding of a data set through an embedder as a mapping, or None."""
    c = t.embedding.c
    query = select(t.embedding).where(c.dataset_id == dataset_id, c.embedder == embedder)
    row = conn.execute(query).mappings().first()
    return dict(row) if row else None
