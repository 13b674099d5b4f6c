"""Compare, the leaderboard: what each model reached, sorted, filtered, and chosen from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from core.language import phrase, t, text, tn
from core.services.comparing import leaderboard
from core.services.comparing.questions import Apart
from pages.parts import downloads, figures_on, tables
from pages.ui import messages, names, pickers, state
from pages.ui.meaning import MEANING

TABLE = "board"  # key of the table
_ROWS = 15  # that are shown without scrolling
_WIDE_PX = 210  # of a figure with its deviation and interval
_SHARES = {
    "accuracy": phrase("Accuracy"),
    "balanced_accuracy": phrase("Balanced"),
    "macro_f1": phrase("Macro F1"),
    "ece": phrase("Calibration error"),
}
_NUMBERS = {
    "kappa": phrase("Kappa"),
    "bits": phrase("Bits"),
    "log_loss": phrase("Log loss"),
    "augrc": phrase("AUGRC"),
}
_COSTS = phrase("cost of mistakes")
_ORDERS = {  # column, ascending
    phrase("validation accuracy"): ("val_accuracy", False),
    _COSTS: ("cost", True),
    phrase("training time"): ("duration_s", True),
    phrase("time per image"): ("ms_per_image", True),
    phrase("parameters"): ("n_parameters", True),
    phrase("newest first"): ("created_at", False),
    phrase("name"): ("model", True),
}
_SHOWN = [
    *("marks", "model", "accuracy", "val_accuracy", "cost", "duration_s", "ms_per_image"),
    *("kappa", "bits", "balanced_accuracy", "macro_f1", "log_loss", "ece", "augrc", "chance"),
    *("n_images", "n_parameters", "classes_of", "labels_of", "seed", "device", "created_at", "run"),
]


class Words(NamedTuple):
    """What ids are called."""

    models: Mapping[str, str]
    maps: Mapping[str | None, str]
    label_sets: Mapping[str, str]


def show(board: pd.DataFrame, words: Words, split: str, chosen: Sequence[str], most: int) -> None:
    """Draw the leaderboard; rows that are selected become the models to compare.

    Parameters
    ----------
    board : DataFrame
        As `leaderboard.board`, the best on validation first.
    chosen : sequence of str
        The models to compare, which are shown as selected.
    most : int
        How many can be compared at once.
    """
    named = board.assign(
        model=board["run"].map(words.models),
        classes_of=[words.maps.get(None if pd.isna(i) else i, str(i)) for i in board["class_map"]],
        labels_of=[words.label_sets.get(i, str(i)) for i in board["labels"]],
    )
    table = _ordered(_filtered(named))
    if table.empty:
        st.caption(t("No model is like that: take a filter away."))
        return
    ids = [runs if isinstance(runs, list) else [runs] for runs in table.get("runs", table["run"])]
    _draw(table, ids, split, chosen, most)
    st.caption(
        t(
            "{images}; in brackets 95 % intervals. The order is that of validation: a model that "
            "is chosen by its test figure looks better than it is. Rows that you tick are compared "
            "below. Hover a column's head to read what it means.",
            images=figures_on.split_of(split, int(board["n_images"].iloc[0])),
        )
    )
    downloads.csv(t("Download the leaderboard"), lambda: board, f"leaderboard-{split}")


def set_apart(apart: Sequence[Apart]) -> None:
    """List the models that do not take part, each with the reason in a sentence."""
    if not apart:
        return
    heading = tn("Set apart: {n:,} model", "Set apart: {n:,} models", len(apart))
    with st.expander(heading, icon=":material/block:"):
        for one in apart:
            name = messages.plain(names.model(one.model))
            st.markdown(f"- **{name}**: {messages.plain(one.reason)}.")


def _filtered(table: pd.DataFrame) -> pd.DataFrame:
    """Draw the filters, and return the rows that pass."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input(
            t("Find"), key="board_find", bind="query-params", placeholder=t("name, algorithm, seed "
                                                                            "…"),
            width=220,
        )  # fmt: skip
        for column, label in (
            ("algorithm", t("Algorithm")), ("classes_of", t("Learned classes")),
            ("labels_of", t("Learned labels")),
        ):  # fmt: skip
            kinds = sorted(set(table[column]))
            if len(kinds) > 1:
                options = {kind: kind for kind in kinds}
                with st.container(width=220):
                    kept = pickers.several(label, options, f"board_{column}", placeholder=t("any"))
                table = table[table[column].isin(kept or kinds)]
        if st.toggle(t("Starred"), key="board_starred", bind="query-params"):
            table = table[table["starred"]]
    said = table["model"] + " " + table["algorithm"] + " " + table["run"]
    passes = [all(w in words for w in wanted.lower().split()) for words in said.str.lower()]
    return table[pd.Series(passes, index=table.index, dtype=bool)]


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Draw the order and the folding of seeds, and return the rows so; pinned ones stand first."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        orders = [order for order in _ORDERS if order != _COSTS or table["cost"].notna().any()]
        pickers.follow_words("board_order", {order: order for order in orders})
        order = st.selectbox(
            t("Order by"), orders, format_func=t, key="board_order",
            bind="query-params", width=220,
            help=t("Pinned models stand first in every order."),
        )  # fmt: skip
        folded = st.toggle(
            t("One row a recipe"),
            key="board_recipes",
            bind="query-params",
            help=t(
                "Runs that differ in nothing but the seed become one row: mean ± standard "
                "deviation over the seeds."
            ),
        )
    if folded:
        model = table.set_index("run")[["model", "classes_of", "labels_of"]]
        table = leaderboard.by_recipe(table).join(model, on="run")
        table["model"] = [
            t("{algorithm}, {n} seeds", algorithm=algorithm, n=n) if n > 1 else name
            for algorithm, n, name in table[["algorithm", "n_seeds", "model"]].values
        ]
    column, ascending = _ORDERS[order]
    table = table.sort_values(column, ascending=ascending, kind="stable", na_position="last")
    return table.sort_values("pinned", ascending=False, kind="stable")


def _draw(
    table: pd.DataFrame, ids: list[list[str]], split: str, chosen: Sequence[str], most: int
) -> None:
    rows = [row for row, runs in enumerate(ids) if set(runs) & set(chosen)]
    if (state.component_value(TABLE, "selection") or {}).get("rows") != rows:
        state.set_widget(TABLE, {"selection": {"rows": rows, "columns": [], "cells": []}})
    shown = [name for name in _SHOWN if name != "cost" or table[name].notna().any()]
    st.dataframe(
        tables.written(_readable(table)[shown], _WRITTEN),
        key=TABLE,
        hide_index=True,
        height="content" if len(table) <= _ROWS else "auto",
        placeholder="–",
        on_select=_choose(ids, chosen, most),
        selection_mode="multi-row",
        column_config=_columns(int(table["n_images"].iloc[0]), split, "n_seeds" in table),
        alt=t("Models with their figures, the best on validation first"),
    )


def _choose(ids: list[list[str]], chosen: Sequence[str], most: int) -> Callable[[], None]:
    """Return what happens when rows are ticked: they become the models to compare."""

    def act() -> None:
        rows = (state.component_value(TABLE, "selection") or {}).get("rows", [])
        state.set_widget("runs", picked(ids, rows, chosen, most))

    return act


def picked(
    ids: Sequence[Sequence[str]], rows: Sequence[int], chosen: Sequence[str], most: int
) -> list[str]:
    """Return the models of the ticked rows: those that were chosen before first, `most` at most.

    >>> picked([["a"], ["b", "c"], ["d"]], [0, 1], ["c"], 4)
    ['c', 'a']
    """
    ticked = [ids[row] for row in rows if row < len(ids)]
    stay = [i for i in chosen if any(i in runs for runs in ticked)]
    new = [runs[0] for runs in ticked if not set(runs) & set(stay)]
    return [*stay, *new][-most:]


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with figures and intervals as words; a blank before keeps their order."""
    shown = table.copy()
    for name in _SHARES:
        shown[name] = [_share(row, name) for row in table.to_dict("records")]
    for name in (*_NUMBERS, "cost"):
        shown[name] = [_number(row, name) for row in table.to_dict("records")]
    shown["seed"] = table["seed"].astype(str)
    marks = zip(table["pinned"], table["starred"], strict=True)
    shown["marks"] = [f"{'▲' * pinned}{'★' * starred}" for pinned, starred in marks]
    return shown


def _share(row: Mapping[Any, Any], name: str) -> str:
    value, low, high = (100 * row[name + end] for end in ("", "_low", "_high"))
    sd = row.get(f"{name}_sd")
    if sd is None or sd != sd:
        return t("{value:5.1f} % ({low:.1f} to {high:.1f})", value=value, low=low, high=high)
    return t(
        "{value:5.1f} ± {sd:.1f} % ({low:.1f} to {high:.1f})",
        value=value,
        sd=100 * sd,
        low=low,
        high=high,
    )


def _number(row: Mapping[Any, Any], name: str) -> str | None:
    value, low, high = (row[name + end] for end in ("", "_low", "_high"))
    if value != value:
        return None
    sd = row.get(f"{name}_sd")
    if sd is None or sd != sd:
        return t("{value:.3f} ({low:.3f} to {high:.3f})", value=value, low=low, high=high)
    return t(
        "{value:.3f} ± {sd:.3f} ({low:.3f} to {high:.3f})", value=value, sd=sd, low=low, high=high
    )


_WRITTEN: tables.Writing = {
    **dict.fromkeys(("val_accuracy", "chance"), text.percent),
    **dict.fromkeys(("n_images", "n_parameters"), text.number),
    "duration_s": lambda seconds: t("{seconds:.1f} s", seconds=seconds),
    "ms_per_image": lambda ms: t("{ms:.2f} ms", ms=ms),
    "created_at": text.ago,
}


def _columns(n_images: int, split: str, folded: bool) -> dict[str, Any]:
    """Return how each column is headed, formatted and explained."""
    on: str = t(
        " On {images}; in brackets the 95 % interval.", images=figures_on.images(n_images, split)
    )
    if folded:
        on += t(" Over several seeds: mean ± standard deviation.")
    number, words = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "marks": words("", help=t("▲ pinned to the top, ★ starred."), width=40, pinned=True),
        "model": words(t("Model"), help=t("Name and beginning of the id."), pinned=True),
        **{
            name: words(t(label), help=t(MEANING[name]) + on, width=_WIDE_PX if folded else None)
            for name, label in {**_SHARES, **_NUMBERS}.items()
        },
        "cost": words(
            t("Cost"),
            help=t(
                "What an image costs by the costs of mistakes entered on Decisions. It is charged "
                "for labels: what a merged class cannot tell apart is paid for."
            )
            + on,
        ),
        "val_accuracy": number(
            t("Validation"),
            help=t("Accuracy on the validation images, by which models are ordered and chosen."),
        ),
        "chance": number(
            t("Chance"), help=f"{t(MEANING['chance'])} {figures_on.on(n_images, split)}"
        ),
        "duration_s": number(
            t("Training"), help=t("Time to fit, without loading; of a cascade, all its members.")
        ),
        "ms_per_image": number(t("Per image"), help=t(MEANING["ms_per_image"])),
        "n_images": number(t("Images"), help=t("Images that the figures stand on.")),
        "n_parameters": number(t("Parameters"), help=t("Numbers that are learnt.")),
        "classes_of": words(
            t("Learned classes"), help=t("The class map that the model was trained on.")
        ),
        "labels_of": words(
            t("Learned labels"), help=t("The label set that the model was trained on.")
        ),
        "seed": words(t("Seed"), help=t("Start of the random numbers.")),
        "device": words(t("Device"), help=t("What it was trained on.")),
        "run": words(t("Id"), help=t("What the command line knows the model by.")),
        "created_at": st.column_config.DatetimeColumn(
            t("Trained"), help=t("When it was finished.")
        ),
    }
