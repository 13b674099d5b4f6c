"""Compare, calibration: does a model's confidence mean what it says, before and after scaling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.analysis.calibration import N_BINS
from core.analysis.comparisons.intervals import Estimate
from core.language import text
from core.services.comparing import calibrations
from core.services.comparing.calibrations import Correction, Reliability
from core.services.comparing.questions import Model, Question
from core.services.workspace import Workspace
from pages.parts import downloads
from pages.parts.reliability_chart import reliability
from pages.ui import cached, messages, names

BINS = [5, 10, N_BINS, 20, 30]


def show(ws: Workspace, question: Question, models: Sequence[Model]) -> None:
    """Draw what each model claims and reaches: a sentence, a diagram, and one table for all."""
    n_bins = int(
        st.select_slider(
            "Bins",
            BINS,
            value=N_BINS,
            key="calibration_bins",
            bind="query-params",
            width=300,
            help="The images in the order of confidence, cut into so many parts of equally many. "
            f"The leaderboard's calibration error has {N_BINS}.",
        )
    )
    claims = [cached.claims(ws, question, model.id) for model in models]
    found = [calibrations.correction(its, n_bins) for its in claims]
    st.caption(_about(question, found[0].n_images))
    called = {model.id: names.short_model(model) for model in models}
    for its in found:
        name = called[its.model]
        st.markdown(f"**{messages.plain(name)}.** {messages.plain(sentence(its))}")
        st.plotly_chart(
            reliability(_panels(its)),
            key=f"reliability-{its.model}",
            config={"displayModeBar": False},
            alt=f"Reliability diagram of {name}: share of right answers against confidence",
        )
    _table(found, called, question.split)
    st.caption(
        "Errors in points. The calibration error is the mean distance from the dashed line, each "
        "bin counted by its images. Its noise floor is the mean error of 1,000 simulated models "
        "that are perfectly calibrated, with the same confidences on as many images."
    )
    with st.container(horizontal=True):
        downloads.csv(
            "Download the table", lambda: calibrations.summary_table(found), "calibration"
        )
        downloads.csv(
            "Download the diagrams", lambda: calibrations.bins_table(found), "reliability"
        )


def sentence(its: Correction) -> str:
    """Say in words what the model claimed, what correcting it did, and what is left."""
    if its.before is None:
        members = ", ".join(f"{name}: T = {t:.2f}" for name, t in its.temperatures.items())
        return (
            "A cascade has no temperature of its own: its members are calibrated each, before it "
            f"decides whom to ask ({members}). With that, {_claim(its.after)} "
            f"{_left(its.after, its.split)}"
        )
    temperature = next(iter(its.temperatures.values()))
    fit = f"T = {temperature:.2f}, fitted on {its.n_fitted:,} validation images"
    return f"Before correction {_claim(its.before)} {fit}, {_brings(its.before, its)}"


def _claim(state: Reliability) -> str:
    """Say what was claimed and reached, and whether chance explains the difference."""
    said = (
        f"it claimed {text.percent(state.claimed)} on average and was right in "
        f"{text.percent(state.accuracy)}"
    )
    if state.lean == 0:
        return f"{said}, a difference that chance explains."
    return f"it was too {'sure of itself' if state.lean > 0 else 'shy'}: {said}."


def _brings(before: Reliability, its: Correction) -> str:
    """Say what the correction did to the error, and what is left."""
    after = its.after
    errors = f"from {_points(before.ece.value)} to {_points(after.ece.value)} points"
    left = _left(after, its.split)
    if after.ece.value < before.ece.value:
        return f"brings the calibration error {errors}. {left}"
    fell = "falls" if after.log_loss < before.log_loss else "does not fall either"
    losses = f"{before.log_loss:.3f} to {after.log_loss:.3f}"
    return (
        f"takes the calibration error {errors}; the log loss, which T is fitted by, {fell} "
        f"({losses}). {left}"
    )


def _left(after: Reliability, split: str) -> str:
    """Say whether what is left of the error is more than noise."""
    high = _points(after.floor.high)
    floor = f"The noise floor is {_points(after.floor.mean)} points (up to {high})"
    if split == "val":
        return f"{floor}. These are the images that T was fitted on: on test it may be larger."
    if after.off:
        return f"{floor}, so an error of {_points(after.ece.value)} is more than chance."
    return f"{floor}, so what is left is no more than chance."


def _panels(its: Correction) -> Mapping[str, pd.DataFrame]:
    if its.before is None:
        return {"its members calibrated": its.after.bins}
    temperature = next(iter(its.temperatures.values()))
    return {"before": its.before.bins, f"after, T = {temperature:.2f}": its.after.bins}


def _about(question: Question, n_images: int) -> str:
    split = names.SPLITS[question.split]
    return (
        f"{split.capitalize()} split, {n_images:,} images. On the dashed line confidence means "
        "what it says; below it a model is too sure. Bars are 95 % intervals (Wilson). Thresholds "
        "of different models mean the same only after correction, so all other views use "
        "corrected probabilities."
    )


def _table(found: Sequence[Correction], called: Mapping[str, str], split: str) -> None:
    """Draw the figures behind the sentences."""
    on = f" On {found[0].n_images:,} {names.SPLITS[split]} images."
    rows = [_row(its, called[its.model]) for its in found]
    column, number = st.column_config.TextColumn, st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        alt="Calibration of the chosen models before and after correction",
        column_config={
            "model": column("Model", pinned=True),
            "temperature": column(
                "T",
                help="Temperature: above 1 the model was too sure, below 1 too shy. Fitted on "
                "validation, one a model.",
            ),
            "before": column(
                "Error before", help="Calibration error in points, as the model came." + on
            ),
            "after": column(
                "Error after",
                help="Calibration error in points, corrected, and between which values the true "
                "one lies (95 %), the noise floor left out." + on,
            ),
            "floor": column(
                "Noise floor",
                help="What a perfectly calibrated model would show, in points: on average, and at "
                "most in 19 of 20 cases." + on,
            ),
            "p_value": number(
                "p", format="%.3f",
                help="How often a perfectly calibrated model shows an error as large." + on,
            ),
            "loss": column(
                "Log loss", help="Before and after correction; lower is better." + on
            ),
            "change": column(
                "Change",
                help="Of the log loss, with its 95 % interval (Hall's, in pairs); below 0 the "
                "correction helps." + on,
            ),
        },
    )  # fmt: skip


def _row(its: Correction, name: str) -> dict[str, object]:
    before, after = its.before, its.after
    return {
        "model": name,
        "temperature": f"{next(iter(its.temperatures.values())):.2f}" if before else "–",
        "before": _points(before.ece.value) if before else "–",
        "after": "{} ({} to {})".format(*(_points(share) for share in after.ece)),
        "floor": f"{_points(after.floor.mean)} (up to {_points(after.floor.high)})",
        "p_value": after.floor.p_value,
        "loss": (f"{before.log_loss:.3f} → " if before else "") + f"{after.log_loss:.3f}",
        "change": _change(its.loss_change),
    }


def _change(change: Estimate | None) -> str:
    return "–" if change is None else "{:+.3f} ({:+.3f} to {:+.3f})".format(*change)


def _points(share: float) -> str:
    return f"{100 * share:.1f}"
