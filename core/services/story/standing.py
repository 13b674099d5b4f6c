"""What people decided, as the store has it: no evidence is gathered for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.records import Action, ClassMapRecord
from core.services.cascades import saving
from core.services.classes.mapping import list_class_maps
from core.services.data.datasets import get_dataset
from core.services.decisions import listing
from core.store import decisions
from core.store.database import Workspace

_DECISIVE: tuple[Action, ...] = ("approve", "decline", "withdraw")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the proposals of a data set stand; numbers of class maps and cascades."""

    n_open: int
    n_approved: int
    n_declined: int


def last_words(ws: Workspace, dataset_id: str) -> Mapping[str, Action]:
    """Return {proposal: the last approval, refusal or withdrawal}, the oldest of these first."""
    with ws.read() as conn:
        events = decisions.history(conn, get_dataset(ws, dataset_id).id)
    found: dict[str, Action] = {}
    for event in events:
        if event.action in _DECISIVE:
            found.pop(event.proposal_id, None)
            found[event.proposal_id] = event.action
    return found


def standing(ws: Workspace, dataset_id: str) -> Standing:
    """Count the proposals by what people decided; the newest version of a class map counts."""
    said = last_words(ws, dataset_id)
    newest: dict[str, str] = {}
    for record in list_class_maps(ws, dataset_id):
        newest.setdefault(record.name, record.id)
    proposed = {*newest.values(), *(record.id for record in saving.all_of(ws, dataset_id))}
    decided = [its for its in said.values() if its != "withdraw"]
    n_open = len([its for its in proposed if said.get(its, "withdraw") == "withdraw"])
    return Standing(n_open, decided.count("approve"), decided.count("decline"))


def n_stale(ws: Workspace, dataset_id: str) -> int:
    """Return how many decisions rest on evidence that has changed; gathers the evidence."""
    if not any(its != "withdraw" for its in last_words(ws, dataset_id).values()):
        return 0
    return sum(proposal.stale is not None for proposal in listing.proposals(ws, dataset_id))


def class_map_in_use(ws: Workspace, dataset_id: str) -> ClassMapRecord | None:
    """Return the class map that was approved last, else the newest that nobody declined."""
    said, maps = last_words(ws, dataset_id), list_class_maps(ws, dataset_id)
    by_id = {record.id: record for record in maps}
    approved = [its for its, word in said.items() if word == "approve" and its in by_id]
    if approved:
        return by_id[approved[-1]]
    return next((record for record in maps if said.get(record.id) != "decline"), None)
