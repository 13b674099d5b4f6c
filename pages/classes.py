"""Which labels belong together, and is the gain real? The merge sandbox.

Data scientists compose class maps here, stakeholders read whether to; either saves the one agreed.
"""

from __future__ import annotations

import streamlit as st

from core.language import t
from core.services.classes import mapping
from core.services.runs import training
from pages.parts import (
    class_advice,
    class_composer,
    class_ranking,
    class_sandbox,
    class_saved,
    class_scores,
    class_verdict,
)
from pages.ui import cached, messages, shell

BESIDE_MOST = 12  # classes up to which figures fit beside the matrix

ctx = shell.enter(
    t("Classes"),
    t(
        "Which labels belong together? Fewer classes raise accuracy by themselves: see how much of "
        "a gain is real, and whether to merge at all."
    ),
)
ws, dataset = ctx.ws, ctx.dataset
runs = [
    run
    for run in training.list_runs(ws, dataset.id)
    if run.pair is None and run.class_map_id is None
]
balance = cached.balance(ws, dataset.id)
n_images = dict(zip(balance["label"], balance["total"], strict=True))
draft = class_composer.current(dataset)

with messages.guard():
    bench = class_sandbox.open_bench(ws, dataset, runs)
    if bench is None:
        shell.missing(
            t("No run over the labels yet, so there are no figures to show."),
            t("You can compose and save a class map already; to see what it gains, train a probe."),
            "pages/train.py",
            t("Train a probe"),
        )
        class_composer.toolbar(dataset, draft)
        class_composer.picker(dataset, draft, ordinal=False)
        class_composer.merged_classes(dataset, draft, n_images)
    else:
        class_verdict.suggestion(bench)
        now = bench.examine(draft.partition)
        wide = len(draft.groups) > BESIDE_MOST
        if wide:
            figures, matrix = st.container(), st.container()
        else:
            matrix, figures = st.columns([3, 2], gap="medium")
        with matrix:
            st.subheader(t("Your class map"), anchor=False)
            class_composer.toolbar(dataset, draft)
            class_verdict.refusal(draft, ordinal=bench.ordinal)
            class_composer.matrix(bench, draft)
            class_composer.picker(dataset, draft, ordinal=bench.ordinal)
            class_composer.merged_classes(dataset, draft, n_images)
        with figures:
            st.subheader(t("What it is worth"), anchor=False)
            worth, tested = (
                st.columns([2, 1]) if wide and draft.merged else (st.container(), st.container())
            )
            with worth:
                before = bench.examine(range(len(dataset.labels)))
                class_scores.scoreboard(bench, before, now, wide=wide)
            with tested:
                class_scores.confirmation(bench, now)

    class_saved.save_form(ws, dataset, draft)
    if bench is not None:
        st.subheader(t("The best merges"), anchor=False)
        class_ranking.ranking(bench, draft, now)
        st.subheader(t("What to do about each confused pair"), anchor=False)
        class_advice.pairs(bench, draft)
    st.subheader(t("Saved class maps"), anchor=False)
    class_saved.versions(ws, dataset, bench, mapping.list_class_maps(ws, dataset.id))
