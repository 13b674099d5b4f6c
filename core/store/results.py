"""Computations with immutable inputs: the id is a hash of the inputs, so nothing goes stale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from core.ids import content_id
from core.store import tables as t
from core.store.database import utc_now
from core.store.sql import insert_or_keep

_PREFIXES = {"extended": "model"}  # of results that people name; the others are "res"


def result_id(kind: str, dataset_id: str, params: Mapping[str, Any]) -> str:
    """Return the id a result with these inputs has, whether it exists or not."""
    prefix = _PREFIXES.get(kind, "res")
    return content_id(prefix, {"kind": kind, "dataset": dataset_id, "params": dict(params)})


def add(
    conn: Connection,
    *,
    kind: str,
    dataset_id: str,
    params: Mapping[str, Any],
    value: Mapping[str, Any],
    blob: str | None,
) -> str:
    """Insert a result in the caller's transaction and return its id; the first one is kept."""
    row = {
        "id": result_id(kind, dataset_id, params),
        "kind": kind,
        "dataset_id": dataset_id,
        "params": dict(params),
        "value": dict(value),
        "blob": blob,
        "created_at": utc_now(),
    }
    insert_or_keep(conn, t.result, [row])
    return str(row["id"])


def find(
    conn: Connection, kind: str, dataset_id: str, params: Mapping[str, Any]
) -> tuple[dict[str, Any], str | None] | None:
    """Return (value, blob) of the result with these inputs, or None."""
    query = select(t.result.c.value, t.result.c.blob).where(
        t.result.c.id == result_id(kind, dataset_id, params)
    )
    row = conn.execute(query).first()
    return (dict(row.value), row.blob) if row else None


def latest(
    conn: Connection, kind: str, dataset_id: str, embedder: str
) -> tuple[dict[str, Any], dict[str, Any], str | None] | None:
    """Return (params, value, blob) of the newest result of a kind from an embedder, or None."""
    c = t.result.c
    query = select(c.params, c.value, c.blob).where(c.kind == kind, c.dataset_id == dataset_id)
    for row in conn.execute(query.order_by(c.created_at.desc())):
        if row.params.get("embedder") == embedder:
            return dict(row.params), dict(row.value), row.blob
    return None
