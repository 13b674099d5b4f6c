"""Give every number of a report an id: also those in sentences that other services made."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

from core.language import Sentence
from core.services.reports.blocks import (
    Block,
    Facts,
    Photos,
    Picture,
    Points,
    Section,
    Table,
    Text,
)
from core.services.reports.figures import Figures, TaggedFloat, TaggedInt


def adopt(figures: Figures, section: Section) -> Section:
    """Return a section in which every number of every sentence belongs to a figure."""
    blocks = [
        _block(figures, block, f"{section.id}.{number}")
        for number, block in enumerate(section.blocks)
    ]
    return replace(section, blocks=blocks)


def _block(figures: Figures, block: Block, at: str) -> Block:
    match block:
        case Text(text):
            return replace(block, text=_text(figures, text, at))
        case Points(items):
            return Points(_texts(figures, items, at))
        case Facts(rows):
            pairs = [(a, _text(figures, b, f"{at}.{i}")) for i, (a, b) in enumerate(rows)]
            return Facts(pairs)
        case Table(caption, _, rows):
            cells = [_texts(figures, row, f"{at}.{i}") for i, row in enumerate(rows)]
            return replace(block, caption=_text(figures, caption, at), rows=cells)
        case Picture(caption=caption) | Photos(caption=caption):
            return replace(block, caption=_text(figures, caption, at))


def _texts(figures: Figures, items: Sequence[str], at: str) -> list[str]:
    return [_text(figures, item, f"{at}.{i}") for i, item in enumerate(items)]


def _text(figures: Figures, text: str, at: str) -> str:
    """Return a sentence with tags on those of its numbers that have none."""
    if not isinstance(text, Sentence) or not text.values:
        return text
    made = Sentence(text)
    made.template, made.many, made.n = text.template, text.many, text.n
    how = _in_specs(text.template)
    made.values = {
        name: value if name in how else _value(figures, value, f"{at}.{name}")
        for name, value in text.values.items()
    }
    return made


def _in_specs(template: str) -> set[str]:
    """Return the places inside format specs ("{x:.{digits}f}"): no figures."""
    parse = string.Formatter().parse
    specs = [spec for _, _, spec, _ in parse(template) if spec and "{" in spec]
    return {name for spec in specs for _, name, _, _ in parse(spec) if name}


def _value(figures: Figures, value: Any, at: str) -> Any:
    if isinstance(value, Sentence):
        return _text(figures, value, at)
    if isinstance(value, (bool, TaggedFloat, TaggedInt)) or not isinstance(value, Real):
        return value
    number = int(value) if hasattr(value, "__index__") else float(value)
    return figures.number(figures.add(at, number, "count" if isinstance(number, int) else "number"))
