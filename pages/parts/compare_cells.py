"""Compare, confusion: one matrix minus another, and the images of a cell with all answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.language import phrase, t, text, tn
from core.records import Dataset
from core.services.comparing import confusions
from core.services.comparing.questions import Answers, Model, Question
from core.services.workspace import Workspace
from pages.ui import messages, names
from pages.ui.confusion_panel import cell_images, how_answered, short
from pages.ui.matrix import Look, Numbers, difference_matrix

HOW_TO = phrase("Click a cell for the images that only one of the two puts there.")


@dataclass(frozen=True)
class Compared:
    """One of the models on the page, what it said, and its confusion matrix."""

    letter: str
    model: Model
    said: Answers
    matrix: np.ndarray

    @property
    def name(self) -> str:
        """Return "A · probe, seed 0 (0123)"."""
        return f"{self.letter} · {names.short_model(self.model)}"


@dataclass(frozen=True)
class View:
    """What all matrices of the page have in common."""

    ws: Workspace
    dataset: Dataset
    question: Question
    compared: Sequence[Compared]
    order: tuple[int, ...]  # numbers of the classes that are drawn
    numbers: Numbers
    diagonal: bool

    @property
    def classes(self) -> list[str]:
        """Return the names of the classes that are drawn, in order."""
        return [self.question.classes[i] for i in self.order]

    def cut(self, matrix: np.ndarray) -> np.ndarray:
        """Return the rows and columns of a matrix that are drawn, in order."""
        return np.asarray(matrix[np.ix_(self.order, self.order)])

    def totals(self) -> np.ndarray:
        """Return the images of each true class that is drawn; the same for every model."""
        return np.asarray(self.compared[0].matrix.sum(axis=1)[list(self.order)])

    def look(self, file: str, title: str, notes: Sequence[str] = ()) -> Look:
        """Return how a matrix is drawn."""
        n_images = len(self.compared[0].said.y)
        unit = t("row shares") if self.numbers == "shares" else t("counts")
        said = t(
            "{title} ({split}, {n:,} images, {unit})",
            title=title,
            split=t(names.SPLITS[self.question.split]),
            n=n_images,
            unit=unit,
        )
        return Look(self.numbers, self.diagonal, file, said, tuple(notes))

    def key(self, *ids: str) -> str:
        """Return the identity of a matrix: a chosen cell outlives neither classes nor order."""
        return f"compare-{'-'.join(ids)}-{self.question.split}-{short(self.classes)}"

    def subs(self, positions: Sequence[int]) -> list[str]:
        """Return what every model said of each image, one line a model."""
        lines = [self._lines(one, positions) for one in self.compared]
        return ["\n".join(of_image) for of_image in zip(*lines, strict=True)]

    def _lines(self, one: Compared, positions: Sequence[int]) -> list[str]:
        said = confusions.answers_at(one.said, self.question.classes, positions)
        return [f"{one.letter} {text.percent(x.confidence, 0)} {x.predicted}" for x in said]


@st.fragment
def difference(view: View, a: Compared, b: Compared) -> None:
    """Draw the matrix of A minus that of B; a chosen cell opens its images below."""
    with messages.guard():
        found = confusions.difference(a.said, b.said)
        st.markdown(t("**{a}**, minus **{b}**", a=messages.plain(a.name), b=messages.plain(b.name)))
        notes = [
            t("Purple: more images by {a}. Green: more by {b}.", a=a.letter, b=b.letter),
            _about(int(found.significant.sum()), found.n_tested),
        ]
        key = view.key(a.model.id, b.model.id)
        cell = difference_matrix(
            view.cut(found.difference),
            view.cut(a.matrix),
            view.classes,
            key,
            totals=view.totals(),
            significant=view.cut(found.significant),
            called=(a.letter, b.letter),
            look=view.look(
                f"difference-{a.model.id}-{b.model.id}-{view.question.split}",
                t("{a}, minus {b}", a=a.name, b=b.name),
                notes,
            ),
        )
        st.caption(" ".join(notes if cell else [*notes, t(HOW_TO)]))
        if cell is not None:
            _images(view, a, b, cell, key)


def _about(n_significant: int, n_tested: int) -> str:
    """Say how many cells differ by more than luck, and how that was told."""
    if not n_tested:
        return t("In no cell do the two disagree on enough images to tell a difference from luck.")
    how = tn(
        "exact McNemar test of each cell, Holm over the {n:,} cell with enough images on which the "
        "two disagree: a wrong outline anywhere in at most 5 of 100 matrices",
        "exact McNemar test of each cell, Holm over the {n:,} cells with enough images on which "
        "the two disagree: a wrong outline anywhere in at most 5 of 100 matrices",
        n_tested,
    )
    if not n_significant:
        return t("No cell differs by more than luck ({how}).", how=how)
    return tn(
        "Outlined: {n} cell differs by more than luck ({how}).",
        "Outlined: {n} cells differ by more than luck ({how}).",
        n_significant,
        how=how,
    )


def _images(view: View, a: Compared, b: Compared, cell: tuple[str, str], key: str) -> None:
    """Draw the images that only A puts into the cell, then those that only B does."""
    true, predicted = cell
    inside = confusions.difference_positions(a.said, b.said, view.question.classes, true, predicted)
    for one, positions in ((a, inside.only_a), (b, inside.only_b)):
        title = tn(
            "{n:,} image of **{true}**, {answered} only by **{letter}**",
            "{n:,} images of **{true}**, {answered} only by **{letter}**",
            len(positions),
            true=messages.plain(true),
            answered=how_answered(true, predicted),
            letter=one.letter,
        )
        place = f"{key}-only-{one.letter}-{true}-{predicted}"
        cell_images(view.ws, view.dataset, positions, place, title, view.subs)
    if inside.n_both:
        st.caption(
            tn(
                "Both put {n:,} more image there.",
                "Both put {n:,} more images there.",
                inside.n_both,
            )
        )
