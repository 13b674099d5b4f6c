"""One term per thing: words that the glossary rules out are in no name and no sentence.

Only what a machine can decide is checked. "Score" may be a silhouette score and "expert" is right
for a model, so the rest is the reader's duty (docs/glossary.md).
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.contracts.source_tree import ROOT, python_files

# Word -> the glossary's term. In a name these are the parts between underscores.
IN_NAMES = {
    "tag": "label",
    "tags": "labels",
    "technique": "algorithm",
    "experiment": "run",
    "experiments": "runs",
    "annotation": "review",
    "annotator": "reviewer",
    "cutoff": "threshold or tau",
    "features": "embedding",
    "percent": "a share in [0, 1]",
    "pct": "a share in [0, 1]",
    "num": "n_",
}
# On screen, in sentences of pages and of the command line.
IN_SENTENCES = {
    r"(?<!HTML )(?<!EXIF )\btags?\b": "label",
    r"\btechniques?\b": "algorithm",
    r"\bexperiments?\b": "run",
    r"\bannotat(?:ion|ions|or|ors)\b": "review, reviewer",
    r"\bcut-?offs?\b": "threshold",
    r"\bfeature vectors?\b": "embedding",
    r"\bconfidence scores?\b": "confidence",
    r"\bmerge dict": "class map",
    r"\bstage [12]\b": "generalist, expert",
    r"\bhuman experts?\b": "reviewer",
}
_FILE_FORMAT = re.compile("exif|html|orientation", re.IGNORECASE)  # their tags are called so
_OF_KERAS = ("num_batches",)  # what a base class there asks for under this name
_ON_SCREEN = ("pages", "core/cli", "core/language")


def violations(root: Path) -> list[str]:
    """Return one sentence for each ruled-out word under `root`, with the right one."""
    found = []
    for file in python_files(root, "core", "pages"):
        place = file.relative_to(root).as_posix()
        tree = ast.parse(file.read_text(encoding="utf-8"))
        percent_is_fine = place.startswith((*_ON_SCREEN, "core/language"))  # exists only on screen
        for name, line in _names(tree):
            if name in _OF_KERAS:
                continue
            for part in name.lower().strip("_").split("_"):
                if part in ("percent", "pct") and percent_is_fine:
                    continue
                if part in IN_NAMES and not _FILE_FORMAT.search(name):
                    found.append(f"{place}:{line}: {name}: say {IN_NAMES[part]}, not {part}")
        if place.startswith(_ON_SCREEN):
            for text, line in _sentences(tree):
                found += [
                    f"{place}:{line}: {text[:60]!r}: say {right}, not {match[0]}"
                    for wrong, right in IN_SENTENCES.items()
                    if (match := re.search(wrong, text, re.IGNORECASE))
                ]
    return found


def _names(tree: ast.AST):
    """Yield every name that the file itself gives: to functions, classes, parameters, variables."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno


def _sentences(tree: ast.AST):
    """Yield every text constant with a space in it, docstrings left out."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node)
    }
    for node in ast.walk(tree):
        if id(node) in docstrings:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value, node.lineno


def test_the_glossary_is_kept():
    found = violations(ROOT)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("word", ["label set", "class map", "embedding", "threshold", "recovery"])
def test_the_glossary_explains_its_terms(word):
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").lower()
    assert f"**{word}**" in glossary


PLANTED = [
    ("core/x.py", "def list_tags():\n    pass", "say labels, not tags"),
    ("core/x.py", "def f(cutoff):\n    pass", "say threshold or tau, not cutoff"),
    ("core/x.py", "class _Experiment:\n    pass", "say run, not experiment"),
    ("core/x.py", "num_images = 3", "say n_, not num"),
    ("core/x.py", "deferred_percent = 3", "say a share in [0, 1], not percent"),
    ("pages/x.py", "st.write('Choose a technique first')", "say algorithm, not technique"),
    ("core/cli_x.py", "help = 'the cut-off of the cascade'", "say threshold, not cut-off"),
]


@pytest.mark.parametrize(("file", "text", "rule"), PLANTED)
def test_a_planted_word_is_found(tmp_path, file, text, rule):
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_text(text + "\n")
    found = violations(tmp_path)
    assert len(found) == 1
    assert found[0].startswith(f"{file}:1: ")
    assert rule in found[0]


def test_ordinary_words_are_left_alone(tmp_path):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "x.py").write_text(
        "percent = 'Stages of a bud; 3 % of all'\nORIENTATION_TAG = 274\nnum_batches = None\n"
    )
    assert violations(tmp_path) == []
