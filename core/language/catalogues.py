"""The files of translations: which languages there are, and what a sentence is in one of them.

Babel is imported where another language is spoken: `make gpu` runs `core.models` on a Python that
may not have it, and English needs none of it.
"""

from __future__ import annotations

import gettext
import io
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCE = "en"  # what the code is written in


def languages(folder: Path | None = None) -> dict[str, str]:
    """Return the languages there are, by code, each under its own name.

    >>> languages()["es"]
    'Español'
    """
    codes = [SOURCE, *sorted(file.stem for file in (folder or FOLDER).glob("*.po"))]
    return {code: own_name(code) for code in codes}


def own_name(code: str) -> str:
    """Return the name of a language as its speakers write it, with a capital letter."""
    from babel import Locale

    name = Locale.parse(code).get_display_name(code) or code
    return name[:1].upper() + name[1:]


def translations(code: str) -> gettext.NullTranslations:
    """Return the translations into a language; of English, or one without a file, the same text."""
    return _read(FOLDER / f"{code}.po")


@cache
def _read(file: Path) -> gettext.NullTranslations:
    """Read a .po file as it is: nobody has to compile one before it counts."""
    if not file.is_file():
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with file.open("rb") as text:
        catalogue = read_po(text)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
