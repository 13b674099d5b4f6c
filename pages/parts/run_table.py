"""The leaderboard as people read it: one table a question, intervals beside every accuracy."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import names, text
from pages.ui.meaning import MEANING

_SHARES = {"accuracy": "Accuracy", "chance": "Chance", "balanced_accuracy": "Balanced",
           "macro_f1": "Macro F1", "ece": "Calibration error"}  # fmt: skip
_NUMBERS = {"kappa": "Kappa", "bits": "Bits", "log_loss": "Log loss"}
_ORDER = [
    *("run", "algorithm", "seed", "accuracy", "interval", "chance", "kappa", "duration_s"),
    *("bits", "balanced_accuracy", "macro_f1", "log_loss", "ece", "n_images"),
    *("n_parameters", "device", "created_at"),
]


def table(board: pd.DataFrame, split: str) -> None:
    """Draw the leaderboard of some models, in its order: the best on validation first."""
    n_images = int(board["n_images"].iloc[0])
    bounds = zip(board["low"], board["high"], strict=True)
    shown = board.assign(interval=[text.interval(b) for b in bounds])[_ORDER]
    shown[list(_SHARES)] *= 100  # the browser's own percent shows two decimals, 156 images bear one
    st.dataframe(
        shown,
        hide_index=True,
        column_config=_columns(n_images, split),
        alt="Runs with their accuracy, the best on validation first",
    )
    st.caption(
        f"{names.SPLITS[split].capitalize()} split, {n_images:,} images; intervals hold with "
        "95 % confidence. The best on validation comes first. Hover a column's head to read what "
        "it means."
    )


def _columns(n_images: int, split: str) -> dict[str, Any]:
    """Return how each column is headed, formatted and explained."""
    on = f" On {n_images:,} {names.SPLITS[split]} images."
    number = st.column_config.NumberColumn
    return {
        "run": st.column_config.TextColumn("Run", pinned=True),
        "algorithm": "Algorithm",
        "seed": st.column_config.NumberColumn("Seed", help="Start of the random numbers."),
        "interval": st.column_config.TextColumn(
            "95 % interval", help="Wilson's interval of the accuracy." + on
        ),
        "n_images": number("Images", help="Images that the figures stand on."),
        "duration_s": number("Training", format="%.1f s", help="Time to fit, without loading."),
        "n_parameters": number("Parameters", format="localized", help="Numbers that are learnt."),
        "device": "Device",
        "created_at": st.column_config.DatetimeColumn("Trained", format="distance"),
        **{
            name: number(label, format="%.1f %%", help=MEANING[name] + on)
            for name, label in _SHARES.items()
        },
        **{
            name: number(label, format="%.3f", help=MEANING[name] + on)
            for name, label in _NUMBERS.items()
        },
    }
