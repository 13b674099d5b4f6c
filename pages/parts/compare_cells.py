"""Compare, confusion: one matrix minus another, and the images of a cell with all answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import streamlit as st

from core.records import Dataset
from core.services.comparing import confusions
from core.services.comparing.questions import Answers, Model, Question
from core.services.workspace import Workspace
from pages.ui import messages, names, text
from pages.ui.confusion_panel import cell_images, short
from pages.ui.matrix import Look, difference_matrix

HOW_TO = "Click a cell for the images that only one of the two puts there."


@dataclass(frozen=True)
class View:
    """What all matrices of the page have in common."""

    ws: Workspace
    dataset: Dataset
    question: Question
    order: tuple[int, ...]  # numbers of the classes that are drawn
    numbers: Literal["counts", "shares"]
    diagonal: bool
    called: dict[str, str]  # letter by id of the model
    said: Sequence[Answers]

    @property
    def classes(self) -> list[str]:
        """Return the names of the classes that are drawn, in order."""
        return [self.question.classes[i] for i in self.order]

    def cut(self, matrix: np.ndarray) -> np.ndarray:
        """Return the rows and columns of a matrix that are drawn, in order."""
        return np.asarray(matrix[np.ix_(self.order, self.order)])

    def totals(self) -> np.ndarray:
        """Return the images of each true class that is drawn."""
        return np.asarray(confusions.confusion(self.said[0]).sum(axis=1)[list(self.order)])

    def look(self, file: str, title: str, notes: Sequence[str] = ()) -> Look:
        """Return how a matrix is drawn."""
        unit = "row shares" if self.numbers == "shares" else "counts"
        where = f"{names.SPLITS[self.question.split]}, {len(self.said[0].y):,} images, {unit}"
        return Look(self.numbers, self.diagonal, file, f"{title} ({where})", tuple(notes))

    def key(self, *ids: str) -> str:
        """Return the identity of a matrix: a chosen cell outlives neither classes nor order."""
        return f"compare-{'-'.join(ids)}-{self.question.split}-{short(self.classes)}"

    def subs(self, positions: Sequence[int]) -> list[str]:
        """Return what every model said of each image, one line a model."""
        return [
            "\n".join(lines)
            for lines in zip(*(self._lines(its, positions) for its in self.said), strict=True)
        ]

    def _lines(self, its: Answers, positions: Sequence[int]) -> list[str]:
        letter = self.called[its.model]
        said = confusions.answers_at(its, self.question.classes, positions)
        return [f"{letter} {text.percent(one.confidence, 0)} {one.predicted}" for one in said]


@st.fragment
def difference(view: View, model_a: Model, model_b: Model, a: Answers, b: Answers) -> None:
    """Draw the matrix of A minus that of B; a chosen cell opens its images below."""
    with messages.guard():
        found = confusions.difference(a, b)
        letters = view.called[a.model], view.called[b.model]
        called = [f"{letter} · {names.short_model(m)}"
                  for letter, m in zip(letters, (model_a, model_b), strict=True)]  # fmt: skip
        st.markdown(f"**{messages.plain(called[0])}**, minus **{messages.plain(called[1])}**")
        notes = [
            f"Purple: more images by {letters[0]}. Green: more by {letters[1]}.",
            _about(int(found.significant.sum()), found.n_tested),
        ]
        key = view.key(a.model, b.model)
        cell = difference_matrix(
            view.cut(found.difference),
            view.cut(found.only_a + found.both),
            view.classes,
            key,
            totals=view.totals(),
            significant=view.cut(found.significant),
            called=letters,
            look=view.look(
                f"difference-{a.model}-{b.model}-{view.question.split}",
                f"{called[0]}, minus {called[1]}",
                notes,
            ),
        )
        st.caption(" ".join(notes if cell else [*notes, HOW_TO]))
        if cell is not None:
            _images(view, a, b, letters, cell, key)


def _about(n_significant: int, n_tested: int) -> str:
    """Say how many cells differ by more than luck, and how that was told."""
    if not n_tested:
        return "In no cell do the two disagree on enough images to tell a difference from luck."
    how = (
        "exact McNemar test of each cell, Holm over the "
        f"{text.count(n_tested, 'cell')} with enough images on which the two disagree: a wrong "
        "outline anywhere in at most 5 of 100 matrices"
    )
    if not n_significant:
        return f"No cell differs by more than luck ({how})."
    differ = "cell differs" if n_significant == 1 else "cells differ"
    return f"Outlined: {n_significant} {differ} by more than luck ({how})."


def _images(
    view: View, a: Answers, b: Answers, letters: tuple[str, str], cell: tuple[str, str], key: str
) -> None:
    """Draw the images that only A puts into the cell, then those that only B does."""
    true, predicted = cell
    inside = confusions.difference_positions(a, b, view.question.classes, true, predicted)
    said = "recognised" if true == predicted else f"taken for **{messages.plain(predicted)}**"
    of = f"of **{messages.plain(true)}**, {said}"
    for letter, positions in zip(letters, (inside.only_a, inside.only_b), strict=True):
        title = f"{text.count(len(positions), 'image')} {of} only by **{letter}**"
        cell_images(
            view.ws, view.dataset, positions, f"{key}-only-{letter}-{true}-{predicted}", title,
            view.subs,
        )  # fmt: skip
    if inside.n_both:
        st.caption(f"Both put {text.count(inside.n_both, 'more image')} there.")
