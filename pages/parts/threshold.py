"""The threshold: a slider that moves accuracy, deferral rate and the confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd
import streamlit as st

from core.records import Dataset
from core.services.runs import cascading
from core.services.runs.cascading import CascadeInputs
from core.services.workspace import Workspace
from pages.parts.cascade_chart import threshold_curves
from pages.ui import meaning, messages, names, pickers, state, text
from pages.ui.confusion_panel import confusion_panel

TAU = "tau"  # the slider's key and its query parameter
Figures = Mapping[str, Any]


def settle(inputs: CascadeInputs) -> None:
    """Put the slider on validation's best threshold when the members change; the address wins."""
    members = (inputs.generalist.id, *(expert.id for expert in inputs.experts))
    before = state.draft("tau-members")
    if before is not None and before != members:
        state.set_widget(TAU, inputs.best_tau)
    state.set_draft("tau-members", members)


@st.fragment
def steer(ws: Workspace, dataset: Dataset, inputs: CascadeInputs) -> None:
    """Draw the slider and all that follows it; only this part runs again when it moves."""
    with messages.guard():
        tau, split = slider(inputs)
        panel(ws, dataset, inputs, tau, split)
        pressed = st.button(
            f"Save this cascade at {tau:.3f}",
            key="save-cascade",
            type="primary",
            icon=":material/save:",
            help="Keeps generalist, experts and threshold together, for Predict and for the "
            "command line.",
        )
        if pressed:
            experts = [expert.id for expert in inputs.experts]
            by: Literal["auto"] | float = "auto" if tau == inputs.best_tau else tau
            record = cascading.save_cascade(ws, inputs.generalist.id, experts, by)
            state.flash(f"Saved {names.cascade(record)}.")
            st.rerun()


def slider(inputs: CascadeInputs) -> tuple[float, str]:
    """Draw the slider, the way back to the best threshold, and the split; return (tau, split)."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        tau = st.slider(
            "Threshold tau",
            0.0,
            1.0,
            value=inputs.best_tau,
            step=0.001,
            format="%.3f",
            key=TAU,
            bind="query-params",
            help="An image is deferred when the generalist's confidence is below tau and its two "
            "most probable classes have an expert. At 0 nothing is deferred.",
        )
        st.button(
            f"Best on validation: {inputs.best_tau:.3f}",
            key="best-tau",
            icon=":material/my_location:",
            disabled=tau == inputs.best_tau,
            on_click=lambda: state.set_widget(TAU, inputs.best_tau),
            help=f"The threshold with most right answers on the {inputs.val.sweep.n_images:,} "
            "validation images; of equals the one that defers least.",
        )
        split = pickers.split(
            "Shown on",
            "cascade_split",
            help="Tune on validation images; what counts is the test images.",
        )
    return float(tau), split


def panel(ws: Workspace, dataset: Dataset, inputs: CascadeInputs, tau: float, split: str) -> None:
    """Draw everything that follows the slider."""
    report = cascading.report(inputs, tau)
    cards(report[split], split)
    verdict(inputs, report)
    left, right = st.columns([8, 5], gap="medium")
    with left:
        st.markdown(f"**Confusion of the cascade, {names.SPLITS[split]} images**")
        confusion_panel(
            ws,
            dataset,
            report[split]["confusion"],
            inputs.classes,
            f"cascade-{inputs.generalist.id}-{split}",
            lambda true, said: cascading.positions_in_cell(inputs, tau, true, said, split=split),
            marked=[(e.classes[0], e.classes[1]) for e in inputs.experts],
        )
    with right:
        _curves(inputs, tau, split)
    accounting(report[split]["pairs"], report[split]["n_images"], split)


def cards(figures: Figures, split: str) -> None:
    """Draw accuracy, net gain, deferral rate, recovery, breakage and the random control."""
    n, n_deferred = figures["n_images"], figures["n_deferred"]
    spread = meaning.spread(figures["gain_ci"])
    rows = [
        ("Net gain", "gain", text.points(figures["gain"]), f"95 % interval, paired: {spread}."),
        ("Deferral rate", "deferral_rate", text.percent(figures["deferral_rate"]),
         f"{text.count(n_deferred, 'image')} deferred."),
        ("Recovery", "recovery", text.percent(figures["recovery"]),
         f"{figures['n_recovered']:,} of {n_deferred:,} deferred images."),
        ("Breakage", "breakage", text.percent(figures["breakage"]),
         f"{figures['n_broken']:,} of {n_deferred:,} deferred images."),
    ]  # fmt: skip
    with st.grid(3, min_column_width=190):
        meaning.accuracy_card(
            "Accuracy",
            dict(figures),
            split,
            delta=text.points(figures["gain"]) if figures["gain"] else 0,
            delta_description=f"from {text.percent(figures['generalist_accuracy'])}",
        )
        for label, name, value, more in rows:
            st.metric(
                label,
                value,
                help=meaning.explain(name, n, split, more),
                border=True,
                height="stretch",
            )
        st.metric(
            "Random deferral",
            text.percent(figures["random"]["accuracy"]),
            help=meaning.explain("random", n, split),
            border=True,
            height="stretch",
        )
    _spreads(figures, split)


def _spreads(figures: Figures, split: str) -> None:
    """Draw the intervals and counts behind the cards."""
    n, n_deferred = figures["n_images"], figures["n_deferred"]
    on = text.count(n, names.SPLITS[split] + " image")
    accuracy = text.interval(figures["accuracy_ci"])
    if not n_deferred:
        st.caption(f"Accuracy {accuracy} (95 % interval, {on}); nothing is deferred.")
        return
    st.caption(
        f"Accuracy {accuracy}, net gain {meaning.spread(figures['gain_ci'])} (95 % intervals, "
        f"{on}); {text.count(n_deferred, 'image')} deferred, {figures['n_recovered']:,} "
        f"corrected, {figures['n_broken']:,} spoilt."
    )


def verdict(inputs: CascadeInputs, report: Mapping[str, Any]) -> None:
    """Say plainly whether the experts pay, on test; and what validation had promised."""
    low, high = report["test"]["gain_ci"]
    sentence = messages.plain(report["verdict"])
    if inputs.best_tau == 0:
        sentence += (
            " On validation no threshold is better than the generalist alone: "
            "**these experts do not pay.**"
        )
    if low > 0:
        st.success(sentence, icon=":material/check_circle:")
    elif high < 0:
        st.error(sentence, icon=":material/trending_down:")
    else:
        st.info(sentence, icon=":material/balance:")


def accounting(rows: list[dict[str, Any]], n_images: int, split: str) -> None:
    """Draw what each expert does at this threshold."""
    st.markdown("**What each expert does at this threshold**")
    on = f" On {n_images:,} {names.SPLITS[split]} images."
    frame = pd.DataFrame(
        {
            "pair": [" / ".join(map(str, row["pair"])) for row in rows],
            "n_deferred": [row["n_deferred"] for row in rows],
            "n_recovered": [row["n_recovered"] for row in rows],
            "n_broken": [row["n_broken"] for row in rows],
            "gain": [text.points(row["gain"]) for row in rows],
            "interval": [meaning.spread(row["gain_ci"]) for row in rows],
            "expert": [row["expert"] for row in rows],
        }
    )
    number, column = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(
        frame,
        hide_index=True,
        alt="Deferred, corrected and spoilt images of each expert",
        column_config={
            "pair": column("Pair", pinned=True),
            "n_deferred": number("Deferred", help="Images passed on to this expert." + on),
            "n_recovered": number("Corrected", help="Wrong before, right after." + on),
            "n_broken": number("Spoilt", help="Right before, wrong after." + on),
            "gain": column("Net gain", help="Corrected less spoilt, over all images." + on),
            "interval": column("95 % interval", help="Paired interval of the net gain." + on),
            "expert": "Expert",
        },
    )


def _curves(inputs: CascadeInputs, tau: float, split: str) -> None:
    """Draw accuracy and deferral over all thresholds, with where the slider stands."""
    st.markdown("**Over all thresholds**")
    shown = getattr(inputs, split).sweep
    st.plotly_chart(
        threshold_curves(
            shown.curves(),
            inputs.val.sweep.curves(),
            tau,
            inputs.best_tau,
            (names.SPLITS[split], names.SPLITS["val"]),
        ),
        key="cascade-curves",
        config={"displayModeBar": False},
        alt="Accuracy and deferral rate against the threshold",
    )
    st.caption(
        f"Solid line: the slider, {tau:.3f}. Dotted line: best on validation, "
        f"{inputs.best_tau:.3f}. Band: 95 % interval."
    )
