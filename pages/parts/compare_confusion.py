"""Compare, confusion: the matrices of the chosen models side by side, or one minus the other."""

from __future__ import annotations

import string
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import streamlit as st

from core.records import Dataset
from core.services.comparing import confusions
from core.services.comparing.questions import Answers, Model, Question
from core.services.workspace import Workspace
from pages.parts import compare_cells
from pages.parts.compare_cells import View
from pages.ui import messages, names
from pages.ui.confusion_panel import confusion_panel, most_or_all

SIDE_BY_SIDE, DIFFERENCE = "Side by side", "Difference"
COUNTS, SHARES = "Counts", "Row shares"
AS_GIVEN, BY_CONFUSION, BY_CLUSTER = "As given", "By confusion", "By cluster"
_LEAST_PX = 400  # of a matrix; in a narrower window they stand below each other


def show(
    ws: Workspace,
    dataset: Dataset,
    question: Question,
    models: Sequence[Model],
    said: Sequence[Answers],
) -> None:
    """Draw the confusion matrices of the chosen models, two beside each other where they fit."""

    @st.fragment
    def all_of_it() -> None:
        with messages.guard():
            called = dict(zip((m.id for m in models), string.ascii_uppercase, strict=False))
            clustered = confusions.by_cluster(ws, question)
            how, numbers, order, hides = _options(len(models), clustered is not None)
            drawn = _order(question, said, order, clustered)
            view = View(
                ws, dataset, question, drawn, "shares" if numbers == SHARES else "counts",
                not hides, called, said,
            )  # fmt: skip
            if how == DIFFERENCE:
                first, second = _pair(models, called)
                compare_cells.difference(view, models[first], models[second], said[first],
                                         said[second])  # fmt: skip
            else:
                _side_by_side(view, models, said)

    all_of_it()


def _side_by_side(view: View, models: Sequence[Model], said: Sequence[Answers]) -> None:
    """Draw one matrix a model; only the one that is clicked runs again."""

    @st.fragment
    def one(model: Model, its: Answers) -> None:
        with messages.guard():
            name = f"{view.called[model.id]} · {names.short_model(model)}"
            st.markdown(f"**{messages.plain(name)}**")
            confusion_panel(
                view.ws,
                view.dataset,
                view.cut(confusions.confusion(its)),
                view.classes,
                view.key(model.id),
                lambda true, predicted: confusions.cell_positions(
                    its, view.question.classes, true, predicted
                ),
                look=view.look(f"confusion-{model.id}-{view.question.split}", name),
                totals=view.totals(),
                subs_of=view.subs,
            )

    with st.grid(2 if len(models) > 1 else 1, min_column_width=_LEAST_PX):
        for model, its in zip(models, said, strict=True):
            one(model, its)


def _options(n_models: int, has_clusters: bool) -> tuple[str, str, str, bool]:
    """Draw the options and return (matrices, numbers, order, whether the diagonal is hidden)."""
    orders = [AS_GIVEN, BY_CONFUSION]
    if has_clusters:
        orders.append(BY_CLUSTER)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        how = SIDE_BY_SIDE
        if n_models > 1:
            how = _choice("Matrices", [SIDE_BY_SIDE, DIFFERENCE], "matrices")
        numbers = _choice("Numbers", [COUNTS, SHARES], "numbers",
                          "Row shares are shares of the images of the true class.")  # fmt: skip
        order = _choice(
            "Order of classes",
            orders,
            "order",
            "By confusion: the most confused beside each other. By cluster: those beside each "
            "other whose images lie in one cluster; offered once Explore has looked for clusters.",
        )
        hides = st.toggle(
            "Hide the diagonal",
            key="no_diagonal",
            bind="query-params",
            help="Without the right answers, the colours tell the errors apart.",
        )
    return how, numbers, order, hides


def _choice(label: str, options: Sequence[str], key: str, help: str | None = None) -> str:
    return str(
        st.segmented_control(
            label, options, default=options[0], required=True, key=key, bind="query-params",
            help=help,
        )
    )  # fmt: skip


def _order(
    question: Question, said: Sequence[Answers], order: str, clustered: list[int] | None
) -> tuple[int, ...]:
    """Return the numbers of the classes that are drawn: the same ones for every model."""
    total = np.sum([confusions.confusion(its) for its in said], axis=0)
    ordered = list(range(len(question.classes)))
    if order == BY_CONFUSION:
        ordered = confusions.by_confusion(said)
    elif order == BY_CLUSTER and clustered is not None:
        ordered = clustered
    block = most_or_all(total, question.classes, "all_classes", "query-params")
    return tuple(i for i in ordered if block is None or i in block)


def _pair(models: Sequence[Model], called: dict[str, str]) -> tuple[int, int]:
    """Return which two models are compared; asked only where there are more."""
    pairs = {
        f"{called[models[i].id]} − {called[models[j].id]}": (i, j)
        for i, j in combinations(range(len(models)), 2)
    }
    if len(pairs) == 1:
        return next(iter(pairs.values()))
    return pairs[_choice("Difference of", list(pairs), "minus")]
