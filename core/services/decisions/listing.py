"""What is proposed for a data set: each saved class map and cascade, with what people decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core.errors import NotFound
from core.language import t
from core.records import Action, CascadeRecord, ClassMapRecord, Decision
from core.services.cascades import saving
from core.services.classes.mapping import list_class_maps
from core.services.data.datasets import get_dataset
from core.services.decisions import cascade_evidence, class_map_evidence, wording
from core.services.decisions.class_map_evidence import Bench
from core.services.decisions.evidence import Evidence, Ground, ground
from core.services.decisions.staleness import changes
from core.store import class_maps, decisions, runs
from core.store.database import Workspace

Kind = Literal["class_map", "cascade"]
State = Literal["open", "approved", "declined"]
_AFTER: Mapping[Action, State] = {"approve": "approved", "decline": "declined", "withdraw": "open"}


@dataclass(frozen=True, slots=True)
class DecisionEvent:
    """What one person decided or said, when, why, and on which evidence."""

    id: str
    action: Action
    name: str
    reason: str
    decided_at: datetime
    evidence_hash: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A saved class map or cascade, as somebody reads it who has to decide.

    Attributes
    ----------
    id, kind, name, version, created_at
        Of the class map or the cascade; a cascade has one version.
    title, changes
        Plain sentences in the reader's language: what it is, what changes for the business.
    figures, evidence_ids : dict
        The evidence as it is now; see `class_map_evidence.evidence`, `cascade_evidence.evidence`.
    state : {"open", "approved", "declined"}
        The last approval or refusal that was not withdrawn.
    stale : str or None
        What changed in the evidence since that decision; None while it is the same.
    events : tuple of DecisionEvent
        Everything people said, oldest first.
    evidence_hash : str
        Of the evidence as it is now.
    who, why : str
        Who proposed it and why, if they said so.
    """

    id: str
    kind: Kind
    name: str
    version: int
    created_at: datetime
    title: str
    changes: tuple[str, ...]
    figures: dict[str, Any]
    evidence_ids: dict[str, Any]
    state: State
    stale: str | None
    events: tuple[DecisionEvent, ...]
    evidence_hash: str
    who: str = ""
    why: str = ""


def proposals(ws: Workspace, dataset_id: str) -> list[Proposal]:
    """Return what is proposed for a data set, newest first.

    Notes
    -----
    A version of a class map that was replaced, and a cascade that was deleted, before anybody said
    a word about it is proposed no longer.
    """
    dataset = get_dataset(ws, dataset_id)
    its, said = ground(ws, dataset), _said(ws, dataset.id)
    maps = list_class_maps(ws, dataset.id)
    bench = bench_of(ws, its)
    newest = _newest(maps)
    found = [
        _of_class_map(ws, its, bench, record, newest[record.name], said[record.id])
        for record in maps
        if record.version == newest[record.name] or said[record.id]
    ]
    found += [
        _of_cascade(ws, its, record, said[record.id])
        for record in saving.all_of(ws, dataset.id, archived=True)
        if record.archived_at is None or said[record.id]
    ]
    return sorted(found, key=lambda p: p.created_at, reverse=True)


def proposal(ws: Workspace, proposal_id: str) -> Proposal:
    """Return one proposal by the id of its class map or cascade.

    Raises
    ------
    NotFound
        If there is none.
    """
    with ws.read() as conn:
        class_map = class_maps.find(conn, proposal_id)
        cascade = runs.find_cascade(conn, proposal_id)
    record = class_map or cascade
    if record is None:
        raise NotFound(
            t("there is no such proposal"),
            expected=t("the id of a class map or a cascade"),
            received=repr(proposal_id),
            todo=t("list them with `python -m core decisions DATASET`"),
        )
    dataset = get_dataset(ws, record.dataset_id)
    its, said = ground(ws, dataset), _said(ws, dataset.id)[record.id]
    if isinstance(record, CascadeRecord):
        return _of_cascade(ws, its, record, said)
    newest = _newest(list_class_maps(ws, dataset.id))[record.name]
    return _of_class_map(ws, its, bench_of(ws, its), record, newest, said)


def find(ws: Workspace, dataset_id: str, proposal_id: str) -> Proposal | None:
    """Return a proposal of a data set by id, or None where it has no such one."""
    try:
        found = proposal(ws, proposal_id)
    except NotFound:
        return None
    return found if found.evidence_ids["dataset"] == get_dataset(ws, dataset_id).id else None


def bench_of(ws: Workspace, its: Ground) -> Bench | None:
    """Return the answers on which class maps are measured: the best run's over the labels."""
    best = its.best(None)
    return Bench(ws, best) if best else None


def _said(ws: Workspace, dataset_id: str) -> defaultdict[str, list[Decision]]:
    """Return {proposal: its events, oldest first}."""
    found: defaultdict[str, list[Decision]] = defaultdict(list)
    with ws.read() as conn:
        for event in decisions.history(conn, dataset_id):
            found[event.proposal_id].append(event)
    return found


def _newest(maps: Sequence[ClassMapRecord]) -> dict[str, int]:
    """Return the newest version of each name; `maps` are the newest first."""
    found: dict[str, int] = {}
    for record in maps:
        found[record.name] = max(record.version, found.get(record.name, 0))
    return found


def _of_class_map(
    ws: Workspace,
    its: Ground,
    bench: Bench | None,
    record: ClassMapRecord,
    newest_version: int,
    said: Sequence[Decision],
) -> Proposal:
    now = class_map_evidence.evidence(ws, its, bench, record, newest_version)
    return Proposal(
        id=record.id,
        kind="class_map",
        name=record.name,
        version=record.version,
        created_at=record.created_at,
        title=wording.class_map_title(record),
        changes=wording.class_map_changes(record),
        who=record.who,
        why=record.why,
        **_decided(now, said),
    )


def _of_cascade(
    ws: Workspace, its: Ground, record: CascadeRecord, said: Sequence[Decision]
) -> Proposal:
    now = cascade_evidence.evidence(ws, its, record)
    return Proposal(
        id=record.id,
        kind="cascade",
        name=record.name or record.id,
        version=1,
        created_at=record.created_at,
        title=wording.cascade_title(now.figures),
        changes=wording.cascade_changes(record, now.figures),
        **_decided(now, said),
    )


def _decided(now: Evidence, said: Sequence[Decision]) -> dict[str, Any]:
    """Return the evidence, where people stand, and whether that still rests on it."""
    last = next((event for event in reversed(said) if event.action in _AFTER), None)
    state: State = _AFTER[last.action] if last else "open"
    stale = None
    if last is not None and state != "open":
        stale = " ".join(changes(last.evidence, now.as_json)) or None
    return {
        "figures": dict(now.figures),
        "evidence_ids": dict(now.ids),
        "evidence_hash": now.hash,
        "state": state,
        "stale": stale,
        "events": tuple(
            DecisionEvent(e.event_id, e.action, e.who, e.reason, e.created_at, e.evidence_hash)
            for e in said
        ),
    }
