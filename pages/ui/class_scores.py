"""What a class map does to a run's figures, said honestly: accuracy never falls by merging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.records import Run
from core.services import mapping
from core.services.workspace import Workspace
from pages.ui import meaning, messages, names, text
from pages.ui.class_draft import Draft

Figures = Mapping[str, Any]


def scoreboard(ws: Workspace, run: Run, draft: Draft, split: str) -> None:
    """Draw what the draft does to the figures of a run, and the sentence that belongs to it."""
    with messages.guard():
        seen = mapping.preview(ws, run.id, draft.mapping, split=split)
        cards(seen["before"], seen["after"], split)
        st.info(verdict(seen["before"], seen["after"]), icon=":material/balance:")


def cards(before: Figures, after: Figures, split: str) -> None:
    """Draw accuracy, chance, kappa and bits after merging, with what they were before."""
    n, merged = after["n_images"], after["classes"] != before["classes"]
    rows = [
        ("Accuracy", "accuracy", text.percent, text.points, "off"),
        ("Chance level", "chance", text.percent, text.points, "off"),
        ("Kappa", "kappa", "{:.3f}".format, "{:+.3f}".format, "normal"),
        ("Bits", "bits", "{:.2f}".format, "{:+.2f}".format, "normal"),
    ]
    with st.grid(2, min_column_width=220):
        for label, name, show, change, color in rows:
            more = f"95 % interval: {text.interval(after['accuracy_ci'])}." * (name == "accuracy")
            st.metric(
                label,
                show(after[name]),
                delta=_delta(change(after[name] - before[name])) if merged else None,
                delta_description=f"from {show(before[name])}" if merged else None,
                delta_color=color,  # type: ignore[arg-type]
                help=meaning.explain(name, n, split, more),
                border=True,
                height="stretch",
            )
    now, was = text.interval(after["accuracy_ci"]), text.interval(before["accuracy_ci"])
    on = text.count(n, f"{names.SPLITS[split]} image")
    if merged:
        st.caption(f"Accuracy after: {now}; before: {was} (95 % intervals, {on}).")
    else:
        st.caption(f"Accuracy: {now} (95 % interval, {on}).")


def _delta(change: str) -> str | int:
    """Return a change for a card; one that rounds to nothing has no direction."""
    return change if any(c in "123456789" for c in change) else 0


def verdict(before: Figures, after: Figures) -> str:
    """Return the sentence that keeps "more accurate" from being read as "better"."""
    n_before, n_after = len(before["classes"]), len(after["classes"])
    if n_before == n_after:
        return "No two classes are merged yet: these are the figures of the run itself."
    said = (
        f"**Fewer classes raise accuracy by themselves:** with {n_after} instead of {n_before} "
        f"classes the same answers score {text.percent(after['accuracy'])} instead of "
        f"{text.percent(before['accuracy'])}, and guessing scores {text.percent(after['chance'])} "
        f"instead of {text.percent(before['chance'])}. "
    )
    if n_after == 1:
        return said + "With a single class there is nothing left to recognise."
    better = after["kappa"] > before["kappa"]
    corrected = (
        f"kappa {'rises' if better else 'does not rise'}: {before['kappa']:.3f} → "
        f"{after['kappa']:.3f}"
    )
    lost = f"each answer tells {after['bits']:.2f} bits instead of {before['bits']:.2f}"
    tail = (
        "the merged classes were mostly mixed up with each other"
        if better
        else "this merge gives up distinctions that the run could make"
    )
    return f"{said}Corrected for chance, {corrected}, and {lost}; {tail}."
