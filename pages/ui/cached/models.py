"""What models answer, cost and gain, alone and as a cascade."""

from __future__ import annotations

import streamlit as st

from core.analysis.comparisons.intervals import Estimate
from core.language import phrase
from core.records import HeldOut, MistakeCosts
from core.services.cascades import members as cascades
from core.services.cascades import pairs
from core.services.cascades.pairs import ConfusedPair
from core.services.comparing import (
    leaderboard,
    questions,
)
from core.services.costs import charging
from core.services.story import waterfall as story
from core.services.workspace import Workspace
from pages.ui.cached.keeping import SIZE, Spoken

_CASCADES = 8  # as large as the answers of their members
_ANSWERS = 24  # about 70 MB each where there are a million images of ten classes


@st.cache_resource(max_entries=_ANSWERS, show_spinner=Spoken(phrase("Reading the answers …")))
def answers(_ws: Workspace, question: questions.Question, model_id: str) -> questions.Answers:
    """Return what a model said of a question's images; shared by all pages, never written to."""
    return questions.answers(_ws, question, questions.find(_ws, model_id))


@st.cache_data(max_size=SIZE, show_spinner=Spoken(phrase("Measuring the models …")))
def measured(_ws: Workspace, question: questions.Question, model_id: str) -> leaderboard.Measured:
    """Return every figure of a model's answers to a question, with intervals."""
    return leaderboard.measure(answers(_ws, question, model_id))


@st.cache_data(max_size=SIZE, show_spinner=False)
def val_accuracy(_ws: Workspace, question: questions.Question, model_id: str) -> float:
    """Return a model's accuracy on the validation images of a question."""
    return leaderboard.val_accuracy(_ws, question, questions.find(_ws, model_id))


@st.cache_data(max_size=SIZE, show_spinner=False)
def cost(
    _ws: Workspace, entered: MistakeCosts, model_id: str, split: HeldOut, labels: str
) -> Estimate | None:
    """Return what an image costs by a model's answers; None of an expert."""
    model = questions.find(_ws, model_id)
    if model.run.pair:
        return None
    return charging.of_model(_ws, entered, model, split=split, labels=labels).per_image


@st.cache_resource(
    max_entries=_CASCADES, show_spinner=Spoken(phrase("Counting what every threshold does …"))
)
def cascade_members(
    _ws: Workspace,
    generalist: str,
    experts: tuple[str, ...],
    rule: cascades.Rule,
    costs: int,
) -> cascades.Members:
    """Return a cascade's members and all that follows; `costs` is the version of the costs."""
    return cascades.load(_ws, generalist, experts, rule)


@st.cache_data(max_size=SIZE, show_spinner=Spoken(phrase("Looking at the pairs …")))
def confused_pairs(
    _ws: Workspace, run_id: str, last_review: int, experts: tuple[str, ...]
) -> list[ConfusedPair]:
    """Return what a generalist confuses, as reviews and `experts` stand now."""
    return pairs.confused_pairs(_ws, run_id)


@st.cache_data(max_size=SIZE, show_spinner=Spoken(phrase("Measuring what each step gained …")))
def waterfall(_ws: Workspace, dataset_id: str, version: str) -> story.Waterfall | None:
    """Return what each step gained; `version` as `waterfall.version`."""
    return story.waterfall(_ws, dataset_id)
