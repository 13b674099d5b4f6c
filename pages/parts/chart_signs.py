"""The signs of numbers in a chart: those of the language, as in sentences."""

from __future__ import annotations

from core.language import text


def separators() -> str:
    """Return the decimal sign and the sign between groups of digits, as Plotly takes them."""
    return text.number(0.5, ".1f")[1] + text.number(1000)[1]
