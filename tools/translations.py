"""Bring core/language/*.po up to the code: new sentences come in empty, dropped ones go.

    python -m tools.translations

A new language begins as a file with a header alone (copy that of es.po); this fills it with every
sentence there is. `tests/contracts/test_languages.py` fails while one is empty.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "core" / "language"
KEYWORDS = {"t": 1, "phrase": 1, "tn": 2}  # and how many of their arguments are sentences


def sources() -> Iterator[Path]:
    """Yield every file whose sentences somebody reads."""
    yield ROOT / "app.py"
    for folder in ("core", "pages"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def extracted() -> Catalog:
    """Return every sentence of the code, without a translation.

    Babel's own extraction does not look into f-strings.
    """
    found = Catalog()
    for file in sources():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                forms = node.args[: KEYWORDS.get(node.func.id, 0)]
                texts = [one.value for one in forms if isinstance(one, ast.Constant)]
                if texts and len(texts) == len(forms):
                    found.add(texts[0] if len(texts) == 1 else tuple(texts))
    return found


def read(file: Path) -> Catalog:
    """Return the translations of a file."""
    with file.open("rb") as text:
        return read_po(text)


def write(file: Path, translated: Catalog) -> None:
    """Write translations, one entry a sentence, in the order of the alphabet."""
    with file.open("wb") as text:
        write_po(
            text, translated, width=100, no_location=True, sort_output=True, ignore_obsolete=True
        )


def main() -> None:
    """Update every file and say what is left to translate."""
    sentences = extracted()
    for file in sorted(FOLDER.glob("*.po")):
        translated = read(file)
        translated.update(sentences, no_fuzzy_matching=True, update_creation_date=False)
        write(file, translated)
        empty = [m.id for m in translated if m.id and not all(_texts(m.string))]
        print(f"{file.name}: {len(sentences):,} sentences, {len(empty):,} not translated yet")
        for sentence in empty:
            print(f"  {sentence!r}")


def _texts(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (text or "",) if text is None or isinstance(text, str) else tuple(text)


if __name__ == "__main__":
    main()
