"""The same sliders, figures, matrix and curve by what Streamlit has: `st.slider` and a rerun.

By default from the million predictions, as a page does that has no table of counts; with
BENCH_SLIDER_TABLE from the table that our sliders read.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from table import FROM_TABLE, PAIRS, K, N, predictions, read

from core.analysis import metrics
from core.analysis.cascades import routes
from core.analysis.cascades.routes import PERSON
from core.analysis.comparisons.paired import paired_intervals

CONFUSIONS = [*map(str, range(K)), "a person"]


def from_table(tau: float, limit: float) -> dict[str, Any]:
    """Add up the counts at two positions."""
    table, at, person = read(), routes.position(tau), routes.position(limit)
    generalist, experts, asked = table.confusion_at([at] * 3, person)
    _, first, own, keeps, truth, before, after = table.owned.T
    deferred, n = first <= at, table.n_owned
    answered, right, was = deferred & (keeps >= person), after == truth, before == truth
    counts = np.zeros((2, routes.N_STEPS + 1))  # wrong and right answers, by what keeps them
    kept = table.kept
    np.add.at(counts, ((kept[:, 1] == kept[:, 2]).astype(int), kept[:, 0]), kept[:, 3])
    np.subtract.at(counts, (was[deferred].astype(int), own[deferred]), n[deferred])
    np.add.at(counts, (right[deferred].astype(int), keeps[deferred]), n[deferred])
    return {
        "confusion": generalist + experts,
        "asked": asked,
        "n_deferred": int(n[deferred].sum()),
        "n_expert": int(n[answered].sum()),
        "won": int(n[answered & right & ~was].sum()),
        "lost": int(n[answered & was & ~right].sum()),
        "counts": counts,
    }


def from_predictions(tau: float, limit: float) -> dict[str, Any]:
    """Send every image its way."""
    probs, y, q = predictions()
    routed = routes.send(probs, PAIRS, q, routes.Thresholds((tau,) * 3, limit))
    kept, right = routed.route != PERSON, routed.answer == y
    answered, was = routed.route >= 0, probs.argmax(axis=1) == y
    places = np.minimum(routed.confidence * routes.N_STEPS, routes.N_STEPS).astype(int)
    return {
        "confusion": metrics.confusion_matrix(y[kept], routed.answer[kept], K),
        "asked": np.bincount(y[~kept], minlength=K),
        "n_deferred": int((routed.asked >= 0).sum()),
        "n_expert": int(answered.sum()),
        "won": int((answered & right & ~was).sum()),
        "lost": int((answered & was & ~right).sum()),
        "counts": np.stack([np.bincount(places[r], minlength=1001) for r in (~right, right)]),
    }


def draw(f: dict[str, Any]) -> None:
    """Draw what our component draws."""
    n_right, n_answered, n_expert = (
        int(np.trace(f["confusion"])),
        int(f["confusion"].sum()),
        f["n_expert"],
    )
    low, high = metrics.wilson_interval(n_right, n_answered)
    gain = paired_intervals([f["won"]], [f["lost"]], n_answered)[0]
    n_asked = int(f["asked"].sum())
    figures = {
        "Accuracy": (n_right / max(1, n_answered), f"{low:.1%} to {high:.1%}"),
        "Net gain": (
            (f["won"] - f["lost"]) / max(1, n_answered),
            f"{gain[0]:.1%} to {gain[1]:.1%}",
        ),
        "Asked an expert": (f["n_deferred"] / N, f"{f['n_deferred']:,} of {N:,}"),
        "Asked a person": (n_asked / N, f"{n_asked:,} of {N:,}"),
        "Recovery": (f["won"] / max(1, n_expert), f"{f['won']:,} of {n_expert:,}"),
        "Breakage": (f["lost"] / max(1, n_expert), f"{f['lost']:,} of {n_expert:,}"),
        "Time per image": (1 + f["n_deferred"] / N, ""),
    }
    left, right = st.columns([2, 1])
    left.dataframe(pd.DataFrame(np.column_stack([f["confusion"], f["asked"]]), columns=CONFUSIONS))
    wrong, total = f["counts"][0, ::-1].cumsum(), f["counts"][:, ::-1].sum(axis=0).cumsum()
    curve = pd.DataFrame({"answered": total / N, "wrong": wrong / np.maximum(1, total)})
    right.line_chart(curve, x="answered", y="wrong")
    for place, (name, (share, more)) in zip(st.columns(len(figures)), figures.items(), strict=True):
        place.metric(name, f"{share:.3%}", more, delta_color="off")


st.set_page_config(layout="wide")
tau = st.slider("Ask the expert below", 0.0, 1.0, 0.5, step=0.001, format="%.3f")
limit = st.slider("Ask a person below", 0.0, 1.0, 0.0, step=0.001, format="%.3f")
draw((from_table if os.environ.get(FROM_TABLE) else from_predictions)(tau, limit))
