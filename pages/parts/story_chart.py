"""The waterfall: from the start to now, each step a bar with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from core.language import t
from core.services.story.bars import Look, Row, extent
from pages.ui.charts import GREY, HUES, plain

# Blue gained, vermilion lost; what proves nothing is grey, what chance gives hatched. The sign of
# each is beside it.
_COLOURS: dict[Look, str] = {
    "level": GREY,
    "gained": HUES[0],
    "lost": HUES[1],
    "no measurable gain": GREY,
    "chance": GREY,
    "none": GREY,
}
_HEIGHT = 38  # of a row, in pixels


def waterfall(rows: Sequence[Row]) -> go.Figure:
    """Draw the rows of a waterfall from top to bottom; the axis shows a part of 0 to 100 %."""
    low, high = extent(list(rows))
    figure = go.Figure()
    for index, row in enumerate(rows):
        _bar(figure, index, row)
        _interval(figure, index, row)
    _texts(figure, rows)
    for index, (row, after) in enumerate(zip(rows, rows[1:], strict=False)):
        figure.add_shape(
            type="line", x0=row.end, x1=after.begin, y0=index, y1=index + 1, layer="below",
            line={"color": GREY, "width": 1, "dash": "dot"},
        )  # fmt: skip
    figure.update_layout(
        height=64 + _HEIGHT * len(rows),
        margin={"l": 8, "r": 84, "t": 8, "b": 8},
        showlegend=False,
        bargap=0.3,
        xaxis={
            "range": [low, high],
            "tickformat": ".0%",
            "title": t("accuracy on the same test images"),
        },
        yaxis={
            "range": [len(rows) - 0.5, -0.5],
            "tickvals": list(range(len(rows))),
            "ticktext": [plain(row.name) for row in rows],
            "showgrid": False,
        },
    )
    return figure


def _bar(figure: go.Figure, index: int, row: Row) -> None:
    hatched = {"shape": "/"} if row.look == "chance" else None
    figure.add_bar(
        x=[row.end - row.begin],
        y=[index],
        base=[row.begin],
        orientation="h",
        marker={"color": _COLOURS[row.look], "pattern": hatched},
        hovertext=plain(f"{row.name}: {row.text}"),
        hoverinfo="text",
    )


def _interval(figure: go.Figure, index: int, row: Row) -> None:
    """Draw the dot of a level, and the interval around the end of whatever has one."""
    ends: dict[str, Any] | None = None
    if row.low is not None and row.high is not None:
        ends = {"array": [row.high - row.end], "arrayminus": [row.end - row.low]}
    figure.add_scatter(
        x=[row.end],
        y=[index],
        mode="markers",
        marker={"size": 11 if row.look == "level" else 1, "color": _COLOURS[row.look]},
        error_x=ends and {**ends, "thickness": 2, "width": 6},
        hovertext=plain(f"{row.name}: {row.text}"),
        hoverinfo="text",
    )


def _texts(figure: go.Figure, rows: Sequence[Row]) -> None:
    for index, row in enumerate(rows):
        figure.add_annotation(
            x=1, xref="paper", xanchor="left", xshift=6, y=index, text=plain(row.text),
            showarrow=False, align="left",
        )  # fmt: skip
