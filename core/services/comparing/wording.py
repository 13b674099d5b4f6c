"""Figures of a comparison as a person says them, on screen and on the command line."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce

from core.analysis.comparisons.learning_curve import Estimate
from core.language import figure, phrase, t

_RAREST = 1e-4
_LITTLE_GAIN = 0.01  # below one point at best
_PROMISE = phrase(
    "Twice the images ({n:,}) would bring about {gain:+.1f} points ({low:.1f} to {high:.1f}) of "
    "accuracy on the {n_test:,} test images."
)
_LITTLE = phrase(
    "More images would hardly help: twice the images ({n:,}) would bring about {gain:+.1f} points "
    "({low:.1f} to {high:.1f}) of accuracy on the {n_test:,} test images."
)
_NOTHING = phrase(
    "No gain can be told: twice the images ({n:,}) would bring about {gain:+.1f} points "
    "({low:.1f} to {high:.1f}) of accuracy on the {n_test:,} test images."
)


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
        return t("less than 1 time in {n:,.0f}", n=1 / _RAREST)
    if p >= 0.95:
        return t("nearly every time")
    if p >= 0.15:
        return t("{n:.0f} times in 10", n=10 * p)
    return t("1 time in {n:,}", n=_two_digits(1 / p, round))


def points(share: float) -> str:
    """Return a share, or a difference of shares, in points.

    Examples
    --------
    >>> points(0.0213), points(-0.004), points(-0.0001)
    ('2.1', '-0.4', '0.0')
    """
    return figure(round(100 * share, 1) + 0.0, ".1f")


def span(bounds: Sequence[float]) -> str:
    """Return the bounds of an interval in points: "0.6 to 3.5"."""
    return t("{low} to {high}", low=points(bounds[0]), high=points(bounds[1]))


def rounded_up(n: int) -> str:
    """Return a number of images with two digits, not less than it is.

    Examples
    --------
    >>> rounded_up(7), rounded_up(2059), rounded_up(123456)
    ('7', '2,100', '130,000')
    """
    return figure(_two_digits(n, math.ceil), ",")


def listed(names: Sequence[str]) -> str:
    """Return "a and b", or "a and b and c"."""
    return reduce(lambda a, b: t("{a} and {b}", a=a, b=b), names)


def twice(gain: Estimate, n_images: int, n_test: int, promises: bool) -> str:
    """Say what twice the images would bring; "no gain can be told" included."""
    low, high = (100 * bound for bound in gain.interval)
    said = _LITTLE if gain.interval[1] < _LITTLE_GAIN else _NOTHING
    return t(
        _PROMISE if promises else said,
        n=n_images,
        gain=100 * gain.value,
        low=low,
        high=high,
        n_test=n_test,
    )


def _two_digits(value: float, whole: Callable[[float], int]) -> int:
    step = 10 ** max(0, math.floor(math.log10(value)) - 1)
    return int(whole(value / step) * step)
