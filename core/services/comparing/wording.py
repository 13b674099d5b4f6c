"""Figures of a comparison as a person says them, on screen and on the command line."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

_RAREST = 1e-4


def often(p: float) -> str:
    """Return how often something of probability p happens.

    Examples
    --------
    >>> often(0.005), often(0.0123), often(0.13), often(0.42), often(1.0)
    ('1 time in 200', '1 time in 81', '1 time in 8', '4 times in 10', 'nearly every time')
    >>> often(0.00002)
    'less than 1 time in 10,000'
    """
    if p < _RAREST:
        return f"less than 1 time in {1 / _RAREST:,.0f}"
    if p >= 0.95:
        return "nearly every time"
    if p >= 0.15:
        return f"{10 * p:.0f} times in 10"
    return f"1 time in {_two_digits(1 / p, round):,}"


def points(share: float) -> str:
    """Return a share, or a difference of shares, in points.

    Examples
    --------
    >>> points(0.0213), points(-0.004), points(-0.0001)
    ('2.1', '-0.4', '0.0')
    """
    return f"{round(100 * share, 1) + 0.0:.1f}"


def span(bounds: Sequence[float]) -> str:
    """Return the bounds of an interval in points: "0.6 to 3.5"."""
    return f"{points(bounds[0])} to {points(bounds[1])}"


def rounded_up(n: int) -> str:
    """Return a number of images with two digits, not less than it is.

    Examples
    --------
    >>> rounded_up(7), rounded_up(2059), rounded_up(123456)
    ('7', '2,100', '130,000')
    """
    return f"{_two_digits(n, math.ceil):,}"


def _two_digits(value: float, whole: Callable[[float], int]) -> int:
    step = 10 ** max(0, math.floor(math.log10(value)) - 1)
    return int(whole(value / step) * step)
