"""Which model is better, and is it more than luck? Models side by side on the same images.

Whoever trained models reads here what they reached, how sure that is, and what each confuses.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import streamlit as st

from core.language import phrase, t
from core.records import HeldOut
from core.services.classes import mapping
from core.services.comparing import leaderboard, questions
from core.services.costs import entering
from core.services.labels import label_sets
from pages.parts import (
    compare_board,
    compare_calibration,
    compare_confusion,
    compare_coverage,
    compare_differences,
    compare_import,
    compare_marks,
    compare_mistakes,
    compare_more_images,
    compare_training,
    compare_verdict,
)
from pages.ui import cached, messages, names, pickers, shell, state

N_COMPARED = 4  # models at once: more matrices fit on no screen
DELETED = phrase("Deleted")
MORE = phrase("More images")
VIEWS = [
    *(phrase("Differences"), phrase("Confusion"), phrase("Calibration"), phrase("Coverage")),
    *(phrase("Mistakes"), phrase("Learning"), MORE, DELETED),
]

ctx = shell.enter(t("Compare"), t("Which model is better, and is the difference more than luck?"))
ws, dataset = ctx.ws, ctx.dataset

split = pickers.split(
    t("Figures on"),
    "compare_split",
    help=t("Test images were never used to choose anything; validation images were."),
)
everyone = questions.models_of(ws, dataset.id)
if not everyone:
    shell.missing(
        t("There is no run to compare yet."),
        t("Train a probe: it takes seconds."),
        "pages/train.py",
        t("Train a first model"),
    )
    with messages.guard():  # the learning curve needs no run
        compare_more_images.show(ws, dataset, questions.question(ws, dataset.id))
    compare_import.show(ws, dataset)
    compare_marks.show(ws, [])
    with st.expander(t(DELETED)):
        compare_marks.deleted(ws, dataset)
    st.stop()

maps = {record.id: record for record in mapping.list_class_maps(ws, dataset.id)}
asked = {q.key: q for q in questions.questions(everyone)}
arrived = {pickers.meant(v, {m.id for m in everyone}) for v in pickers.arrived("runs")}
for model in everyone:  # a link to models is a link to their question
    if model.id in arrived:
        state.set_widget("question", questions.own(model).key)
key = pickers.one(
    t("Question"),
    {key: names.question(q, maps) for key, q in asked.items()},
    "question",
    help=t("Models compare only when they answer the same question: the same classes."),
)
truths = {label_sets.ORIGINAL: t(names.AS_IMPORTED)} | {
    record.id: names.label_set(record) for record in label_sets.list_label_sets(ws, dataset.id)
}
labels = label_sets.ORIGINAL
if len(truths) > 1:
    labels = pickers.one(
        t("Measured by"), truths, "labels", help=t("The labels that say what is right.")
    )
question = replace(asked[key], split=cast(HeldOut, split), labels=labels)
able, apart = questions.takes_part(ws, question, everyone)
with messages.guard():
    accuracies = [cached.val_accuracy(ws, question, model.id) for model in able]
    order = leaderboard.best_first(able, accuracies)
    known = {able[i].id: able[i] for i in order}
    val = [accuracies[i] for i in order]
ids = list(known)
called = {i: names.short_model(model) for i, model in known.items()}
above = st.container()  # the leaderboard, drawn once it is known which of its rows are chosen
if state.draft("question") not in (None, key) and not arrived:
    state.set_widget("runs", ids[:2])  # another question: its best two, as at first
state.set_draft("question", key)
picked = pickers.several(
    t("Models to compare"),
    {i: names.model(known[i]) for i in ids},
    "runs",
    default=ids[:2],
    max_selections=N_COMPARED,
    help=t(
        "Two to {most} models that answer this question; or tick rows of the table.",
        most=N_COMPARED,
    ),
)
chosen = [known[i] for i in picked]
with above, messages.guard():
    everybody = [cached.answers(ws, question, i) for i in ids]
    figures = [cached.measured(ws, question, i) for i in ids]
    entered = entering.current(ws, dataset.id)
    costs = [cached.cost(ws, entered, i, question.split, labels) for i in ids] if entered else []
    board = leaderboard.board(ws, list(known.values()), figures, val, costs)
    compare_verdict.show(board, everybody, called, split)
    words = compare_board.Words(
        called,
        {None: t(names.AS_LABELLED)} | {i: names.class_map(m) for i, m in maps.items()},
        truths,
    )
    compare_board.show(board, words, split, picked, N_COMPARED)
    compare_board.set_apart(apart)
compare_marks.show(ws, chosen)

view = pickers.words(t("View"), VIEWS, "compare_view", label_visibility="collapsed")
with messages.guard():
    said = [cached.answers(ws, question, model.id) for model in chosen]
    if view == DELETED:
        compare_marks.deleted(ws, dataset)
    elif view == MORE:
        compare_more_images.show(ws, dataset, question)
    elif not chosen:
        st.caption(t("Choose one or more models to see what they confuse."))
    elif view == "Differences":
        compare_differences.show(ws, question, chosen, said)
    elif view == "Confusion":
        compare_confusion.show(ws, dataset, question, chosen, said)
    elif view == "Calibration":
        compare_calibration.show(ws, question, chosen)
    elif view == "Coverage":
        compare_coverage.show(ws, question, chosen)
    elif view == "Mistakes":
        compare_mistakes.show(ws, dataset, question, chosen, said)
    else:
        compare_training.show(chosen)
compare_import.show(ws, dataset)
