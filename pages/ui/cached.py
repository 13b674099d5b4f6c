"""Cached readers of facts that never change: keys are immutable ids, so there is no expiry.

What can change (jobs, lists, names) is read fresh through the services. Where a fact may not be
there yet, the absence is not cached.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.analysis.comparisons.intervals import Estimate
from core.analysis.comparisons.mistakes import Shared
from core.analysis.merges import merging as merge_analysis
from core.analysis.merges.merge_costs import MergeCost
from core.language import phrase, t
from core.records import HeldOut, MistakeCosts
from core.services.cascades import members as cascades
from core.services.cascades import pairs
from core.services.cascades.pairs import ConfusedPair
from core.services.classes import advising, merge_charging, merging
from core.services.comparing import (
    calibrations,
    differences,
    leaderboard,
    mistakes,
    questions,
    slicing,
)
from core.services.comparing import coverage as coverages
from core.services.comparing import more_images as learning
from core.services.costs import charging
from core.services.data import datasets, exploring
from core.services.labels import label_evidence, label_preview, label_work
from core.services.story import waterfall as story
from core.services.workspace import Workspace

_SIZE = "200MiB"
_FRAMES = 8  # shared, never written to: of a million images a copy takes half a second
_SANDBOXES = 32  # a few megabytes each
_CASCADES = 8  # as large as the answers of their members
_ANSWERS = 24  # about 70 MB each where there are a million images of ten classes
_CURVES = 24  # about 30 MB each where a million images have confidences of their own
_CLAIMS = 24  # at most 20 MB each
_FINDINGS = 256  # tables of a few hundred rows


class _Spoken(str):
    """What a spinner says: Streamlit asks for it when it shows it, in the language of then."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return the sentence in the reader's language."""
        return t(super().__str__())


@st.cache_data(max_size=_SIZE, show_spinner=False)
def where(_ws: Workspace, dataset_id: str, *, label: str, split: str, any_word: str) -> list[int]:
    """Return the positions of the images with this label and split; `any_word` means all."""
    frame = images(_ws, dataset_id)
    for column, value in (("label", label), ("split", split)):
        if value != any_word:
            frame = frame[frame[column] == value]
    return [int(p) for p in frame["position"]]


@st.cache_data(max_size=_SIZE, show_spinner=False)
def examples(_ws: Workspace, dataset_id: str) -> pd.DataFrame:
    """Return one image a label: label, position (of its first training image), n_images."""
    frame = images(_ws, dataset_id)
    first = frame.sort_values("split", key=lambda s: s != "train", kind="stable")
    table = first.groupby("label", sort=False)["position"].agg(position="first", n_images="size")
    order = datasets.get_dataset(_ws, dataset_id).labels
    return table.reindex([label for label in order if label in table.index]).reset_index()


class _NotYet(Exception):
    """There is nothing to cache yet."""


@st.cache_resource(max_entries=_FRAMES, show_spinner=False)
def images(_ws: Workspace, dataset_id: str) -> pd.DataFrame:
    """Return position, image_id, path, label, split, group, width, height; row = position."""
    return datasets.images(_ws, dataset_id)


@st.cache_data(max_size=_SIZE, show_spinner=False)
def balance(_ws: Workspace, dataset_id: str) -> pd.DataFrame:
    """Return label, train, val, test, total."""
    return datasets.balance(_ws, dataset_id)


@st.cache_data(max_size=_SIZE, show_spinner=False)
def _points(_ws: Workspace, dataset_id: str, backbone: str, kind: str) -> NDArray[np.float32]:
    """Return the points or raise `_NotYet`."""
    found = exploring.points(_ws, dataset_id, backbone, kind=kind)
    if found is None:
        raise _NotYet
    return found


def plane(
    ws: Workspace, dataset_id: str, backbone: str, kind: str
) -> tuple[NDArray[np.float32], bool]:
    """Return the points to draw, float32 (n_images, 2), and whether they are of the kind wanted.

    UMAP needs a job; before it has run, the PCA plane stands in.
    """
    try:
        return _points(ws, dataset_id, backbone, kind), True
    except _NotYet:
        return _points(ws, dataset_id, backbone, "pca"), False


@st.cache_data(max_size=_SIZE, show_spinner=False)
def cluster_table(
    _ws: Workspace, dataset_id: str, content: str, _clusters: NDArray[Any]
) -> tuple[NDArray[Any], dict[str, float]]:
    """Return the table cluster x label and {ari, ami}; `content` is a hash of the clusters."""
    return exploring.cluster_table(_ws, dataset_id, _clusters)


@st.cache_resource(
    max_entries=_SANDBOXES, show_spinner=_Spoken(phrase("Looking at the ways to merge …"))
)
def sandbox(
    _ws: Workspace, run_id: str, evidence: merging.Evidence, ordinal: bool
) -> merge_analysis.Sandbox:
    """Return every merge of a run's classes, scored."""
    return merging.open_sandbox(_ws, run_id, evidence=evidence, ordinal=ordinal)


@st.cache_data(max_size=_SIZE, show_spinner=False)
def best_merges(
    _ws: Workspace, run_id: str, evidence: merging.Evidence, ordinal: bool, n_top: int
) -> tuple[merge_analysis.Merge, list[merge_analysis.Merge]]:
    """Return the suggestion, and no merge with the `n_top` best."""
    box = sandbox(_ws, run_id, evidence, ordinal)
    return merge_analysis.suggest(box), merge_analysis.best(box, n_top)


@st.cache_data(max_size=_SIZE, show_spinner=False)
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


@st.cache_data(max_size=_SIZE, show_spinner=False)
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


@st.cache_data(max_size=_SIZE, show_spinner=False)
def optimism(_ws: Workspace, run_id: str, evidence: merging.Evidence, ordinal: bool) -> float:
    """Return how much of the best merge's gain is there because it was chosen."""
    return merge_analysis.optimism(sandbox(_ws, run_id, evidence, ordinal))


@st.cache_data(max_size=_SIZE, show_spinner=False)
def advice(
    _ws: Workspace, run_id: str, evidence: merging.Evidence, ordinal: bool, last_review: int
) -> list[advising.PairAdvice]:
    """Return what to do about each pair of classes that a run confuses, as reviews stand now."""
    return advising.advice(_ws, run_id, sandbox(_ws, run_id, evidence, ordinal))


@st.cache_data(max_size=_SIZE, show_spinner=_Spoken(phrase("Measuring how far people agree …")))
def agreement(_ws: Workspace, dataset_id: str, source: str | None, version: int) -> dict[str, Any]:
    """Return how far reviewers agree; `version` is that of the reviews."""
    return label_work.agreement(_ws, dataset_id, source=source)


@st.cache_data(max_size=_SIZE, show_spinner=_Spoken(phrase("Making one label of all answers …")))
def consensus(_ws: Workspace, dataset_id: str, method: str, version: str) -> label_preview.Preview:
    """Return what a method would make of the reviews; `version` as `label_preview.version`."""
    return label_preview.preview(_ws, dataset_id, method)


@st.cache_data(max_size=_SIZE, show_spinner=False)
def twins(_ws: Workspace, dataset_id: str, min_cosine: float) -> list[dict[str, Any]]:
    """Return pairs of images that look nearly the same and have different labels."""
    return label_evidence.twins(_ws, dataset_id, min_cosine=min_cosine)


@st.cache_resource(max_entries=_ANSWERS, show_spinner=_Spoken(phrase("Reading the answers …")))
def answers(_ws: Workspace, question: questions.Question, model_id: str) -> questions.Answers:
    """Return what a model said of a question's images; shared by all pages, never written to."""
    return questions.answers(_ws, question, questions.find(_ws, model_id))


@st.cache_resource(
    max_entries=_CASCADES, show_spinner=_Spoken(phrase("Counting what every threshold does …"))
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


@st.cache_data(max_size=_SIZE, show_spinner=_Spoken(phrase("Looking at the pairs …")))
def confused_pairs(
    _ws: Workspace, run_id: str, last_review: int, experts: tuple[str, ...]
) -> list[ConfusedPair]:
    """Return what a generalist confuses, as reviews and `experts` stand now."""
    return pairs.confused_pairs(_ws, run_id)


@st.cache_data(max_size=_SIZE, show_spinner=_Spoken(phrase("Measuring the models …")))
def measured(_ws: Workspace, question: questions.Question, model_id: str) -> leaderboard.Measured:
    """Return every figure of a model's answers to a question, with intervals."""
    return leaderboard.measure(answers(_ws, question, model_id))


@st.cache_data(max_size=_SIZE, show_spinner=False)
def cost(
    _ws: Workspace, entered: MistakeCosts, model_id: str, split: HeldOut, labels: str
) -> Estimate | None:
    """Return what an image costs by a model's answers; None of an expert."""
    model = questions.find(_ws, model_id)
    if model.run.pair:
        return None
    return charging.of_model(_ws, entered, model, split=split, labels=labels).per_image


@st.cache_data(max_size=_SIZE, show_spinner=False)
def val_accuracy(_ws: Workspace, question: questions.Question, model_id: str) -> float:
    """Return a model's accuracy on the validation images of a question."""
    return leaderboard.val_accuracy(_ws, question, questions.find(_ws, model_id))


@st.cache_resource(
    max_entries=_CLAIMS, show_spinner=_Spoken(phrase("Comparing confidence with answers …"))
)
def claims(_ws: Workspace, question: questions.Question, model_id: str) -> calibrations.Evidence:
    """Return what a model claims and reaches, before and after temperature scaling."""
    return calibrations.evidence(_ws, question, model_id)


@st.cache_resource(
    max_entries=_CURVES, show_spinner=_Spoken(phrase("Ordering the answers by confidence …"))
)
def coverage(_ws: Workspace, question: questions.Question, model_id: str) -> coverages.Coverage:
    """Return how accurate a model is on the images that it is surest of."""
    return coverages.coverage(answers(_ws, question, model_id), question.split)


@st.cache_resource(max_entries=_ANSWERS, show_spinner=False)
def surest_errors(_ws: Workspace, question: questions.Question, model_id: str) -> NDArray[np.int64]:
    """Return the rows of a model's errors, the most confident first."""
    return mistakes.surest(answers(_ws, question, model_id))


@st.cache_resource(
    max_entries=_ANSWERS, show_spinner=_Spoken(phrase("Looking for what all get wrong …"))
)
def shared_errors(
    _ws: Workspace, question: questions.Question, model_ids: tuple[str, ...]
) -> Shared:
    """Return the images that all of these models answer wrongly."""
    return mistakes.shared([answers(_ws, question, i) for i in model_ids])


@st.cache_resource(max_entries=_ANSWERS, show_spinner=_Spoken(phrase("Joining the answers …")))
def worth(
    _ws: Workspace, question: questions.Question, model_ids: tuple[str, ...]
) -> mistakes.Worth:
    """Return what these models are worth together."""
    return mistakes.worth([answers(_ws, question, i) for i in model_ids])


@st.cache_resource(max_entries=_ANSWERS, show_spinner=_Spoken(phrase("Measuring the images …")))
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


@st.cache_data(max_size=_SIZE, show_spinner=_Spoken(phrase("Comparing the answers …")))
def paired(_ws: Workspace, question: questions.Question, a: str, b: str) -> dict[str, Any]:
    """Return how two models differ on a question's images, before any correction."""
    return differences.paired(answers(_ws, question, a), answers(_ws, question, b))


@st.cache_data(max_size=_SIZE, show_spinner=False)
def _curve(_ws: Workspace, question: questions.Question, backbone: str) -> learning.MoreImages:
    """Return the learning curve or raise `_NotYet`."""
    found = learning.curve(_ws, question, backbone)
    if found is None:
        raise _NotYet
    return found


def more_images(
    ws: Workspace, question: questions.Question, backbone: str
) -> learning.MoreImages | None:
    """Return the learning curve for a question, or None while it has not been computed."""
    try:
        return _curve(ws, question, backbone)
    except _NotYet:
        return None


@st.cache_data(max_size=_SIZE, show_spinner=_Spoken(phrase("Measuring what each step gained …")))
def waterfall(_ws: Workspace, dataset_id: str, version: str) -> story.Waterfall | None:
    """Return what each step gained; `version` as `waterfall.version`."""
    return story.waterfall(_ws, dataset_id)
