"""Decisions: what was proposed, who decided what, when and why, and whether it still holds."""

from __future__ import annotations

from collections.abc import Sequence

from core.language import figure, phrase, t
from core.language.text import date
from core.records import Dataset
from core.services.costs import entering
from core.services.decisions import cards
from core.services.decisions.listing import Proposal
from core.services.reports.blocks import Block, Points, Section, Table, Text
from core.store.database import Workspace

_MOST_LABELS = 12  # with a table of costs: a wider one fits on no paper
_STATES = {
    "open": phrase("open"),
    "approved": phrase("approved"),
    "declined": phrase("declined"),
}
_ACTIONS = {
    "approve": phrase("approved"),
    "decline": phrase("declined"),
    "comment": phrase("commented"),
    "withdraw": phrase("withdrew the decision"),
}


def section(ws: Workspace, dataset: Dataset, proposals: Sequence[Proposal]) -> Section:
    """Tell what people decided."""
    title = t("What was decided")
    if not proposals:
        return Section("decisions", title, [Text(t("Nothing was proposed yet."))])
    blocks: list[Block] = _costs(ws, dataset)
    for proposal in proposals:
        blocks += _one(ws, proposal, proposals)
    return Section("decisions", title, blocks)


def _costs(ws: Workspace, dataset: Dataset) -> list[Block]:
    """Return the costs of mistakes that somebody entered, by which proposals are charged."""
    entered = entering.current(ws, dataset.id)
    if entered is None or entered.costs is None or len(dataset.labels) > _MOST_LABELS:
        return []
    head = [t("what it is"), *dataset.labels]
    rows = [
        [label, *(figure(cost, ",g") for cost in row)]
        for label, row in zip(dataset.labels, entered.costs, strict=True)
    ]
    caption = t(
        "What mistakes cost, in {unit}: an image of the row, treated as the column. Entered by "
        "{who} on {day}.",
        unit=entered.unit,
        who=entered.who or t("nobody named"),
        day=date(entered.created_at),
    )
    return [Table(caption, head, rows)]


def _one(ws: Workspace, proposal: Proposal, among: Sequence[Proposal]) -> list[Block]:
    card = cards.card(ws, proposal, among)
    blocks: list[Block] = [
        Text(
            t(
                "{title} ({id}, version {version}): {state}",
                title=proposal.title,
                id=proposal.id,
                version=proposal.version,
                state=t(_STATES[proposal.state]),
            ),
            "lead",
        )
    ]
    if proposal.stale:
        said = t("The evidence has changed since: {changes}", changes=proposal.stale)
        blocks.append(Text(said, "note"))
    blocks.append(Text(t("What changes:")))
    blocks.append(Points(proposal.changes))
    blocks.append(Text(t("What the evidence says: {answer}", answer=card.answer)))
    blocks.append(Points([*card.gains, *card.costs, *card.evidence]))
    if proposal.events:
        head = [t("who"), t("decision"), t("date"), t("why"), t("evidence")]
        rows = [
            [
                event.name,
                t(_ACTIONS[event.action]),
                date(event.decided_at),
                event.reason or "–",
                event.evidence_hash[:12],
            ]
            for event in proposal.events
        ]
        caption = t("What people said, oldest first; the last column names the evidence they saw.")
        blocks.append(Table(caption, head, rows, first_number=9))
    return blocks


def as_rows(proposals: Sequence[Proposal]) -> list[dict[str, object]]:
    """Return proposals and decisions for the JSON."""
    return [
        {
            "proposal": proposal.id,
            "kind": proposal.kind,
            "name": proposal.name,
            "version": proposal.version,
            "state": proposal.state,
            "title": str(proposal.title),
            "stale": proposal.stale,
            "evidence": proposal.evidence_ids,
            "figures": proposal.figures,
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
        for proposal in proposals
    ]
