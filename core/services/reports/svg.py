"""A few shapes of SVG as text: drawings that any browser of the next decades shows.

Written by hand and not by a charting library: matplotlib is none of our dependencies, Plotly draws
in the browser by a script of megabytes, and both write text as outlines or need their own fonts.
A number in a drawing is a `data-figure` like any other number of a report.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Literal

from core.services.reports.marks import Marked, pieces

# Okabe & Ito (2008), "Color Universal Design": told apart with every kind of colour vision.
BLUE, VERMILION = "#0072B2", "#D55E00"
GREY, PALE, INK = "#6C6670", "#DDD5D0", "#2A2126"
# The dashboard's hues on a light page, tested for contrast and for every colour vision.
HUES = (
    BLUE,
    VERMILION,
    "#13A16B",
    "#C47BB1",
    "#9B5209",
    "#888AE7",
    "#882154",
    "#618055",
    "#44337A",
    GREY,
)
_FEWEST, _MOST_SIGNS = 6, 22

Anchor = Literal["start", "middle", "end"]


def marked(text: str) -> str:
    """Return a sentence as SVG text: words escaped, numbers in a span with their figure's id."""
    return "".join(
        f'<tspan data-figure="{escape(piece.figure)}" data-format="{escape(piece.spec)}">'
        f"{escape(piece.text)}</tspan>"
        if isinstance(piece, Marked)
        else escape(piece)
        for piece in pieces(text)
    )


def text(
    x: float, y: float, words: str, anchor: Anchor = "start", size: float = 12, fill: str = INK
) -> str:
    """Return a line of text; `y` is its base line."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size:g}" '
        f'fill="{fill}">{marked(words)}</text>'
    )


def rect(
    x: float, y: float, width: float, height: float, fill: str, title: str = "", stroke: str = ""
) -> str:
    """Return a rectangle; `title` appears under the mouse."""
    edge = f' stroke="{stroke}"' if stroke else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" '
        f'fill="{fill}"{edge}>{_title(title)}</rect>'
    )


def line(
    x0: float, y0: float, x1: float, y1: float, stroke: str = GREY, width: float = 1, dash: str = ""
) -> str:
    """Return a straight line; `dash` as SVG writes it ("4 3")."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{stroke}" '
        f'stroke-width="{width:g}"{dashed}/>'
    )


def dot(x: float, y: float, radius: float, fill: str, title: str = "") -> str:
    """Return a filled circle."""
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{fill}">{_title(title)}</circle>'
    )


def path(points: Sequence[tuple[float, float]], stroke: str, width: float = 2) -> str:
    """Return a line through points."""
    steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{steps}" fill="none" stroke="{stroke}" stroke-width="{width:g}"/>'


def cloud(points: Sequence[tuple[float, float]], fill: str, size: float = 4) -> str:
    """Return many dots as one path: ten bytes a dot."""
    steps = "".join(f"M{x:.0f} {y:.0f}h0" for x, y in points)
    return (
        f'<path d="{steps}" fill="none" stroke="{fill}" stroke-width="{size:g}" '
        f'stroke-linecap="round" stroke-opacity="0.75"/>'
    )


def drawing(width: float, height: float, alt: str, parts: Sequence[str]) -> str:
    """Return the whole drawing, which scales with the page; `alt` says what it shows."""
    hatch = (
        '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="6" height="6" fill="#F4EFEC"/>'
        f'<line x1="0" y1="0" x2="0" y2="6" stroke="{GREY}" stroke-width="2.5"/></pattern></defs>'
    )
    used = hatch if any("url(#hatch)" in part for part in parts) else ""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(alt)}" '
        f'font-family="sans-serif">{used}{"".join(parts)}</svg>'
    )


def short(name: str, most: int = _MOST_SIGNS) -> str:
    """Return a name that fits; what is left out is in the table beside it."""
    return name if len(name) <= most else name[: max(_FEWEST, most) - 1] + "…"


def _title(words: str) -> str:
    return f"<title>{marked(words)}</title>" if words else ""
