"""Coverage: how accurate a model is on the images that it is surest of, and how many these are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from core.analysis.comparisons import operating
from core.analysis.comparisons.intervals import Estimate, augrc_interval
from core.analysis.comparisons.operating import Kept
from core.analysis.comparisons.risk import RiskCoverage, e_augrc, risk_coverage
from core.services.comparing.questions import Answers

N_DRAWN = 300  # points of a curve; a screen is not much wider
Wanted = Literal["accuracy", "coverage"]


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """A model's risk over coverage on the images of a question.

    Attributes
    ----------
    risk : RiskCoverage
        One entry a threshold.
    drawn : DataFrame
        At most 300 of them: threshold, coverage, n_kept, accuracy with low and high, risk
        (generalized) with risk_low and risk_high; 95 % intervals, each for itself.
    augrc : Estimate
        Area under the generalized risk, with its 95 % interval.
    e_augrc : float
        How much of it a better order would avoid.
    """

    model: str
    split: str
    n_images: int
    accuracy: float
    risk: RiskCoverage
    drawn: pd.DataFrame
    augrc: Estimate
    e_augrc: float


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A threshold, what it was chosen by, and what it gives.

    Attributes
    ----------
    threshold : float or None
        None where no threshold reaches what is wanted.
    chosen : Kept
        On the images that it was chosen on; without threshold, all of them.
    reported : Kept or None
        On the images that are reported; the same images where those are validation's.
    """

    model: str
    threshold: float | None
    chosen: Kept
    chosen_on: str
    reported: Kept | None
    reported_on: str


def coverage(said: Answers, split: str) -> Coverage:
    """Return the risk-coverage curve of some answers, and its areas."""
    right = said.right
    curve = risk_coverage(said.confidence, right)
    n = len(right)
    return Coverage(
        said.model,
        split,
        n,
        float(right.mean()),
        curve,
        _drawn(curve, n),
        augrc_interval(said.confidence, right),
        e_augrc(said.confidence, right),
    )


def operate(on: Coverage, report: Coverage, wanted: Wanted, share: float) -> OperatingPoint:
    """Choose a threshold on some images and say what it gives on others.

    Parameters
    ----------
    on, report : Coverage
        Of one model: on validation images, and on those that are reported.
    wanted : {"accuracy", "coverage"}
        What the threshold has to reach on the first.
    share : float in [0, 1]

    Raises
    ------
    InvalidInput
        If `share` is none.
    """
    if wanted == "accuracy":
        threshold = operating.threshold_for_accuracy(on.risk, share)
    else:
        threshold = operating.threshold_for_coverage(on.risk, share)
    lowest = float(on.risk.threshold[-1])
    chosen = operating.kept_at(on.risk, on.n_images, lowest if threshold is None else threshold)
    reported = None
    if threshold is not None:
        reported = operating.kept_at(report.risk, report.n_images, threshold)
    return OperatingPoint(on.model, threshold, chosen, on.split, reported, report.split)


def curves_table(found: Sequence[Coverage]) -> pd.DataFrame:
    """Return the points of all curves, to be downloaded."""
    return pd.concat(
        [its.drawn.assign(model=its.model, split=its.split, n_images=its.n_images) for its in found]
    )


def points_table(
    found: Sequence[Coverage], points: Mapping[str, OperatingPoint], wanted: Wanted, share: float
) -> pd.DataFrame:
    """Return one row a model, to be downloaded: its areas and its operating point."""
    rows = []
    for its in found:
        point = points[its.model]
        row = {"model": its.model, "split": its.split, "n_images": its.n_images}
        row |= {"accuracy": its.accuracy, "augrc": its.augrc.value, "augrc_low": its.augrc.low}
        row |= {"augrc_high": its.augrc.high, "e_augrc": its.e_augrc}
        row |= {"wanted": wanted, "wanted_share": share, "threshold": point.threshold}
        row |= _figures(f"{point.chosen_on}_chosen", point.chosen if point.reported else None)
        rows.append(row | _figures(f"{point.reported_on}_reported", point.reported))
    return pd.DataFrame(rows)


def _figures(where: str, kept: Kept | None) -> dict[str, float | None]:
    found: dict[str, float | None] = {f"{where}_n_kept": kept.n_kept if kept else None}
    for name in ("coverage", "accuracy"):
        low, high = getattr(kept, f"{name}_ci") if kept else (None, None)
        found |= {f"{where}_{name}": getattr(kept, name) if kept else None}
        found |= {f"{where}_{name}_low": low, f"{where}_{name}_high": high}
    return found


def _drawn(curve: RiskCoverage, n: int) -> pd.DataFrame:
    shown = operating.thinned(curve, N_DRAWN)
    n_kept = np.rint(curve.coverage[shown] * n).astype(np.int64)
    n_wrong = np.rint(curve.generalized_risk[shown] * n).astype(np.int64)
    accuracy = operating.wilson_bands(n_kept - n_wrong, n_kept)
    risk = operating.wilson_bands(n_wrong, np.full_like(n_wrong, n))
    return pd.DataFrame(
        {
            "threshold": curve.threshold[shown],
            "coverage": curve.coverage[shown],
            "n_kept": n_kept,
            "accuracy": 1.0 - curve.selective_risk[shown],
            "low": accuracy[:, 0],
            "high": accuracy[:, 1],
            "risk": curve.generalized_risk[shown],
            "risk_low": risk[:, 0],
            "risk_high": risk[:, 1],
        }
    )
