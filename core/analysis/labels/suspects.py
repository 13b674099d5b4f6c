"""Which labels are probably wrong, which classes overlap, and which near-twins were named apart.

References
----------
C. Northcutt, L. Jiang, I. Chuang, "Confident learning: estimating uncertainty in dataset labels",
2021. A label counts as j in C[i, j] when the model gives j at least the mean probability that it
gives to images labelled j; the counts, calibrated to the labels, estimate how labels come about.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.analysis._checks import Bools, Floats, Ints, class_indices, probabilities, same_length
from core.errors import InvalidInput
from core.language import t

_BLOCK = 1_024  # rows compared with all others at a time: 5,000 images take 20 MB


@dataclass(frozen=True, slots=True)
class Suspects:
    """How suspicious each label is.

    Attributes
    ----------
    suspected : array of bool, shape (n_images,)
        What confident learning estimates to be wrong.
    score : array of float64, shape (n_images,)
        1 - the probability of the given label: 1 is most suspicious.
    suggested : array of int64, shape (n_images,)
        The most probable other class.
    order : array of int64, shape (n_suspected,)
        The suspected images, the most suspicious first.
    """

    suspected: Bools
    score: Floats
    suggested: Ints
    order: Ints


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two classes whose images are labelled one for the other."""

    a: int
    b: int
    share: float  # of all images: estimated to be one of them and labelled as the other
    n_images: int  # the same as a number of images, rounded


def find_suspects(labels: ArrayLike, probs: ArrayLike) -> Suspects:
    """Return the labels that are probably wrong.

    Parameters
    ----------
    labels : array of int, shape (n_images,)
        The given labels, as class indices.
    probs : array of float, shape (n_images, n_classes)
        Out-of-fold probabilities. Of a model that learned from an image, they say nothing of its
        label: it knows that by heart.

    Notes
    -----
    Suspected are, for each class, as many of the least probable labels as the estimated joint
    distribution says are wrong (cleanlab's "prune by noise rate"). Equal scores keep the order of
    the images. Without images nothing is suspected.

    References
    ----------
    See the module.
    """
    y, p = _checked(labels, probs)
    score = 1.0 - p[np.arange(len(y)), y]
    others = p.copy()
    others[np.arange(len(y)), y] = -1.0
    suspected = np.zeros(len(y), dtype=np.bool_)
    if len(np.unique(y)) > 1:  # with one class there is nothing it could be instead
        from cleanlab.filter import find_label_issues

        suspected = np.asarray(find_label_issues(y, p, n_jobs=1), dtype=np.bool_)
    rows = np.flatnonzero(suspected)
    order = rows[np.argsort(-score[rows], kind="stable")]
    return Suspects(suspected, score, others.argmax(axis=1), order)


def overlapping_classes(labels: ArrayLike, probs: ArrayLike) -> list[Overlap]:
    """Return the pairs of classes that are labelled one for the other, the worst first.

    Parameters
    ----------
    labels, probs
        As for `find_suspects`.

    Returns
    -------
    list of Overlap
        With Q[i, j] the estimated share of images labelled i that are j: Q[i, j] + Q[j, i]. Pairs
        of which no image is estimated to be so are left out.
    """
    y, p = _checked(labels, probs)
    if len(np.unique(y)) < 2:
        return []
    from cleanlab.count import estimate_joint

    joint = np.asarray(estimate_joint(y, p), dtype=np.float64)
    both = np.triu(joint + joint.T, k=1)
    pairs = [
        Overlap(int(i), int(j), float(both[i, j]), round(float(both[i, j]) * len(y)))
        for i, j in np.argwhere(both > 0)
    ]
    return sorted((pair for pair in pairs if pair.n_images), key=lambda pair: -pair.share)


def twins_named_apart(
    embeddings: ArrayLike, labels: ArrayLike, *, min_cosine: float = 0.95, n_most: int = 1_000
) -> list[tuple[int, int, float]]:
    """Return pairs of images that look nearly the same and have different labels.

    Parameters
    ----------
    embeddings : array of float, shape (n_images, embedding_dim)
    labels : array of int, shape (n_images,)
    min_cosine : float
        Cosine similarity from which two images count as nearly the same.

    Returns
    -------
    list of (position, position, cosine)
        The most alike first, each pair once, at most `n_most`.

    Raises
    ------
    InvalidInput
        If an embedding is not finite, or the arrays differ in length.

    Notes
    -----
    Exact: every pair is compared, in blocks; the cost grows with the square of the images. A
    vector of zeros is like nothing.

    Examples
    --------
    >>> twins_named_apart([[1.0, 0.0], [1.0, 0.01], [0.0, 1.0]], [0, 1, 1])[0][:2]
    (0, 1)
    """
    x = np.asarray(embeddings, dtype=np.float32)
    y = np.asarray(labels, dtype=np.int64)
    if x.ndim != 2 or not np.isfinite(x).all():
        raise InvalidInput(
            t("embeddings must be a table of finite numbers"),
            expected=t("shape (n_images, embedding_dim)"),
            received=t("shape {shape}", shape=x.shape),
        )
    same_length("embeddings", len(x), "labels", len(y))
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    found: list[tuple[int, int, float]] = []
    for start in range(0, len(x), _BLOCK):
        block = slice(start, start + _BLOCK)
        cosine = x[block] @ x[start:].T
        apart = (cosine >= min_cosine) & (y[block, None] != y[None, start:])
        rows, columns = np.nonzero(np.triu(apart, k=1))
        values = cosine[rows, columns].clip(-1.0, 1.0)
        found += zip(
            (rows + start).tolist(), (columns + start).tolist(), values.tolist(), strict=True
        )
        found = sorted(found, key=lambda pair: -pair[2])[:n_most]
    return found


def _checked(labels: ArrayLike, probs: ArrayLike) -> tuple[Ints, Floats]:
    p = probabilities(probs).astype(np.float64)
    y = class_indices(labels, p.shape[1], "labels")
    same_length("labels", len(y), "probs", len(p))
    return y, p / p.sum(axis=1, keepdims=True)
