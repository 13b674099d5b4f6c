"""Compare, coverage: how accurate a model is on what it is surest of, and where to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import pandas as pd
import streamlit as st

from core.language import phrase, t, text, tn
from core.services.comparing import coverage
from core.services.comparing.coverage import Coverage, OperatingPoint, Wanted
from core.services.comparing.questions import Model, Question
from core.services.workspace import Workspace
from pages.parts import coverage_chart, downloads, figures_on, tables
from pages.ui import cached, messages, names, pickers

_WANTED = {"accuracy": phrase("An accuracy"), "coverage": phrase("A coverage")}
_SHARE = {"accuracy": phrase("Wanted accuracy"), "coverage": phrase("Wanted coverage")}
_CURVES = {"accuracy": phrase("Accuracy of what is kept"), "risk": phrase("Generalized risk")}
_ALT = {
    "accuracy": phrase("Accuracy of what is kept over coverage for the chosen models"),
    "risk": phrase("Generalized risk over coverage for the chosen models"),
}
_CHOSEN = {
    "accuracy": phrase("threshold {threshold:.3f}, chosen on {chosen_on} for accuracy {share:.1%}"),
    "coverage": phrase("threshold {threshold:.3f}, chosen on {chosen_on} for coverage {share:.1%}"),
}


def show(ws: Workspace, question: Question, models: Sequence[Model]) -> None:
    """Draw the curves, the operating points and the areas under them."""
    called = {model.id: names.short_model(model) for model in models}
    found = [cached.coverage(ws, question, model.id) for model in models]
    asked = replace(question, split="val")
    st.markdown(
        t(
            "A model may leave the images that it is unsure of to a person. Which accuracy does it "
            "reach on the rest, and how many are these?"
        )
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted, share = _wish()
        shown = pickers.words(
            t("Curves"),
            _CURVES,
            "coverage_curves",
            default="accuracy",
            help=t(
                "Generalized risk counts wrong answers that are kept among all images: how "
                "often somebody is misled."
            ),
        )
    points = {
        its.model: coverage.operate(cached.coverage(ws, asked, its.model), its, wanted, share)
        for its in found
    }
    for its in found:
        said = sentence(points[its.model], wanted, share)
        st.markdown(f"- **{messages.plain(called[its.model])}**: {messages.plain(said)}")
    _curves(found, called, points, shown)
    _table(found, called, points)
    with st.container(horizontal=True):
        downloads.csv(
            t("Download the table"),
            lambda: coverage.points_table(found, points, wanted, share),
            "coverage",
        )
        downloads.csv(
            t("Download the curves"), lambda: coverage.curves_table(found), "coverage-curves"
        )


def _wish() -> tuple[Wanted, float]:
    """Draw what is wanted, and how much of it, a share."""
    wanted = pickers.words(t("What do you want?"), _WANTED, "coverage_wanted", default="accuracy")
    least = {"accuracy": 0.5, "coverage": 0.05}[wanted]
    share = st.slider(
        t(_SHARE[wanted]),
        least,
        1.0,
        {"accuracy": 0.9, "coverage": 0.8}[wanted],
        0.005,
        format="percent",
        key=f"wanted_{wanted}",
        bind="query-params",
        width=300,
    )
    return cast(Wanted, wanted), float(share)


def sentence(point: OperatingPoint, wanted: Wanted, share: float) -> str:
    """Say what a threshold gives, where it was chosen, and what is left for a person."""
    on = figures_on.images(point.chosen.n_images, point.chosen_on)
    if point.reported is None or point.threshold is None:
        return t(
            "no threshold is right in {share:.1%} of what it keeps of {images}.",
            share=share,
            images=on,
        )
    kept = point.reported
    images = figures_on.images(kept.n_images, point.reported_on)
    chosen = t(_CHOSEN[wanted], threshold=point.threshold, chosen_on=on, share=share)
    if not kept.n_kept:
        return t("{chosen}, keeps none of {images}.", chosen=chosen, images=images)
    said = tn(
        "{chosen}, keeps {coverage:.1%} ({coverage_ci}) of {images} and is right in "
        "{accuracy:.1%} ({accuracy_ci}) of these; {n:,} image is left to a person.",
        "{chosen}, keeps {coverage:.1%} ({coverage_ci}) of {images} and is right in "
        "{accuracy:.1%} ({accuracy_ci}) of these; {n:,} images are left to a person.",
        kept.n_images - kept.n_kept,
        chosen=chosen,
        coverage=kept.coverage,
        coverage_ci=text.interval(kept.coverage_ci),
        images=images,
        accuracy=kept.accuracy,
        accuracy_ci=text.interval(kept.accuracy_ci),
    )
    if point.chosen_on == point.reported_on:
        warning = t("These are the images it was chosen on, so expect less: see test.")
        return f"{said} {warning}"
    return said


def _curves(
    found: Sequence[Coverage],
    called: Mapping[str, str],
    points: Mapping[str, OperatingPoint],
    shown: str,
) -> None:
    """Draw the curves, with a ring where each model's threshold lies."""
    images = figures_on.images(found[0].n_images, found[0].split)
    marks = {}
    for model, point in points.items():
        if point.reported is not None and point.reported.n_kept:
            kept = point.reported
            risk = kept.coverage * (1.0 - kept.accuracy)
            marks[called[model]] = (kept.coverage, risk if shown == "risk" else kept.accuracy)
    st.plotly_chart(
        coverage_chart.coverage(
            {called[its.model]: its.drawn for its in found},
            shown,
            marks,
            t("coverage: share kept of {images}", images=images),
        ),
        key=f"coverage-{shown}",
        config={"displayModeBar": False},
        alt=t(_ALT[shown]),
    )
    st.caption(
        t(
            "Bands are 95 % intervals (Wilson) at each coverage for itself. A ring is the "
            "operating point. Images of equal confidence are kept or left together."
        )
    )


def _table(
    found: Sequence[Coverage], called: Mapping[str, str], points: Mapping[str, OperatingPoint]
) -> None:
    """Draw the operating points and the areas."""
    on = f" {figures_on.on(found[0].n_images, found[0].split)}"
    column, number = st.column_config.TextColumn, st.column_config.NumberColumn
    st.dataframe(
        tables.written(
            pd.DataFrame([_row(its, called[its.model], points[its.model]) for its in found]),
            _WRITTEN,
        ),
        placeholder=text.NONE,
        hide_index=True,
        alt=t("Operating points and areas of the chosen models"),
        column_config={
            "model": column(t("Model"), pinned=True),
            "threshold": number(
                t("Threshold"), help=t("Confidence from which an answer is kept. "
                "Chosen on validation."),
            ),
            "coverage": column(t("Coverage"), help=t("Share of images kept, 95 % interval.") + on),
            "accuracy": column(t("Accuracy of these"), help=t("With its 95 % interval.") + on),
            "augrc": column(
                t("AUGRC × 1000"),
                help=t("Area under the generalized risk: how likely it is that an answer is wrong "
                "and surer than another one drawn at random; with its 95 % interval. Lower is "
                "better.") + on,
            ),
            "e_augrc": number(
                t("e-AUGRC × 1000"),
                help=t("What of it a perfect order of the same answers would avoid: how well "
                "confidence tells right from wrong. Lower is better.") + on,
            ),
        },
    )  # fmt: skip


def _row(its: Coverage, name: str, point: OperatingPoint) -> dict[str, Any]:
    kept = point.reported if point.reported and point.reported.n_kept else None
    return {
        "model": name,
        "threshold": point.threshold,
        "coverage": _with_ci(kept.coverage, kept.coverage_ci) if kept else text.NONE,
        "accuracy": _with_ci(kept.accuracy, kept.accuracy_ci) if kept else text.NONE,
        "augrc": t(
            "{value:.1f} ({low:.1f} to {high:.1f})",
            value=1000 * its.augrc.value,
            low=1000 * its.augrc.low,
            high=1000 * its.augrc.high,
        ),
        "e_augrc": 1000 * its.e_augrc,
    }


_WRITTEN: tables.Writing = {
    "threshold": lambda threshold: text.number(threshold, ".3f"),
    "e_augrc": lambda area: text.number(area, ".1f"),
}


def _with_ci(share: float, bounds: tuple[float, float]) -> str:
    return t("{share:.1%} ({bounds})", share=share, bounds=text.interval(bounds))
