"""What does the model say about this image, or these? The answer, and who gave it.

For trying a run or a cascade on images of one's own, on what the camera sees, or on one of the test
set; and for teaching a one-shot network one class more.
"""

from __future__ import annotations

import streamlit as st

from core.language import t
from core.services.cascades import saving
from core.services.runs import extending, training
from pages.parts import (
    predict_batch,
    predict_drift,
    predict_export,
    predict_extend,
    predict_look,
    predict_parts,
    predict_source,
)
from pages.parts.predict_source import CAMERA, KNOWN, MANY, OWN
from pages.ui import messages, names, pickers, shell

ctx = shell.enter(t("Predict"), t("What does the model say about this image, and who answered?"))
ws, dataset = ctx.ws, ctx.dataset

cascades = {record.id: record for record in saving.all_of(ws, dataset.id)}
trained = [run for run in training.list_runs(ws, dataset.id) if not run.is_imported]
runs = {run.id: run for run in names.ranked(trained)}
if not runs:
    shell.nothing_yet(
        t("There is no model yet."),
        t("Train one first; the probe takes seconds."),
        "pages/train.py",
        t("Train a model"),
    )
taught = {record.id: record for record in extending.list_extended(ws, dataset.id)}
whole = {i: run for i, run in runs.items() if not run.pair}
model_id = pickers.one(
    t("Model"),
    {i: names.cascade(record) for i, record in cascades.items()}
    | {i: names.run(run) for i, run in (whole | runs).items()}
    | {i: names.extended(record) for i, record in taught.items()},
    "model",
    help=t(
        "A cascade, a single run, or a run that was taught a class; the newest cascade comes first."
    ),
)
model = cascades.get(model_id) or runs.get(model_id) or extending.as_run(ws, taught[model_id])

source = pickers.words(t("Image"), [OWN, CAMERA, KNOWN, MANY], "predict_source")
place = st.container()  # filled last: what is below stands while many images are answered
predict_export.panel(ws, model_id)
predict_extend.panel(ws, dataset, model, taught)

with place, messages.guard():
    if source == MANY:
        predict_batch.panel(ws, dataset, model)
        st.stop()
    left, right = st.columns([2, 3], gap="large")
    with left:
        asked = predict_source.choose(source, ws, dataset, model)
    if asked is None:
        right.caption(t("Choose an image to see the answer."))
    else:
        found = predict_parts.ask(ws, model_id, asked)
        with right:
            predict_parts.answer(ws, dataset, model, asked, found)
            predict_drift.one(ws, model, asked)
            predict_look.panel(ws, model_id, asked)
            predict_parts.neighbours(ws, dataset, found["neighbours"], asked)
        predict_parts.on_the_map(ws, dataset, model, asked)
