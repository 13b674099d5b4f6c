"""Figures and times as texts of their own; inside a sentence its places do the same (`t`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from babel.dates import format_date

from core.language.sentences import current, figure, t

NONE = "–"


def number(x: float | None, spec: str = ",") -> str:
    """Return a number as "1,050", or as a format spec says; a dash when there is none."""
    if x is None or math.isnan(x):
        return NONE
    return figure(x, spec)


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share in [0, 1] as "74.3 %"; a dash when there is none."""
    return number(share, f".{digits}%")


def interval(bounds: Sequence[float] | None, digits: int = 1) -> str:
    """Return [low, high] shares as "70.1 to 78.0 %"."""
    if bounds is None:
        return NONE
    low, high = bounds
    return t(
        "{low:.{digits}f} to {high:.{digits}%}", low=100 * low, high=float(high), digits=digits
    )


def points(difference: float, digits: int = 1) -> str:
    """Return a difference of shares as "+2.1 points"."""
    # what is half way in decimals stays so: 0.775 - 0.8125 is -3.8 points wherever it is told
    exact = round(100 * difference, 9)
    return t("{points:+.{digits}f} points", points=exact, digits=digits)


def ordinal(n: int) -> str:
    """Return "1st", "2nd", "11th", "1,002nd"; in other languages as their file says."""
    teen = n % 100 in (11, 12, 13)
    ending = "th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    templates = {
        "st": t("{n}st", n=number(n)),
        "nd": t("{n}nd", n=number(n)),
        "rd": t("{n}rd", n=number(n)),
        "th": t("{n}th", n=number(n)),
    }
    return templates[ending]


def duration(seconds: float) -> str:
    """Return "0.8 s", "42 s", "3 min 05 s" or "2 h 10 min"."""
    if seconds < 10:
        return t("{seconds:.1f} s", seconds=seconds)
    whole = round(seconds)
    if whole < 60:
        return t("{seconds} s", seconds=whole)
    if whole < 3600:
        return t("{minutes} min {seconds:02d} s", minutes=whole // 60, seconds=whole % 60)
    return t("{hours} h {minutes:02d} min", hours=whole // 3600, minutes=whole % 3600 // 60)


def ago(when: datetime, now: datetime | None = None) -> str:
    """Return "just now", "5 min ago", "3 h ago" or the date."""
    seconds = ((now or datetime.now(UTC)) - when).total_seconds()
    if seconds < 60:
        return t("just now")
    if seconds < 3600:
        return t("{minutes} min ago", minutes=int(seconds // 60))
    if seconds < 86400:
        return t("{hours} h ago", hours=int(seconds // 3600))
    return date(when)


def date(when: datetime) -> str:
    """Return the day as "27 November 2026"."""
    return format_date(when, "d MMMM y" if current() == "en" else "long", locale=current())
