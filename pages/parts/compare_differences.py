"""Compare, differences: is one model better than another, said in words and in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.analysis import metrics
from core.services.comparing import confusions, differences
from core.services.comparing.questions import Answers, Model, Question
from pages.ui import charts, meaning, messages, names, text

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


def show(question: Question, models: Sequence[Model], said: Sequence[Answers]) -> None:
    """Draw accuracies with intervals, then a sentence and the figures for each pair of models."""
    called = {model.id: names.short_model(model) for model in models}
    _accuracies(question, called, said)
    if len(said) < 2:
        st.caption("Choose a second model to see whether the difference is more than luck.")
        return
    pairs = differences.pairs_of(said)
    for pair in pairs:
        st.markdown(f"- {messages.plain(pair_sentence(pair, called))}")
    _table(pairs, called, question.split)


def _table(pairs: Sequence[Mapping[str, Any]], called: Mapping[str, str], split: str) -> None:
    """Draw the figures behind the sentences."""
    on = f" {names.SPLITS[split].capitalize()} split."
    frame = pd.DataFrame(
        {
            "a": [called[p["a"]] for p in pairs],
            "b": [called[p["b"]] for p in pairs],
            "difference": [text.points(p["difference"]) for p in pairs],
            "interval": [meaning.spread(p["ci"]) for p in pairs],
            "n_images": [p["n_images"] for p in pairs],
            "mcnemar_p": [p["mcnemar_p"] for p in pairs],
            "holm_p": [p["holm_p"] for p in pairs],
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
            "n_images": number("Images", help="Images that both models answered." + on),
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
