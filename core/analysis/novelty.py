"""Do new images look like those that a model was measured on? Distances to the training images.

A new image is held against images that the model did not learn from either: if it is of their
kind, its distance to the nearest training image is one more of theirs, and takes every rank among
them equally often. All tests here follow from that alone, for any embedding; they can only tell
that images are unlike in the embedding, not that answers are wrong.

References
----------
V. Vovk, A. Gammerman and G. Shafer, "Algorithmic learning in a random world", 2005 (conformal
p-values).
Y. Sun, Y. Ming, X. Zhu and Y. Li, "Out-of-distribution detection with deep nearest neighbors",
2022.
S. Bates, E. Candes, L. Lei, Y. Romano and M. Sesia, "Testing for outliers with conformal p-values",
2023 (many images share one set of held-out ones).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import betabinom

from core.analysis._checks import Floats, Ints, finite_2d, level_share
from core.errors import InvalidInput
from core.language import t


@dataclass(frozen=True, slots=True)
class Drift:
    """How many of some new images lie farther out than nearly all held-out ones.

    Parameters
    ----------
    n_images, n_far : int
        New images, and those of them beyond `threshold`.
    n_held_out : int
        Images that they were held against.
    threshold : float
        A distance that held-out images exceed at `expected_rate`.
    expected_rate : float in (0, 1)
        The share of new images of the same kind that lies beyond, on average.
    p_value : float in [0, 1]
        How often at least `n_far` would, if the new images were of the same kind.
    """

    n_images: int
    n_far: int
    n_held_out: int
    threshold: float
    expected_rate: float
    p_value: float

    @property
    def far_rate(self) -> float:
        """Return the share of the new images beyond the threshold."""
        return self.n_far / self.n_images


def nearest(vectors: ArrayLike, reference: ArrayLike) -> tuple[Ints, Floats]:
    """Return the nearest reference image of each image, and the cosine distance to it.

    Parameters
    ----------
    vectors : array of float, shape (n_images, dim)
    reference : array of float, shape (n_reference, dim)

    Returns
    -------
    rows : array of int, shape (n_images,)
        The first of equals.
    distances : array of float, shape (n_images,)
        1 - cosine, in [0, 2]; a vector of zeros is at 1 from all.

    Raises
    ------
    InvalidInput
        If there is no image in one of them, or the two are of different dimensions.

    Examples
    --------
    >>> rows, distances = nearest([[2.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]])
    >>> rows.tolist(), distances.tolist()
    ([1], [0.0])
    """
    new, known = _embedding(vectors), _embedding(reference)
    if new.shape[1] != known.shape[1]:
        raise InvalidInput(
            t("the embeddings are of different dimensions"),
            expected=str(known.shape[1]),
            received=str(new.shape[1]),
        )
    from sklearn.metrics import pairwise_distances_argmin_min

    rows, distances = pairwise_distances_argmin_min(new, known, metric="cosine")
    return rows.astype(np.int64), distances.astype(np.float64)


def p_values(distances: ArrayLike, held_out: ArrayLike) -> Floats:
    """Return how often an image of the held-out kind lies as far out, in (0, 1].

    Parameters
    ----------
    distances : array of float, shape (n_images,)
        Of new images.
    held_out : array of float, shape (n_held_out,)
        Of images that nothing was learned from; none give 1.

    Notes
    -----
    (1 + held-out distances that are not smaller) / (1 + n_held_out). Whatever the distribution,
    an image of the same kind gets a value of at most a with a probability of at most a.

    Examples
    --------
    >>> p_values([0.5, 4.0], [1.0, 2.0, 3.0]).tolist()
    [1.0, 0.25]
    """
    known = np.sort(np.asarray(held_out, dtype=np.float64))
    n_smaller = np.searchsorted(known, np.asarray(distances, dtype=np.float64), side="left")
    return np.asarray((1 + len(known) - n_smaller) / (1 + len(known)))


def drift(distances: ArrayLike, held_out: ArrayLike, rate: float = 0.05) -> Drift | None:
    """Test whether more new images lie far out than would if they were of the held-out kind.

    Parameters
    ----------
    distances, held_out
        As `p_values`; new images must be taken independently of each other (twenty photographs of
        one flower are not).
    rate : float in (0, 1)
        The share of held-out images that counts as far out.

    Returns
    -------
    Drift or None
        None without new images, or where so few are held out that none of them is far out (19 are
        needed for 5 %).

    Notes
    -----
    A binomial test whose rate is itself estimated: beyond the k-th largest of n held-out distances
    lies a share of the new images that varies as Beta(k, n + 1 - k), so their number is
    beta-binomial. With many held-out images it is the binomial test. Ties count as not beyond.

    Examples
    --------
    The five farthest of 29 are all new: 10! 24! / (5! 29!).

    >>> found = drift([30.0] * 5 + [1.0] * 5, range(19))
    >>> found.n_far, found.expected_rate, round(found.p_value, 4)
    (5, 0.05, 0.0021)
    """
    level_share(rate)
    new, known = np.asarray(distances, np.float64), np.sort(np.asarray(held_out, np.float64))
    n, k = len(known), int(rate * (len(known) + 1) + 1e-9)
    if not len(new) or k < 1:
        return None
    threshold = float(known[n - k])
    n_far = int((new > threshold).sum())
    p_value = float(betabinom.sf(n_far - 1, len(new), k, n + 1 - k))
    return Drift(len(new), n_far, n, threshold, k / (n + 1), p_value)


def _embedding(values: ArrayLike) -> NDArray[np.floating]:
    """Return a table of floats as it is: a copy in float64 would be twice a large one."""
    array = np.asarray(values)
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    finite_2d(array, "the embedding")
    return array
