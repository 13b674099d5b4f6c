"""Cached readers of facts that never change: keys are immutable ids, so there is no expiry.

What can change (jobs, lists, names) is read fresh through the services. Where a fact may not be
there yet, the absence is not cached.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.services import datasets, exploring
from core.services.workspace import Workspace

_SIZE = "200MiB"


class _NotYet(Exception):
    """There is nothing to cache yet."""


@st.cache_data(max_size=_SIZE, show_spinner=False)
def images(_ws: Workspace, dataset_id: str) -> pd.DataFrame:
    """Return position, image_id, path, label, split, group, width, height; row = position."""
    return datasets.images(_ws, dataset_id)


@st.cache_data(max_size=_SIZE, show_spinner=False)
def balance(_ws: Workspace, dataset_id: str) -> pd.DataFrame:
    """Return label, train, val, test, total."""
    return datasets.balance(_ws, dataset_id)


@st.cache_data(max_size=_SIZE, show_spinner=False)
def _points(_ws: Workspace, dataset_id: str, backbone: str, kind: str) -> NDArray[np.float32]:
    """Return the points or raise `_NotYet`."""
    found = exploring.points(_ws, dataset_id, backbone, kind=kind)
    if found is None:
        raise _NotYet
    return found


def points(ws: Workspace, dataset_id: str, backbone: str, kind: str) -> NDArray[np.float32] | None:
    """Return a projection, float32 (n_images, 2), or None before it was made."""
    try:
        return _points(ws, dataset_id, backbone, kind)
    except _NotYet:
        return None
