"""Compare, calibration: does a model's confidence mean what it says, before and after scaling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.analysis.calibration import N_BINS
from core.analysis.comparisons.intervals import Estimate
from core.language import t, text
from core.services.comparing import calibrations
from core.services.comparing.calibrations import Correction, Reliability
from core.services.comparing.questions import Model, Question
from core.services.workspace import Workspace
from pages.parts import downloads, figures_on, tables
from pages.parts.reliability_chart import reliability
from pages.ui import cached, messages, names

BINS = [5, 10, N_BINS, 20, 30]


def show(ws: Workspace, question: Question, models: Sequence[Model]) -> None:
    """Draw what each model claims and reaches: a sentence, a diagram, and one table for all."""
    n_bins = int(
        st.select_slider(
            t("Bins"),
            BINS,
            value=N_BINS,
            key="calibration_bins",
            bind="query-params",
            width=300,
            help=t(
                "The images in the order of confidence, cut into so many parts of equally many. "
                "The leaderboard's calibration error has {n}.",
                n=N_BINS,
            ),
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
            alt=t(
                "Reliability diagram of {name}: share of right answers against confidence",
                name=name,
            ),
        )
    _table(found, called, question.split)
    st.caption(
        t(
            "Errors in points. The calibration error is the mean distance from the dashed line, "
            "each bin counted by its images. Its noise floor is the mean error of 1,000 simulated "
            "models that are perfectly calibrated, with the same confidences on as many images."
        )
    )
    with st.container(horizontal=True):
        downloads.csv(
            t("Download the table"), lambda: calibrations.summary_table(found), "calibration"
        )
        downloads.csv(
            t("Download the diagrams"), lambda: calibrations.bins_table(found), "reliability"
        )


def sentence(its: Correction) -> str:
    """Say in words what the model claimed, what correcting it did, and what is left."""
    if its.before is None:
        members = ", ".join(
            t("{name}: T = {temperature:.2f}", name=name, temperature=temperature)
            for name, temperature in its.temperatures.items()
        )
        return t(
            "A cascade has no temperature of its own: its members are calibrated each, before it "
            "decides whom to ask ({members}). With that, {claim} {left}",
            members=members,
            claim=_claim(its.after),
            left=_left(its.after, its.split),
        )
    return t(
        "Before correction {claim} T = {temperature:.2f}, fitted on {n:,} validation images, "
        "{brings} {left}",
        claim=_claim(its.before),
        temperature=next(iter(its.temperatures.values())),
        n=its.n_fitted,
        brings=_brings(its.before, its.after),
        left=_left(its.after, its.split),
    )


def _claim(state: Reliability) -> str:
    """Say what was claimed and reached, and whether chance explains the difference."""
    figures = {"claimed": state.claimed, "accuracy": state.accuracy}
    if state.lean == 0:
        return t(
            "it claimed {claimed:.1%} on average and was right in {accuracy:.1%}, a difference "
            "that chance explains.",
            **figures,
        )
    if state.lean > 0:
        return t(
            "it was too sure of itself: it claimed {claimed:.1%} on average and was right in "
            "{accuracy:.1%}.",
            **figures,
        )
    return t(
        "it was too shy: it claimed {claimed:.1%} on average and was right in {accuracy:.1%}.",
        **figures,
    )


def _brings(before: Reliability, after: Reliability) -> str:
    """Say what the correction did to the error."""
    errors = {"before": 100 * before.ece.value, "after": 100 * after.ece.value}
    if after.ece.value < before.ece.value:
        return t("brings the calibration error from {before:.1f} to {after:.1f} points.", **errors)
    losses = {"loss": before.log_loss, "lower": after.log_loss}
    if after.log_loss < before.log_loss:
        return t(
            "takes the calibration error from {before:.1f} to {after:.1f} points; the log loss, "
            "which T is fitted by, falls ({loss:.3f} to {lower:.3f}).",
            **errors,
            **losses,
        )
    return t(
        "takes the calibration error from {before:.1f} to {after:.1f} points; the log loss, which "
        "T is fitted by, does not fall either ({loss:.3f} to {lower:.3f}).",
        **errors,
        **losses,
    )


def _left(after: Reliability, split: str) -> str:
    """Say whether what is left of the error is more than noise."""
    floor = {"floor": 100 * after.floor.mean, "high": 100 * after.floor.high}
    if split == "val":
        return t(
            "The noise floor is {floor:.1f} points (up to {high:.1f}). These are the images that T "
            "was fitted on: on test it may be larger.",
            **floor,
        )
    if after.off:
        return t(
            "The noise floor is {floor:.1f} points (up to {high:.1f}), so an error of {error:.1f} "
            "is more than chance.",
            **floor,
            error=100 * after.ece.value,
        )
    return t(
        "The noise floor is {floor:.1f} points (up to {high:.1f}), so what is left is no more than "
        "chance.",
        **floor,
    )


def _panels(its: Correction) -> Mapping[str, pd.DataFrame]:
    if its.before is None:
        return {t("its members calibrated"): its.after.bins}
    temperature = next(iter(its.temperatures.values()))
    return {
        t("before"): its.before.bins,
        t("after, T = {temperature:.2f}", temperature=temperature): its.after.bins,
    }


def _about(question: Question, n_images: int) -> str:
    return t(
        "{images}. On the dashed line confidence means what it says; below it a model is too sure. "
        "Bars are 95 % intervals (Wilson). Thresholds of different models mean the same only after "
        "correction, so all other views use corrected probabilities.",
        images=figures_on.split_of(question.split, n_images),
    )


def _table(found: Sequence[Correction], called: Mapping[str, str], split: str) -> None:
    """Draw the figures behind the sentences."""
    on = f" {figures_on.on(found[0].n_images, split)}"
    rows = [_row(its, called[its.model]) for its in found]
    column, number = st.column_config.TextColumn, st.column_config.NumberColumn
    st.dataframe(
        tables.written(pd.DataFrame(rows), {"p_value": tables.digits(3)}),
        hide_index=True,
        alt=t("Calibration of the chosen models before and after correction"),
        column_config={
            "model": column(t("Model"), pinned=True),
            "temperature": column(
                t("T"),
                help=t("Temperature: above 1 the model was too sure, below 1 too shy. Fitted on "
                "validation, one a model."),
            ),
            "before": column(
                t("Error before"), help=t("Calibration error in points, as the model came.") + on
            ),
            "after": column(
                t("Error after"),
                help=t("Calibration error in points, corrected, and between which values the true "
                "one lies (95 %), the noise floor left out.") + on,
            ),
            "floor": column(
                t("Noise floor"),
                help=t("What a perfectly calibrated model would show, in points: on average, and "
                       "at most in 19 of 20 cases.") + on,
            ),
            "p_value": number(
                t("p"),
                help=t("How often a perfectly calibrated model shows an error as large.") + on,
            ),
            "loss": column(
                t("Log loss"), help=t("Before and after correction; lower is better.") + on
            ),
            "change": column(
                t("Change"),
                help=t("Of the log loss, with its 95 % interval (Hall's, in pairs); below 0 the "
                "correction helps.") + on,
            ),
        },
    )  # fmt: skip


def _row(its: Correction, name: str) -> dict[str, object]:
    before, after = its.before, its.after
    return {
        "model": name,
        "temperature": (
            text.number(next(iter(its.temperatures.values())), ".2f") if before else text.NONE
        ),
        "before": _points(before.ece.value) if before else text.NONE,
        "after": t(
            "{value:.1f} ({low:.1f} to {high:.1f})",
            value=100 * after.ece.value,
            low=100 * after.ece.low,
            high=100 * after.ece.high,
        ),
        "floor": t(
            "{value:.1f} (up to {high:.1f})",
            value=100 * after.floor.mean,
            high=100 * after.floor.high,
        ),
        "p_value": after.floor.p_value,
        "loss": _losses(before, after),
        "change": _change(its.loss_change),
    }


def _losses(before: Reliability | None, after: Reliability) -> str:
    now = text.number(after.log_loss, ".3f")
    return now if before is None else f"{text.number(before.log_loss, '.3f')} → {now}"


def _change(change: Estimate | None) -> str:
    if change is None:
        return text.NONE
    value, low, high = change
    return t("{value:+.3f} ({low:+.3f} to {high:+.3f})", value=value, low=low, high=high)


def _points(share: float) -> str:
    return text.number(100 * share, ".1f")
