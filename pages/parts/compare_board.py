"""Compare, the leaderboard: what each model reached, sorted, filtered, and chosen from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from core.language import text
from core.services.comparing import leaderboard
from core.services.comparing.questions import Apart
from pages.parts import downloads
from pages.ui import messages, names, pickers, state
from pages.ui.meaning import MEANING

TABLE = "board"  # key of the table
_ROWS = 15  # that are shown without scrolling
_WIDE_PX = 210  # of a figure with its deviation and interval
_SHARES = {"accuracy": "Accuracy", "balanced_accuracy": "Balanced", "macro_f1": "Macro F1",
           "ece": "Calibration error"}  # fmt: skip
_NUMBERS = {"kappa": "Kappa", "bits": "Bits", "log_loss": "Log loss", "augrc": "AUGRC"}
_ORDERS = {  # column, ascending
    "validation accuracy": ("val_accuracy", False),
    "training time": ("duration_s", True),
    "time per image": ("ms_per_image", True),
    "parameters": ("n_parameters", True),
    "newest first": ("created_at", False),
    "name": ("model", True),
}
_SHOWN = [
    *("marks", "model", "accuracy", "val_accuracy", "duration_s", "ms_per_image"),
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
        classes_of=board["class_map"].map(lambda i: words.maps.get(i, str(i))),
        labels_of=board["labels"].map(lambda i: words.label_sets.get(i, str(i))),
    )
    table = _ordered(_filtered(named))
    if table.empty:
        st.caption("No model is like that: take a filter away.")
        return
    ids = [runs if isinstance(runs, list) else [runs] for runs in table.get("runs", table["run"])]
    _draw(table, ids, split, chosen, most)
    n = f"{names.SPLITS[split].capitalize()} split, {int(board['n_images'].iloc[0]):,} images"
    st.caption(
        f"{n}; in brackets 95 % intervals. The order is that of validation: a model that is chosen "
        "by its test figure looks better than it is. Rows that you tick are compared below. Hover "
        "a column's head to read what it means."
    )
    downloads.csv("Download the leaderboard", lambda: board, f"leaderboard-{split}")


def set_apart(apart: Sequence[Apart]) -> None:
    """List the models that do not take part, each with the reason in a sentence."""
    if not apart:
        return
    with st.expander(f"Set apart: {text.count(len(apart), 'model')}", icon=":material/block:"):
        for one in apart:
            name = messages.plain(names.model(one.model))
            st.markdown(f"- **{name}**: {messages.plain(one.reason)}.")


def _filtered(table: pd.DataFrame) -> pd.DataFrame:
    """Draw the filters, and return the rows that pass."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input(
            "Find", key="board_find", bind="query-params", placeholder="name, algorithm, seed …",
            width=220,
        )  # fmt: skip
        for column, label in (
            ("algorithm", "Algorithm"), ("classes_of", "Learned classes"),
            ("labels_of", "Learned labels"),
        ):  # fmt: skip
            kinds = sorted(set(table[column]))
            if len(kinds) > 1:
                options = {kind: kind for kind in kinds}
                with st.container(width=220):
                    kept = pickers.several(label, options, f"board_{column}", placeholder="all")
                table = table[table[column].isin(kept or kinds)]
        if st.toggle("Starred", key="board_starred", bind="query-params"):
            table = table[table["starred"]]
    said = table["model"] + " " + table["algorithm"] + " " + table["run"]
    passes = [all(w in words for w in wanted.lower().split()) for words in said.str.lower()]
    return table[pd.Series(passes, index=table.index, dtype=bool)]


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Draw the order and the folding of seeds, and return the rows so; pinned ones stand first."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.selectbox(
            "Order by", list(_ORDERS), key="board_order", bind="query-params", width=220,
            help="Pinned models stand first in every order.",
        )  # fmt: skip
        folded = st.toggle(
            "One row a recipe",
            key="board_recipes",
            bind="query-params",
            help="Runs that differ in nothing but the seed become one row: mean ± standard "
            "deviation over the seeds.",
        )
    if folded:
        model = table.set_index("run")[["model", "classes_of", "labels_of"]]
        table = leaderboard.by_recipe(table).join(model, on="run")
        several = table["n_seeds"] > 1
        seeds = table["algorithm"] + ", " + table["n_seeds"].astype(str) + " seeds"
        table["model"] = table["model"].mask(several, seeds)
    column, ascending = _ORDERS[order]
    table = table.sort_values(column, ascending=ascending, kind="stable", na_position="last")
    return table.sort_values("pinned", ascending=False, kind="stable")


def _draw(
    table: pd.DataFrame, ids: list[list[str]], split: str, chosen: Sequence[str], most: int
) -> None:
    rows = [row for row, runs in enumerate(ids) if set(runs) & set(chosen)]
    if (state.component_value(TABLE, "selection") or {}).get("rows") != rows:
        state.set_widget(TABLE, {"selection": {"rows": rows, "columns": [], "cells": []}})
    st.dataframe(
        _readable(table)[_SHOWN],
        key=TABLE,
        hide_index=True,
        height="content" if len(table) <= _ROWS else "auto",
        placeholder="–",
        on_select=_choose(ids, chosen, most),
        selection_mode="multi-row",
        column_config=_columns(int(table["n_images"].iloc[0]), split, "n_seeds" in table),
        alt="Models with their figures, the best on validation first",
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
    for name in _NUMBERS:
        shown[name] = [_number(row, name) for row in table.to_dict("records")]
    shown[["val_accuracy", "chance"]] = table[["val_accuracy", "chance"]] * 100
    shown["seed"] = table["seed"].astype(str)
    marks = zip(table["pinned"], table["starred"], strict=True)
    shown["marks"] = [f"{'▲' * pinned}{'★' * starred}" for pinned, starred in marks]
    return shown


def _share(row: Mapping[Any, Any], name: str) -> str:
    value, low, high = (100 * row[name + end] for end in ("", "_low", "_high"))
    sd = row.get(f"{name}_sd")
    over = f" ± {100 * sd:.1f}" if sd is not None and sd == sd else ""
    return f"{value:5.1f}{over} % ({low:.1f} to {high:.1f})"


def _number(row: Mapping[Any, Any], name: str) -> str:
    value, low, high = (row[name + end] for end in ("", "_low", "_high"))
    sd = row.get(f"{name}_sd")
    over = f" ± {sd:.3f}" if sd is not None and sd == sd else ""
    return f"{value:.3f}{over} ({low:.3f} to {high:.3f})"


def _columns(n_images: int, split: str, folded: bool) -> dict[str, Any]:
    """Return how each column is headed, formatted and explained."""
    on = f" On {n_images:,} {names.SPLITS[split]} images; in brackets the 95 % interval."
    if folded:
        on += " Over several seeds: mean ± standard deviation."
    number, words = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "marks": words("", help="▲ pinned to the top, ★ starred.", width=40, pinned=True),
        "model": words("Model", help="Name and beginning of the id.", pinned=True),
        **{
            name: words(label, help=MEANING[name] + on, width=_WIDE_PX if folded else None)
            for name, label in {**_SHARES, **_NUMBERS}.items()
        },
        "val_accuracy": number(
            "Validation", format="%.1f %%",
            help="Accuracy on the validation images, by which models are ordered and chosen.",
        ),
        "chance": number("Chance", format="%.1f %%", help=f"{MEANING['chance']} On {n_images:,} "
                         f"{names.SPLITS[split]} images."),
        "duration_s": number("Training", format="%.1f s",
                             help="Time to fit, without loading; of a cascade, all its members."),
        "ms_per_image": number("Per image", format="%.2f ms", help=MEANING["ms_per_image"]),
        "n_images": number("Images", help="Images that the figures stand on."),
        "n_parameters": number("Parameters", format="localized", help="Numbers that are learnt."),
        "classes_of": words("Learned classes", help="The class map that the model was trained on."),
        "labels_of": words("Learned labels", help="The label set that the model was trained on."),
        "seed": words("Seed", help="Start of the random numbers."),
        "device": words("Device", help="What it was trained on."),
        "run": words("Id", help="What the command line knows the model by."),
        "created_at": st.column_config.DatetimeColumn(
            "Trained", format="distance", help="When it was finished."),
    }  # fmt: skip
