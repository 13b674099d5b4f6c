"""The views of Compare: confidence, coverage, mistakes, differences, more images."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.analysis.comparisons.mistakes import Shared
from core.language import phrase
from core.services.comparing import (
    calibrations,
    differences,
    mistakes,
    questions,
    slicing,
)
from core.services.comparing import coverage as coverages
from core.services.comparing import more_images as learning
from core.services.workspace import Workspace
from pages.ui.cached.keeping import SIZE, NotYet, Spoken
from pages.ui.cached.models import answers

_ANSWERS = 24  # about 70 MB each where there are a million images of ten classes
_CURVES = 24  # about 30 MB each where a million images have confidences of their own
_CLAIMS = 24  # at most 20 MB each
_FINDINGS = 256  # tables of a few hundred rows


@st.cache_resource(
    max_entries=_CLAIMS, show_spinner=Spoken(phrase("Comparing confidence with answers …"))
)
def claims(_ws: Workspace, question: questions.Question, model_id: str) -> calibrations.Evidence:
    """Return what a model claims and reaches, before and after temperature scaling."""
    return calibrations.evidence(_ws, question, model_id)


@st.cache_resource(
    max_entries=_CURVES, show_spinner=Spoken(phrase("Ordering the answers by confidence …"))
)
def coverage(_ws: Workspace, question: questions.Question, model_id: str) -> coverages.Coverage:
    """Return how accurate a model is on the images that it is surest of."""
    return coverages.coverage(answers(_ws, question, model_id), question.split)


@st.cache_resource(max_entries=_ANSWERS, show_spinner=False)
def surest_errors(_ws: Workspace, question: questions.Question, model_id: str) -> NDArray[np.int64]:
    """Return the rows of a model's errors, the most confident first."""
    return mistakes.surest(answers(_ws, question, model_id))


@st.cache_resource(
    max_entries=_ANSWERS, show_spinner=Spoken(phrase("Looking for what all get wrong …"))
)
def shared_errors(
    _ws: Workspace, question: questions.Question, model_ids: tuple[str, ...]
) -> Shared:
    """Return the images that all of these models answer wrongly."""
    return mistakes.shared([answers(_ws, question, i) for i in model_ids])


@st.cache_resource(max_entries=_ANSWERS, show_spinner=Spoken(phrase("Joining the answers …")))
def worth(
    _ws: Workspace, question: questions.Question, model_ids: tuple[str, ...]
) -> mistakes.Worth:
    """Return what these models are worth together."""
    return mistakes.worth([answers(_ws, question, i) for i in model_ids])


@st.cache_resource(max_entries=_ANSWERS, show_spinner=Spoken(phrase("Measuring the images …")))
def slicings(_ws: Workspace, question: questions.Question, version: str) -> list[slicing.Slicing]:
    """Return the ways to divide a question's images; `version` as `slicing.version`."""
    return slicing.slicings(_ws, question)


@st.cache_resource(max_entries=_FINDINGS, show_spinner=False)
def findings(
    _ws: Workspace, question: questions.Question, model_id: str, version: str
) -> list[slicing.Finding]:
    """Return how a model does on each slice; `version` as `slicing.version`."""
    divided = slicings(_ws, question, version)
    return slicing.findings(answers(_ws, question, model_id), divided)


@st.cache_data(max_size=SIZE, show_spinner=Spoken(phrase("Comparing the answers …")))
def paired(_ws: Workspace, question: questions.Question, a: str, b: str) -> dict[str, Any]:
    """Return how two models differ on a question's images, before any correction."""
    return differences.paired(answers(_ws, question, a), answers(_ws, question, b))


@st.cache_data(max_size=SIZE, show_spinner=False)
def _curve(_ws: Workspace, question: questions.Question, backbone: str) -> learning.MoreImages:
    """Return the learning curve or raise `NotYet`."""
    found = learning.curve(_ws, question, backbone)
    if found is None:
        raise NotYet
    return found


def more_images(
    ws: Workspace, question: questions.Question, backbone: str
) -> learning.MoreImages | None:
    """Return the learning curve for a question, or None while it has not been computed."""
    try:
        return _curve(ws, question, backbone)
    except NotYet:
        return None
