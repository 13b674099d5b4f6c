"""What a report is made of, whatever it will be written as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.services.reports.figures import Figures


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; `look` is "lead", "note" or ""."""

    text: str
    look: str = ""


@dataclass(frozen=True, slots=True)
class Points:
    """A list of sentences."""

    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """Pairs of a term and what is said of it."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; columns from `first_number` on are numbers, set to the right.

    The last `n_words_after` of these are words all the same, such as an id or a verdict.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    first_number: int = 1
    sortable: bool = False
    n_words_after: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing as SVG, what it shows for whoever does not see it, and its caption."""

    svg: str
    alt: str
    caption: str
    small: bool = False  # two stand side by side


@dataclass(frozen=True, slots=True)
class Photos:
    """Small images in a row, each JPEG bytes with what stands under it."""

    caption: str
    items: Sequence[tuple[bytes, str]]


Block = Text | Points | Facts | Table | Picture | Photos


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands under it; `id` is its anchor."""

    id: str
    title: str
    blocks: Sequence[Block]


@dataclass(slots=True)
class Report:
    """A whole report in one language."""

    title: str
    lead: str
    language: str
    sections: list[Section]
    figures: Figures
    about: dict[str, object] = field(default_factory=dict)  # ids, versions: what JSON begins with
    decisions: list[dict[str, object]] = field(default_factory=list)
