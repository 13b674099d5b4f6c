"""Compare, training: how the chosen models learned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd
import streamlit as st

from core.language import t, tn
from core.records import Run
from core.services.comparing.questions import Model
from core.services.runs import training
from pages.parts import train_jobs
from pages.ui import names


def show(models: Sequence[Model]) -> None:
    """Draw loss and accuracy over epochs of what has them; of a cascade, its generalist's."""
    runs = {model.run.id: model.run for model in models if model.run.history}
    if not runs:
        st.caption(t("None of these models learned in epochs here: there are no curves of them."))
        return
    history = pd.concat([training.history_frame(run) for run in runs.values()])
    short = {run_id: names.short(run) for run_id, run in runs.items()}
    train_jobs.curves(history.assign(run=history["run"].map(short)), "compare-curves")
    st.caption(
        t(
            "Training: on what a run learned from, as it saw it. Validation: on {images}; the "
            "epoch that is best on these is kept, so the accuracy to report is that on test.",
            images=_validation_images(runs.values()),
        )
    )


def _validation_images(runs: Iterable[Run]) -> str:
    """Return "314 validation images", or "89 to 314" where runs have learned other classes."""
    sizes = sorted({run.metrics["val"]["n_images"] for run in runs})
    if len(sizes) == 1:
        return tn("{n:,} validation image", "{n:,} validation images", sizes[0])
    return t("{low:,} to {high:,} validation images", low=sizes[0], high=sizes[-1])
