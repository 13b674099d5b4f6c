"""Which labels belong together? Class maps, and what each gains and costs.

The people who decide on classes compose them here and save the one they want with a reason.
"""

from __future__ import annotations

import streamlit as st

from core.services import cascading, mapping, training
from pages.ui import cached, class_composer, class_parts, class_scores, shell

ctx = shell.enter(
    "Classes",
    "Which labels belong together? Compose a class map, see what it gains and costs, save it.",
)
ws, dataset = ctx.ws, ctx.dataset

runs = [
    run
    for run in training.list_runs(ws, dataset.id)
    if run.pair is None and run.class_map_id is None
]
saved = mapping.list_class_maps(ws, dataset.id)
balance = cached.balance(ws, dataset.id)
counts = dict(zip(balance["label"], balance["total"], strict=True))

left, right = st.columns([5, 9], gap="medium")

with right:
    st.subheader("What it gains and costs", anchor=False)
    run, split = class_parts.choose_evidence(runs)

with left:
    st.subheader("The class map", anchor=False)
    confused = cascading.confused_pairs(ws, run.id) if run else []
    draft = class_composer.compose(dataset, counts, confused)
    class_parts.save_form(ws, dataset, draft)

with right:
    if run is None:
        shell.missing(
            "No run over the labels yet, so there are no figures to show.",
            "You can compose and save a class map already; to see what it gains, train a probe.",
            "pages/train.py",
            "Train a probe",
        )
    else:
        class_scores.scoreboard(ws, run, draft, split)
        class_parts.matrices(ws, dataset, run, draft, split)

st.subheader("Saved class maps", anchor=False)
class_parts.versions(ws, dataset, saved)
