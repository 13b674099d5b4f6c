"""A report as Markdown: the same sentences and tables; pictures are told by their words."""

from __future__ import annotations

from collections.abc import Sequence

from core.language import t
from core.services.reports.blocks import (
    Block,
    Facts,
    Photos,
    Picture,
    Points,
    Report,
    Table,
    Text,
)
from core.services.reports.marks import plain

_SIGNS = "\\`*_{}[]()<>#+-.!|~$:"


def render(report: Report) -> str:
    """Return the whole file."""
    parts = [f"# {_safe(report.title)}", _safe(report.lead)]
    for section in report.sections:
        parts += [f"## {_safe(section.title)}", *(_block(block) for block in section.blocks)]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    match block:
        case Text(text, look):
            words = _safe(text)
            return f"**{words}**" if look == "lead" else f"> {words}" if look == "note" else words
        case Points(items):
            return "\n".join(f"- {_safe(item)}" for item in items)
        case Facts(rows):
            return "\n".join(f"- **{_safe(a)}**: {_safe(b)}" for a, b in rows)
        case Table(caption, head, rows):
            lines = [_row(head), _row_of(["---"] * len(head)), *map(_row, rows)]
            return "\n".join([_safe(caption), "", *lines])
        case Picture(alt=alt, caption=caption):
            said = t("Picture, in the HTML report: {alt}", alt=alt)
            return f"*{_safe(said)}* {_safe(caption)}"
        case Photos(caption, items):
            labels = ", ".join(dict.fromkeys(_safe(label) for _, label in items))
            said = t("Images, in the HTML report:")
            return f"*{_safe(said)}* {_safe(caption)} ({labels})"


def _row(cells: Sequence[str]) -> str:
    return _row_of([_safe(cell) for cell in cells])


def _row_of(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _safe(text: str) -> str:
    """Return a sentence on one line in which nothing is Markdown or HTML."""
    words = " ".join(plain(text).split())
    return "".join("\\" + sign if sign in _SIGNS else sign for sign in words)
