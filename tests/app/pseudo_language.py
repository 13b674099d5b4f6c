"""A language in which every sentence shows that it is a translation: ⟦Train⟧ in place of Train.

What a sentence is told stays outside the marks, so a word that was put into one untranslated is
seen as well: "⟦accuracy of ⟧the probe".
"""

from __future__ import annotations

import string
from pathlib import Path

from babel.messages.catalog import Catalog

from tests.app.screen_words import CLOSE, OPEN
from tools import translations

CODE = "eo"


def write(folder: Path) -> Path:
    """Write the language into a folder of languages, as its one new file; return the file."""
    found = Catalog(locale=CODE)
    for message in translations.extracted():
        if message.id:
            forms = message.id if isinstance(message.id, (tuple, list)) else [message.id]
            marked = tuple(map(_marked, forms))
            found.add(message.id, marked if len(marked) > 1 else marked[0])
    file = folder / f"{CODE}.po"
    translations.write(file, found)
    return file


def _marked(sentence: str) -> str:
    """Return a sentence with every piece between its places marked.

    >>> _marked("Take {name} at {share:.1%}.")
    '⟦Take ⟧{name}⟦ at ⟧{share:.1%}.'
    """
    try:
        pieces = list(string.Formatter().parse(sentence))
    except ValueError:  # braces that are no places: a sentence without values
        return f"{OPEN}{sentence}{CLOSE}"
    told = ""
    for said, name, spec, conversion in pieces:
        said = said.replace("{", "{{").replace("}", "}}")
        told += f"{OPEN}{said}{CLOSE}" if any(map(str.isalpha, said)) else said
        if name is not None:
            told += "{" + name + (f"!{conversion}" if conversion else "")
            told += (f":{spec}" if spec else "") + "}"
    return told
