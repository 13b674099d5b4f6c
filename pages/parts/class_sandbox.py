"""What merges are judged on: a run, its answers, and whether the classes are ordered stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from core.analysis.class_map import ClassMap
from core.analysis.merges import merging as merge_analysis
from core.analysis.merges.merge_costs import MergeCost
from core.language import t
from core.records import Dataset, Run
from core.services.classes import merge_charging, merging
from core.services.workspace import Workspace
from pages.parts import judge_more
from pages.ui import cached, names, pickers, state

N_TOP = 10  # merges in the ranking, no merge not counted
ORDERED = "ordered"  # also the name of the query parameter
_JUDGED_ON = "judged_on"


@dataclass(frozen=True)
class Bench:
    """A run's answers, ready to be merged."""

    ws: Workspace
    dataset: Dataset
    run: Run
    evidence: merging.Evidence
    ordinal: bool
    box: merge_analysis.Sandbox
    charges: merge_charging.Charges | None  # where somebody entered what mistakes cost

    @property
    def images(self) -> str:
        """Return how many images of which kind the figures stand on."""
        return names.images(self.evidence, round(float(self.box.confusion.sum())))

    @property
    def word(self) -> str:
        """Return the kind of the images."""
        return t(names.EVIDENCE[self.evidence])

    def examine(self, partition: Sequence[int]) -> merge_analysis.Merge:
        """Return the evidence about a class map."""
        return merge_analysis.examine(self.box, list(partition))

    def best(self) -> tuple[merge_analysis.Merge, list[merge_analysis.Merge]]:
        """Return the suggestion and the ranking."""
        return cached.best_merges(self.ws, self.run.id, self.evidence, self.ordinal, N_TOP)

    def cheapest(self) -> list[merge_analysis.Merge]:
        """Return no merge and those that save most; without costs none."""
        if self.charges is None:
            return []
        kind = (self.evidence, self.ordinal, N_TOP)
        return cached.cheapest_merges(
            self.ws, self.run.id, *kind, self.charges.version, self.charges
        )

    def cost(
        self, partition: Sequence[int], evidence: merging.Evidence | None = None
    ) -> MergeCost | None:
        """Return what an image costs before and after a merge; None without costs."""
        if self.charges is None:
            return None
        on, groups = evidence or self.evidence, tuple(partition)
        return cached.merge_cost(
            self.ws, self.run.id, on, self.ordinal, groups, self.charges.version, self.charges
        )

    def optimism(self) -> float:
        """Return what the winner's curse adds."""
        return cached.optimism(self.ws, self.run.id, self.evidence, self.ordinal)

    def confirm(self, partition: Sequence[int]) -> merge_analysis.Merge | None:
        """Return the same about the test images; None without any."""
        if not self.run.metrics["test"]["n_images"]:
            return None
        box = cached.sandbox(self.ws, self.run.id, "test", self.ordinal)
        return merge_analysis.examine(box, list(partition))

    def merged(self, class_of: dict[str, str]) -> list[list[int]]:
        """Return the confusion matrix of the same answers under a class map, row = true."""
        table = ClassMap.from_mapping(self.run.classes, class_of).merge_confusion(
            self.box.confusion
        )
        return [[int(n) for n in row] for row in table]


def open_bench(ws: Workspace, dataset: Dataset, runs: Sequence[Run]) -> Bench | None:
    """Draw the choice of run, images and order; None without a run to choose."""
    if not runs:
        return None
    by_id = {run.id: run for run in names.ranked(runs)}
    which, where, how = st.columns([5, 5, 3], vertical_alignment="bottom")
    with which:
        run_id = pickers.one(
            t("Answers of"),
            {i: names.run(run) for i, run in by_id.items()},
            "run",
            help=t(
                "A run trained on the labels as they are. Its answers are merged, not retrained; "
                "each saved class map can be compared with a model of its own."
            ),
        )
    with where:
        evidence = _choose_images(merging.evidence_sources(ws, run_id), run_id)
    with how:
        ordinal = st.toggle(
            t("Ordered stages"),
            key=ORDERED,
            bind="query-params",
            help=t(
                "The labels are stages of one thing, in their order: then only neighbours merge."
            ),
        )
    box = cached.sandbox(ws, run_id, evidence, ordinal)
    charges = merge_charging.charges(ws, by_id[run_id])
    return Bench(ws, dataset, by_id[run_id], evidence, ordinal, box, charges)


def offer_more_images(bench: Bench) -> None:
    """Offer to judge on all training and validation images; show the job that makes it possible."""
    sources = {s.name: s for s in merging.evidence_sources(bench.ws, bench.run.id)}
    source = sources.get("crossval")
    if source is None or source.ready:
        return
    judge_more.offer(
        bench.ws,
        bench.dataset.id,
        bench.run.id,
        source.n_images,
        on_start=partial(state.set_draft, _awaited(bench.run.id), True),
    )


def _choose_images(sources: Sequence[merging.EvidenceSource], run_id: str) -> merging.Evidence:
    """Draw the choice of images that merges are judged on; the most, once they are asked for."""
    ready = {str(s.name): s for s in sources if s.ready}
    if "crossval" in ready and state.draft(_awaited(run_id)):
        state.clear_draft(_awaited(run_id))
        state.set_widget(_JUDGED_ON, "crossval")
    first = "crossval" if "crossval" in ready else "val"
    chosen = pickers.words(
        t("Judged on"),
        {name: names.EVIDENCE[name] for name in ready},
        _JUDGED_ON,
        default=first,
        help=t(
            "A merge is chosen on these images and confirmed on test images. {choices}.",
            choices="; ".join(
                t("{evidence}: {n:,} images", evidence=t(names.EVIDENCE[s.name]), n=s.n_images)
                for s in ready.values()
            ),
        ),
    )
    return ready[chosen].name


def _awaited(run_id: str) -> str:
    return f"crossval-{run_id}"
