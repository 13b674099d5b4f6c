"""Standardised embeddings along their strongest principal axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh

from core.analysis._checks import Floats, finite_2d
from core.errors import InvalidInput
from core.language import t

Reduced = NDArray[np.float32]  # (n_images, n_components)

_N_COMPONENTS = 64
_BLOCK = 2048  # images standardised at a time: 70,000 are never held twice
_SMALLEST = 1e-12  # range of a dimension, in units of its mean, below which it does not vary


def reduce(embedding: ArrayLike, n_components: int = _N_COMPONENTS) -> Reduced:
    """Standardise every dimension and keep the strongest principal components.

    Parameters
    ----------
    embedding : array of float, shape (n_images, dim)
    n_components : int, at least 1

    Returns
    -------
    array of float32, shape (n_images, min(n_components, n_images, dim))
        Scores, strongest component first. Dimensions that never vary count for nothing.

    Raises
    ------
    InvalidInput
        When the embedding is empty or not finite.

    Notes
    -----
    Exact (an eigendecomposition of the smaller Gram matrix), hence deterministic. An
    eigenvector's sign is free: the score of largest size in each column is made positive.
    Products are of single precision, their sums over blocks of images of double.
    """
    x = np.asarray(embedding)
    x = x if x.dtype == np.float32 else x.astype(np.float64, copy=False)
    finite_2d(x, "embedding")
    if n_components < 1:
        raise InvalidInput(t("n_components is out of range"), expected=t("1 or more"))
    size = min(n_components, *x.shape)
    scores = _of_few(x, size) if len(x) < x.shape[1] else _of_many(x, size)
    strongest = scores[np.abs(scores).argmax(axis=0), np.arange(size)]
    scores *= np.where(strongest < 0, -1.0, 1.0)
    return scores.astype(np.float32, copy=False)


def _of_few(x: NDArray[np.floating], size: int) -> Floats:
    """Return the scores of fewer images than dimensions, from the products of the images."""
    mean, scale = _mean_and_scale(x)
    z = (x - mean) * scale
    deviation = np.sqrt(np.einsum("ij,ij->j", z, z) / len(z))
    z /= np.where(scale > 0, deviation, 1.0)
    values, vectors = _largest(z @ z.T, size)
    return vectors * np.sqrt(values)


def _of_many(x: NDArray[np.floating], size: int) -> Reduced:
    """Return the scores of many images, from the products of the dimensions."""
    mean, scale = _mean_and_scale(x)
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(x), _BLOCK)]
    like = x.dtype.type  # double embeddings are centred in double precision
    mean, scale = mean.astype(like), scale.astype(like)
    gram: Floats = np.zeros((x.shape[1], x.shape[1]))
    for rows in blocks:
        z = ((x[rows] - mean) * scale).astype(np.float32, copy=False)
        gram += z.T @ z
    deviation = np.where(scale > 0, np.sqrt(gram.diagonal() / len(x)), 1.0)
    gram /= deviation
    gram /= deviation[:, None]
    axes = (_largest(gram, size)[1] / deviation[:, None]).astype(np.float32)
    scores = np.empty((len(x), size), dtype=np.float32)
    for rows in blocks:
        scores[rows] = ((x[rows] - mean) * scale).astype(np.float32, copy=False) @ axes
    return scores


def _mean_and_scale(x: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Return each dimension's mean and what brings its range to 1: 0 if it never varies."""
    mean = x.mean(axis=0, dtype=np.float64)
    extent = x.max(axis=0).astype(np.float64) - x.min(axis=0)
    varies = extent > _SMALLEST * np.maximum(1.0, np.abs(mean))
    return mean, np.where(varies, 1.0 / np.where(varies, extent, 1.0), 0.0)


def _largest(gram: Floats, size: int) -> tuple[Floats, Floats]:
    """Return the largest eigenvalues, largest first and none negative, and their vectors."""
    last = len(gram) - 1
    values, vectors = eigh(gram, subset_by_index=[last - size + 1, last])
    return values[::-1].clip(0.0, None), vectors[:, ::-1]
