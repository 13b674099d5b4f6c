"""What a bud is before it is drawn: its growth, its stage, how developed it looks, who says what.

Growth runs from 0 to 7 and its whole part is the true stage. What the eye can see, the *look*, is
a staircase over growth with five steps, because two pairs of neighbouring stages differ in hours
and in absolute size, which a photograph without a scale does not show:

    growth  0      1         2        3      4         5         6      7
    stage   Arroz  | Arveja  | Garbanzo | Bola | Rayando | Separando | Corte
    look    rice   | ------- pea ------ | ball | striped | ------ open ----- |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LABELS: tuple[str, ...] = ("Arroz", "Arveja", "Garbanzo", "Bola", "Rayando", "Separando", "Corte")
LOOKS: tuple[str, ...] = ("rice", "pea", "ball", "striped", "open")
MERGE_PAIRS: tuple[tuple[str, str], ...] = (("Arveja", "Garbanzo"), ("Separando", "Corte"))
DETAIL_PAIR: tuple[str, str] = ("Bola", "Rayando")

_LOOK_OF_STAGE = (0, 1, 1, 2, 3, 4, 4)
# Inside a look, `ripeness` in [0, 1] varies from plant to plant; in a pair the riper stage's mean
# is this many standard deviations higher. Who sees ripeness perfectly guesses the stage inside the
# pair right with probability Phi(shift / 2) = 0.60, and a photograph shows it imperfectly. At 0 the
# seven-class accuracy of a perfect model would be 0.69, too near the 0.65 that the set promises for
# a test split of 157 images (its standard error is 0.03).
PAIR_SHIFT_SD = 0.5
_RIPENESS_SD = 0.22

# How far a reviewer misjudges growth near a boundary (standard deviation in stages): inside a pair
# the bud must be felt in the hand, elsewhere one look is enough. The values make 6 % wrong labels
# for the first reviewer, three quarters of them inside the pairs.
_BLUR_IN_PAIR = 0.225
_BLUR_ELSEWHERE = 0.026
_BY_LOOK = 0.8  # correlation of a misjudgement with how ripe the bud looks
_SLIP_RATE = 0.003  # a wrong key, whatever the bud


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A simulated person: `unsteadiness` multiplies every error source of the first reviewer."""

    name: str
    unsteadiness: float


REVIEWERS: tuple[Reviewer, ...] = (
    Reviewer("reviewer-1", 1.0),
    Reviewer("reviewer-2", 0.5),
    Reviewer("reviewer-3", 1.8),
)


@dataclass(frozen=True, slots=True)
class Bud:
    """The truth about one image."""

    growth: float  # in [0, 7)
    stage: int  # index into LABELS
    look: int  # index into LOOKS
    ripeness: float  # in [0, 1], the position inside the look
    reviews: tuple[int, ...]  # one stage per reviewer


def grow(rng: np.random.Generator, index: int) -> Bud:
    """Return the truth about image `index`; stages take turns, so every stage is as frequent."""
    stage = index % len(LABELS)
    growth = stage + rng.random()
    look = _LOOK_OF_STAGE[stage]
    shift = 0.0
    if _LOOK_OF_STAGE.count(look) > 1:
        lower = _LOOK_OF_STAGE.index(look) == stage
        shift = (-0.5 if lower else 0.5) * PAIR_SHIFT_SD
    ripeness = float(np.clip(0.5 + _RIPENESS_SD * (shift + rng.standard_normal()), 0.0, 1.0))
    riper = (ripeness - 0.5) / _RIPENESS_SD
    reviews = tuple(_review(rng, growth, riper, reviewer) for reviewer in REVIEWERS)
    return Bud(float(growth), stage, look, ripeness, reviews)


def _review(rng: np.random.Generator, growth: float, riper: float, reviewer: Reviewer) -> int:
    error, slip, other = rng.standard_normal(), rng.random(), int(rng.integers(len(LABELS) - 1))
    error = _BY_LOOK * riper + (1 - _BY_LOOK**2) ** 0.5 * error
    stage = int(growth)
    boundary = round(growth)  # the nearest one
    in_pair = 0 < boundary < len(LABELS) and (
        _LOOK_OF_STAGE[boundary - 1] == _LOOK_OF_STAGE[boundary]
    )
    blur = (_BLUR_IN_PAIR if in_pair else _BLUR_ELSEWHERE) * reviewer.unsteadiness
    if slip < _SLIP_RATE * reviewer.unsteadiness:
        return other if other < stage else other + 1
    seen = float(np.clip(growth + blur * error, 0.0, len(LABELS) - 1e-9))
    return int(seen)
