"""Marks on models: what people call them, which they like, which they hide.

Marks change how models are listed, never what they are; all of them can be taken back.
"""

from __future__ import annotations

from core.errors import InvalidInput
from core.language import t
from core.records import CascadeRecord, ExtendedModel, Run
from core.services.cascades import saving
from core.services.runs import extending, training
from core.store import extended, runs
from core.store.database import Workspace, utc_now

NAME_MOST = 64  # characters


def rename(ws: Workspace, model_id: str, name: str) -> None:
    """Call a run or a cascade by a name; an empty one takes the name away.

    Raises
    ------
    InvalidInput
        If the name is too long or has characters that cannot be printed.
    NotFound
        If there is no such run or cascade.
    """
    clean = name.strip()
    if len(clean) > NAME_MOST or not clean.isprintable():
        raise InvalidInput(
            t("a model cannot be called this"),
            expected=t("1 to {name_most} printable characters", name_most=NAME_MOST),
            received=repr(name[: NAME_MOST + 1]),
        )
    with ws.write() as conn:
        runs.mark(conn, model_id, name=clean or None)


def star(ws: Workspace, model_id: str, on: bool = True) -> None:
    """Put a star on a run or a cascade, or take it off.

    Raises
    ------
    NotFound
        If there is no such run or cascade.
    """
    with ws.write() as conn:
        runs.mark(conn, model_id, starred=on)


def pin(ws: Workspace, model_id: str, on: bool = True) -> None:
    """Let a run or a cascade stand first in the leaderboard, or no longer.

    Raises
    ------
    NotFound
        If there is no such run or cascade.
    """
    with ws.write() as conn:
        runs.mark(conn, model_id, pinned=on)


def hide(ws: Workspace, model_id: str) -> None:
    """Take a run, a cascade or an extended model out of every list; `bring_back` undoes it.

    Raises
    ------
    NotFound
        If there is no such model.
    """
    _archive(ws, model_id, utc_now())


def bring_back(ws: Workspace, model_id: str) -> None:
    """List a hidden run, cascade or extended model again.

    Raises
    ------
    NotFound
        If there is no such model.
    """
    _archive(ws, model_id, None)


def hidden(ws: Workspace, dataset_id: str) -> list[Run | CascadeRecord | ExtendedModel]:
    """Return the hidden models of a data set, the last hidden first."""
    every: list[Run | CascadeRecord | ExtendedModel] = [
        *training.list_runs(ws, dataset_id, archived=True),
        *saving.all_of(ws, dataset_id, archived=True),
        *extending.list_extended(ws, dataset_id, archived=True),
    ]
    found = [(m.archived_at, m) for m in every if m.archived_at]
    return [m for _, m in sorted(found, key=lambda pair: pair[0], reverse=True)]


def _archive(ws: Workspace, model_id: str, at: str | None) -> None:
    with ws.write() as conn:
        if extended.find(conn, model_id):
            extended.set_archived(conn, model_id, at)
        else:
            runs.mark(conn, model_id, archived_at=at)
