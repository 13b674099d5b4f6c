"""Extended models: results with a name of their own, so that nothing takes them for runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from core.errors import NotFound
from core.language import t
from core.records import ExtendedModel, Run
from core.store import results, runs, tables

_KIND = "extended"
_IN_PARAMS = ("extends", "added", "images")  # with the format, all that decides what it is


def model_id(dataset_id: str, params: Mapping[str, Any]) -> str:
    """Return the id of the model that these parameters make, whether it exists or not."""
    return results.result_id(_KIND, dataset_id, params)


def add(
    conn: Connection, *, dataset_id: str, params: Mapping[str, Any], value: Mapping[str, Any]
) -> str:
    """Insert a model in the caller's transaction and return its id; the first one is kept.

    Parameters
    ----------
    params : mapping
        `extends`, `added`, `images` of the record, and `format`.
    value : mapping
        The other fields of `core.records.ExtendedModel`, but `id`, `dataset_id`, `created_at`.
    """
    return results.add(
        conn, kind=_KIND, dataset_id=dataset_id, params=params, value=value, blob=None
    )


def find(conn: Connection, model_id: str) -> ExtendedModel | None:
    """Return the extended model with this id, or None."""
    c = tables.result.c
    query = select(tables.result).where(c.id == model_id, c.kind == _KIND)
    row = conn.execute(query).mappings().first()
    return _record(row) if row else None


def all_of(conn: Connection, dataset_id: str, *, archived: bool = False) -> list[ExtendedModel]:
    """Return the extended models of a data set, newest first; the archived ones when asked."""
    c = tables.result.c
    query = select(tables.result).where(c.dataset_id == dataset_id, c.kind == _KIND)
    rows = conn.execute(query.order_by(c.created_at.desc(), c.id)).mappings()
    found = [_record(row) for row in rows]
    return [record for record in found if archived or record.archived_at is None]


def set_archived(conn: Connection, model_id: str, at: str | None) -> None:
    """Mark an extended model as archived, or (None) no longer; nothing else of it changes.

    Raises
    ------
    NotFound
        If there is none.
    """
    mine = (tables.result.c.id == model_id) & (tables.result.c.kind == _KIND)
    value = conn.execute(select(tables.result.c.value).where(mine)).scalar()
    if value is None:
        raise NotFound(t("there is no such extended model"), received=repr(model_id))
    conn.execute(update(tables.result).where(mine).values(value={**value, "archived_at": at}))


def answering(conn: Connection, model_id: str) -> Run | None:
    """Return a run, or an extended model in the form of its run: what is needed to ask it.

    Notes
    -----
    Of an extended model `id`, `classes` and `artifact` are its own; predictions and metrics are
    the run's, over the run's classes, and are not to be read.
    """
    record = find(conn, model_id)
    if record is None:
        return runs.find(conn, model_id)
    run = runs.get(conn, record.run)
    return replace(run, id=record.id, classes=record.classes, artifact=record.artifact)


def _record(row: RowMapping) -> ExtendedModel:
    values = {**row["value"], **{name: row["params"][name] for name in _IN_PARAMS}}
    values |= {"id": row["id"], "dataset_id": row["dataset_id"]}
    values["classes"], values["images"] = tuple(values["classes"]), tuple(values["images"])
    values["created_at"] = datetime.fromisoformat(row["created_at"])
    if archived_at := values.get("archived_at"):
        values["archived_at"] = datetime.fromisoformat(archived_at)
    return ExtendedModel(**values)
