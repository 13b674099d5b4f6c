"""Literals that a person would read and that no `t` translates, found in the code itself.

The walk over the pages (tests/app/test_every_word_is_translated.py) sees what is shown; this sees
what is shown only when a disk is full.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

TRANSLATED = {"t", "tn", "phrase", "figure"}
ERRORS = {
    "AppError", "InvalidInput", "NotFound", "Conflict", "NotReady", "NotAllowed", "JobFailed",
    "JobCancelled", "StoreError", "BadImage", "Problem", "refused", "unusable", "hostile",
}  # fmt: skip
NAMES = {"Label Studio JSON", "consensus", "roses-2026"}  # of products, and examples of a name
# What Streamlit draws words with, and the keywords of it that are no words.
SHOWN = {
    "title", "header", "subheader", "caption", "markdown", "write", "text", "info", "success",
    "warning", "error", "toast", "button", "form_submit_button", "download_button", "checkbox",
    "toggle", "radio", "selectbox", "multiselect", "slider", "select_slider", "text_input",
    "text_area", "number_input", "file_uploader", "camera_input", "segmented_control", "pills",
    "metric", "expander", "popover", "tabs", "status", "progress", "spinner", "page_link",
    "dialog", "badge", "link_button", "Column", "TextColumn", "NumberColumn", "ProgressColumn",
    "CheckboxColumn", "ListColumn", "cache_data", "cache_resource", "plotly_chart", "dataframe",
}  # fmt: skip
NO_WORDS = {
    "key", "icon", "bind", "type", "format", "width", "height", "mode", "on_change", "on_click",
    "label_visibility", "vertical_alignment", "horizontal_alignment", "text_alignment", "gap",
    "selection_mode", "accept_multiple_files", "query_params", "config", "args", "anchor", "mime",
    "color", "delta_color", "file_name", "column_order", "row_height", "id", "theme", "persist",
    "delta_arrow", "chart_type", "persist_state", "on_select", "filter_mode",
    "hash_funcs", "scope", "level", "algorithm", "kind", "default", "value",
}  # fmt: skip
_PAGES_MAY_LOG = {"debug", "info", "warning", "error", "exception", "getLogger", "compile"}
_MARKUP = re.compile(
    r":material/[\w|]+:|`[^`]*`|<[^>]*>|https?://\S+|%\{[^}]*\}|:\|?[\w-]+(?=\[)|\bsha256\b"
    r"|\b\w+_\w+\b|[\w./|-]*\.(?:[a-z]\w*\b|\|)|(?<![\w.<])/\w[\w/.-]*|\btext/\w+"
)
_WORD = re.compile(r"[^\W\d_]{3,}")
_SENTENCE = re.compile(r"[^\W\d_]{2,}[,;:]? +[^\W\d_]{2,}")


def in_page(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, literal) of every sentence in a page, and of every word given to Streamlit."""
    known = NAMES | _translated(tree)
    for node, around in _walk(tree):
        text = _literal(node)
        if text is None or text in known or _is_quiet(node, around):
            continue
        if _SENTENCE.search(text) or (_WORD.search(text) and _is_shown(node, around)):
            yield node.lineno, text.strip()


def in_core(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, literal) of every word given to an error, a job's title or a job's step."""
    for node, around in _walk(tree):
        text = _literal(node)
        if text is None or not _WORD.search(text) or _is_quiet(node, around):
            continue
        for outer, inner in zip(around, [*around[1:], node], strict=True):
            if isinstance(outer, ast.Call) and _is_said(outer, inner):
                yield node.lineno, text.strip()
                break


def _walk(tree: ast.Module) -> Iterator[tuple[ast.expr, list[ast.AST]]]:
    """Yield the expressions of a module with all that they lie in, the outermost first."""

    def below(node: ast.AST, around: list[ast.AST]) -> Iterator[tuple[ast.expr, list[ast.AST]]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue  # a docstring
            if isinstance(child, ast.expr):
                yield child, [*around, node]
            if not isinstance(child, ast.JoinedStr):
                yield from below(child, [*around, node])
            else:
                for part in child.values:
                    yield from below(part, [*around, node, child])

    yield from below(tree, [])


def _literal(node: ast.expr) -> str | None:
    """Return the words of a text that stands in the code, without what it is told."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _MARKUP.sub(" ", node.value)
    if isinstance(node, ast.JoinedStr):
        parts = [p.value if isinstance(p, ast.Constant) else "|" for p in node.values]
        return _MARKUP.sub(" ", "".join(map(str, parts)))
    return None


def _translated(tree: ast.Module) -> set[str]:
    """Return what is translated in the same file, where its English may also serve as an id."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    said = [arg for call in calls if _name(call) in TRANSLATED for arg in call.args]
    return {text for arg in said if (text := _literal(arg))}


def _name(call: ast.Call) -> str:
    return getattr(call.func, "attr", None) or getattr(call.func, "id", "")


def _is_quiet(literal: ast.AST, around: list[ast.AST]) -> bool:
    """Tell whether a literal is translated, or is for a log, a key or a comparison."""
    for node in around:
        if isinstance(node, ast.Call):
            its = getattr(node.func, "value", None)
            logs = isinstance(its, ast.Name) and its.id in ("_log", "re", "logging")
            if _name(node) in TRANSLATED or (logs and _name(node) in _PAGES_MAY_LOG):
                return True
        if isinstance(node, (ast.Compare, ast.Subscript)):
            return True
    for outer, inner in zip(around, [*around[1:], literal], strict=True):
        if isinstance(outer, ast.Dict) and any(inner is key for key in outer.keys):
            return True
    return False


def _is_shown(node: ast.AST, around: list[ast.AST]) -> bool:
    """Tell whether a literal goes to Streamlit as it is, alone or in a list, a sum or a choice."""
    inner: ast.AST = node
    for outer in reversed(around):
        if isinstance(outer, ast.Call):
            keyword = next((k.arg for k in outer.keywords if k is inner or k.value is inner), None)
            coded = {k.arg for k in outer.keywords} & {"format_func"} and inner in outer.args[1:]
            draws = _name(outer) in SHOWN and ast.unparse(outer.func) != "views.tabs"
            return draws and keyword not in NO_WORDS and not coded
        if isinstance(outer, ast.comprehension) or (
            isinstance(outer, ast.keyword) and outer.arg in NO_WORDS
        ):
            return False
        inner = outer
    return False


def _is_said(call: ast.Call, inner: ast.AST) -> bool:
    """Tell whether what a call of the core is given reaches a person."""
    keyword = inner.arg if isinstance(inner, ast.keyword) else None
    if _name(call) in ERRORS:
        kinds = {"BadImage": 1, "Problem": 2}.get(_name(call), 0)
        return inner not in call.args[:kinds] or isinstance(inner, ast.Call)
    if _name(call) == "submit":
        return keyword == "title"
    return _name(call) in ("report", "tell") and keyword is None and inner in call.args[1:]
