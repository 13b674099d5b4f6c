"""What a saved cascade does with an image: its thresholds and its rule, read from what was kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.analysis.cascades import cascade, learned, routes
from core.analysis.cascades.routes import Routed, Thresholds


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a cascade's sliders stand, and what is held against its taus."""

    thresholds: Thresholds
    rules: tuple[learned.GainRule, ...] = ()  # one an expert; empty: the confidence is held

    def send(
        self, probs: np.ndarray, pairs: Sequence[tuple[int, ...]], expert_probs: list[np.ndarray]
    ) -> Routed:
        """Return which way each image goes and what is answered; as `routes.send`."""
        keys = None
        if self.rules:
            keys = learned.keys(probs, cascade.route(probs, pairs), self.rules)
        return routes.send(probs, pairs, expert_probs, self.thresholds, keys)


def read_plan(plan: Mapping[str, Any]) -> Plan:
    """Return the plan of a `CascadeRecord`, ready to send images."""
    rules = tuple(learned.GainRule(tuple(r["weights"]), r["intercept"]) for r in plan["rules"])
    return Plan(Thresholds(tuple(plan["taus"]), plan["person"]), rules)
