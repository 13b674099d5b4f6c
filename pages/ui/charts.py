"""Arrays in, Plotly figures out; no Streamlit here, so that figures are tested as they are.

Colours are those of the theme (`.streamlit/config.toml`): safe for colour-blind eyes, and distinct
from the light and the dark page. No figure says anything by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.language import phrase, t, text
from pages.ui.names import SPLITS

_MARGIN = {"l": 8, "r": 8, "t": 28, "b": 8}
# Streamlit draws the theme's ten colours for categories, light or dark, in the place of these
# signs. Named where two traces must share one hue.
HUES = tuple(f"#{n:06d}" for n in range(1, 11))
GREY = "#8A8088"  # of references and levels; stands off both pages
SIGNS = ("circle", "square", "diamond", "cross", "triangle-up", "x", "star")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
FEW = 8  # epochs, each with its own tick
_TRAIN_DASH, _VAL_DASH = "dot", "solid"
_HATCHES = {"train": "", "val": "/", "test": "."}
_CURVES = {"loss": phrase("loss"), "accuracy": phrase("accuracy")}


def balance(frame: pd.DataFrame) -> go.Figure:
    """Draw images a label, stacked by split, from columns label, train, val, test."""
    figure = go.Figure()
    for split, word in SPLITS.items():
        said = t("%{{y}}: %{{x:,}} for {split}", split=t(word))
        figure.add_trace(
            go.Bar(
                y=frame["label"].map(plain),
                x=frame[split],
                name=t(word),
                orientation="h",
                marker={"pattern": {"shape": _HATCHES[split], "fgopacity": 0.6}},
                hovertemplate=said + "<extra></extra>",
            )
        )
    figure.update_layout(
        barmode="stack",
        height=90 + 30 * len(frame),
        margin=_MARGIN,
        separators=separators(),
        xaxis={"title": t("images")},
        yaxis={"autorange": "reversed", "type": "category"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
    )
    return figure


def training_curves(history: pd.DataFrame, name: str = "loss") -> go.Figure:
    """Draw one number over epochs: training dotted, validation solid, one hue and sign a run.

    Parameters
    ----------
    history : DataFrame
        Columns run, epoch, name, value; names as Keras gives them ("loss", "val_loss", ...).
    name : str
        "loss" or "accuracy".
    """
    figure = go.Figure()
    mine = history[history["name"].isin([name, f"val_{name}"])]
    several = mine["run"].nunique() > 1  # one run needs no name beside its curves
    for index, (run, rows) in enumerate(mine.groupby("run", sort=False)):
        for which, dash in ((name, _TRAIN_DASH), (f"val_{name}", _VAL_DASH)):
            line = rows[rows["name"] == which].sort_values("epoch")
            word = t(SPLITS["val" if which.startswith("val_") else "train"])
            said = t("epoch %{{x}}: %{{y:.4f}} ({curve})", curve=word)
            figure.add_trace(
                go.Scatter(
                    x=line["epoch"],
                    y=line["value"],
                    mode=_mode(len(line), several),
                    name=f"{run} · {word}" if several else word,
                    line={"dash": dash, "color": HUES[index % len(HUES)]},
                    marker={"size": 8, "symbol": SIGNS[index % len(SIGNS)], "maxdisplayed": 6},
                    hovertemplate=said + "<extra></extra>",
                )
            )
    figure.update_layout(
        height=250 + 19 * len(figure.data),  # the legend's lines stand above the curves
        margin=_MARGIN,
        separators=separators(),
        xaxis={"title": t("epoch"), **_whole_ticks(mine["epoch"])},
        yaxis={"title": t(_CURVES[name])} | ({"tickformat": ".0%"} if name == "accuracy" else {}),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    return figure


def intervals(
    names: Sequence[str], values: Sequence[float], bounds: Sequence[Sequence[float]], title: str,
    reference: float | None = None, reference_name: str | None = None,
) -> go.Figure:  # fmt: skip
    """Draw shares as dots with their 95 % intervals, and a dashed line for a reference level."""
    low = [v - b[0] for v, b in zip(values, bounds, strict=True)]
    high = [b[1] - v for v, b in zip(values, bounds, strict=True)]
    shown = [x for b in bounds for x in b] + ([] if reference is None else [reference])
    figure = go.Figure(
        go.Scatter(
            x=list(values),
            y=[plain(n) for n in names],
            error_x={"array": high, "arrayminus": low, "thickness": 2, "width": 6},
            mode="markers",
            marker={"size": 11},
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    )
    if reference is not None:
        figure.add_vline(
            reference,
            line_dash="dash",
            line_color=GREY,
            annotation_text=reference_name or t("chance"),
        )
    figure.update_layout(
        height=110 + 34 * len(names),
        margin=_MARGIN,
        separators=separators(),
        xaxis={
            "title": title,
            "tickformat": ".0%",
            "range": [min(shown) - 0.02, max(shown) + 0.02],
        },
        yaxis={"autorange": "reversed", "type": "category"},
    )
    return figure


def probabilities(classes: Sequence[str], values: Sequence[float]) -> go.Figure:
    """Draw the probability of each class as a bar, in class order."""
    figure = go.Figure(
        go.Bar(
            x=list(values),
            y=[plain(c) for c in classes],
            orientation="h",
            text=[text.percent(v) for v in values],
            textposition="auto",
            hovertemplate="%{y}: %{x:.2%}<extra></extra>",
        )
    )
    figure.update_layout(
        height=60 + 28 * len(classes),
        margin=_MARGIN,
        separators=separators(),
        xaxis={"range": [0, 1], "tickformat": ".0%"},
        yaxis={"autorange": "reversed", "type": "category"},
    )
    return figure


def overlay(pixels: NDArray[Any], heat: NDArray[Any], strongest: float) -> go.Figure:
    """Draw an image twice, the second time under a map: orange above zero, blue below.

    Parameters
    ----------
    pixels : array of uint8, shape (size_px, size_px, 3)
    heat : array of float, shape (size_px, size_px)
    strongest : float
        The value that is drawn in full colour; zero is transparent.
    """
    figure = make_subplots(1, 2, horizontal_spacing=0.02)
    for column in (1, 2):
        figure.add_trace(go.Image(z=pixels, hoverinfo="skip"), 1, column)
    blue, clear, orange = "rgba(0,114,178,0.9)", "rgba(128,128,128,0)", "rgba(230,97,0,0.9)"
    figure.add_trace(
        go.Heatmap(
            z=heat,
            zmin=-strongest,
            zmax=strongest,
            colorscale=[[0.0, blue], [0.5, clear], [1.0, orange]],
            colorbar={"tickformat": "+.0%", "title": t("drop")},
            hovertemplate=t("drop %{z:+.1%}") + "<extra></extra>",
        ),
        1,
        2,
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.update_layout(height=300, margin=_MARGIN, separators=separators())
    return figure


def separators() -> str:
    """Return the decimal sign and the one between groups of digits, as a layout takes them."""
    written = text.number(1000.5, ",.1f")
    return written[-2] + written[1]


def _mode(n_epochs: int, several: bool) -> str:
    """Return lines, with signs on them where there are several runs or nothing to connect."""
    if n_epochs < 2:
        return "markers"
    return "lines+markers" if several else "lines"


def _whole_ticks(epochs: pd.Series) -> dict[str, Any]:
    """Return ticks at whole epochs where there are so few that Plotly would put some between."""
    return {"tickmode": "linear", "dtick": 1} if len(epochs) and epochs.max() <= FEW else {}


def plain(name: str) -> str:
    """Return a name that Plotly draws as it is: it reads a few HTML tags in texts."""
    return str(name).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
