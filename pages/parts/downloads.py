"""The button under a table that hands it over as a file."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.services.runs import exporting


def csv(label: str, table: Callable[[], pd.DataFrame], stem: str) -> None:
    """Draw a button that makes a table and downloads it as STEM.csv, without formulas."""
    st.download_button(
        label,
        lambda: exporting.csv_bytes(table()),
        f"{stem}.csv",
        "text/csv",
        key=f"csv-{stem}",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )
