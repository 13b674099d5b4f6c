"""Everything public in core explains itself, and its docstring agrees with its signature.

A docstring everywhere; every name in a Parameters section is a parameter; an error that the body
raises is named. On the floors of numbers and formats (analysis, models, sources), where shape, unit
and range matter, more than three parameters need a section.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.contracts.source_tree import ROOT, python_files

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_THOROUGH = ("analysis", "models", "sources")
_FEW = 3  # parameters that a sentence or two can still carry


def violations(root: Path) -> list[str]:
    """Return one sentence for each public thing under core/ whose docstring breaks a rule."""
    found = []
    for file in python_files(root, "core"):
        place = file.relative_to(root)
        private = any(part.startswith("_") and part != "__init__.py" for part in place.parts)
        if private or "migrations" in place.parts or place.name == "app.py":
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        if tree.body and not ast.get_docstring(tree):
            found.append(f"{place}:1: the module has no docstring")
        for node, owner in _public(tree.body, None):
            found += [
                f"{place}:{node.lineno}: {node.name}: {rule}"
                for rule in _broken(node, owner, place.parts[1] in _THOROUGH)
            ]
    return found


def _public(body: list[ast.stmt], owner: ast.ClassDef | None):
    """Yield public functions and classes, each with the class around it."""
    for node in body:
        if isinstance(node, ast.If):
            yield from _public(node.body, owner)
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef)) or node.name.startswith("_"):
            continue
        yield node, owner
        if isinstance(node, ast.ClassDef):
            yield from _public(node.body, node)


def _broken(node, owner: ast.ClassDef | None, thorough: bool) -> list[str]:
    text = ast.get_docstring(node)
    if not text:
        return ["has no docstring"]
    if isinstance(node, ast.ClassDef):
        return []
    rules = []
    names = _parameters(node, owner)
    listed = _listed(text)
    if not set(listed) <= set(names):
        rules.append(f"Parameters section lists {listed}, the signature has {names}")
    if thorough and not listed and len(names) > _FEW:
        rules.append(f"has {len(names)} parameters and no Parameters section")
    rules += [f"raises {e} and does not say so" for e in sorted(_raised(node)) if e not in text]
    return rules


def _parameters(node, owner: ast.ClassDef | None) -> list[str]:
    arguments = node.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    static = any(ast.unparse(d) == "staticmethod" for d in node.decorator_list)
    if owner is not None and not static:
        names = names[1:]
    names += [arguments.vararg.arg] if arguments.vararg else []
    names += [a.arg for a in arguments.kwonlyargs]
    names += [arguments.kwarg.arg] if arguments.kwarg else []
    return [name for name in names if not name.startswith("_")]


def _listed(text: str) -> list[str]:
    """Return the names of the Parameters section (and of Other Parameters), in order."""
    lines, names, inside = text.splitlines(), [], False
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if line and set(below.strip()) == {"-"} and not line.startswith(" "):
            inside = line.strip() in ("Parameters", "Other Parameters")
        elif inside and line and not line.startswith(" ") and set(line) != {"-"}:
            names += [name.strip(" *") for name in line.partition(" : ")[0].split(",")]
    return names


def _raised(function: ast.AST) -> set[str]:
    """Return the error classes that the function's own body raises, nested functions left out."""
    names = set()
    for node in ast.iter_child_nodes(function):
        if isinstance(node, (*_FUNCTIONS, ast.Lambda)):
            continue
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            names.add(ast.unparse(node.exc.func).rpartition(".")[2])
        names |= _raised(node)
    return {name for name in names if name[:1].isupper()}  # a class, not a helper that builds one


def test_everything_public_in_core_explains_itself():
    found = violations(ROOT)
    assert not found, f"{len(found)} to mend\n" + "\n".join(found)


HEAD = '"""A module."""\n'
PLANTED = [
    ("def f(x: int) -> int:\n    return x", "has no docstring"),
    ('def f(a, b, c, d):\n    """Do it."""', "has 4 parameters and no Parameters section"),
    (
        "def f(x: int) -> None:\n"
        '    """Do.\n\n    Parameters\n    ----------\n    y : int\n        Y.\n    """',
        "lists ['y'], the signature has ['x']",
    ),
    ('def f() -> None:\n    """Do it."""\n    raise InvalidInput("no")', "raises InvalidInput"),
    ('class A:\n    """A."""\n\n    def go(self) -> None:\n        pass', "go: has no docstring"),
]


def _plant(root: Path, text: str) -> None:
    (root / "core" / "analysis").mkdir(parents=True)
    (root / "core" / "analysis" / "x.py").write_text(text)


@pytest.mark.parametrize(("text", "rule"), PLANTED)
def test_a_planted_violation_is_found(tmp_path, text, rule):
    _plant(tmp_path, HEAD + text + "\n")
    found = violations(tmp_path)
    assert len(found) == 1
    assert rule in found[0]


def test_a_module_without_docstring_is_found(tmp_path):
    _plant(tmp_path, "X = 1\n")
    assert violations(tmp_path) == ["core/analysis/x.py:1: the module has no docstring"]


def test_sections_and_sentences_are_both_good(tmp_path):
    _plant(
        tmp_path,
        HEAD
        + 'def f(x: int) -> int:\n    """Return `x` doubled."""\n    return 2 * x\n\n'
        + "def g(x: int, *rest: int, y: int = 0) -> int:\n"
        + '    """Add.\n\n    Parameters\n    ----------\n    x, *rest : int\n        Terms.\n'
        + "    y : int, optional\n        One more.\n\n    Returns\n    -------\n    int\n"
        + '        The sum.\n    """\n    return x + y + sum(rest)\n',
    )
    assert violations(tmp_path) == []
