"""Pieces of the Compare page: differences said in words, matrices side by side, hidden runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.records import Dataset, Run
from core.services.runs import comparing, training
from core.services.workspace import Workspace
from pages.parts import train_jobs
from pages.ui import charts, meaning, messages, names, state, text
from pages.ui.confusion_panel import confusion_panel

_LEAST_PX = 400  # of a matrix; in a narrower window they stand below each other
SURE = 0.05  # a smaller p, corrected for the number of pairs, is called a difference


def pair_sentence(pair: Mapping[str, Any], called: Mapping[str, str]) -> str:
    """Return what a paired comparison says, "no difference can be told" included."""
    a, b = called[pair["a"]], called[pair["b"]]
    on = f"on the same {pair['n_images']:,} images"
    span = f"{text.points(pair['difference'])} ({meaning.spread(pair['ci'])})"
    if pair["holm_p"] >= SURE:
        return f"No difference can be told between {a} and {b}: {span} {on}."
    better, worse = (a, b) if pair["difference"] > 0 else (b, a)
    return f"{better} is better than {worse}: {span} for {a} {on}."


def differences(ws: Workspace, chosen: Sequence[Run], split: str) -> None:
    """Draw the paired differences: a sentence for each, and the figures as a table."""
    if len(chosen) < 2:
        st.caption("Choose a second run to see whether the difference is more than luck.")
        return
    result = comparing.compare(ws, [run.id for run in chosen], split=split)
    called = {run.id: names.short(run) for run in chosen}
    for pair in result["pairs"]:
        st.markdown(f"- {messages.plain(pair_sentence(pair, called))}")
    _differences_table(result, called)


def _differences_table(result: Mapping[str, Any], called: Mapping[str, str]) -> None:
    """Draw the figures behind the sentences."""
    on = f" {names.SPLITS[result['split']].capitalize()} split."
    frame = pd.DataFrame(
        {
            "a": [called[p["a"]] for p in result["pairs"]],
            "b": [called[p["b"]] for p in result["pairs"]],
            "difference": [text.points(p["difference"]) for p in result["pairs"]],
            "interval": [meaning.spread(p["ci"]) for p in result["pairs"]],
            "n_images": [p["n_images"] for p in result["pairs"]],
            "mcnemar_p": [p["mcnemar_p"] for p in result["pairs"]],
            "holm_p": [p["holm_p"] for p in result["pairs"]],
        }
    )
    column, number = st.column_config.TextColumn, st.column_config.NumberColumn
    st.dataframe(
        frame,
        hide_index=True,
        alt="Paired differences between the chosen runs",
        column_config={
            "a": "Run A",
            "b": "Run B",
            "difference": column("A − B", help="Accuracy of A less that of B." + on),
            "interval": column("95 % interval", help="Bootstrap over the images, in pairs." + on),
            "n_images": number("Images", help="Images that both runs answered." + on),
            "mcnemar_p": number(
                "McNemar p", format="%.3g",
                help="How often chance alone would split the disagreements so unevenly." + on,
            ),
            "holm_p": number(
                "Holm p", format="%.3g",
                help=f"The same, corrected for the number of pairs; below {SURE} counts." + on,
            ),
        },
    )  # fmt: skip


def accuracies(chosen: Sequence[Run], split: str) -> None:
    """Draw the accuracies of the chosen runs with their intervals, and the chance level."""
    figures = [run.metrics[split] for run in chosen]
    st.plotly_chart(
        charts.intervals(
            [names.short(run) for run in chosen],
            [f["accuracy"] for f in figures],
            [f["accuracy_ci"] for f in figures],
            f"accuracy, {names.SPLITS[split]} ({figures[0]['n_images']:,} images)",
            reference=figures[0]["chance"],
        ),
        key="compare-intervals",
        config={"displayModeBar": False},
        alt="Accuracy of the chosen runs with 95 % intervals",
    )


def matrices(ws: Workspace, dataset: Dataset, chosen: Sequence[Run], split: str) -> None:
    """Draw the confusion matrices of the chosen runs, two beside each other where they fit."""

    @st.fragment
    def one(run: Run) -> None:
        with messages.guard():
            st.markdown(f"**{messages.plain(names.short(run))}**")
            matrix, classes = comparing.confusion(ws, run.id, split=split)
            confusion_panel(
                ws,
                dataset,
                matrix,
                classes,
                f"compare-{run.id}-{split}",
                lambda true, said: comparing.cell_positions(ws, run.id, true, said, split=split),
            )

    with st.grid(2 if len(chosen) > 1 else 1, min_column_width=_LEAST_PX):
        for run in chosen:
            one(run)


def learning(chosen: Sequence[Run]) -> None:
    """Draw how the chosen runs learned."""
    history = pd.concat([training.history_frame(run) for run in chosen])
    short = {run.id: names.short(run) for run in chosen}
    train_jobs.curves(history.assign(run=history["run"].map(short)), "compare-curves")


def hiding(ws: Workspace, dataset: Dataset, chosen: Sequence[Run]) -> None:
    """Hide the chosen runs from all pages, and bring hidden ones back."""
    if chosen and st.button(
        f"Hide {text.count(len(chosen), 'chosen run')}",
        key="hide-runs",
        icon=":material/visibility_off:",
        help="They disappear from every list; nothing is deleted, and you can bring them back.",
    ):
        for run in chosen:
            training.archive_run(ws, run.id)
        state.flash(f"{text.count(len(chosen), 'run')} hidden.")
        st.rerun()
    hidden = [r for r in training.list_runs(ws, dataset.id, archived=True) if r.archived_at]
    for run in hidden:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(messages.plain(names.run(run)), width="stretch")
            if st.button("Bring back", key=f"restore-{run.id}", icon=":material/visibility:"):
                training.restore_run(ws, run.id)
                st.rerun()
    if not hidden:
        st.caption("No run is hidden.")
