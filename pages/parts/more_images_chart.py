"""The learning curve as a figure: what was measured, what the law says, and where it leads."""

from __future__ import annotations

import plotly.graph_objects as go

from core.analysis.comparisons.learning_curve import LearningCurve
from core.language import t, text
from pages.parts.chart_signs import separators
from pages.ui.charts import GREY, HUES

_MEASURED, _LAW = HUES[1], HUES[0]
_BAND = "rgba(86, 180, 233, 0.22)"  # readable on both pages


def draw(curve: LearningCurve) -> go.Figure:
    """Draw accuracy against training images: points with intervals, the law, its 95 % band.

    The law is dashed beyond the present number of images, and ends at four times that.
    """
    here = curve.drawn <= curve.n_train
    figure = go.Figure()
    for y, fill in ((curve.band[:, 0], None), (curve.band[:, 1], "tonexty")):
        figure.add_trace(
            go.Scatter(
                x=curve.drawn,
                y=y,
                mode="lines",
                line={"width": 0},
                fill=fill,
                fillcolor=_BAND,
                name=t("95 % interval"),
                showlegend=fill is not None,
                hoverinfo="skip",
            )
        )
    for part, dash, name in ((here, "solid", t("fitted")), (~here, "dash", t("expected beyond"))):
        figure.add_trace(
            go.Scatter(
                x=curve.drawn[part],
                y=curve.expected[part],
                mode="lines",
                line={"dash": dash, "color": _LAW},
                name=name,
                hovertemplate=t("{n} images: {value}", n="%{x:,.0f}", value="%{y:.1%}")
                + f" {name}<extra></extra>",
            )
        )
    figure.add_trace(_expected(curve))
    figure.add_trace(_measured(curve))
    figure.add_vline(curve.n_train, line_dash="dot", line_color=GREY)
    said = {int(n): "" for n in curve.sizes}
    said |= {
        factor * curve.n_train: "<br>" + t("{factor} times", factor=factor)
        for factor in curve.gains
    }
    said[curve.n_train] = "<br>" + t("now")
    figure.update_layout(
        separators=separators(),
        height=420,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        xaxis={
            "title": t("training images"),
            "type": "log",
            "tickvals": list(said),
            "ticktext": [f"{text.number(n)}{words}" for n, words in said.items()],
        },
        yaxis={"title": t("accuracy, test ({n:,} images)", n=curve.n_test), "tickformat": ".0%"},
        legend={"orientation": "h", "y": -0.27, "yanchor": "top"},
    )
    return figure


def _expected(curve: LearningCurve) -> go.Scatter:
    """Return what is expected at a multiple of the present number, as rings on the dashed line."""
    return go.Scatter(
        x=[factor * curve.n_train for factor in curve.reached],
        y=[its.value for its in curve.reached.values()],
        mode="markers",
        marker={"size": 9, "symbol": "circle-open", "color": _LAW, "line": {"width": 2}},
        customdata=[its.interval for its in curve.reached.values()],
        hovertemplate=t(
            "{n} images: {value} expected, {low} to {high}",
            n="%{x:,}",
            value="%{y:.1%}",
            low="%{customdata[0]:.1%}",
            high="%{customdata[1]:.1%}",
        )
        + "<extra></extra>",
        showlegend=False,
    )


def _measured(curve: LearningCurve) -> go.Scatter:
    """Return the measured accuracies with their intervals."""
    said = curve.accuracies
    return go.Scatter(
        x=curve.sizes,
        y=[its.value for its in said],
        error_y={
            "array": [its.interval[1] - its.value for its in said],
            "arrayminus": [its.value - its.interval[0] for its in said],
            "thickness": 1.5,
            "width": 5,
        },
        mode="markers",
        marker={"size": 9, "color": _MEASURED},
        name=t("measured"),
        customdata=curve.n_fits,
        hovertemplate=t(
            "{n} images: {value}, fits: {fits}",
            n="%{x:,}",
            value="%{y:.1%}",
            fits="%{customdata}",
        )
        + "<extra></extra>",
    )
