"""Read the project's own source as syntax trees: what the contract tests stand on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Import:
    """One imported module: its dotted name, its line, and whether importing the file runs it."""

    module: str
    line: int
    at_import: bool  # False inside a function or under `if TYPE_CHECKING`


def python_files(root: Path, *folders: str) -> list[Path]:
    """Return app.py and every Python file under `folders`, sorted."""
    files = [file for folder in folders for file in (root / folder).rglob("*.py")]
    app = root / "app.py"
    return sorted(files + [app] * app.exists())


def module_name(root: Path, file: Path) -> str:
    """Return the dotted name of `file`; a package's `__init__.py` is the package.

    >>> module_name(Path("/p"), Path("/p/core/store/__init__.py"))
    'core.store'
    """
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(root: Path, file: Path) -> list[Import]:
    """Return every module that `file` names in an import, relative ones resolved.

    `from core import store` names core.store as well as core, so that nothing hides behind a
    package; `importlib.import_module("x")` and `__import__("x")` count.
    """
    name = module_name(root, file)
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    return list(_walk(ast.parse(file.read_text(encoding="utf-8"), str(file)), package, True))


def _walk(node: ast.AST, package: str, at_import: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        for module in _named(child, package):
            yield Import(module, child.lineno, at_import)  # type: ignore[attr-defined]
        lazy = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for statement in child.body:
                yield from _walk(ast.Module([statement], []), package, False)
            for statement in child.orelse:
                yield from _walk(ast.Module([statement], []), package, at_import)
        else:
            yield from _walk(child, package, at_import and not lazy)


def _named(node: ast.AST, package: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, base] if base else above)
        return [base, *(f"{base}.{alias.name}" for alias in node.names)]
    if isinstance(node, ast.Call) and ast.unparse(node.func) in _IMPORTERS and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return [first.value]
    return []


_IMPORTERS = ("importlib.import_module", "import_module", "__import__")
