"""Every text that a page hands to the browser, whatever it is part of; and what of it is no data.

Nothing here knows the elements one by one: the messages that Streamlit sends are walked field by
field, so a new kind of element is looked at from its first day on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from streamlit.testing.v1 import AppTest

OPEN, CLOSE = "⟦", "⟧"
# Fields that nobody reads: what code finds things by, and how they look.
_UNREAD = {
    "id", "key", "form_id", "element_id", "fragment_id", "session_id", "deferred_file_id",
    "icon", "icon_url", "url", "page", "page_script_hash", "active_script_hash", "query_string",
    "query_param_key", "js_content", "css_content", "js_source_path", "css_source_path",
    "component_name", "html_for", "language", "type", "type_name", "tag", "mime", "format",
    "default", "default_tab_label", "raw_value", "raw_values", "selection_mode", "column_order",
    "columns", "arrow_data", "data_hash", "proto", "theme", "style", "background", "color",
    "width", "height", "row_height", "text_alignment",
}  # fmt: skip
# What the product's own components are told, not to be shown: how and where to draw.
_COMPONENT_CODE = {
    "size", "numbers", "map", "what", "src", "source", "file", "name", "image", "verdict", "head",
}  # fmt: skip
# Of a chart only these are words; the rest says how it is drawn.
_CHART_WORDS = frozenset(
    ("text", "title", "name", "hovertemplate", "texttemplate", "hovertext", "ticktext",
     "customdata", "x", "y", "labels")
)  # fmt: skip
_NOT_SAID = _UNREAD | _COMPONENT_CODE | {"template", "colorscale", "dtype", "bdata"}
_CELLS = 200  # of a column: more rows say nothing new
_DATA = (
    re.compile(r"<style>.*?</style>", re.DOTALL),
    re.compile(r":material/\w+:"),
    re.compile(r"`[^`]*`"),  # what a person would type
    re.compile(r"https?://\S+|data:\S+|(?<![\w.<])/\w[\w/.-]*"),  # addresses and paths
    re.compile(r"</?[a-zA-Z][^>]*>"),
    re.compile(r":[a-z]+(-[a-z]+)*(?=\[)"),  # colours of Markdown
    re.compile(r"\b[a-z]{2,8}-[0-9a-f]{6,64}\b"),  # ids
    re.compile(r"\b[0-9a-f]{12,64}\b"),
    re.compile(r"\([0-9a-f]{4}\)"),  # their beginning, which tells namesakes apart
    re.compile(
        r"[\w/.-]+\.(png|jpg|jpeg|csv|json|parquet|zip|py|txt|html|svg|npy|tsv|onnx|keras)\b"
    ),
    re.compile(r"%?\{[^}]*\}"),  # places of templates that the browser fills
    re.compile(r"&\w+;"),
)
_WORD = re.compile(r"[^\W\d_]{3,}")


def nodes(app: AppTest) -> Iterator[Any]:
    """Yield every block and element of a page, the sidebar and messages too."""

    def below(node: Any) -> Iterator[Any]:
        for child in getattr(node, "children", {}).values():
            yield child
            yield from below(child)

    yield from below(app._tree)


def texts(app: AppTest) -> Iterator[tuple[str, str]]:
    """Yield (what it is part of, text) of everything that the browser would show or read aloud."""
    for node in nodes(app):
        proto = getattr(node, "proto", None)
        if proto is not None:
            for field, text in _of_message(proto):
                yield f"{node.type}.{field}", text
        if node.type in ("dataframe", "table"):
            for text in _of_table(node.value, proto):
                yield f"{node.type}.cells", text


def _of_message(message: Any) -> Iterator[tuple[str, str]]:
    chart = message.DESCRIPTOR.name == "PlotlyChart"
    for field, value in message.ListFields():
        if field.name in _UNREAD:
            continue
        many = not isinstance(value, (str, bytes)) and hasattr(value, "__len__")
        for one in value if many else [value]:
            if isinstance(one, str) and isinstance(value, Mapping):
                one = value[one]
            if hasattr(one, "ListFields"):
                yield from ((f"{field.name}.{name}", text) for name, text in _of_message(one))
            elif isinstance(one, str) and one[:1] in "{[" and (data := _json(one)) is not None:
                words = _CHART_WORDS if chart else None
                yield from ((field.name, text) for text in _of_json(data, words))
            elif isinstance(one, str):
                yield field.name, one


def _of_json(data: Any, keys: frozenset[str] | None, inside: bool = False) -> Iterator[str]:
    """Yield the texts of nested data; of a chart only those under one of `keys`."""
    if isinstance(data, str):
        if keys is None or inside:
            yield data
    elif isinstance(data, Mapping):
        for key, value in data.items():
            if key not in _NOT_SAID:
                yield from _of_json(value, keys, inside or (keys is not None and key in keys))
    elif isinstance(data, list):
        for value in data:
            yield from _of_json(value, keys, inside)


def _of_table(table: Any, proto: Any) -> Iterator[str]:
    """Yield headings, their help and cells of the columns that are shown."""
    settings = _json(getattr(proto, "columns", "")) or {}
    shown = list(getattr(proto, "column_order", ())) or [str(name) for name in table.columns]
    for column in table.columns:
        its = settings.get(str(column)) or {}
        if its.get("hidden") or str(column) not in shown:
            continue
        yield from map(str, filter(None, (its.get("label", column), its.get("help"))))
        if table[column].dtype.kind == "O":
            for cell in table[column].dropna().head(_CELLS):
                yield from map(str, cell if isinstance(cell, (list, tuple)) else [cell])


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def untranslated(text: str, data: Iterable[str] = (), ids: Iterable[str] = ()) -> str | None:
    """Return what is left of a text without translations and data, if a word is.

    `ids` are data only where they are the whole text.

    >>> untranslated("⟦Take ⟦C⟧ now⟧ 3 px") is None, untranslated("⟦Accuracy⟧ of test")
    (True, 'of test')
    >>> untranslated("⟦probe, seed 0⟧ (7bfa)") is None, untranslated("⟦probe⟧ (best)")
    (True, '(best)')
    """
    if text in ids:
        return None
    left = _outside(text.replace("\\", ""))
    for pattern in _DATA:
        left = pattern.sub(" ", left)
    for name in sorted(data, key=len, reverse=True):
        left = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", left)
    return " ".join(left.split()) if _WORD.search(left) else None


def _outside(text: str) -> str:
    """Return a text without what stands between the marks, which may be nested."""
    depth, kept = 0, []
    for char in text:
        depth += char == OPEN
        if depth == 0:
            kept.append(char)
        elif depth == 1 and char == CLOSE:
            kept.append(" ")
        depth -= char == CLOSE and depth > 0
    return "".join(kept)
