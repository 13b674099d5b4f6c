"""`decisions` and `decide`: what is proposed, who decided what, and deciding."""

from __future__ import annotations

import argparse
from typing import Any

from core.services.data.datasets import get_dataset
from core.services.decisions import cards, deciding, listing
from core.services.decisions.listing import Proposal
from core.services.workspace import open_workspace

Result = dict[str, Any]


def decisions(args: argparse.Namespace) -> Result:
    """List what is proposed for a data set, with what people decided."""
    ws = open_workspace(args.workspace)
    dataset = get_dataset(ws, args.dataset)
    found = listing.proposals(ws, dataset.id)
    return {"dataset": dataset.id, "proposals": [_row(proposal) for proposal in found]}


def decide(args: argparse.Namespace) -> Result:
    """Approve, decline or comment on a proposal, or withdraw the decision about it."""
    ws = open_workspace(args.workspace)
    done = deciding.decide(ws, args.proposal, action=args.action, name=args.name, reason=args.why)
    card = cards.card(ws, done)
    return {
        **_row(done),
        "verdict": card.answer,
        "gains": list(card.gains),
        "costs": list(card.costs),
        "evidence": done.evidence_ids,
        "figures": done.figures,
    }


def _row(proposal: Proposal) -> Result:
    """Return a proposal as the command line prints it."""
    return {
        "proposal": proposal.id,
        "kind": proposal.kind,
        "name": proposal.name,
        "version": proposal.version,
        "state": proposal.state,
        "title": proposal.title,
        "changes": list(proposal.changes),
        "stale": proposal.stale,
        "evidence_hash": proposal.evidence_hash,
        "events": [
            {
                "event": event.id,
                "action": event.action,
                "name": event.name,
                "reason": event.reason,
                "decided_at": event.decided_at.isoformat(),
                "evidence_hash": event.evidence_hash,
            }
            for event in proposal.events
        ],
    }
