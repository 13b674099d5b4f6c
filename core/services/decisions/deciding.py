"""Decide about a proposal, or say something about it; each time on the evidence as it is now."""

from __future__ import annotations

from typing import NamedTuple, get_args

from core.errors import Conflict, InvalidInput
from core.ids import new_id
from core.language import t
from core.records import Action
from core.services.decisions.listing import Proposal, proposal
from core.services.labels.review_events import ID_MOST, person
from core.store import decisions
from core.store.database import Workspace, utc_now

REASON_MOST = 2_000  # characters
NEED_REASON: tuple[Action, ...] = ("decline", "comment")


class Seen(NamedTuple):
    """What somebody looked at who decides: which evidence, and how many events."""

    evidence_hash: str
    n_events: int


def seen_of(proposal: Proposal) -> Seen:
    """Return what somebody has seen who looks at a proposal."""
    return Seen(proposal.evidence_hash, len(proposal.events))


def decide(
    ws: Workspace,
    proposal_id: str,
    *,
    action: Action,
    name: str,
    reason: str = "",
    event_id: str | None = None,
    seen: Seen | None = None,
) -> Proposal:
    """Approve, decline or comment on a proposal, or withdraw the decision about it.

    Parameters
    ----------
    proposal_id : str
        Of a class map or a cascade.
    reason : str
        Needed to decline and to comment.
    event_id : str, optional
        Made by the sender, so that a repeated send counts once.
    seen : Seen, optional
        What was looked at (`seen_of`); then a decision on other evidence, or one that does not
        know of the last event, is refused.

    Returns
    -------
    Proposal
        As it is afterwards; what was decided is on the disk.

    Raises
    ------
    InvalidInput
        If name, reason or action cannot be used, or there is no decision to withdraw.
    Conflict
        If the evidence changed since it was seen, or somebody was first.
    NotFound
        If there is no such proposal.
    """
    text = _checked(action, reason, event_id)
    now = proposal(ws, proposal_id)
    if any(event.id == event_id for event in now.events):
        seen = None  # a repeated send: the store finds the first one
    elif action == "withdraw" and now.state == "open":
        raise InvalidInput(t("there is no decision to withdraw"), received=proposal_id)
    if seen is not None and seen.evidence_hash != now.evidence_hash:
        raise Conflict(
            t("the evidence changed while it was looked at"),
            todo=t("look at the proposal again"),
        )
    event = {
        "event_id": event_id or new_id("dec"),
        "dataset_id": now.evidence_ids["dataset"],
        "proposal_id": now.id,
        "action": action,
        "who": person(name),
        "reason": text,
        "evidence": {"ids": now.evidence_ids, "figures": now.figures},
        "evidence_hash": now.evidence_hash,
        "created_at": utc_now(),
    }
    with ws.write() as conn:
        decisions.add(conn, event, None if seen is None else seen.n_events)
    return proposal(ws, proposal_id)


def _checked(action: Action, reason: str, event_id: str | None) -> str:
    """Return the reason as it is kept, or say what is wrong."""
    if action not in get_args(Action):
        raise InvalidInput(
            t("unknown decision"), expected=", ".join(get_args(Action)), received=repr(action)
        )
    if event_id is not None and not 0 < len(event_id) <= ID_MOST:
        raise InvalidInput(
            t("a decision needs an event id"),
            expected=t("1 to {n} characters", n=ID_MOST),
            received=repr(event_id),
        )
    text = reason.strip()
    if len(text) > REASON_MOST:
        raise InvalidInput(
            t("the reason is too long"),
            expected=t("at most {n:,} characters", n=REASON_MOST),
            received=f"{len(text):,}",
        )
    if not text and action in NEED_REASON:
        what = {
            "decline": t("whoever declines says why"),
            "comment": t("a comment says something"),
        }
        raise InvalidInput(what[action], expected=t("a reason"), received=t("none"))
    return text
