"""The drawings of a report: the waterfall, matrices, curves and the map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor

import numpy as np
import pandas as pd

from core.language import figure, t
from core.services.reports import svg
from core.services.story.bars import Look, Row, extent

WIDTH = 680  # of every drawing, in its own units; it scales with the page
_LOOKS: dict[Look, str] = {
    "level": svg.GREY,
    "gained": svg.BLUE,
    "lost": svg.VERMILION,
    "no measurable gain": svg.GREY,
    "chance": "url(#hatch)",
    "none": svg.GREY,
}
_ROW, _LEFT, _RIGHT = 34, 190, 110  # of the waterfall
_MOST_MAP_POINTS = 2_000  # an eye tells no more apart on paper, and a file stays small
_Scale = Callable[[float], float]  # a share -> where it is on an axis
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


def waterfall(rows: Sequence[Row], alt: str) -> str:
    """Draw the rows of a waterfall from top to bottom; the axis shows a part of 0 to 100 %."""
    low, high = extent(list(rows))
    across = (WIDTH - _LEFT - _RIGHT) / (high - low)
    height = _ROW * len(rows) + 44

    def x(share: float) -> float:
        return _LEFT + (share - low) * across

    parts = _axis(low, high, x, _ROW * len(rows) + 6)
    for index, row in enumerate(rows):
        y = _ROW * index + _ROW / 2 + 4
        if index + 1 < len(rows):
            parts.append(svg.line(x(row.end), y, x(row.end), y + _ROW, dash="2 3"))
        parts += _row(row, x, y)
        parts.append(svg.text(_LEFT - 10, y + 4, row.name, "end"))
        parts.append(svg.text(WIDTH - _RIGHT + 14, y + 4, row.text))
    parts.append(
        svg.text(
            (_LEFT + WIDTH - _RIGHT) / 2,
            height - 4,
            t("accuracy on the same test images"),
            "middle",
            fill=svg.GREY,
        )
    )
    return svg.drawing(WIDTH, height, alt, parts)


def _row(row: Row, x: _Scale, y: float) -> list[str]:
    colour = _LOOKS[row.look]
    parts = []
    if row.look == "level":
        parts.append(svg.dot(x(row.end), y, 6, colour, row.text))
    elif row.look != "none":
        left, right = sorted((x(row.begin), x(row.end)))
        edge = svg.GREY if row.look == "chance" else ""
        parts.append(svg.rect(left, y - 9, max(right - left, 2), 18, colour, row.text, edge))
    if row.low is not None and row.high is not None:
        parts.append(svg.line(x(row.low), y, x(row.high), y, svg.INK, 1.5))
        parts += [svg.line(x(e), y - 4, x(e), y + 4, svg.INK, 1.5) for e in (row.low, row.high)]
    return parts


def _axis(low: float, high: float, x: _Scale, bottom: float) -> list[str]:
    """Return the lines and numbers of an axis of shares, at most eight of them."""
    step = next(s for s in _STEPS if (high - low) / s <= 8)
    ticks = [i * step for i in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]
    found = []
    for share in ticks:
        found.append(svg.line(x(share), 4, x(share), bottom, svg.PALE))
        found.append(svg.text(x(share), bottom + 14, figure(share, ".0%"), "middle", 11, svg.GREY))
    return found


def confusion(
    matrix: np.ndarray, classes: Sequence[str], alt: str, said: Callable[[int, int], str]
) -> str:
    """Draw a confusion matrix: row = true, column = predicted; hue by share of the row.

    Parameters
    ----------
    said : function of row and column
        The count as a text.
    """
    n, left, top = len(classes), 150.0, 96.0
    cell = min(48.0, (WIDTH - left - 10) / n)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    parts = [svg.text(left, 14, t("predicted class (columns), true class (rows)"), fill=svg.GREY)]
    most = int(cell // 3.2)
    for i, name in enumerate(classes):
        middle = left + cell * (i + 0.5)
        parts.append(
            f'<g transform="translate({middle + 4:.1f} {top - 6:.1f}) rotate(-40)">'
            f"{svg.text(0, 0, svg.short(name, 16), size=11)}</g>"
        )
        parts.append(
            svg.text(left - 8, top + cell * (i + 0.5) + 4, svg.short(name), "end", size=11)
        )
    for i in range(n):
        for j in range(n):
            share, count = float(shares[i, j]), int(matrix[i, j])
            hover = t(
                "{true} answered as {said}: {count:,}",
                true=classes[i],
                said=classes[j],
                count=count,
            )
            parts.append(
                svg.rect(
                    left + cell * j,
                    top + cell * i,
                    cell - 1,
                    cell - 1,
                    _shade(share, wrong=i != j),
                    hover,
                )
            )
            if count and most >= 4:
                parts.append(
                    svg.text(
                        left + cell * (j + 0.5),
                        top + cell * (i + 0.5) + 4,
                        said(i, j),
                        "middle",
                        min(12.0, cell / 3),
                        "#FFFFFF" if share > 0.55 else svg.INK,
                    )
                )
    return svg.drawing(WIDTH, top + cell * n + 4, alt, parts)


def _shade(share: float, *, wrong: bool) -> str:
    """Return a colour from almost white to blue (right) or vermilion (wrong)."""
    full = (213, 94, 0) if wrong else (0, 114, 178)
    mixed = [round(250 + (channel - 250) * share**0.7) for channel in full]
    return "#" + "".join(f"{channel:02X}" for channel in mixed)


def reliability(bins: pd.DataFrame, alt: str) -> str:
    """Draw the share of right answers over confidence, each bin with its interval."""
    size, left, top = 260.0, 46.0, 8.0

    def at(confidence: float, accuracy: float) -> tuple[float, float]:
        return left + size * confidence, top + size * (1 - accuracy)

    parts = _square(size, left, top, t("confidence"), t("share of right answers"))
    parts.append(svg.line(*at(0, 0), *at(1, 1), svg.GREY, 1, "4 3"))
    for sure, right, low, high in bins[["confidence", "accuracy", "low", "high"]].to_numpy():
        parts.append(svg.line(*at(sure, low), *at(sure, high), svg.BLUE))
        hover = t(
            "sure of {confidence:.0%}, right in {accuracy:.0%}",
            confidence=float(sure),
            accuracy=float(right),
        )
        parts.append(svg.dot(*at(sure, right), 4, svg.BLUE, hover))
    return svg.drawing(320, size + 48, alt, parts)


def coverage(curve: pd.DataFrame, alt: str) -> str:
    """Draw accuracy on the surest images over their share."""
    size, left, top = 260.0, 46.0, 8.0
    lowest = floor(10 * max(0.0, float(curve["accuracy"].min()) - 0.02)) / 10

    def at(covered: float, accuracy: float) -> tuple[float, float]:
        return left + size * covered, top + size * (1 - accuracy) / (1 - lowest)

    words = t("share of images answered"), t("share of right answers")
    parts = _square(size, left, top, *words, lowest)
    drawn = curve.sort_values("coverage")[["coverage", "accuracy"]].to_numpy()
    parts.append(svg.path([at(kept, right) for kept, right in drawn], svg.BLUE))
    return svg.drawing(320, size + 48, alt, parts)


def _square(
    size: float, left: float, top: float, below: str, beside: str, lowest: float = 0.0
) -> list[str]:
    """Return the frame of a square drawing with both axes from `lowest` or 0 to 100 %."""
    parts = [svg.rect(left, top, size, size, "none", stroke=svg.PALE)]
    for i in range(6):
        share, along = i / 5, size * i / 5
        parts.append(svg.line(left + along, top, left + along, top + size, svg.PALE))
        parts.append(svg.line(left, top + along, left + size, top + along, svg.PALE))
        parts.append(
            svg.text(left + along, top + size + 14, figure(share, ".0%"), "middle", 10, svg.GREY)
        )
        up = lowest + (1 - lowest) * (1 - share)
        parts.append(svg.text(left - 5, top + along + 4, figure(up, ".0%"), "end", 10, svg.GREY))
    middle = left + size / 2
    parts.append(svg.text(middle, top + size + 30, below, "middle", 11, svg.GREY))
    parts.append(
        f'<g transform="translate(10 {top + size / 2:.1f}) rotate(-90)">'
        f"{svg.text(0, 0, beside, 'middle', 11, svg.GREY)}</g>"
    )
    return parts


def embedding_map(points: np.ndarray, y: np.ndarray, labels: Sequence[str], alt: str) -> str:
    """Draw the map of embeddings, one hue a label; beyond ten labels hues come again."""
    keep = np.linspace(0, len(points) - 1, min(len(points), _MOST_MAP_POINTS)).astype(int)
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = (points[keep] - low) / np.maximum(high - low, 1e-9)
    width, height, side = 500.0, 340.0, 170.0
    parts = [svg.rect(0, 0, width, height, "none", stroke=svg.PALE)]
    for number, name in enumerate(labels):
        mine = scaled[y[keep] == number]
        hue = svg.HUES[number % len(svg.HUES)]
        dots = [(8 + (width - 16) * a, 8 + (height - 16) * (1 - b)) for a, b in mine]
        parts.append(svg.cloud(dots, hue))
        if 18 * number + 16 < height:
            parts.append(svg.dot(width + 18, 18 * number + 12, 5, hue))
            parts.append(svg.text(width + 30, 18 * number + 16, svg.short(name, 20)))
    return svg.drawing(width + side, height, alt, parts)
