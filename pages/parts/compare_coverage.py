"""Compare, coverage: how accurate a model is on what it is surest of, and where to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import pandas as pd
import streamlit as st

from core.language import text
from core.services.comparing import coverage
from core.services.comparing.coverage import Coverage, OperatingPoint, Wanted
from core.services.comparing.questions import Model, Question
from core.services.workspace import Workspace
from pages.parts import coverage_chart, downloads
from pages.ui import cached, messages, names

_WANTED = {"accuracy": "An accuracy", "coverage": "A coverage"}
_CURVES = {"accuracy": "Accuracy of what is kept", "risk": "Generalized risk"}


def show(ws: Workspace, question: Question, models: Sequence[Model]) -> None:
    """Draw the curves, the operating points and the areas under them."""
    called = {model.id: names.short_model(model) for model in models}
    found = [cached.coverage(ws, question, model.id) for model in models]
    asked = replace(question, split="val")
    st.markdown(
        "A model may leave the images that it is unsure of to a person. Which accuracy does it "
        "reach on the rest, and how many are these?"
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted, share = _wish()
        shown = str(
            st.segmented_control(
                "Curves",
                list(_CURVES),
                default="accuracy",
                required=True,
                format_func=lambda name: _CURVES[name],
                key="coverage_curves",
                bind="query-params",
                help="Generalized risk counts wrong answers that are kept among all images: how "
                "often somebody is misled.",
            )
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
            "Download the table",
            lambda: coverage.points_table(found, points, wanted, share),
            "coverage",
        )
        downloads.csv(
            "Download the curves", lambda: coverage.curves_table(found), "coverage-curves"
        )


def _wish() -> tuple[Wanted, float]:
    """Draw what is wanted, and how much of it, a share."""
    wanted = str(
        st.segmented_control(
            "What do you want?",
            list(_WANTED),
            default="accuracy",
            required=True,
            format_func=lambda name: _WANTED[name],
            key="coverage_wanted",
            bind="query-params",
        )
    )
    least = {"accuracy": 0.5, "coverage": 0.05}[wanted]
    share = st.slider(
        f"Wanted {wanted}",
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
    on = f"{point.chosen.n_images:,} {names.SPLITS[point.chosen_on]} images"
    if point.reported is None or point.threshold is None:
        return f"no threshold is right in {text.percent(share)} of what it keeps of {on}."
    kept, where = point.reported, names.SPLITS[point.reported_on]
    chosen = f"threshold {point.threshold:.3f}, chosen on {on} for {wanted} {text.percent(share)},"
    if not kept.n_kept:
        return f"{chosen} keeps none of {kept.n_images:,} {where} images."
    said = (
        f"{chosen} keeps {text.percent(kept.coverage)} ({text.interval(kept.coverage_ci)}) of "
        f"{kept.n_images:,} {where} images and is right in {text.percent(kept.accuracy)} "
        f"({text.interval(kept.accuracy_ci)}) of these; "
        f"{text.count(kept.n_images - kept.n_kept, 'image')} are left to a person."
    )
    if point.chosen_on == point.reported_on:
        return f"{said} These are the images it was chosen on, so expect less: see test."
    return said


def _curves(
    found: Sequence[Coverage],
    called: Mapping[str, str],
    points: Mapping[str, OperatingPoint],
    shown: str,
) -> None:
    """Draw the curves, with a ring where each model's threshold lies."""
    n_images, split = found[0].n_images, names.SPLITS[found[0].split]
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
            f"coverage: share kept of {n_images:,} {split} images",
        ),
        key=f"coverage-{shown}",
        config={"displayModeBar": False},
        alt=f"{_CURVES[shown]} over coverage for the chosen models",
    )
    st.caption(
        "Bands are 95 % intervals (Wilson) at each coverage for itself. A ring is the operating "
        "point. Images of equal confidence are kept or left together."
    )


def _table(
    found: Sequence[Coverage], called: Mapping[str, str], points: Mapping[str, OperatingPoint]
) -> None:
    """Draw the operating points and the areas."""
    on = f" On {found[0].n_images:,} {names.SPLITS[found[0].split]} images."
    column, number = st.column_config.TextColumn, st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame([_row(its, called[its.model], points[its.model]) for its in found]),
        hide_index=True,
        alt="Operating points and areas of the chosen models",
        column_config={
            "model": column("Model", pinned=True),
            "threshold": number(
                "Threshold", format="%.3f", help="Confidence from which an answer is kept. "
                "Chosen on validation.",
            ),
            "coverage": column("Coverage", help="Share of images kept, 95 % interval." + on),
            "accuracy": column("Accuracy of these", help="With its 95 % interval." + on),
            "augrc": column(
                "AUGRC × 1000",
                help="Area under the generalized risk: how likely it is that an answer is wrong "
                "and surer than another one drawn at random; with its 95 % interval. Lower is "
                "better." + on,
            ),
            "e_augrc": number(
                "e-AUGRC × 1000", format="%.1f",
                help="What of it a perfect order of the same answers would avoid: how well "
                "confidence tells right from wrong. Lower is better." + on,
            ),
        },
    )  # fmt: skip


def _row(its: Coverage, name: str, point: OperatingPoint) -> dict[str, Any]:
    kept = point.reported if point.reported and point.reported.n_kept else None
    return {
        "model": name,
        "threshold": point.threshold,
        "coverage": _with_ci(kept.coverage, kept.coverage_ci) if kept else "–",
        "accuracy": _with_ci(kept.accuracy, kept.accuracy_ci) if kept else "–",
        "augrc": "{:.1f} ({:.1f} to {:.1f})".format(*(1000 * figure for figure in its.augrc)),
        "e_augrc": 1000 * its.e_augrc,
    }


def _with_ci(share: float, bounds: tuple[float, float]) -> str:
    return f"{text.percent(share)} ({text.interval(bounds)})"
