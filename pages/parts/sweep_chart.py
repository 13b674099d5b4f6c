"""The criteria over the number of clusters: rows in, a Plotly figure out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.language import phrase, t
from pages.ui.charts import GREY, HUES, separators

# name, title, what it is compared with, its error
_PANELS = (
    ("gap", phrase("Gap"), None, "gap_se"),
    ("bic", phrase("BIC"), None, None),
    ("stability", phrase("Stability"), "stability_null", None),
    ("separation", phrase("Separation of the closest two"), None, "separation_se"),
    ("silhouette", phrase("Silhouette (no vote)"), None, None),
    ("pac", phrase("PAC (no vote; low is sure)"), "pac_null", None),
)


def k_sweep(rows: Sequence[Mapping[str, Any]], suggested: Mapping[str, int]) -> go.Figure:
    """Draw each criterion against k, with its error and what data without clusters would have.

    A ring marks the k that a criterion names; where a criterion is silent (silhouette at k = 1)
    there is no point.
    """
    titles = [t(title) for _, title, _, _ in _PANELS]
    figure = make_subplots(
        rows=3, cols=2, subplot_titles=titles, vertical_spacing=0.11, horizontal_spacing=0.12
    )
    for index, (name, _, null, error) in enumerate(_PANELS):
        for trace in _traces(rows, name, null, error, suggested.get(name)):
            figure.add_trace(trace, row=index // 2 + 1, col=index % 2 + 1)
    figure.add_hline(0.0, line_dash="dot", line_color=GREY, line_width=1.5, row=2, col=2)
    ks = [row["k"] for row in rows]
    ticks = [k for k in ks if len(ks) <= 8 or k == 1 or k % 5 == 0]
    figure.update_xaxes(tickvals=ticks, range=[min(ks) - 0.6, max(ks) + 0.6])
    figure.update_xaxes(title_text=t("number of clusters, k"), row=3)
    figure.update_annotations(font_size=13)  # two titles fit side by side on a phone
    figure.update_layout(
        height=660,
        margin={"l": 8, "r": 8, "t": 36, "b": 8},
        separators=separators(),
        showlegend=False,
    )
    return figure


def _traces(
    rows: Sequence[Mapping[str, Any]],
    name: str,
    null: str | None,
    error: str | None,
    best: int | None,
) -> list[go.Scatter]:
    """Return what is drawn in one panel."""
    known = [row for row in rows if row.get(name) is not None]
    ks, values = [row["k"] for row in known], [row[name] for row in known]
    bars = {"array": [row[error] for row in known], "thickness": 1} if error else None
    found = [
        go.Scatter(
            x=ks,
            y=values,
            error_y=bars,
            mode="lines+markers",
            line={"color": HUES[0]},
            hovertemplate="k = %{x}: %{y:.4g}<extra></extra>",
        )
    ]
    if null:
        said = t("without clusters, k = %{x}: %{y:.4g}") + "<extra></extra>"
        line = {"color": GREY, "dash": "dot", "width": 1.5}
        y = [row[null] for row in known]
        found.append(go.Scatter(x=ks, y=y, mode="lines", line=line, hovertemplate=said))
    if best in ks:
        found.append(
            go.Scatter(
                x=[best],
                y=[values[ks.index(best)]],
                mode="markers",
                marker={
                    "size": 17,
                    "symbol": "circle-open",
                    "color": HUES[1],
                    "line": {"width": 3},
                },
                hovertemplate=t("names k = %{x}") + "<extra></extra>",
            )
        )
    return found
