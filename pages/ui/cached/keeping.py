"""How much is kept, what a spinner says, and how an absence is not kept."""

from __future__ import annotations

from core.language import t

SIZE = "200MiB"


class Spoken(str):
    """What a spinner says: Streamlit asks for it when it shows it, in the language of then."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return the sentence in the reader's language."""
        return t(super().__str__())


class NotYet(Exception):
    """There is nothing to cache yet."""
