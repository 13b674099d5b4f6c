"""The button under a table that hands it over as a file."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.services.runs import exporting


def csv(label: str, table: pd.DataFrame, stem: str) -> None:
    """Draw a button that downloads a table as STEM.csv; nothing in it runs in a spreadsheet."""
    st.download_button(
        label,
        lambda: exporting.csv_bytes(table),
        f"{stem}.csv",
        "text/csv",
        key=f"csv-{stem}",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )
