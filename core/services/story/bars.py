"""What is drawn of a waterfall, the same on screen and on paper: rows from the start to now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from core.language import Sentence, figure, phrase, t
from core.services.story import words
from core.services.story.measuring import Level
from core.services.story.waterfall import Kind, Step, Waterfall
from core.services.story.words import Mark, unmarked

Look = Literal["level", "gained", "lost", "no measurable gain", "chance", "none"]

_SHORT: dict[str, str] = {
    "missing": phrase("not done yet"),
    "unmeasured": phrase("not used yet"),
    "not chosen": phrase("no gain"),
    "inseparable": phrase("not measured apart"),
}
_PAD = 0.03  # of the axis, as a share of accuracy


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a level (a dot), or what moved it (a bar); shares of right answers.

    Attributes
    ----------
    kind : str
        "start", "end", a step's kind, or "chance" for what fewer classes give by themselves.
    name, text : Sentence
        What stands before and behind it.
    begin, end : float
        From where to where it goes; equal for levels and steps without a bar.
    low, high : float or None
        The 95 % interval around `end`.
    """

    kind: Kind | Literal["start", "end", "chance"]
    look: Look
    name: Sentence
    text: Sentence
    begin: float
    end: float
    low: float | None = None
    high: float | None = None


def rows(its: Waterfall, mark: Mark = unmarked) -> list[Row]:
    """Return the rows of a waterfall from top to bottom."""
    found = [_level("start", words.START, its.start, mark)]
    for step in its.steps:
        found += _step(step, found[-1].end, mark)
    return [*found, _level("end", words.NOW, its.end, mark)]


def extent(drawn: list[Row]) -> tuple[float, float]:
    """Return the ends of the axis: what is drawn, and a little more, within [0, 1]."""
    ends = [x for row in drawn for x in (row.begin, row.end, row.low, row.high) if x is not None]
    return max(0.0, min(ends) - _PAD), min(1.0, max(ends) + _PAD)


def _level(kind: Literal["start", "end"], name: str, its: Level, mark: Mark) -> Row:
    text = figure(mark(kind, its.accuracy), ".1%")
    return Row(kind, "level", t(name), text, its.accuracy, its.accuracy, its.low, its.high)


def _step(its: Step, here: float, mark: Mark) -> Iterator[Row]:
    name = t(words.NAMES[its.kind])
    if its.gain is None or its.before is None or its.after is None:
        yield Row(its.kind, "none", name, t(_SHORT[its.state]), here, here)
        return
    if its.corrected is None:
        yield Row(
            its.kind,
            its.verdict or "none",
            name,
            _points(mark(its.kind, 100 * its.gain.value)),
            its.before.accuracy,
            its.after.accuracy,
            *_within(its.before.accuracy + its.gain.low, its.before.accuracy + its.gain.high),
        )
        return
    divided = its.corrected
    between = its.before.accuracy + divided.by_itself
    yield Row(
        "chance",
        "chance",
        t(words.BY_ITSELF),
        _points(mark("classes.by_itself", 100 * divided.by_itself)),
        its.before.accuracy,
        between,
    )
    yield Row(
        its.kind,
        its.verdict or "none",
        name,
        _points(mark("classes.beyond", 100 * divided.beyond)),
        between,
        its.after.accuracy,
        *_within(between + divided.low, between + divided.high),
    )


def _within(low: float, high: float) -> tuple[float, float]:
    """Return an interval without what no accuracy can be: the text has its true ends."""
    return max(0.0, low), min(1.0, high)


def _points(number: float) -> Sentence:
    return t("{points:+.1f} points", points=number)
