"""Which run is better, and is it more than luck? Runs side by side.

Whoever trained models reads here what they reached, how sure that is, and what each confuses.
"""

from __future__ import annotations

import streamlit as st

from core.services.classes import mapping
from core.services.runs import comparing, training
from pages.parts import compare_parts, run_table
from pages.ui import messages, names, pickers, shell, state

N_COMPARED = 4  # runs at once: more matrices fit on no screen
HIDDEN = "Hidden runs"
VIEWS = ["Differences", "Confusion", "Learning", HIDDEN]

ctx = shell.enter("Compare", "Which run is better, and is the difference more than luck?")
ws, dataset = ctx.ws, ctx.dataset

split = pickers.split(
    "Figures on",
    "compare_split",
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
arrived = pickers.arrived("runs")
for name in arrived:  # a link to runs is a link to their question
    same = [names.run(runs[i]) == name or i == name for i in board["run"]]
    for key in asked[same]:
        state.set_widget("question", key)
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
if state.draft("question") not in (None, question) and not arrived:
    state.set_widget("runs", ids[:2])  # another question: its best two, as at first
state.set_draft("question", question)
picked = pickers.several(
    "Runs to compare",
    {i: names.run(runs[i]) for i in ids},
    "runs",
    default=ids[:2],
    max_selections=N_COMPARED,
    help=f"Two to {N_COMPARED} runs of this question.",
)
chosen = [runs[i] for i in picked]

view = st.segmented_control(
    "View",
    VIEWS,
    default=VIEWS[0],
    required=True,
    key="compare_view",
    bind="query-params",
    label_visibility="collapsed",
)
with messages.guard():
    if view == HIDDEN:
        compare_parts.hiding(ws, dataset, chosen)
    elif not chosen:
        st.caption("Choose one or more runs to see what they confuse.")
    elif view == "Differences":
        compare_parts.accuracies(chosen, split)
        compare_parts.differences(ws, chosen, split)
    elif view == "Confusion":
        compare_parts.matrices(ws, dataset, chosen, split)
    else:
        compare_parts.learning(chosen)
