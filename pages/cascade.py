"""Does an expert break the tie where the generalist hesitates? The threshold, and the answer.

For whoever decides which model is put to use.
"""

from __future__ import annotations

import streamlit as st

from core.services.runs import cascading, training
from pages.parts import cascade_pairs, threshold
from pages.ui import messages, names, pickers, shell, text

ctx = shell.enter(
    "Cascade",
    "Where the generalist hesitates between two classes, an expert for that pair breaks the tie. "
    "Does it pay?",
)
ws, dataset = ctx.ws, ctx.dataset

generalists = names.ranked(run for run in training.list_runs(ws, dataset.id) if not run.pair)
if not generalists:
    shell.nothing_yet(
        "There is no generalist yet.",
        "Train a model over all classes first; the probe takes seconds.",
        "pages/train.py",
        "Train a generalist",
    )
by_id = {run.id: run for run in generalists}
generalist = by_id[
    pickers.one(
        "Generalist",
        {i: names.run(run) for i, run in by_id.items()},
        "generalist",
        help="The run that answers first; the most accurate on validation comes first.",
    )
]

with messages.guard() as outcome:
    experts = cascading.experts_of(ws, generalist.id)
    n_pairs = cascade_pairs.confused(ws, dataset, generalist, experts)
if not outcome.ok:
    st.stop()

if not experts:
    if n_pairs:
        st.caption("Train an expert for one of the pairs above; the threshold appears here.")
    else:
        cascade_pairs.nothing_to_gain(generalist)
    st.stop()

chosen = cascade_pairs.choose_experts(generalist, experts)
if not chosen:
    st.caption("Choose one or more experts to see what they gain.")
    st.stop()

st.subheader("The threshold", anchor=False)
with messages.guard():
    inputs = cascading.load_cascade_inputs(ws, generalist.id, chosen)
    threshold.settle(inputs)
    threshold.steer(ws, dataset, inputs)

saved = cascading.list_cascades(ws, dataset.id)
if saved:
    st.subheader("Saved cascades", anchor=False)
for record in saved:
    with st.container(border=True):
        test = record.report["test"]
        chosen_by = "tuned on validation" if record.tau_from == "validation" else "set by hand"
        st.markdown(
            f"**{messages.plain(names.cascade(record))}** · {chosen_by}, "
            f"{text.ago(record.created_at)}"
        )
        st.caption(
            f"Test accuracy {text.percent(test['accuracy'])} "
            f"({text.interval(test['accuracy_ci'])}) on {text.count(test['n_images'], 'image')}, "
            f"{text.points(test['gain'])} against the generalist alone, "
            f"{text.percent(test['deferral_rate'])} deferred."
        )
        st.page_link(
            "pages/predict.py",
            label="Try it on an image",
            icon=":material/image_search:",
            query_params={"model": names.cascade(record)},
        )
