"""The choices behind a training: algorithm, classes or a pair, seeds, options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.language import phrase, t, tn
from core.records import ClassMapRecord, Dataset
from core.services.classes import mapping
from core.services.data import embedding
from core.services.labels import label_sets
from core.services.runs.planning import MOST_BUDGET_MIN
from core.services.workspace import Workspace
from pages.ui import messages, names, pickers

GENERALIST, EXPERT = phrase("generalist"), phrase("expert")
N_SEEDS_MOST = 10
_STEP_SHARE = 10  # of a default: one click on the plus of a fraction


def choose_algorithm(algorithms: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Draw the algorithms with what each does, and return the chosen one."""
    by_name = {a["name"]: a for a in algorithms}
    pickers.follow_words("algorithm", {name: a["title"] for name, a in by_name.items()})
    name = st.radio(
        t("Algorithm"),
        list(by_name),
        format_func=lambda n: t(by_name[n]["title"]),
        captions=[t(a["summary"]) for a in algorithms],
        key="algorithm",
        bind="query-params",
        help=t("Begin with the probe: it takes seconds, and what it cannot do is worth knowing."),
    )
    chosen = by_name.get(name, algorithms[0])
    st.caption(f"{t(chosen['title'])}: {t(chosen['paper'])}")
    return chosen


def choose_question(
    ws: Workspace, dataset: Dataset, saved: Sequence[ClassMapRecord]
) -> tuple[str | None, tuple[str, str] | None]:
    """Draw the choice of classes, and of a pair for an expert; return (class map id, pair)."""
    options = {"": t(names.AS_LABELLED)} | {record.id: names.class_map(record) for record in saved}
    chosen = pickers.one(
        t("Classes"),
        options,
        "class_map",
        help=t("What a model learns to tell apart: the labels as they are, or a saved class map."),
    )
    classes = mapping.get_class_map(ws, dataset.id, chosen or None).classes
    what = tn("{n:,} class", "{n:,} classes", len(classes))
    st.caption(f"{what}: {messages.plain(names.listing(classes))}")
    kind = pickers.words(
        t("Role"),
        [GENERALIST, EXPERT],
        "role",
        help=t(
            "A generalist answers for all classes. An expert is trained on the images of "
            "two classes only, and breaks ties between them in a cascade."
        ),
    )
    return chosen or None, _choose_pair(classes) if kind == EXPERT else None


def choose_labels(ws: Workspace, dataset: Dataset) -> str:
    """Draw the choice of whose labels are learned, where there is one, and return it."""
    saved = {s.id: names.label_set(s) for s in label_sets.list_label_sets(ws, dataset.id)}
    if not saved:
        return label_sets.ORIGINAL
    return pickers.one(
        t("Labels"),
        {label_sets.ORIGINAL: t(names.AS_IMPORTED), **saved},
        "labels",
        help=t(
            "Whose word counts: the labels of the import, or a label set that people "
            "reviewed. Figures of a run are measured by the labels it was trained on."
        ),
    )


def choose_backbone() -> str:
    """Draw the choice of the network whose embeddings a head is trained on."""
    known = {row["name"]: row for row in embedding.backbones()}
    return pickers.one(
        t("Backbone"),
        {name: row["title"] for name, row in known.items()},
        "train_backbone",
        help=t(
            "The pretrained network that turns images into vectors. The first comes with "
            "the installation; the others need their weights."
        ),
    )


def choose_seeds() -> tuple[int, ...]:
    """Draw the number of repetitions and return the seeds 0, 1, ..."""
    n_seeds = st.number_input(
        t("Repetitions"),
        min_value=1,
        max_value=N_SEEDS_MOST,
        value=1,
        key="n_seeds",
        bind="query-params",
        help=t(
            "One run for each seed 0, 1, 2 ...: how far apart they end is the luck of training."
        ),
    )
    return tuple(range(int(n_seeds)))


def choose_time_budget() -> float:
    """Draw the minutes that a run may take, and return them; 0 for no limit."""
    asked = st.number_input(
        t("Time budget, min"),
        min_value=0.1,
        max_value=float(MOST_BUDGET_MIN),
        value=None,
        step=1.0,
        format="%g",
        placeholder=t("no limit"),
        key="time_budget",
        bind="query-params",
        help=t(
            "A run that takes more minutes ends early and keeps the best it has learned so "
            "far. It is for each repetition; empty means no limit."
        ),
    )
    return asked or 0.0


def choose_options(algorithm: Mapping[str, Any]) -> dict[str, Any]:
    """Draw a typed widget for each option and return those that differ from their defaults."""
    changed: dict[str, Any] = {}
    with st.expander(t("Options"), icon=":material/tune:"):
        with st.grid("auto", min_column_width=118):
            for option in algorithm["options"]:
                value = _option(algorithm["name"], option)
                if value != option["default"]:
                    changed[option["name"]] = value
        st.caption(t("The defaults are sane; an option left alone keeps its default."))
    return changed


def _choose_pair(classes: Sequence[str]) -> tuple[str, str] | None:
    """Draw two pickers of different classes; None where there are not two."""
    if len(classes) < 2:
        st.warning(t("An expert needs two classes to tell apart."), icon=":material/warning:")
        return None
    left, right = st.columns(2)
    with left:
        a = pickers.one(t("First class"), {c: c for c in classes}, "pair_a")
    with right:
        others = {c: c for c in classes if c != a}
        b = pickers.one(t("Second class"), others, "pair_b")
    return (a, b)


def _option(algorithm: str, option: Mapping[str, Any]) -> Any:
    """Draw the widget of one option and return its value."""
    key, default = f"option-{algorithm}-{option['name']}", option["default"]
    label, help = t(option["title"]), t(option["help"])
    if option["kind"] is bool:
        return st.checkbox(label, value=default, key=key, help=help)
    if option["kind"] is str:
        choices = list(option["choices"])
        return st.selectbox(
            label, choices, choices.index(default), format_func=t, key=key, help=f"{help}."
        )
    kind = option["kind"]
    low, high = option["minimum"], option["maximum"]
    said = t("{help}. Default {default:g}.", help=help, default=default)
    return st.number_input(
        label,
        min_value=None if low is None else kind(low),
        max_value=None if high is None else kind(high),
        value=kind(default),
        step=1 if kind is int else float(default) / _STEP_SHARE or 0.1,
        format=None if kind is int else "%g",
        key=key,
        help=said,
    )
