"""Which model to take, and how sure that is: the best on validation against all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.analysis.comparisons import paired
from core.services.comparing.questions import Answers

SURE = 0.05  # a smaller p, corrected for the number of comparisons, is called a difference


@dataclass(frozen=True, slots=True)
class Rival:
    """How another model stands against the chosen one, on the same images."""

    model: str
    difference: float  # accuracy of the chosen model less that of this one
    low: float
    high: float
    p: float  # exact McNemar, Holm over all rivals

    @property
    def is_told_apart(self) -> bool:
        """Tell whether luck does not explain the difference."""
        return self.p < SURE


def rivals(said: Sequence[Answers]) -> list[Rival]:
    """Compare the first of some models with each of the others, in their order.

    Raises
    ------
    InvalidInput
        If they answer about different images.

    Notes
    -----
    The first was not chosen on these images (it is the best on validation), so its difference from
    the others is not the winner's luck.
    """
    if not said:
        return []
    best, *others = said
    raw = [paired.mcnemar_exact(best.right, other.right) for other in others]
    found = []
    for other, p in zip(others, paired.holm(raw), strict=True):
        difference, (low, high) = paired.paired_difference(best.right, other.right)
        found.append(Rival(other.model, difference, low, high, float(p)))
    return found
