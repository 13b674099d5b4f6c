"""Columns that hold sentences: kept with their parts, so that every reader gets his language."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.types import TypeDecorator

from core.language import Sentence, keep, say


class Said(TypeDecorator[str]):
    """Text that is written as a sentence's parts and read in the language of whoever reads it."""

    impl: Any = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """Return what is stored: a sentence as JSON, any other text as it is."""
        if isinstance(value, Sentence):
            return json.dumps(keep(value), ensure_ascii=False)
        return value

    def process_result_value(self, value: Any, dialect: Any) -> str | None:
        """Return the sentence in the reader's language; a text that was stored plainly as it is."""
        return value if value is None else said(value)


class SaidString(Said):
    """The same in a column that a migration made a String."""

    impl = String
    cache_ok = True


def said(stored: str) -> str:
    """Return a stored text in the reader's language.

    >>> said("epoch 3"), said('{"template": "epoch {n}", "values": {"n": 3}}')
    ('epoch 3', 'epoch 3')
    """
    if not stored.startswith('{"template": '):
        return stored
    try:
        return say(json.loads(stored))
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ):  # somebody's text that only looks like one
        return stored
