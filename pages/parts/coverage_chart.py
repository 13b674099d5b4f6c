"""Accuracy of what is kept, or generalized risk, over the share of images kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from core.language import phrase, t
from pages.parts.chart_signs import separators
from pages.ui.charts import DASHES, HUES, plain

SHOWN = {
    "accuracy": ("accuracy", "low", "high", phrase("accuracy of what is kept")),
    "risk": ("risk", "risk_low", "risk_high", phrase("wrong answers kept, of all images")),
}
_BAND = 0.15  # opacity
_SURE_FROM = 0.05  # coverage; below it the band is as wide as the page


def coverage(
    curves: Mapping[str, pd.DataFrame],
    what: str,
    marks: Mapping[str, tuple[float, float]],
    title: str,
) -> go.Figure:
    """Draw one curve a model with its 95 % band, and a ring at its operating point.

    Parameters
    ----------
    curves : mapping of model name to DataFrame
        Columns coverage, n_kept, threshold, and those of `SHOWN`.
    what : {"accuracy", "risk"}
    marks : mapping of model name to (coverage, value)
    title : str
        Of the x axis.
    """
    value, low, high, meaning = SHOWN[what]
    hover = t(
        "{value} at coverage {coverage}<br>{n_kept} images kept, threshold {threshold}",
        value="%{y:.1%}",
        coverage="%{x:.1%}",
        n_kept="%{customdata[0]:,}",
        threshold="%{customdata[1]:.3f}",
    )
    figure = go.Figure()
    for index, (name, table) in enumerate(curves.items()):
        colour = HUES[index % len(HUES)]
        figure.add_trace(_band(table, low, high, colour, name))
        figure.add_trace(
            go.Scatter(
                x=table["coverage"],
                y=table[value],
                customdata=table[["n_kept", "threshold"]],
                mode="lines",
                name=plain(name),
                legendgroup=name,
                line={"color": colour, "width": 2, "dash": DASHES[index % len(DASHES)]},
                hovertemplate=hover + "<extra>%{fullData.name}</extra>",
            )
        )
        if name in marks:
            figure.add_trace(_ring(marks[name], colour, name))
    figure.update_layout(
        separators=separators(),
        height=360 + 19 * len(curves),
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        xaxis={"title": title, "tickformat": ".0%", "range": [0, 1.01]},
        yaxis={"title": t(meaning), "tickformat": ".0%", "range": _range(curves, value, low, high)},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    return figure


def _band(table: pd.DataFrame, low: str, high: str, colour: str, name: str) -> go.Scatter:
    x = [*table["coverage"], *table["coverage"][::-1]]
    return go.Scatter(
        x=x, y=[*table[low], *table[high][::-1]], fill="toself", mode="none",
        fillcolor=colour, opacity=_BAND, legendgroup=name, showlegend=False, hoverinfo="skip",
    )  # fmt: skip


def _ring(at: Sequence[float], colour: str, name: str) -> go.Scatter:
    return go.Scatter(
        x=[at[0]], y=[at[1]], mode="markers", legendgroup=name, showlegend=False, hoverinfo="skip",
        marker={"size": 14, "symbol": "circle-open", "line": {"width": 3}, "color": colour},
    )  # fmt: skip


def _range(
    curves: Mapping[str, pd.DataFrame], value: str, low: str, high: str
) -> tuple[float, float]:
    """Return a range that shows the curves and, where there are enough images, their bands."""
    sure = [
        table[table["coverage"] >= min(_SURE_FROM, table["coverage"].iloc[-1])]
        for table in curves.values()
    ]
    if value == "risk":
        return 0.0, max(float(table[high].max()) for table in sure) * 1.02
    least = min(min(table[low].iloc[-1], table[value].min()) for table in sure)
    return max(0.0, float(least) - 0.02), 1.005
