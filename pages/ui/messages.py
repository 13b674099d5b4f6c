"""The one place where an error becomes a sentence on screen."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import AppError
from core.ids import new_id
from core.language import phrase, t

UNEXPECTED = phrase("Something unexpected happened")
_log = logging.getLogger("desempate.pages")


class Outcome:
    """What became of the guarded block; `ok` is false when a sentence was shown instead."""

    ok: bool = True


@contextmanager
def guard() -> Iterator[Outcome]:
    """Show an error of the block as one sentence, never as a stack trace.

    An `AppError` says what the user can do. Anything else is a defect: the log keeps its
    traceback under a reference, and the screen shows the reference.
    """
    outcome = Outcome()
    try:
        yield outcome
    except AppError as error:
        outcome.ok = False
        st.error(inline(capitalise(str(error))), icon=":material/error:")
    except Exception:  # noqa: BLE001 - the last door before the screen
        outcome.ok = False
        reference = new_id("err")
        _log.exception("unexpected error %s", reference)
        st.error(
            t(
                "{what}. Nothing that was saved is lost. The server's log has the details under "
                "**{reference}**; reload the page to try again.",
                what=t(UNEXPECTED),
                reference=reference,
            ),
            icon=":material/bug_report:",
        )


def capitalise(sentence: str) -> str:
    """Return the sentence with a capital first letter, unless it begins with a name of a file.

    >>> capitalise("tau is out of range"), capitalise("notes.txt is no image")
    ('Tau is out of range', 'notes.txt is no image')
    """
    first = sentence.partition(" ")[0].rstrip(".:;,")
    if any(not (c.isalpha() or c in "-'") for c in first):
        return sentence  # a file, a path, an id: they are quoted as they are
    return sentence[:1].upper() + sentence[1:]


def plain(text: str) -> str:
    """Return `text` with Markdown's own characters escaped: names come from files."""
    return "".join("\\" + c if c in "\\`*_{}[]()<>#+-.!|~$:" else c for c in text)


def inline(text: str) -> str:
    """Return a sentence in which nothing becomes a link, a picture, HTML or a formula.

    Errors quote what people and files said; a picture's address would be fetched by the browser.
    """
    return "".join("\\" + c if c in "\\`*_[]<>~$" else c for c in text)
