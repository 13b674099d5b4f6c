"""The sliders of the Cascade page, on the table of `bench_slider.py`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import streamlit as st
from table import K, read

from pages.parts import cascade_live

st.set_page_config(layout="wide")
run = SimpleNamespace(ms_per_image=1.0)
members: Any = SimpleNamespace(
    best_tau=0.5,
    costs=None,
    classes=[str(i) for i in range(K)],
    experts=[run] * 3,
    generalist=run,
    on=lambda _split: SimpleNamespace(table=read()),
)
thresholds = cascade_live.thresholds_of(members, "bench")
cascade_live.desk(members, thresholds, "bench", "test", promised=None)
