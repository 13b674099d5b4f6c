"""How words on the command line are read; what does not fit is told by the parser."""

from __future__ import annotations

import argparse
import json
from typing import Any, NoReturn

from core.errors import InvalidInput


class Parser(argparse.ArgumentParser):
    """Wrong words are bad input: one sentence, status 2."""

    def error(self, message: str) -> NoReturn:
        """Raise `InvalidInput`, which the command line tells in one sentence."""
        raise InvalidInput(message.rstrip("."), todo=f"see `{self.prog} --help`")


def shares(text: str) -> tuple[float, float, float]:
    """Read three shares such as 0.7,0.15,0.15.

    Raises
    ------
    ArgumentTypeError
        If it is none; the parser makes a sentence of it.
    """
    try:
        train, val, test = (float(part) for part in text.split(","))
    except ValueError:
        wanted = f"expected three shares such as 0.7,0.15,0.15, received {text!r}"
        raise argparse.ArgumentTypeError(wanted) from None
    return train, val, test


def span(text: str) -> tuple[int, int]:
    """Read a range such as 1..12.

    Raises
    ------
    ArgumentTypeError
        If it is none; the parser makes a sentence of it.
    """
    low, dots, high = text.partition("..")
    if not (dots and low.isdecimal() and high.isdecimal()):
        raise argparse.ArgumentTypeError(f"expected a range such as 1..12, received {text!r}")
    return int(low), int(high)


def group(text: str) -> tuple[str, ...]:
    """Read labels joined by +.

    Raises
    ------
    ArgumentTypeError
        If it is none; the parser makes a sentence of it.
    """
    parts = tuple(part.strip() for part in text.split("+"))
    if len(parts) < 2 or not all(parts):
        raise argparse.ArgumentTypeError(f"expected labels joined by +, received {text!r}")
    return parts


def pair(text: str) -> tuple[str, ...]:
    """Read classes joined by commas.

    Raises
    ------
    ArgumentTypeError
        If it is none; the parser makes a sentence of it.
    """
    parts = tuple(part.strip() for part in text.split(","))
    if len(parts) < 2:
        raise argparse.ArgumentTypeError(f"expected classes such as A,B, received {text!r}")
    return parts


def seeds(text: str) -> tuple[int, ...]:
    """Read whole numbers joined by commas.

    Raises
    ------
    ArgumentTypeError
        If it is none; the parser makes a sentence of it.
    """
    if not all(part.strip().isdecimal() for part in text.split(",")):
        raise argparse.ArgumentTypeError(f"expected seeds such as 0,1,2, received {text!r}")
    return tuple(int(part) for part in text.split(","))


def tau(text: str) -> float | str:
    """Read auto, each or a share.

    Raises
    ------
    ArgumentTypeError
        If it is none; the parser makes a sentence of it.
    """
    if text in ("auto", "each"):
        return text
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected auto, each or a share, received {text!r}"
        ) from None


def option(text: str) -> tuple[str, Any]:
    """Read NAME=VALUE; a value that is no JSON is text.

    Raises
    ------
    ArgumentTypeError
        If it is none; the parser makes a sentence of it.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, received {text!r}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value
