"""A report as one HTML file: no network, no script needed, prints on A4.

Whatever comes from people or files is escaped, and the page forbids itself everything but its own
style, embedded images and the one script whose hash it names.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from pathlib import Path

from core.language import t
from core.services.reports.blocks import (
    Block,
    Facts,
    Photos,
    Picture,
    Points,
    Report,
    Section,
    Table,
    Text,
)
from core.services.reports.marks import Marked, pieces, plain

_STYLE = Path(__file__).with_name("report.css").read_text()
_SCRIPT = Path(__file__).with_name("report.js").read_text()  # sorts tables; all reads without it

_SHORT = 12  # rows; a table of so few is not divided between two pages
_LONG = 16  # signs of a word over a column of numbers that are not divided
_ID = re.compile(r"\b(?:[a-z]+-)?[0-9a-f]{12}\b")  # of a run, a class map, a hash
_JOINED = re.compile(r"(?<=\w)\+(?=\w)")  # "A+B", the usual name of a merged class
_BREAKS = re.compile(r"\s+|(?<=\w\+)(?=\w)")


def render(report: Report) -> str:
    """Return the whole file."""
    digest = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    contents = "".join(
        f'<li><a href="#{section.id}">{_inline(section.title)}</a></li>'
        for section in report.sections
    )
    return (
        f'<!doctype html>\n<html lang="{escape(report.language)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{escape(plain(report.title))}</title><style>{_STYLE}</style></head>\n<body>"
        f"<header><h1>{_inline(report.title)}</h1><p>{_inline(report.lead)}</p>"
        f'<nav aria-label="{escape(t("Contents"))}"><ol>{contents}</ol></nav></header>\n<main>'
        f"{''.join(map(_section, report.sections))}</main>\n"
        f"<script>{_SCRIPT}</script></body></html>\n"
    )


def _section(section: Section) -> str:
    inside = "".join(_block(block) for block in section.blocks)
    return f'<section id="{section.id}"><h2>{_inline(section.title)}</h2>{inside}</section>\n'


def _block(block: Block) -> str:
    match block:
        case Text(text, look):
            of_class = f' class="{look}"' if look else ""
            return f"<p{of_class}>{_inline(text)}</p>"
        case Points(items):
            return f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</ul>"
        case Facts(rows):
            pairs = (f"<dt>{_inline(a)}</dt><dd>{_inline(b)}</dd>" for a, b in rows)
            return f"<dl>{''.join(pairs)}</dl>"
        case Table():
            return _table(block)
        case Picture(svg, _, caption, small):
            of_class = ' class="small"' if small else ""
            return f"<figure{of_class}>{svg}<figcaption>{_inline(caption)}</figcaption></figure>"
        case Photos():
            return _photos(block)


def _table(table: Table) -> str:
    """Return a table; what does not fit is wrapped in print and scrolled on a narrow screen."""
    numbers = range(table.first_number, len(table.head) - table.n_words_after)

    def cell(index: int, text: str) -> str:
        number = ' class="n"' if index in numbers else ""
        return f"<td{number}>{_inline(text)}</td>"

    def heading(index: int, text: str) -> str:
        """Give a column of words room for the longest of them, so that none is divided."""
        if index in numbers:
            looks = ' class="n long"' if _longest(text) > _LONG else ' class="n"'
        else:
            signs = max((_longest(row[index]) for row in table.rows), default=0)
            looks = f' style="--signs:{signs}"'
        return f'<th{looks} scope="col">{_inline(text)}</th>'

    head = "".join(heading(i, text) for i, text in enumerate(table.head))
    rows = "".join(
        f"<tr>{''.join(cell(i, text) for i, text in enumerate(row))}</tr>" for row in table.rows
    )
    room = "wide short" if len(table.rows) <= _SHORT else "wide"
    sortable = f' class="sortable" data-hint="{escape(t("sort"))}"' if table.sortable else ""
    return (
        f'<div class="{room}" tabindex="0"><table{sortable}>'
        f"<caption>{_inline(table.caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _photos(photos: Photos) -> str:
    items = "".join(
        f'<li><img src="data:image/jpeg;base64,{base64.b64encode(image).decode()}" '
        f'alt="{escape(plain(label))}"><span>{_inline(label)}</span></li>'
        for image, label in photos.items
    )
    return (
        f'<figure><ul class="photos">{items}</ul>'
        f"<figcaption>{_inline(photos.caption)}</figcaption></figure>"
    )


def _longest(text: str) -> int:
    return max(map(len, _BREAKS.split(plain(text))))


def _inline(text: str) -> str:
    """Return a sentence as HTML: words escaped, numbers in a span with the id of their figure."""
    return "".join(
        f'<span data-figure="{escape(piece.figure)}" data-format="{escape(piece.spec)}">'
        f"{escape(piece.text)}</span>"
        if isinstance(piece, Marked)
        else _words(piece)
        for piece in pieces(text)
    )


def _words(text: str) -> str:
    """Return words escaped, and divided at the end of a line only where a reader would."""
    safe = _ID.sub(r'<span class="id">\g<0></span>', escape(text))
    return _JOINED.sub("+<wbr>", safe).replace(" %", "\u00a0%").replace(" = ", "\u00a0=\u00a0")
