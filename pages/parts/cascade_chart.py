"""Accuracy and deferral rate over the threshold: curves in, a Plotly figure out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from pages.ui.charts import OKABE_ITO

Curves = Mapping[str, NDArray[np.float64]]
_SHOWN, _OTHER, _RATE = OKABE_ITO[0], OKABE_ITO[1], OKABE_ITO[2]
_BAND = "rgba(0, 114, 178, 0.15)"


def threshold_curves(
    shown: Curves, tuned: Curves, tau: float, best_tau: float, names: tuple[str, str]
) -> go.Figure:
    """Draw accuracy (above) and deferral rate (below) against tau.

    Parameters
    ----------
    shown, tuned : mapping of str to array, each (n_taus,)
        What `core.analysis.cascades.cascade.Sweep.curves` returns, for the split on screen and
        for the one on which the threshold is tuned.
    tau, best_tau : float
        Where the slider stands, and the most accurate threshold on the tuning split.
    names : (str, str)
        The words for the two splits.
    """
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.06
    )
    for trace in _accuracy(shown, tuned, names):
        figure.add_trace(trace, row=1, col=1)
    figure.add_trace(
        _line(shown, "deferral_rate", f"deferred, {names[0]}", _RATE, "solid"), row=2, col=1
    )
    figure.add_vline(best_tau, line_dash="dot", line_color=_OTHER, line_width=1.5)
    figure.add_vline(tau, line_color=_SHOWN, line_width=2)
    figure.update_yaxes(tickformat=".0%", title_text="accuracy", row=1, col=1)
    figure.update_yaxes(tickformat=".0%", title_text="deferred", rangemode="tozero", row=2, col=1)
    figure.update_xaxes(range=[0, 1])
    figure.update_xaxes(title_text="threshold tau", row=2, col=1)
    figure.update_layout(
        height=400,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        hovermode="x unified",
    )
    return figure


def _accuracy(shown: Curves, tuned: Curves, names: tuple[str, str]) -> list[go.Scatter]:
    """Return the interval's band, both accuracies, and the level of the generalist alone."""
    keep = _corners(shown)
    x = shown["tau"][keep]
    band = go.Scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([shown["accuracy_high"][keep], shown["accuracy_low"][keep][::-1]]),
        fill="toself",
        fillcolor=_BAND,
        line={"width": 0},
        hoverinfo="skip",
        name="95 % interval",
        showlegend=False,
    )
    alone = go.Scatter(
        x=[0.0, 1.0],
        y=[shown["accuracy"][0]] * 2,
        mode="lines",
        line={"dash": "dash", "width": 1, "color": "gray"},
        name=f"generalist alone, {names[0]}",
        hoverinfo="skip",
    )
    return [
        band,
        alone,
        _line(tuned, "accuracy", f"cascade, {names[1]}", _OTHER, "dot"),
        _line(shown, "accuracy", f"cascade, {names[0]}", _SHOWN, "solid"),
    ]


def _line(curves: Curves, name: str, title: str, color: str, dash: str) -> go.Scatter:
    """Return one curve over tau, in steps: nothing changes between two confidences."""
    keep = _corners(curves)
    return go.Scatter(
        x=curves["tau"][keep],
        y=curves[name][keep],
        mode="lines",
        line={"shape": "hv", "color": color, "dash": dash, "width": 2},
        name=title,
        hovertemplate="%{y:.1%}<extra>" + title + "</extra>",
    )


def _corners(curves: Curves) -> NDArray[np.int64]:
    """Return the positions where anything changes, so that a move of the slider sends little."""
    moved = np.diff(curves["deferral_rate"]) != 0
    inside = np.flatnonzero(moved) + 1
    return np.unique(np.concatenate([[0], inside, [len(curves["tau"]) - 1]]))
