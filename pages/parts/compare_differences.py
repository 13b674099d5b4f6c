"""Compare, differences: is one model better than another, said in words and in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import pandas as pd
import streamlit as st

from core.analysis import metrics
from core.language import text
from core.services.comparing import confusions, differences
from core.services.comparing.questions import Answers, Model, Question
from core.services.workspace import Workspace
from pages.parts import downloads
from pages.ui import cached, charts, meaning, messages, names

WORDS = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro-F1",
    "kappa": "Kappa",
    "bits": "Bits",
    "log_loss": "Log-loss, lower is better",
}
_SHARES = ("accuracy", "balanced_accuracy", "macro_f1")
Pair = Mapping[str, Any]


def show(
    ws: Workspace, question: Question, models: Sequence[Model], said: Sequence[Answers]
) -> None:
    """Draw accuracies with intervals, then a sentence and the figures for each pair of models."""
    called = {model.id: names.short_model(model) for model in models}
    _accuracies(question, called, said)
    if len(said) < 2:
        st.caption("Choose a second model to see whether the difference is more than luck.")
        return
    pairs = differences.corrected(
        cached.paired(ws, question, a.model, b.model) for a, b in combinations(said, 2)
    )
    for pair in pairs:
        st.markdown(f"- {messages.plain(differences.sentence(pair, called))}")
    _pairs(pairs, called, question.split)
    _figures(pairs, called, question.split)
    stem = f"differences-{question.split}"
    downloads.csv("Download the differences", lambda: differences.table(pairs), stem)


def _pairs(pairs: Sequence[Pair], called: Mapping[str, str], split: str) -> None:
    """Draw the figures behind the sentences."""
    on = f" {names.SPLITS[split].capitalize()} split."
    frame = pd.DataFrame(
        {
            "a": [called[p["a"]] for p in pairs],
            "b": [called[p["b"]] for p in pairs],
            "difference": [text.points(p["difference"]) for p in pairs],
            "interval": [meaning.spread(p["ci"]) for p in pairs],
            **{name: [p[name] for p in pairs] for name in _COLUMNS},
        }
    )
    column, number = st.column_config.TextColumn, st.column_config.NumberColumn
    st.dataframe(
        frame,
        hide_index=True,
        alt="Paired differences between the chosen models",
        column_config={
            "a": "Model A",
            "b": "Model B",
            "difference": column("A − B", help="Accuracy of A less that of B." + on),
            "interval": column("95 % interval", help="Bootstrap over the images, in pairs." + on),
            **{
                name: number(word, format=how, help=help + on)
                for name, (word, how, help) in _COLUMNS.items()
            },
        },
    )


_COLUMNS = {
    "n_images": ("Images", "localized", "Images that both models answered."),
    "n_only_a": ("Only A right", "localized", "Images that A alone gets right."),
    "n_only_b": ("Only B right", "localized", "Images that B alone gets right."),
    "mcnemar_p": (
        "McNemar p",
        "%.3g",
        "How often chance alone would split those images so unevenly, or more so.",
    ),
    "holm_p": (
        "Holm p",
        "%.3g",
        "The same, corrected for the number of pairs; "
        f"below {differences.ALPHA} it is called a difference.",
    ),
    "n_needed": (
        "Images needed",
        "localized",
        "Images in all that would tell a difference of this size in 80 of 100 cases; empty where "
        "it is told already, or where there is none.",
    ),
}


def _figures(pairs: Sequence[Pair], called: Mapping[str, str], split: str) -> None:
    """Draw the difference of every figure, pair by pair."""
    column = st.column_config.TextColumn
    st.dataframe(
        pd.DataFrame([_row(pair, name, called) for pair in pairs for name in WORDS]),
        hide_index=True,
        alt="Differences of all figures between the chosen models",
        column_config={
            "pair": "A and B",
            "figure": column("Figure", help="Accuracy and the shares in points; log-loss in nats."),
            "a": "A",
            "b": "B",
            "difference": "A − B",
            "interval": column(
                "95 % interval",
                help="Bootstrap over the images, in pairs; not corrected for the number of pairs. "
                "Bits are too high where images are few: their interval is freed of that. "
                f"{names.SPLITS[split].capitalize()} split.",
            ),
        },
    )


def _row(pair: Pair, name: str, called: Mapping[str, str]) -> dict[str, str]:
    figure = pair["figures"][name]
    ci = figure["ci"]
    return {
        "pair": f"{called[pair['a']]} and {called[pair['b']]}",
        "figure": WORDS[name],
        "a": _one(name, figure["a"]),
        "b": _one(name, figure["b"]),
        "difference": _one(name, figure["difference"], "+"),
        "interval": "same answers" if ci is None else " to ".join(_one(name, x, "+") for x in ci),
    }


def _one(name: str, value: float, sign: str = "") -> str:
    """Return a figure in its unit: shares in points, the others as they are."""
    return f"{100 * value:{sign}.1f}" if name in _SHARES else f"{value:{sign}.3f}"


def _accuracies(question: Question, called: Mapping[str, str], said: Sequence[Answers]) -> None:
    """Draw the accuracies of the chosen models with their intervals, and the chance level."""
    figures = [metrics.from_confusion(confusions.confusion(its)) for its in said]
    n_images = figures[0]["n_images"]
    st.plotly_chart(
        charts.intervals(
            [called[its.model] for its in said],
            [f["accuracy"] for f in figures],
            [f["accuracy_ci"] for f in figures],
            f"accuracy, {names.SPLITS[question.split]} ({n_images:,} images)",
            reference=figures[0]["chance"],
        ),
        key="compare-intervals",
        config={"displayModeBar": False},
        alt="Accuracy of the chosen models with 95 % intervals",
    )
