"""A proposal in full: the verdict, gains, costs, evidence, alternatives and examples, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.language import Sentence, say, t
from core.records import Dataset
from core.services.cascades import saving
from core.services.classes.mapping import get_class_map, get_record
from core.services.data.datasets import get_dataset, label_indices
from core.services.decisions import (
    alternatives,
    class_map_evidence,
    telling,
    telling_cascades,
    wording,
)
from core.services.decisions.alternatives import Alternative
from core.services.decisions.evidence import ground
from core.services.decisions.listing import Proposal, bench_of, proposals
from core.store.database import Workspace

_EXAMPLES_EACH = 6  # images of a class
_MOST_CLASSES = 8  # with examples


@dataclass(frozen=True, slots=True)
class Example:
    """Images of one label that the proposal is about; `positions` are rows of the data set."""

    label: str
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """What somebody reads who has to decide.

    Attributes
    ----------
    speaks : {"for", "against", "neither", "unknown"}
        What the evidence says; `answer` says it in a sentence, `why` with its numbers.
    gains, costs, evidence
        Sentences.
    alternatives
        What else could be done, with what it is worth; none that equals the proposal.
    examples
        Images of the classes concerned.
    page, query
        Where it was made: the stem of a page and its query parameters.
    """

    speaks: str
    answer: str
    why: str
    gains: tuple[Sentence, ...]
    costs: tuple[Sentence, ...]
    evidence: tuple[Sentence, ...]
    alternatives: tuple[Alternative, ...]
    examples: tuple[Example, ...]
    page: str
    query: Mapping[str, Any]


def card(ws: Workspace, proposal: Proposal) -> Card:
    """Return everything there is to read about a proposal, in the reader's language."""
    dataset = get_dataset(ws, proposal.evidence_ids["dataset"])
    others = [p for p in proposals(ws, dataset.id) if p.id != proposal.id]
    verdict = str(proposal.figures.get("verdict"))
    make = _class_map if proposal.kind == "class_map" else _cascade
    return Card(
        speaks=wording.SPEAKS.get(verdict, "unknown"),
        answer=t(wording.VERDICTS.get(verdict, wording.UNMEASURED)),
        **make(ws, dataset, proposal, others),
    )


def _class_map(
    ws: Workspace, dataset: Dataset, proposal: Proposal, others: list[Proposal]
) -> dict[str, Any]:
    record = get_record(ws, dataset.id, proposal.id)
    bench = bench_of(ws, ground(ws, dataset))
    found = class_map_evidence.measured(ws, bench, record) if bench else {}
    merged = [labels for labels in wording.groups(record.class_of).values() if len(labels) > 1]
    figures = proposal.figures
    return {
        "why": say(found["reason"]) if found else "",
        "gains": telling.gains(figures) if found else (),
        "costs": telling.costs(figures) if found else (),
        "evidence": telling.evidence(figures) if found else (),
        "alternatives": alternatives.merges(found.get("alternatives", ()), merged)
        + alternatives.proposed(others, "class_map"),
        "examples": _examples(ws, dataset, [label for labels in merged for label in labels]),
        "page": "classes",
        "query": {"run": bench.run.id} if bench else {},
    }


def _cascade(
    ws: Workspace, dataset: Dataset, proposal: Proposal, others: list[Proposal]
) -> dict[str, Any]:
    record = saving.get(ws, proposal.id)
    figures = proposal.figures
    plan = record.plan
    classes = {name for row in figures["pairs"] for name in row["pair"]}
    class_map = get_class_map(ws, dataset.id, proposal.evidence_ids["class_map"])
    labels = [
        label
        for label, name in zip(class_map.labels, class_map.class_of, strict=True)
        if name in classes
    ]
    same = [p for p in others if p.evidence_ids["class_map"] == proposal.evidence_ids["class_map"]]
    return {
        "why": say(record.report["verdict"]),
        "gains": telling_cascades.gains(figures),
        "costs": telling_cascades.costs(figures),
        "evidence": telling_cascades.evidence(figures, plan["promise"]),
        "alternatives": alternatives.instead_of_experts(figures)
        + alternatives.proposed(same, "cascade"),
        "examples": _examples(ws, dataset, labels),
        "page": "cascade",
        "query": {
            "generalist": record.generalist,
            "experts": list(record.experts),
            "rule": plan["rule"],
            "tau": [f"{tau:.3f}" for tau in plan["taus"]],
            "person": f"{plan['person']:.3f}",
        },
    }


def _examples(ws: Workspace, dataset: Dataset, labels: list[str]) -> tuple[Example, ...]:
    """Return the first images of some labels, as they were imported."""
    y = label_indices(ws, dataset)
    return tuple(
        Example(
            label, tuple(np.flatnonzero(y == dataset.labels.index(label))[:_EXAMPLES_EACH].tolist())
        )
        for label in labels[:_MOST_CLASSES]
    )
