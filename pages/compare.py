"""Which run is better, and is it more than luck? Runs side by side.

Whoever trained models reads here what they reached, how sure that is, and what each confuses.
"""

from __future__ import annotations

import streamlit as st

from core.services import comparing, mapping, training
from pages.ui import compare_parts, messages, names, pickers, run_table, shell

N_COMPARED = 4  # runs at once: more matrices fit on no screen
VIEWS = ["Differences", "Confusion", "Learning", "Hidden runs"]

ctx = shell.enter("Compare", "Which run is better, and is the difference more than luck?")
ws, dataset = ctx.ws, ctx.dataset

split = st.segmented_control(
    "Figures on",
    ["test", "val"],
    default="test",
    required=True,
    format_func=lambda s: names.SPLITS[s],
    key="compare_split",
    bind="query-params",
    help="Test images were never used to choose anything; validation images were.",
)
board = comparing.leaderboard(ws, dataset.id, split=split)
runs = {run.id: run for run in training.list_runs(ws, dataset.id)}
if board.empty:
    shell.missing(
        "There is no run to compare yet.",
        "Train a probe: it takes seconds.",
        "pages/train.py",
        "Train a first model",
    )
    with st.expander("Hidden runs"):
        compare_parts.hiding(ws, dataset, [])
    st.stop()

maps = {record.id: record for record in mapping.list_class_maps(ws, dataset.id)}
asked = run_table.question_of(board)
question = pickers.one(
    "Question",
    run_table.questions(board, maps),
    "question",
    help="Runs compare only when they answer the same question: the same classes.",
)
mine = board[asked == question].reset_index(drop=True)
with messages.guard():
    run_table.table(mine, split)

ids = list(mine["run"])
picked = pickers.several(
    "Runs to compare",
    {i: names.run(runs[i]) for i in ids},
    "runs",
    default=ids[:2],
    max_selections=N_COMPARED,
    help=f"Two to {N_COMPARED} runs of this question.",
)
chosen = [runs[i] for i in picked]
if not chosen:
    st.caption("Choose one or more runs to see what they confuse.")
    st.stop()

view = st.segmented_control(
    "View", VIEWS, default=VIEWS[0], required=True, key="compare_view", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
with messages.guard():
    if view == "Differences":
        compare_parts.accuracies(chosen, split)
        if len(chosen) > 1:
            result = comparing.compare(ws, [run.id for run in chosen], split=split)
            compare_parts.differences(result, {run.id: names.short(run) for run in chosen})
        else:
            st.caption("Choose a second run to see whether the difference is more than luck.")
    elif view == "Confusion":
        compare_parts.matrices(ws, dataset, chosen, split)
    elif view == "Learning":
        compare_parts.learning(chosen)
    else:
        compare_parts.hiding(ws, dataset, chosen)
