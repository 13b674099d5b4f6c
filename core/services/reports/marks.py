"""A sentence in pieces: its words, and the numbers in it that belong to a figure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from core.language import Sentence, current
from core.language.catalogues import translations
from core.language.numbers import Form
from core.services.reports.figures import TaggedFloat, TaggedInt

# Noncharacters: Unicode sets them aside for use inside a program. In a name they are dropped.
_OPEN, _NEXT, _CLOSE = "\ufdd0", "\ufdd1", "\ufdd2"
_PIECE = re.compile(f"{_OPEN}([^{_NEXT}]*){_NEXT}([^{_NEXT}]*){_NEXT}([^{_CLOSE}]*){_CLOSE}")
_DROPPED = {ord(sign): None for sign in (_OPEN, _NEXT, _CLOSE)}


@dataclass(frozen=True, slots=True)
class Marked:
    """A number as it is written, the id of its figure (with ":low" or ":high"), and the format."""

    figure: str
    spec: str
    text: str


def pieces(text: str) -> list[str | Marked]:
    """Return a sentence as words and marked numbers, in the language of now."""
    whole = _written(text) if isinstance(text, Sentence) else text.translate(_DROPPED)
    found: list[str | Marked] = []
    end = 0
    for match in _PIECE.finditer(whole):
        found += [whole[end : match.start()], Marked(match[1], match[2], match[3])]
        end = match.end()
    return [piece for piece in [*found, whole[end:]] if piece != ""]


def plain(text: str) -> str:
    """Return the words of a sentence without marks."""
    return "".join(piece if isinstance(piece, str) else piece.text for piece in pieces(text))


class _Form(Form):
    """Writes places as ever, and puts marks around numbers that have a tag."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        """Write one place of a template."""
        if isinstance(value, Sentence):
            return _written(value)
        text = super().format_field(value, format_spec)
        if isinstance(value, (TaggedFloat, TaggedInt)):
            return _NEXT.join((_OPEN + value.figure_id, format_spec, text)) + _CLOSE
        return text.translate(_DROPPED)


def _written(sentence: Sentence) -> str:
    """Return a sentence with marks inside."""
    known = translations(current())
    template = (
        known.gettext(sentence.template)
        if sentence.many is None
        else known.ngettext(sentence.template, sentence.many, sentence.n or 0)
    )
    if not sentence.values:
        return template
    return str(_Form(current()).vformat(template, (), sentence.values))
