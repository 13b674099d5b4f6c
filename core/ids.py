"""Identifiers: content hashes for what is made from data, random ones for what happens once."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

_SHORT = 12  # hex digits: 48 bits; among a million ids two are equal with probability 0.002


def bytes_id(data: bytes) -> str:
    """Return the sha256 of `data`, 64 hex digits; the id of an image is that of its file."""
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> str:
    """Return JSON with sorted keys and no spaces, so that equal content has equal text.

    Raises
    ------
    TypeError
        If `value` holds something JSON cannot express.
    ValueError
        If `value` holds NaN or an infinity.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def content_id(prefix: str, value: Any) -> str:
    """Return `prefix-xxxxxxxxxxxx`, the same for equal content whatever the order of keys.

    Examples
    --------
    >>> content_id("run", {"a": 1, "b": 2}) == content_id("run", {"b": 2, "a": 1})
    True
    """
    return f"{prefix}-{hashlib.sha256(canonical_json(value).encode()).hexdigest()[:_SHORT]}"


def new_id(prefix: str) -> str:
    """Return `prefix-xxxxxxxxxxxx` with random digits."""
    return f"{prefix}-{secrets.token_hex(_SHORT // 2)}"
