"""The reliability diagram: share of right answers against confidence, before and after."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.language import t
from pages.parts.chart_signs import separators
from pages.ui.charts import GREY, HUES, SIGNS

_HEIGHT_PX = 300


def reliability(states: Mapping[str, pd.DataFrame]) -> go.Figure:
    """Draw one panel a state ("before", "after"), all over the same range.

    Parameters
    ----------
    states : mapping of title to DataFrame
        Columns n_images, confidence, accuracy, low, high; one row a bin.
    """
    figure = make_subplots(
        1, len(states), shared_yaxes=True, subplot_titles=list(states), horizontal_spacing=0.04
    )
    hover = t(
        "claimed {claimed}, right {right}<br>{n} images, 95 % interval {low} to {high}",
        claimed="%{x:.1%}",
        right="%{y:.1%}",
        n="%{customdata[0]:,}",
        low="%{customdata[1]:.1%}",
        high="%{customdata[2]:.1%}",
    )
    least = min(table["confidence"].min() for table in states.values())
    for column, table in enumerate(states.values(), start=1):
        figure.add_trace(
            go.Scatter(
                x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip",
                line={"dash": "dash", "color": GREY, "width": 1},
            ),
            row=1, col=column,
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=table["confidence"],
                y=table["accuracy"],
                error_y={
                    "array": table["high"] - table["accuracy"],
                    "arrayminus": table["accuracy"] - table["low"],
                    "thickness": 1.5,
                    "width": 4,
                },
                customdata=table[["n_images", "low", "high"]],
                mode="markers",
                marker={"size": 8, "color": HUES[column - 1], "symbol": SIGNS[column - 1]},
                hovertemplate=hover + "<extra></extra>",
            ),
            row=1,
            col=column,
        )
    figure.update_xaxes(
        title=t("confidence"), tickformat=".0%", range=[max(0.0, least - 0.05), 1.02], nticks=6
    )
    figure.update_yaxes(tickformat=".0%", range=[0, 1.02], nticks=6)
    figure.update_layout(
        separators=separators(),
        height=_HEIGHT_PX,
        margin={"l": 8, "r": 8, "t": 32, "b": 8},
        showlegend=False,
        yaxis={"title": t("share right")},
    )
    return figure
