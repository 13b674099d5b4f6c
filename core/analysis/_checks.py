"""Checks at the public door of this floor; what lies behind may assume valid input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInput
from core.language import t

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_SUM_TOLERANCE = 1e-3  # rows of float32 softmax outputs sum to 1 within 1e-6; CSV files round


def class_indices(values: ArrayLike, n_classes: int, name: str) -> Ints:
    """Return `values` as int64 (n,), every one in [0, n_classes)."""
    array = np.asarray(values)
    if array.ndim != 1 or not (array.dtype.kind in "iu" or array.size == 0):
        raise InvalidInput(
            t("{name} must be class indices", name=name),
            expected=t("a 1-D array of integers"),
            received=t("shape {shape} of {dtype}", shape=array.shape, dtype=array.dtype),
        )
    array = array.astype(np.int64, copy=False)
    if array.size and (array.min() < 0 or array.max() >= n_classes):
        raise InvalidInput(
            t("{name} has a class that does not exist", name=name),
            expected=t("integers in [0, {n})", n=n_classes),
            received=t("{low} to {high}", low=int(array.min()), high=int(array.max())),
        )
    return array


def booleans(values: ArrayLike, name: str) -> Bools:
    """Return `values`, which say right or wrong for each image, as bool (n_images,)."""
    array = np.asarray(values)
    if array.ndim != 1 or (array.dtype != np.bool_ and array.size):
        raise InvalidInput(
            t("{name} must say right or wrong for each image", name=name),
            expected=t("a 1-D boolean array"),
            received=t("shape {shape} of {dtype}", shape=array.shape, dtype=array.dtype),
        )
    return array.astype(np.bool_, copy=False)


def same_length(name: str, n: int, other: str, n_other: int) -> None:
    """Raise unless two arrays have one length."""
    if n != n_other:
        raise InvalidInput(
            t("{name} and {other} must describe the same images", name=name, other=other),
            expected=t("equal lengths"),
            received=t("{n} and {other}", n=n, other=n_other),
        )


def probabilities(values: ArrayLike, name: str = "probs") -> NDArray[Any]:
    """Return `values` as a float (n, n_classes) array whose rows are distributions."""
    array = np.asarray(values)
    if array.ndim != 2 or array.shape[1] == 0 or array.dtype.kind != "f":
        raise InvalidInput(
            t("{name} must be a table of probabilities", name=name),
            expected=t("floats of shape (n_images, n_classes)"),
            received=t("shape {shape} of {dtype}", shape=array.shape, dtype=array.dtype),
        )
    if array.size and not (array.min() >= 0.0 and array.max() <= 1.0 + _SUM_TOLERANCE):
        raise InvalidInput(  # a NaN fails this comparison too
            t("{name} has entries that are no probabilities", name=name),
            expected=t("numbers in [0, 1]"),
            received=t("NaN or numbers outside"),
            todo=t("leave out the images that were not predicted"),
        )
    if array.size and np.abs(array.sum(axis=1, dtype=np.float64) - 1.0).max() > _SUM_TOLERANCE:
        raise InvalidInput(
            t("{name} has rows that do not sum to 1", name=name),
            expected=t("rows of class probabilities"),
        )
    return array


def square_counts(values: ArrayLike) -> Floats:
    """Return a confusion matrix as float64 (n_classes, n_classes), counts or weights >= 0."""
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] == 0:
        raise InvalidInput(
            t("a confusion matrix must be square"),
            expected=t("shape (n_classes, n_classes)"),
            received=t("shape {shape}", shape=matrix.shape),
        )
    if not (np.isfinite(matrix).all() and (matrix >= 0).all()):
        raise InvalidInput(t("a confusion matrix holds counts"), expected=t("finite numbers >= 0"))
    return matrix


def some_images(confusion: ArrayLike) -> Floats:
    """Return a valid confusion matrix that counts at least one image."""
    matrix = square_counts(confusion)
    if matrix.sum() <= 0:
        raise InvalidInput(t("there are no images to measure"), expected=t("at least one image"))
    return matrix


def level_share(level: float) -> float:
    """Return the confidence level, a share strictly between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise InvalidInput(
            t("level is out of range"), expected=t("a share in (0, 1)"), received=str(level)
        )
    return level


def matrix_2d(values: ArrayLike, name: str) -> Floats:
    """Return `values` as a finite float64 (n, dim) array with at least one row and column."""
    array = np.asarray(values, dtype=np.float64)
    finite_2d(array, name)
    return array


def finite_2d(array: NDArray[np.floating], name: str) -> None:
    """Refuse what is not a finite (n, dim) array with at least one row and column."""
    if array.ndim != 2 or 0 in array.shape:
        raise InvalidInput(
            t("{name} must be a table of numbers, one row an image", name=name),
            expected=t("shape (n_images, dim), not empty"),
            received=t("shape {shape}", shape=array.shape),
        )
    if not np.isfinite(array).all():
        raise InvalidInput(
            t("{name} has NaN or infinite numbers", name=name), expected=t("finite numbers")
        )
