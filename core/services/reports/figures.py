"""Every number of a report, under an id: what it is worth, how sure that is, and where it is from.

A number that a text shows is tagged with the id of its figure, so that the same sentences serve
the dashboard, where the tag is not seen, and the report, where it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from core.language import Sentence, figure
from core.language.text import NONE

# How a value becomes the number that is shown: points are shares times 100.
Unit = Literal["share", "points", "count", "number", "seconds"]
SCALE: Mapping[Unit, float] = {
    "share": 1.0, "points": 100.0, "count": 1.0, "number": 1.0, "seconds": 1.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """One number.

    Attributes
    ----------
    id : str
    value, low, high : float or None
        As stored: shares in [0, 1]; `low` and `high` bound its 95 % interval, where it has one.
    unit : str
    n : int or None
        Images that it stands on.
    split : str or None
        "train", "val", "test", or "test, reviewed".
    sources : tuple of str
        Ids of the runs, cascades, class maps and label sets that it follows from.
    """

    id: str
    value: float | None
    unit: Unit
    low: float | None
    high: float | None
    n: int | None
    split: str | None
    sources: tuple[str, ...]


class TaggedFloat(float):
    """A number in a text that knows its figure."""

    figure_id: str


class TaggedInt(int):
    """A count in a text that knows its figure."""

    figure_id: str


def tagged(number: float, figure_id: str) -> float:
    """Return the same number with the id (and ":low" or ":high") of its figure on it."""
    its: TaggedFloat | TaggedInt
    its = TaggedInt(number) if isinstance(number, int) else TaggedFloat(number)
    its.figure_id = figure_id
    return its


class Figures:
    """All figures of a report, in the order in which they came."""

    def __init__(self) -> None:
        self._all: dict[str, Figure] = {}

    def add(
        self,
        id_: str,
        value: float | None,
        unit: Unit = "share",
        interval: Sequence[float] | None = None,
        *,
        n: int | None = None,
        split: str | None = None,
        sources: Sequence[str] = (),
    ) -> str:
        """Take in a figure and return its id.

        Raises
        ------
        ValueError
            If the id stands for another figure already.
        """
        low, high = (float(bound) for bound in interval) if interval is not None else (None, None)
        plain = value if value is None or isinstance(value, int) else float(value)
        new = Figure(id_, plain, unit, low, high, n, split, tuple(sources))
        if self._all.setdefault(id_, new) != new:
            raise ValueError(f"two figures are called {id_}")
        return id_

    def number(self, id_: str, part: Literal["value", "low", "high"] = "value") -> float:
        """Return the number to show in a text, with its tag."""
        found = self._all[id_]
        value = getattr(found, part)
        shown = value if SCALE[found.unit] == 1.0 else SCALE[found.unit] * value
        return tagged(shown, id_ if part == "value" else f"{id_}:{part}")

    def text(self, id_: str, spec: str) -> Sentence | str:
        """Return a figure by itself; a dash where it has no value."""
        if self._all[id_].value is None:
            return NONE
        return figure(self.number(id_), spec)

    def mark(self, prefix: str) -> Any:
        """Return the function that tags the numbers of the story's sentences: `words.Mark`."""

        def marked(name: str, number: float) -> float:
            return tagged(number, f"{prefix}.{name}")

        return marked

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Return {id: everything else}, fit for JSON."""
        return {
            id_: {name: value for name, value in asdict(its).items() if name != "id"}
            for id_, its in self._all.items()
        }

    def __len__(self) -> int:
        return len(self._all)
