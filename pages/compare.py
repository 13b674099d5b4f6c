"""Which model is better, and is it more than luck? Models side by side on the same images.

Whoever trained models reads here what they reached, how sure that is, and what each confuses.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import streamlit as st

from core.records import HeldOut
from core.services.classes import mapping
from core.services.comparing import leaderboard, questions
from pages.parts import (
    compare_confusion,
    compare_differences,
    compare_hidden,
    compare_import,
    compare_more_images,
    compare_training,
    run_table,
)
from pages.ui import cached, messages, names, pickers, shell, state

N_COMPARED = 4  # models at once: more matrices fit on no screen
HIDDEN = "Hidden runs"
MORE = "More images"
VIEWS = ["Differences", "Confusion", "Learning", MORE, HIDDEN]

ctx = shell.enter("Compare", "Which model is better, and is the difference more than luck?")
ws, dataset = ctx.ws, ctx.dataset

split = pickers.split(
    "Figures on",
    "compare_split",
    help="Test images were never used to choose anything; validation images were.",
)
everyone = questions.models_of(ws, dataset.id)
if not everyone:
    shell.missing(
        "There is no run to compare yet.",
        "Train a probe: it takes seconds.",
        "pages/train.py",
        "Train a first model",
    )
    compare_import.show(ws, dataset)
    with st.expander("Hidden runs"):
        compare_hidden.show(ws, dataset, [])
    st.stop()

maps = {record.id: record for record in mapping.list_class_maps(ws, dataset.id)}
asked = {q.key: q for q in questions.questions(everyone)}
arrived = pickers.arrived("runs")
for model in everyone:  # a link to models is a link to their question
    if {model.id, names.model(model)} & set(arrived):
        state.set_widget("question", questions.own(model).key)
key = pickers.one(
    "Question",
    {key: names.question(q, maps) for key, q in asked.items()},
    "question",
    help="Models compare only when they answer the same question: the same classes.",
)
question = replace(asked[key], split=cast(HeldOut, split))
able, apart = questions.takes_part(ws, question, everyone)
known = {model.id: model for model in names.ranked_models(able)}
ids = list(known)
with messages.guard():
    everybody = [cached.answers(ws, question, i) for i in ids]
    run_table.table(leaderboard.board(list(known.values()), everybody), split)
if state.draft("question") not in (None, key) and not arrived:
    state.set_widget("runs", ids[:2])  # another question: its best two, as at first
state.set_draft("question", key)
picked = pickers.several(
    "Models to compare",
    {i: names.model(known[i]) for i in ids},
    "runs",
    default=ids[:2],
    max_selections=N_COMPARED,
    help=f"Two to {N_COMPARED} models that answer this question.",
)
chosen = [known[i] for i in picked]

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
    said = [cached.answers(ws, question, model.id) for model in chosen]
    if view == HIDDEN:
        compare_hidden.show(ws, dataset, [model.run for model in chosen if not model.cascade])
    elif view == MORE:
        compare_more_images.show(ws, dataset, question)
    elif not chosen:
        st.caption("Choose one or more models to see what they confuse.")
    elif view == "Differences":
        compare_differences.show(question, chosen, said)
    elif view == "Confusion":
        compare_confusion.show(ws, dataset, question, chosen, said)
    else:
        compare_training.show(chosen)
compare_import.show(ws, dataset)
