"""Cached readers of facts that never change: keys are immutable ids, so there is no expiry.

What can change (jobs, lists, names) is read fresh through the services. Where a fact may not be
there yet, the absence is not cached.
"""

from __future__ import annotations

from pages.ui.cached.classes import (
    advice,
    best_merges,
    cheapest_merges,
    merge_cost,
    optimism,
    sandbox,
)
from pages.ui.cached.comparisons import (
    claims,
    coverage,
    findings,
    more_images,
    paired,
    shared_errors,
    slicings,
    surest_errors,
    worth,
)
from pages.ui.cached.datasets import balance, cluster_table, examples, images, plane, where
from pages.ui.cached.models import (
    answers,
    cascade_members,
    confused_pairs,
    cost,
    measured,
    val_accuracy,
    waterfall,
)
from pages.ui.cached.people import agreement, consensus, twins

__all__ = [
    "advice",
    "agreement",
    "answers",
    "balance",
    "best_merges",
    "cascade_members",
    "cheapest_merges",
    "claims",
    "cluster_table",
    "confused_pairs",
    "consensus",
    "cost",
    "coverage",
    "examples",
    "findings",
    "images",
    "measured",
    "merge_cost",
    "more_images",
    "optimism",
    "paired",
    "plane",
    "sandbox",
    "shared_errors",
    "slicings",
    "surest_errors",
    "twins",
    "val_accuracy",
    "waterfall",
    "where",
    "worth",
]
