"""Images that one model, all models, or all but one get wrong; and what joining them gains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import Bools, Floats, Ints, probabilities, same_length
from core.errors import InvalidInput
from core.language import t


class Shared(NamedTuple):
    """Images that all models answer wrongly."""

    rows: Ints  # those with one and the same wrong answer first, then the surest
    same: Bools  # aligned with `rows`: whether all give the same answer
    expected: float  # how many there would be if their mistakes had nothing in common


def surest_errors(confidence: ArrayLike, right: ArrayLike) -> Ints:
    """Return the rows of wrong answers, the most confident first; ties in order of rows.

    Parameters
    ----------
    confidence : array of float, shape (n_images,)
    right : array of bool, shape (n_images,)
    """
    wrong = np.flatnonzero(~np.asarray(right, dtype=np.bool_))
    return wrong[np.argsort(-np.asarray(confidence)[wrong], kind="stable")]


def shared_errors(y: ArrayLike, predicted: ArrayLike, confidence: ArrayLike) -> Shared:
    """Return the images that every model answers wrongly.

    Parameters
    ----------
    y : array of int, shape (n_images,)
        True classes.
    predicted : array of int, shape (n_models, n_images)
    confidence : array of float, shape (n_models, n_images)
        Of the predicted classes; their mean decides who is surest.

    Raises
    ------
    InvalidInput
        Without models.
    """
    said, sure = np.asarray(predicted), np.asarray(confidence)
    if said.ndim != 2 or len(said) == 0:
        raise InvalidInput(t("there is no model to look at"), expected=t("one or more"))
    wrong = said != np.asarray(y)
    rows = np.flatnonzero(wrong.all(axis=0))
    same = (said[:, rows] == said[0, rows]).all(axis=0)
    order = np.lexsort((-sure[:, rows].mean(axis=0, dtype=np.float64), ~same))
    n_images = max(1, wrong.shape[1])
    expected = float(np.prod(wrong.sum(axis=1) / n_images) * n_images)
    return Shared(rows[order], same[order], expected)


def right_alone(right: ArrayLike, confidence: ArrayLike) -> list[Ints]:
    """Return, for each model, the rows of the images that it alone gets right, the surest first.

    Parameters
    ----------
    right : array of bool, shape (n_models, n_images)
    confidence : array of float, shape (n_models, n_images)
    """
    hits, sure = np.asarray(right, dtype=np.bool_), np.asarray(confidence)
    alone = hits & (hits.sum(axis=0) == 1)
    found = [np.flatnonzero(mine) for mine in alone]
    return [
        rows[np.argsort(-its[rows], kind="stable")] for rows, its in zip(found, sure, strict=True)
    ]


def average(tables: Sequence[ArrayLike]) -> Floats:
    """Return the plain mean of several models' probabilities, float64 (n_images, n_classes).

    Raises
    ------
    InvalidInput
        Without models, or when their tables differ in shape.
    """
    if not tables:
        raise InvalidInput(t("there is no model to average"), expected=t("one or more"))
    checked = [probabilities(table) for table in tables]
    for table in checked[1:]:
        same_length("one table", len(checked[0]), "another", len(table))
    total = np.zeros(checked[0].shape, dtype=np.float64)
    for table in checked:
        total += table
    return total / len(checked)
