"""Text that a spreadsheet would run as a formula: written so that it does not, and read back."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\x00")  # OWASP: what a spreadsheet would run


def defused(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: with a leading apostrophe if need be.

    Examples
    --------
    >>> defused("=1+1"), defused("1+1")
    ("'=1+1", '1+1')
    """
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA) else text


def restored(text: str) -> str:
    """Return what `defused` was given.

    Examples
    --------
    >>> restored("'=1+1"), restored("'tis")
    ('=1+1', "'tis")
    """
    inner = text.lstrip("'")
    return text[1:] if text.startswith("'") and inner.startswith(_FORMULA) else text
