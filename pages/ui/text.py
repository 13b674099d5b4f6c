"""Numbers and times as people read them. Percent exists only here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share in [0, 1] as "74.3 %"; a dash when there is none."""
    if share is None or math.isnan(share):
        return "–"
    return f"{100 * share:.{digits}f} %"


def interval(bounds: Sequence[float] | None, digits: int = 1) -> str:
    """Return [low, high] shares as "70.1 to 78.0 %"."""
    if bounds is None:
        return "–"
    low, high = bounds
    return f"{100 * low:.{digits}f} to {100 * high:.{digits}f} %"


def points(difference: float, digits: int = 1) -> str:
    """Return a difference of shares as "+2.1 points"."""
    return f"{100 * difference:+.{digits}f} points"


def count(n: int, noun: str, plural: str | None = None) -> str:
    """Return "1 image", "1,050 images"."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def ordinal(n: int) -> str:
    """Return "1st", "2nd", "11th", "1,002nd"."""
    teen = n % 100 in (11, 12, 13)
    return f"{n:,}" + ("th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th"))


def duration(seconds: float) -> str:
    """Return "0.8 s", "42 s", "3 min 05 s" or "2 h 10 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def ago(when: datetime, now: datetime | None = None) -> str:
    """Return "just now", "5 min ago", "3 h ago" or the date."""
    seconds = ((now or datetime.now(UTC)) - when).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 86400:
        return f"{int(seconds // 3600)} h ago"
    return when.strftime("%-d %B %Y")
