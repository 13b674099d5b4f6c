"""Compare, differences: is one model better than another, said in words and in figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import pandas as pd
import streamlit as st

from core.analysis import metrics
from core.language import phrase, t, text
from core.services.comparing import confusions, differences
from core.services.comparing.questions import Answers, Model, Question
from core.services.workspace import Workspace
from pages.parts import downloads, figures_on, tables
from pages.ui import cached, charts, meaning, messages, names

WORDS = {
    "accuracy": phrase("Accuracy"),
    "balanced_accuracy": phrase("Balanced accuracy"),
    "macro_f1": phrase("Macro-F1"),
    "kappa": phrase("Kappa"),
    "bits": phrase("Bits"),
    "log_loss": phrase("Log-loss, lower is better"),
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
        st.caption(t("Choose a second model to see whether the difference is more than luck."))
        return
    pairs = differences.corrected(
        cached.paired(ws, question, a.model, b.model) for a, b in combinations(said, 2)
    )
    for pair in pairs:
        st.markdown(f"- {messages.plain(differences.sentence(pair, called))}")
    _pairs(pairs, called, question.split)
    _figures(pairs, called, question.split)
    stem = f"differences-{question.split}"
    downloads.csv(t("Download the differences"), lambda: differences.table(pairs), stem)


def _pairs(pairs: Sequence[Pair], called: Mapping[str, str], split: str) -> None:
    """Draw the figures behind the sentences."""
    on = f" {figures_on.whole_split(split)}."
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
        tables.written(frame, {name: write for name, (*_, write) in _COLUMNS.items()}, none=""),
        placeholder="",
        hide_index=True,
        alt=t("Paired differences between the chosen models"),
        column_config={
            "a": t("Model A"),
            "b": t("Model B"),
            "difference": column(t("A − B"), help=t("Accuracy of A less that of B.") + on),
            "interval": column(
                t("95 % interval"), help=t("Bootstrap over the images, in pairs.") + on
            ),
            **{
                name: number(t(word), help=t(help, alpha=differences.ALPHA) + on)
                for name, (word, help, _) in _COLUMNS.items()
            },
        },
    )


def _p_value(p: float) -> str:
    return text.number(p, ".3g")


_COLUMNS: dict[str, tuple[str, str, Callable[[float], str]]] = {
    "n_images": (phrase("Images"), phrase("Images that both models answered."), text.number),
    "n_only_a": (phrase("Only A right"), phrase("Images that A alone gets right."), text.number),
    "n_only_b": (phrase("Only B right"), phrase("Images that B alone gets right."), text.number),
    "mcnemar_p": (
        phrase("McNemar p"),
        phrase("How often chance alone would split those images so unevenly, or more so."),
        _p_value,
    ),
    "holm_p": (
        phrase("Holm p"),
        phrase(
            "The same, corrected for the number of pairs; below {alpha:.2f} it is called a "
            "difference."
        ),
        _p_value,
    ),
    "n_needed": (
        phrase("Images needed"),
        phrase(
            "Images in all that would tell a difference of this size in 80 of 100 cases; empty "
            "where it is told already, or where there is none."
        ),
        lambda n: text.number(n, ",.0f"),
    ),
}


def _figures(pairs: Sequence[Pair], called: Mapping[str, str], split: str) -> None:
    """Draw the difference of every figure, pair by pair."""
    column = st.column_config.TextColumn
    frame = pd.DataFrame([_row(pair, name, called) for pair in pairs for name in WORDS])
    st.dataframe(
        # the table above names a single pair; without its names the interval is in sight
        frame.drop(columns="pair") if len(pairs) == 1 else frame,
        hide_index=True,
        alt=t("Differences of all figures between the chosen models"),
        column_config={
            "pair": t("A and B"),
            "figure": column(
                t("Figure"),
                help=t("Accuracy and the shares in points; log-loss in nats."),
                width=250,
            ),
            "a": "A",
            "b": "B",
            "difference": t("A − B"),
            "interval": column(
                t("95 % interval"),
                help=t(
                    "Bootstrap over the images, in pairs; not corrected for the number of pairs. "
                    "Bits are too high where images are few: their interval is freed of that. "
                    "{split}.",
                    split=figures_on.whole_split(split),
                ),
            ),
        },
    )


def _row(pair: Pair, name: str, called: Mapping[str, str]) -> dict[str, str]:
    its = pair["figures"][name]
    ci = its["ci"]
    return {
        "pair": t("{a} and {b}", a=called[pair["a"]], b=called[pair["b"]]),
        "figure": t(WORDS[name]),
        "a": _one(name, its["a"]),
        "b": _one(name, its["b"]),
        "difference": _one(name, its["difference"], "+"),
        "interval": t("same answers") if ci is None else _both(name, *ci),
    }


def _one(name: str, value: float, sign: str = "") -> str:
    """Return a figure in its unit: shares in percent, their differences in points."""
    if name in _SHARES:
        return text.points(value) if sign else text.percent(value)
    return text.number(value, f"{sign}.3f")


def _both(name: str, low: float, high: float) -> str:
    """Return the bounds of a difference in its unit."""
    if name in _SHARES:
        return meaning.spread((low, high))
    return t("{low} to {high}", low=_one(name, low, "+"), high=_one(name, high, "+"))


def _accuracies(question: Question, called: Mapping[str, str], said: Sequence[Answers]) -> None:
    """Draw the accuracies of the chosen models with their intervals, and the chance level."""
    figures = [metrics.from_confusion(confusions.confusion(its)) for its in said]
    n_images = figures[0]["n_images"]
    st.plotly_chart(
        charts.intervals(
            [called[its.model] for its in said],
            [f["accuracy"] for f in figures],
            [f["accuracy_ci"] for f in figures],
            t(
                "accuracy, {split} ({n:,} images)",
                split=t(names.SPLITS[question.split]),
                n=n_images,
            ),
            reference=figures[0]["chance"],
        ),
        key="compare-intervals",
        config={"displayModeBar": False},
        alt=t("Accuracy of the chosen models with 95 % intervals"),
    )
