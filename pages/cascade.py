"""Does an expert break the tie where the generalist hesitates? The threshold, and the answer.

For whoever decides which model is put to use.
"""

from __future__ import annotations

import streamlit as st

from core.language import phrase, t
from core.services.cascades import members as cascades
from core.services.costs import entering
from core.services.runs import training
from pages.parts import cascade_live, cascade_pairs, cascade_saved, cascade_steering
from pages.ui import cached, messages, names, pickers, shell

RULES: dict[cascades.Rule, str] = {
    "confidence": phrase("where the generalist doubts"),
    "learned": phrase("where a gain is expected"),
}

ctx = shell.enter(
    t("Cascade"),
    t(
        "Where the generalist hesitates between two classes, an expert for that pair breaks the "
        "tie. Does it pay?"
    ),
)
ws, dataset = ctx.ws, ctx.dataset

generalists = names.ranked(run for run in training.list_runs(ws, dataset.id) if not run.pair)
if not generalists:
    shell.nothing_yet(
        t("There is no generalist yet."),
        t("Train a model over all classes first; the probe takes seconds."),
        "pages/train.py",
        t("Train a generalist"),
    )
by_id = {run.id: run for run in generalists}
generalist = by_id[
    pickers.one(
        t("Generalist"),
        {i: names.run(run) for i, run in by_id.items()},
        "generalist",
        help=t("The run that answers first; the most accurate on validation comes first."),
    )
]

with messages.guard() as outcome:
    experts = cascades.experts_of(ws, generalist.id)
    n_pairs = cascade_pairs.confused(ws, dataset, generalist, experts)
if not outcome.ok:
    st.stop()

if not experts:
    if n_pairs:
        st.caption(t("Train an expert for one of the pairs above; the threshold appears here."))
    else:
        cascade_pairs.nothing_to_gain(generalist)
    st.stop()

chosen = cascade_pairs.choose_experts(generalist, experts)
if not chosen:
    st.caption(t("Choose one or more experts to see what they gain."))
    st.stop()

rule = pickers.words(
    t("Ask the expert"),
    RULES,
    "rule",
    default="confidence",
    on_change=cascade_live.forget,
    args=(cascade_live.TAU,),
    help=t(
        "Low confidence may mean that the expert does not know either. The second way learns on "
        "validation images where asking gains something; tau 0.5 then asks where a gain is "
        "expected."
    ),
)
split = pickers.split(
    t("Shown on"),
    "cascade_split",
    help=t("Tune on validation images; what counts is the test images."),
)
with messages.guard():
    costs = entering.version(ws, dataset.id)
    members = cached.cascade_members(ws, generalist.id, tuple(chosen), rule, costs)
    cascade_steering.steer(ws, dataset, members, split)

cascade_saved.show(ws, dataset)
