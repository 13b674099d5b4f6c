"""What a cascade's answers cost, and what asking experts and a person saves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.analysis import mistake_costs
from core.analysis._checks import Bools, Ints
from core.analysis.cascades.routes import GENERALIST, PERSON, Routed
from core.analysis.comparisons.intervals import Estimate
from core.analysis.mistake_costs import ChargedImages


@dataclass(frozen=True, slots=True, eq=False)
class RoutedCost:
    """Where images went, and what that costs.

    Where it is known what asking a person costs, all images count, and a person is charged that
    and makes no mistake. Where it is not, the images count that are answered without a person.

    Parameters
    ----------
    charged : ChargedImages
    before : array of int, shape (n_images,)
        The generalist's answers.
    routed : Routed
        Of the same images.
    person : float or None
        What asking a person about an image costs.
    """

    charged: ChargedImages
    before: Ints
    routed: Routed
    person: float | None

    @property
    def n_images(self) -> int:
        """How many images count."""
        return int(self._counted.sum())

    @property
    def per_image(self) -> Estimate | None:
        """What an image costs on average, with its interval; None without images."""
        if not self.n_images:
            return None
        n_labels, n_classes = self.charged.costs.shape
        said = np.where(self.routed.route == PERSON, n_classes, self.routed.answer)
        costs = np.column_stack([self.charged.costs, np.full(n_labels, self.person or 0.0)])
        rows = self._counted
        cells = self.charged.labels[rows] * (n_classes + 1) + said[rows]
        counts = np.bincount(cells, minlength=costs.size).reshape(costs.shape)
        return mistake_costs.mean_cost(costs, counts)

    @property
    def saved(self) -> Estimate | None:
        """What an image costs less than by the generalist alone, paired; None without images."""
        return self._saved(self._counted & (self.routed.route != GENERALIST))

    def saved_by(self, pair: int | None = None) -> Estimate | None:
        """Return what of that one expert saves, or all of them; None without images."""
        route = self.routed.route
        return self._saved(route >= 0 if pair is None else route == pair)

    @property
    def _counted(self) -> Bools:
        if self.person is not None:
            return np.ones(len(self.before), dtype=bool)
        return np.asarray(self.routed.route != PERSON)

    def _saved(self, changed: Bools) -> Estimate | None:
        if not self.n_images:
            return None
        rows = np.flatnonzero(changed)
        after = self.charged.of(self.routed.answer[rows], rows)
        after[self.routed.route[rows] == PERSON] = self.person or 0.0
        before = self.charged.of(self.before[rows], rows)
        return mistake_costs.saved(before, after, self.n_images)
