"""What merging classes would do, and what to do about each confused pair."""

from __future__ import annotations

import streamlit as st

from core.analysis.merges import merging as merge_analysis
from core.analysis.merges.merge_costs import MergeCost
from core.language import phrase
from core.services.classes import advising, merge_charging, merging
from core.services.workspace import Workspace
from pages.ui.cached.keeping import SIZE, Spoken

_SANDBOXES = 32  # a few megabytes each


@st.cache_resource(
    max_entries=_SANDBOXES, show_spinner=Spoken(phrase("Looking at the ways to merge …"))
)
def sandbox(
    _ws: Workspace, run_id: str, evidence: merging.Evidence, ordinal: bool
) -> merge_analysis.Sandbox:
    """Return every merge of a run's classes, scored."""
    return merging.open_sandbox(_ws, run_id, evidence=evidence, ordinal=ordinal)


@st.cache_data(max_size=SIZE, show_spinner=False)
def best_merges(
    _ws: Workspace, run_id: str, evidence: merging.Evidence, ordinal: bool, n_top: int
) -> tuple[merge_analysis.Merge, list[merge_analysis.Merge]]:
    """Return the suggestion, and no merge with the `n_top` best."""
    box = sandbox(_ws, run_id, evidence, ordinal)
    return merge_analysis.suggest(box), merge_analysis.best(box, n_top)


@st.cache_data(max_size=SIZE, show_spinner=False)
def cheapest_merges(
    _ws: Workspace,
    run_id: str,
    evidence: merging.Evidence,
    ordinal: bool,
    n_top: int,
    version: int,
    _charges: merge_charging.Charges,
) -> list[merge_analysis.Merge]:
    """Return no merge and the `n_top` that save most; `version` is that of the costs."""
    return _charges.cheapest(sandbox(_ws, run_id, evidence, ordinal), n_top)


@st.cache_data(max_size=SIZE, show_spinner=False)
def merge_cost(
    _ws: Workspace,
    run_id: str,
    evidence: merging.Evidence,
    ordinal: bool,
    partition: tuple[int, ...],
    version: int,
    _charges: merge_charging.Charges,
) -> MergeCost:
    """Return what an image costs before and after a merge; `version` is that of the costs."""
    return _charges.of(sandbox(_ws, run_id, evidence, ordinal), partition)


@st.cache_data(max_size=SIZE, show_spinner=False)
def optimism(_ws: Workspace, run_id: str, evidence: merging.Evidence, ordinal: bool) -> float:
    """Return how much of the best merge's gain is there because it was chosen."""
    return merge_analysis.optimism(sandbox(_ws, run_id, evidence, ordinal))


@st.cache_data(max_size=SIZE, show_spinner=False)
def advice(
    _ws: Workspace, run_id: str, evidence: merging.Evidence, ordinal: bool, last_review: int
) -> list[advising.PairAdvice]:
    """Return what to do about each pair of classes that a run confuses, as reviews stand now."""
    return advising.advice(_ws, run_id, sandbox(_ws, run_id, evidence, ordinal))
