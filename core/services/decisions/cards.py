"""A proposal in full: the verdict, gains, costs, evidence, alternatives and examples, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.language import Sentence, say, t
from core.records import Dataset
from core.services.cascades import reporting, saving
from core.services.classes import merging
from core.services.classes.mapping import get_class_map, get_record, list_class_maps
from core.services.classes.merging import EvidenceSource
from core.services.data.datasets import get_dataset, label_indices
from core.services.decisions import (
    alternatives,
    class_map_evidence,
    telling,
    telling_cascades,
    wording,
)
from core.services.decisions.alternatives import Alternative
from core.services.decisions.class_map_evidence import Bench
from core.services.decisions.evidence import ground
from core.services.decisions.listing import Proposal, bench_of, proposals
from core.store.database import Workspace

_EXAMPLES_EACH = 4  # images of a label
_MOST_GROUPS = 4  # of labels, with examples


@dataclass(frozen=True, slots=True)
class Example:
    """Images of classes that the proposal is about; `positions` are rows of the data set."""

    title: str
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
    more_images : EvidenceSource or None
        What the verdict can be judged on instead where the images were too few; it takes a job.
    page, query
        Where it was made: the stem of a page and its query parameters.
    """

    speaks: str
    answer: str
    why: str
    gains: tuple[Sentence, ...]
    costs: tuple[Sentence, ...]
    evidence: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    examples: tuple[Example, ...]
    more_images: EvidenceSource | None
    page: str
    query: Mapping[str, Any]


def card(ws: Workspace, proposal: Proposal, among: Sequence[Proposal] | None = None) -> Card:
    """Return everything there is to read about a proposal, in the reader's language.

    Parameters
    ----------
    among : sequence of Proposal, optional
        All proposals of the data set, where they were read already: they are alternatives.
    """
    dataset = get_dataset(ws, proposal.evidence_ids["dataset"])
    known = proposals(ws, dataset.id) if among is None else among
    others = [p for p in known if p.id != proposal.id]
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
    merged = wording.merged(record)
    proposed = {p.id for p in others} | {record.id}
    maps = [m for m in list_class_maps(ws, dataset.id) if m.id in proposed]
    figures = proposal.figures
    return {
        "why": say(found["reason"]) if found else "",
        "gains": telling.gains(figures) if found else (),
        "costs": (*telling.costs(figures), *telling.money(figures["cost"])) if found else (),
        "evidence": _evidence(bench, figures) if bench else (),
        "more_images": _more_images(ws, bench, figures) if bench else None,
        "alternatives": alternatives.merges(
            found.get("alternatives", ()), map(wording.merged, maps)
        )
        + alternatives.proposed(others, "class_map"),
        "examples": _examples(ws, dataset, [(wording.joined(its), its) for its in merged]),
        "page": "classes",
        "query": {"run": bench.run.id} if bench else {},
    }


def _evidence(bench: Bench, figures: Mapping[str, Any]) -> tuple[Sentence, ...]:
    judged = telling.judged(figures, bench.run, bench.judged_on)
    return (judged, *telling.evidence(figures))


def _more_images(ws: Workspace, bench: Bench, figures: Mapping[str, Any]) -> EvidenceSource | None:
    """Return what a class map can be judged on that too few images say too little about."""
    if figures["verdict"] != "not enough images to tell":
        return None
    waiting = [s for s in merging.evidence_sources(ws, bench.run.id) if not s.ready]
    return waiting[-1] if waiting else None


def _cascade(
    ws: Workspace, dataset: Dataset, proposal: Proposal, others: list[Proposal]
) -> dict[str, Any]:
    record = saving.get(ws, proposal.id)
    figures = proposal.figures
    plan = record.plan
    class_map = get_class_map(ws, dataset.id, proposal.evidence_ids["class_map"])
    of_class = dict(zip(class_map.labels, class_map.class_of, strict=True))
    pairs = [
        (wording.joined(row["pair"]), [x for x, name in of_class.items() if name in row["pair"]])
        for row in figures["pairs"]
    ]
    same = [p for p in others if p.evidence_ids["class_map"] == proposal.evidence_ids["class_map"]]
    return {
        "why": "",
        "gains": telling_cascades.gains(figures),
        "costs": (*telling_cascades.costs(figures), *telling.money(figures["cost"])),
        "evidence": (  # the verdict in full: it names an expert or a control that does as well
            reporting.verdict(dict(record.report)),
            *telling_cascades.evidence(figures, plan["promise"]),
        ),
        "alternatives": alternatives.instead_of_experts(figures)
        + alternatives.proposed(same, "cascade"),
        "examples": _examples(ws, dataset, pairs),
        "more_images": None,
        "page": "cascade",
        "query": {
            "generalist": record.generalist,
            "experts": list(record.experts),
            "rule": plan["rule"],
            "tau": [f"{tau:.3f}" for tau in plan["taus"]],
            "person": f"{plan['person']:.3f}",
        },
    }


def _examples(
    ws: Workspace, dataset: Dataset, groups: Sequence[tuple[str, Sequence[str]]]
) -> tuple[Example, ...]:
    """Return the first images of the labels of each group, as they were imported."""
    y = label_indices(ws, dataset)

    def of(label: str) -> list[int]:
        rows = np.flatnonzero(y == dataset.labels.index(label))
        return [int(row) for row in rows[:_EXAMPLES_EACH]]

    return tuple(
        Example(title, tuple(position for label in labels for position in of(label)))
        for title, labels in groups[:_MOST_GROUPS]
    )
