"""Sentences: translated where they are made, and kept so that another reader gets his language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from core.language import catalogues, numbers

_said: ContextVar[str | None] = ContextVar("language", default=None)
_ask: Callable[[], str | None] | None = None


class Sentence(str):
    """A text that remembers how it was made, so that it can be said in another language."""

    __slots__ = ("many", "n", "template", "values")

    template: str
    values: dict[str, Any]
    many: str | None  # the plural's template
    n: int | None  # what the plural depends on


def t(template: str, /, **values: Any) -> Sentence:
    """Return `template` in the reader's language, with its values in place.

    Parameters
    ----------
    template : str
        English, with places as in `str.format`. It is the key of the translation, so it stands
        there as one literal: no f-string, nothing added to it.
    **values
        Numbers stay numbers: the place says how they are written ("{share:.1%}", "{n:,}",
        "{x:.2f}"), and the language which signs they get. A value that is a `Sentence` itself is
        said in the same language.

    Examples
    --------
    >>> t("{share:.1%} of {n:,} images", share=0.743, n=1050)
    '74.3 % of 1,050 images'
    >>> with speaking("es"):
    ...     print(t("{accuracy:.1%}", accuracy=0.743))
    74,3 %
    """
    return _made(template, None, None, values)


def tn(one: str, many: str, n: int, /, **values: Any) -> Sentence:
    """Return the form for `n` things, which is the value "n" of the template.

    >>> tn("{n:,} image", "{n:,} images", 1), tn("{n:,} image", "{n:,} images", 1050)
    ('1 image', '1,050 images')
    """
    return _made(one, many, int(n), {"n": n, **values})


def figure(value: float, spec: str) -> Sentence:
    """Return a number by itself, written as `spec` says: a sentence of one place.

    >>> figure(0.743, ".1%")
    '74.3 %'
    """
    return _made("{figure:" + spec + "}", None, None, {"figure": value})


def phrase(template: str) -> str:
    """Return `template` as it is: a literal here that `t` translates where it is shown."""
    return template


def keep(text: str) -> str | dict[str, Any]:
    """Return what is stored of a text as JSON, so that `say` can say it in any language."""
    if not isinstance(text, Sentence):
        return text
    values = {key: _stored(value) for key, value in text.values.items()}
    plural = {} if text.many is None else {"many": text.many, "n": text.n}
    return {"template": text.template, "values": values, **plural}


def say(kept: str | dict[str, Any]) -> str:
    """Return a kept text in the reader's language.

    >>> say(keep(t("{n:,} images", n=3)))
    '3 images'
    """
    if isinstance(kept, str):
        return kept
    values = {
        key: say(value) if isinstance(value, (str, dict)) else value
        for key, value in kept["values"].items()
    }
    return _made(kept["template"], kept.get("many"), kept.get("n"), values)


def in_all_languages(template: str) -> set[str]:
    """Return a text without values as every language says it."""
    found = set()
    for code in catalogues.languages():
        with speaking(code):
            found.add(str(t(template)))
    return found


def current() -> str:
    """Return the code of the language that is spoken here and now."""
    return _said.get() or (_ask and _ask()) or catalogues.SOURCE


def ask_for_language(ask: Callable[[], str | None]) -> None:
    """Let `ask` answer which language is spoken where no `speaking` says so."""
    global _ask
    _ask = ask


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak a language inside the block."""
    token = _said.set(code)
    try:
        yield
    finally:
        _said.reset(token)


def _made(template: str, many: str | None, n: int | None, values: dict[str, Any]) -> Sentence:
    code = current()
    known = catalogues.translations(code)
    if not template:
        text = ""  # to gettext the empty key is its own header
    elif many is None:
        text = known.gettext(template)
    else:
        text = known.ngettext(template, many, n or 0)
    if values:
        text = numbers.Form(code).vformat(text, (), {k: _again(v) for k, v in values.items()})
    made = Sentence(text)
    made.template, made.values, made.many, made.n = template, values, many, n
    return made


def _stored(value: Any) -> Any:
    """Return a value as JSON can hold it: NumPy's numbers as numbers, a path as its text."""
    if isinstance(value, str):
        return keep(value)
    if isinstance(value, (bool, int, float, list, type(None))):
        return value
    return value.item() if hasattr(value, "item") else str(value)


def _again(value: Any) -> Any:
    """Return a sentence inside a sentence in the language of now; anything else as it is."""
    if isinstance(value, Sentence):
        return _made(value.template, value.many, value.n, value.values)
    return value
