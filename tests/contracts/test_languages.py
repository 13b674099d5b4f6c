"""Every language has every sentence, with the same places; and each sentence can be looked up."""

from __future__ import annotations

import ast
import string
from collections import Counter

import pytest

from tests.contracts import literals
from tools import translations

FILES = sorted(translations.FOLDER.glob("*.po"))


def _forms(text) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def _places(text: str) -> Counter:
    return Counter(
        (name, spec) for _, name, spec, _ in string.Formatter().parse(text) if name is not None
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_language_has_every_sentence_and_no_other(file):
    there = {m.id for m in translations.read(file) if m.id}
    needed = {m.id for m in translations.extracted() if m.id}
    assert sorted(map(str, needed - there)) == [], "run `python -m tools.translations`"
    assert sorted(map(str, there - needed)) == [], "run `python -m tools.translations`"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_sentence_is_translated_with_the_same_places(file):
    empty, differ = [], []
    for message in translations.read(file):
        if not message.id:
            continue
        forms = _forms(message.string)
        if message.fuzzy or not all(forms):
            empty.append(message.id)
        elif any(_places(form) != _places(_forms(message.id)[-1]) for form in forms[-1:]):
            differ.append(message.id)
    assert empty == []
    assert differ == []


def test_a_sentence_is_one_literal_or_was_marked():
    wrong = []
    for file in translations.sources():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                sentences = node.args[: {"t": 1, "tn": 2, "phrase": 1}.get(node.func.id, 0)]
                if any(isinstance(one, (ast.JoinedStr, ast.BinOp)) for one in sentences):
                    wrong.append(f"{file.relative_to(translations.ROOT)}:{node.lineno}")
    assert wrong == []


def _untranslated(find, *folders: str) -> list[str]:
    found = []
    for file in translations.sources():
        place = file.relative_to(translations.ROOT)
        if place.parts[0] in folders and not place.name.startswith("cli"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            found += [f"{place}:{line}: {text}" for line, text in sorted(set(find(tree)))]
    return found


def test_no_page_holds_a_sentence_that_is_not_translated():
    found = _untranslated(literals.in_page, "pages", "app.py")
    assert not found, "\n".join(found)


def test_no_error_and_no_job_holds_words_that_are_not_translated():
    found = _untranslated(literals.in_core, "core")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("st.write('Forgotten')", ["Forgotten"]),
        ("st.write(t('Said'))", []),
        ("NOTE = 'This is forgotten.'", ["This is forgotten."]),
        ("NOTE = phrase('This is known.')", []),
        ("st.metric(f'{n} images of {name}', 3)", ["| images of |"]),
        ("st.button('Go' if n else 'Stop', key='go-there')", ["Stop"]),
        ("st.selectbox(t('Which'), ['left', 'right'])", ["left", "right"]),
        ("_log.warning('nobody reads this but us')", []),
        ("st.caption(':material/check:', help='One help')", ["One help"]),
    ],
)
def test_what_is_forgotten_in_a_page_is_found(code, found):
    assert [text for _, text in literals.in_page(ast.parse(code))] == found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("raise NotFound('no such run', received=repr(x))", ["no such run"]),
        ("raise NotFound(t('no such run'), todo='look again')", ["look again"]),
        ("raise BadImage('refused', t('it is empty'))", []),
        ("context.report(0.5, f'{name}: reading')", ["|: reading"]),
        ("engine.submit(ws, 'train', {}, title='Train it')", ["Train it"]),
    ],
)
def test_what_is_forgotten_in_the_core_is_found(code, found):
    assert [text for _, text in literals.in_core(ast.parse(code))] == found
