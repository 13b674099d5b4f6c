"""Calibration: does confidence mean what it says, before and after temperature scaling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.analysis import metrics
from core.analysis.calibration import N_BINS
from core.analysis.comparisons import noise_floor
from core.analysis.comparisons.calibration_interval import of_bins
from core.analysis.comparisons.intervals import Estimate, mean_interval
from core.analysis.comparisons.noise_floor import Claims, NoiseFloor
from core.services.comparing import questions
from core.services.comparing.questions import Answers, Model, Question
from core.services.runs.training import get_run
from core.store.database import Workspace

SURE = 0.05  # a calibration error that chance exceeds less often counts as one


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """How far confidence and share of right answers lie apart, on the images of a question.

    Attributes
    ----------
    bins : DataFrame
        One row a bin of (nearly) equally many images, least confident first: n_images,
        confidence (mean), accuracy with its 95 % interval low and high.
    claimed, accuracy : float
        Mean confidence and share of right answers.
    ece : Estimate
        Calibration error over these bins, and the interval of the true one, shares.
    floor : NoiseFloor
        What it would be if the confidences were right.
    log_loss : float
        In nats.
    """

    bins: pd.DataFrame
    claimed: float
    accuracy: float
    ece: Estimate
    floor: NoiseFloor
    log_loss: float

    @property
    def off(self) -> bool:
        """Return whether the error is more than so few images show by chance."""
        return self.floor.p_value < SURE

    @property
    def lean(self) -> int:
        """Return 1 for a model that is too sure of itself, -1 for a shy one; 0 as by chance."""
        gap = self.claimed - self.accuracy
        return 0 if abs(gap) <= self.floor.gap else (1 if gap > 0 else -1)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What `correction` is made of, whatever the number of bins; its fields are called as there."""

    model: str
    split: str
    temperatures: Mapping[str, float]
    n_fitted: int
    before: Claims | None
    after: Claims
    loss_before: float | None
    loss_after: float
    loss_change: Estimate | None


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """A model before and after temperature scaling.

    Attributes
    ----------
    temperatures : mapping of run id to float
        Of the run; of a cascade those of its members, its generalist first.
    n_fitted : int
        Validation images that the first of them was fitted on.
    before : Reliability or None
        None for a cascade: its members are calibrated before it is one.
    after : Reliability
    loss_change : Estimate or None
        Log-loss after less before, image by image, with its 95 % interval.
    """

    model: str
    split: str
    n_images: int
    temperatures: Mapping[str, float]
    n_fitted: int
    before: Reliability | None
    after: Reliability
    loss_change: Estimate | None


def evidence(ws: Workspace, question: Question, model_id: str) -> Evidence:
    """Return what a model claims and reaches, before and after: all that looks at the images.

    Raises
    ------
    InvalidInput
        If the model cannot answer the question.
    """
    model = questions.find(ws, model_id)
    after = questions.answers(ws, question, model)
    losses = _losses(after)
    before, old_losses = None, None
    if model.cascade is None:
        raw = questions.answers(ws, question, model, calibrated=False)
        before, old_losses = noise_floor.claims(raw.confidence, raw.right), _losses(raw)
    return Evidence(
        model_id,
        question.split,
        temperatures(ws, model),
        int(model.run.metrics["val"]["n_images"]),
        before,
        noise_floor.claims(after.confidence, after.right),
        None if old_losses is None else float(old_losses.mean()),
        float(losses.mean()),
        None if old_losses is None else mean_interval(losses - old_losses),
    )


def correction(its: Evidence, n_bins: int = N_BINS) -> Correction:
    """Return how well calibrated a model is, before and after.

    Parameters
    ----------
    n_bins : int
        Bins of (nearly) equally many images; a divisor of 1,200.

    Raises
    ------
    InvalidInput
        If `n_bins` is none.
    """
    before = None
    if its.before is not None and its.loss_before is not None:
        before = reliability(its.before, its.loss_before, n_bins)
    return Correction(
        its.model,
        its.split,
        int(its.after.n_images.sum()),
        its.temperatures,
        its.n_fitted,
        before,
        reliability(its.after, its.loss_after, n_bins),
        its.loss_change,
    )


def reliability(claims: Claims, log_loss: float, n_bins: int = N_BINS) -> Reliability:
    """Return how far confidence and share of right answers lie apart.

    Raises
    ------
    InvalidInput
        If `n_bins` does not divide 1,200.
    """
    table = noise_floor.reliability(claims, n_bins)
    bins = pd.DataFrame(table, columns=["n_images", "confidence", "accuracy"])
    bins["n_images"] = bins["n_images"].astype(np.int64)
    bounds = [metrics.wilson_interval(round(n * share), int(n)) for n, _, share in table]
    bins["low"], bins["high"] = np.array(bounds).T
    n_images = claims.n_images.sum()
    return Reliability(
        bins,
        float(claims.claimed.sum() / n_images),
        float(claims.n_right.sum() / n_images),
        of_bins(table),
        noise_floor.noise_floor(claims, n_bins),
        log_loss,
    )


def temperatures(ws: Workspace, model: Model) -> dict[str, float]:
    """Return the temperature of a run, or of each member of a cascade, its generalist first."""
    experts = model.cascade.experts if model.cascade else ()
    members = [model.run, *(get_run(ws, run_id) for run_id in experts)]
    return {run.id: run.temperature for run in members}


def summary_table(found: Sequence[Correction]) -> pd.DataFrame:
    """Return one row a model, to be downloaded."""
    rows = []
    for its in found:
        row = {"model": its.model, "split": its.split, "n_images": its.n_images}
        row["temperature"] = next(iter(its.temperatures.values())) if its.before else None
        row |= {"n_validation_images": its.n_fitted}
        for when, state in (("before", its.before), ("after", its.after)):
            row |= {f"{name}_{when}": value for name, value in _figures(state).items()}
        rows.append(row | _spread("log_loss_change", its.loss_change))
    return pd.DataFrame(rows)


def bins_table(found: Sequence[Correction]) -> pd.DataFrame:
    """Return the bins of all diagrams, to be downloaded."""
    parts = [
        state.bins.assign(model=its.model, split=its.split, answers=when)
        for its in found
        for when, state in (("before", its.before), ("after", its.after))
        if state is not None
    ]
    columns = ["model", "split", "answers", "n_images", "confidence", "accuracy", "low", "high"]
    return pd.concat(parts)[columns]


def _figures(state: Reliability | None) -> dict[str, float | None]:
    floor = state.floor if state else None
    return {
        **{name: getattr(state, name, None) for name in ("claimed", "accuracy", "log_loss")},
        **_spread("ece", state.ece if state else None),
        "noise_floor": floor.mean if floor else None,
        "noise_floor_95": floor.high if floor else None,
        "p_value": floor.p_value if floor else None,
    }


def _spread(name: str, its: Estimate | None) -> dict[str, float | None]:
    value, low, high = its or (None, None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _losses(said: Answers) -> np.ndarray:
    return metrics.losses(said.y, said.probs)
