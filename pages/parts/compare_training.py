"""Compare, training: how the chosen models learned."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core.services.comparing.questions import Model
from core.services.runs import training
from pages.parts import train_jobs
from pages.ui import names


def show(models: Sequence[Model]) -> None:
    """Draw loss and accuracy over epochs; of a cascade, those of its generalist."""
    runs = {model.run.id: model.run for model in models}
    history = pd.concat([training.history_frame(run) for run in runs.values()])
    short = {run_id: names.short(run) for run_id, run in runs.items()}
    train_jobs.curves(history.assign(run=history["run"].map(short)), "compare-curves")
