"""What the pages of `bench_slider.py` read, once a server."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import streamlit as st

from core.analysis.cascades import routes

N, K, PAIRS = 1_000_000, 10, [(0, 1), (2, 5), (9, 4)]
FOLDER = "BENCH_SLIDER_FOLDER"  # names it in the environment
FROM_TABLE = "BENCH_SLIDER_TABLE"  # in the environment: the rerun adds up counts


@st.cache_resource
def read() -> routes.Table:
    """Return what was counted of the million predictions."""
    kept, owned, n = (load(name) for name in ("kept", "owned", "n"))
    return routes.Table(K, N, tuple(map(tuple, PAIRS)), kept, owned, n)


@st.cache_resource
def predictions() -> tuple[Any, ...]:
    """Return the million predictions, their true classes, and the experts' answers."""
    return load("probs"), load("y"), [load(f"q{p}") for p in range(len(PAIRS))]


def load(name: str) -> np.ndarray:
    """Return one array of the folder."""
    return np.load(f"{os.environ[FOLDER]}/{name}.npy")
