"""Compare, confusion: the matrices of the chosen models side by side, or one minus the other."""

from __future__ import annotations

import string
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import streamlit as st

from core.language import phrase, t
from core.records import Dataset
from core.services.comparing import confusions
from core.services.comparing.questions import Answers, Model, Question
from core.services.workspace import Workspace
from pages.parts import compare_cells
from pages.parts.compare_cells import Compared, View
from pages.ui import messages, pickers
from pages.ui.confusion_panel import confusion_panel, most_or_all
from pages.ui.matrix import Numbers

SIDE_BY_SIDE, DIFFERENCE = phrase("Side by side"), phrase("Difference")
COUNTS, SHARES = phrase("Counts"), phrase("Row shares")
AS_GIVEN = phrase("As given")
BY_CONFUSION, BY_CLUSTER = phrase("By confusion"), phrase("By cluster")
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
            clustered = confusions.by_cluster(ws, question)
            how, numbers, order, hides = _options(len(models), clustered is not None)
            compared = [
                Compared(letter, model, its, confusions.confusion(its))
                for letter, model, its in zip(string.ascii_uppercase, models, said, strict=False)
            ]
            total = confusions.together([one.matrix for one in compared])
            drawn = _order(question.classes, total, order, clustered)
            view = View(ws, dataset, question, compared, drawn, numbers, not hides)
            if how == DIFFERENCE:
                compare_cells.difference(view, *_pair(compared))
            else:
                _side_by_side(view)

    all_of_it()


def _side_by_side(view: View) -> None:
    """Draw one matrix a model; only the one that is clicked runs again."""

    @st.fragment
    def draw(one: Compared) -> None:
        with messages.guard():
            st.markdown(f"**{messages.plain(one.name)}**")
            confusion_panel(
                view.ws,
                view.dataset,
                view.cut(one.matrix),
                view.classes,
                view.key(one.model.id),
                lambda true, predicted: confusions.cell_positions(
                    one.said, view.question.classes, true, predicted
                ),
                look=view.look(f"confusion-{one.model.id}-{view.question.split}", one.name),
                totals=view.totals(),
                subs_of=view.subs,
            )

    with st.grid(2 if len(view.compared) > 1 else 1, min_column_width=_LEAST_PX):
        for one in view.compared:
            draw(one)


def _options(n_models: int, has_clusters: bool) -> tuple[str, Numbers, str, bool]:
    """Draw the options and return (matrices, numbers, order, whether the diagonal is hidden)."""
    orders = [AS_GIVEN, BY_CONFUSION]
    if has_clusters:
        orders.append(BY_CLUSTER)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        how = SIDE_BY_SIDE
        if n_models > 1:
            how = pickers.words(t("Matrices"), [SIDE_BY_SIDE, DIFFERENCE], "matrices")
        said = t("Row shares are shares of the images of the true class.")
        numbers = pickers.words(t("Numbers"), [COUNTS, SHARES], "numbers", help=said)
        order = pickers.words(
            t("Order of classes"),
            orders,
            "order",
            help=t(
                "By confusion: the most confused beside each other. By cluster: those beside each "
                "other whose images lie in one cluster; offered once Explore has looked for "
                "clusters."
            ),
        )
        hides = st.toggle(
            t("Hide the diagonal"),
            key="no_diagonal",
            bind="query-params",
            help=t("Without the right answers, the colours tell the errors apart."),
        )
    return how, "shares" if numbers == SHARES else "counts", order, hides


def _order(
    classes: Sequence[str], total: np.ndarray, order: str, clustered: list[int] | None
) -> tuple[int, ...]:
    """Return the numbers of the classes that are drawn: the same ones for every model."""
    ordered = list(range(len(classes)))
    if order == BY_CONFUSION:
        ordered = confusions.by_confusion(total)
    elif order == BY_CLUSTER and clustered is not None:
        ordered = clustered
    block = most_or_all(total, classes, "all_classes", "query-params")
    return tuple(i for i in ordered if block is None or i in block)


def _pair(compared: Sequence[Compared]) -> tuple[Compared, Compared]:
    """Return which two models are compared; asked only where there are more."""
    pairs = {f"{a.letter} − {b.letter}": (a, b) for a, b in combinations(compared, 2)}
    if len(pairs) == 1:
        return next(iter(pairs.values()))
    return pairs[pickers.words(t("Difference of"), list(pairs), "minus")]
