"""Compare, confusion: the matrices of the chosen models side by side."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.records import Dataset
from core.services.comparing import confusions
from core.services.comparing.questions import Answers, Model, Question
from core.services.workspace import Workspace
from pages.ui import messages, names
from pages.ui.confusion_panel import confusion_panel

_LEAST_PX = 400  # of a matrix; in a narrower window they stand below each other


def show(
    ws: Workspace,
    dataset: Dataset,
    question: Question,
    models: Sequence[Model],
    said: Sequence[Answers],
) -> None:
    """Draw the confusion matrices of the chosen models, two beside each other where they fit."""
    classes = question.classes

    @st.fragment
    def one(model: Model, its: Answers) -> None:
        with messages.guard():
            st.markdown(f"**{messages.plain(names.short_model(model))}**")
            confusion_panel(
                ws,
                dataset,
                confusions.confusion(its),
                classes,
                f"compare-{model.id}-{question.split}",
                lambda true, predicted: confusions.cell_positions(its, classes, true, predicted),
            )

    with st.grid(2 if len(models) > 1 else 1, min_column_width=_LEAST_PX):
        for model, its in zip(models, said, strict=True):
            one(model, its)
