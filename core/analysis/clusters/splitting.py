"""Is one label really two? Two clusters inside each label, against one cloud cut in half."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from core.analysis._checks import Ints, class_indices, matrix_2d, same_length
from core.analysis.clusters.batched_kmeans import Floats32
from core.analysis.clusters.consensus import halves_found_again
from core.analysis.clusters.k_evidence import fits_of, one_thread
from core.analysis.clusters.separation import Split, split
from core.analysis.clusters.silhouette import silhouettes
from core.language import t

Report = Callable[[float, str], None]

FEWEST = 20  # images of a label, below which two groups of ten are not to be had
ALPHA = 0.05
STABLE = 0.75  # C. Hennig, 2007: "valid" from here
SMALLEST_SHARE = 0.05  # of a label's images: fewer are stray images, not a second class
N_REFERENCES = 30
_N_SILHOUETTE = 2_000
_N_LOOKED_AT = 500  # images of a group whose neighbours are counted
_N_NEIGHBOURS = 10


class LabelSplit(NamedTuple):
    """Whether the images of one label are two groups.

    `label`: its index. `verdict`: in a word. `sizes`: images of the two groups, the larger first.
    `p_value`: one-sided, corrected for the number of labels. `gap`, `gap_se`: of two clusters
    against one. `stability`: median share of the group that is found again worst. `silhouette`:
    None without two groups. `looks_like`: of each group of a label that splits, the index of
    another label that most of its images' nearest neighbours carry, or None. `groups`: 0, 1, or
    -1 for the images of other labels, aligned with the images.
    """

    label: int
    verdict: Literal["splits in two", "one", "too few images"]
    sizes: tuple[int, int]
    p_value: float
    gap: float
    gap_se: float
    stability: float
    silhouette: float | None
    looks_like: tuple[int | None, int | None]
    groups: Ints


class _Halves(NamedTuple):
    rows: Ints
    second: Ints
    split: Split
    p_value: float
    stability: float
    silhouette: float | None


def suggest_splits(
    x: ArrayLike, y: ArrayLike, n_labels: int, seed: int = 0, report: Report | None = None
) -> list[LabelSplit]:
    """Cut the images of each label in two and say which labels are two.

    Parameters
    ----------
    x : array of float, shape (n_images, n_components)
        From `clustering.reduce`.
    y : array of int, shape (n_images,)
        Labels, 0 to n_labels - 1.
    n_labels : int
    seed : int
    report : callable, optional
        Called with a share in [0, 1] and a step text; what it raises ends the computation.

    Returns
    -------
    list of LabelSplit, one for each label, in order
        "splits in two": the groups are further apart than the halves of a cloud with one peak
        (5 % over all labels together), come back on resamples (0.75), and the smaller has at
        least 5 % of the images. "too few images": less than 20. "one": anything else.

    Raises
    ------
    InvalidInput
        When x and y are not about the same images, or y holds other labels.

    Notes
    -----
    The p-value is that of a normal distribution fitted to the references, as SigClust does; 30
    references alone could not go below 1 in 31. Holm's correction: among labels that are all
    one, the chance to call any of them two is 5 %. A group that `looks_like` another label is
    more likely mislabelled than a class of its own.

    References
    ----------
    Y. Liu, D. Hayes, A. Nobel, J. Marron, "Statistical significance of clustering for
    high-dimension, low-sample size data", 2008. S. Holm, "A simple sequentially rejective
    multiple test procedure", 1979. C. Hennig, "Cluster-wise assessment of cluster stability",
    2007.
    """
    data, truth = matrix_2d(x, "x").astype(np.float32), class_indices(y, n_labels, "y")
    same_length("x", len(data), "y", len(truth))
    tell = report or (lambda share, text: None)
    halves: list[_Halves | None] = []
    with one_thread():
        for label in range(n_labels):
            step = t(
                "Looking for two kinds in a label, {n} of {total}", n=label + 1, total=n_labels
            )
            tell(label / n_labels, step)
            rows = np.flatnonzero(truth == label)
            halves.append(_halve(data, rows, seed) if len(rows) >= FEWEST else None)
    tested = [half.p_value for half in halves if half is not None]
    corrected = iter(holm(tested))
    tell(1.0, t("Done"))
    return [
        _few(label, truth) if half is None else _judge(label, half, next(corrected), data, truth)
        for label, half in enumerate(halves)
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number; none above 1.

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    scaled = np.asarray(p_values, dtype=float)[order] * np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return [float(p) for p in corrected]


def _halve(x: Floats32, rows: Ints, seed: int) -> _Halves:
    """Cut one label's images in two and measure the cut."""
    own = np.ascontiguousarray(x[rows])
    second = fits_of(own, [2], seed)[0].labels
    rng = np.random.default_rng(seed + 1)
    found = split(own, second, rng, N_REFERENCES)
    p_value = float(norm.sf(found.gap / found.error)) if found.error > 0 else 1.0
    shown = slice(None, None, -(-len(own) // _N_SILHOUETTE))
    width = silhouettes(own[shown], [second[shown]])[0]
    return _Halves(rows, second, found, p_value, halves_found_again(own, second, rng), width)


def _judge(label: int, half: _Halves, p_value: float, x: Floats32, y: Ints) -> LabelSplit:
    """Return what is said about one label."""
    sizes = np.bincount(half.second, minlength=2)
    stable = half.stability >= STABLE
    two = p_value < ALPHA and stable and sizes.min() >= SMALLEST_SHARE * sizes.sum()
    groups = np.full(len(x), -1, dtype=np.int64)
    groups[half.rows] = half.second
    like = [_looks_like(x, groups == side, y, label) if two else None for side in (0, 1)]
    return LabelSplit(
        label,
        "splits in two" if two else "one",
        (int(sizes[0]), int(sizes[1])),
        p_value,
        half.split.gap,
        half.split.error,
        half.stability,
        half.silhouette,
        (like[0], like[1]),
        groups,
    )


def _looks_like(x: Floats32, group: NDArray[np.bool_], y: Ints, label: int) -> int | None:
    """Return the label that most nearest neighbours of a group carry, None if it is its own."""
    rows = np.flatnonzero(group)[:_N_LOOKED_AT]
    squares = np.einsum("ij,ij->i", x, x)
    far = squares - 2.0 * (x[rows] @ x.T)
    far[np.arange(len(rows)), rows] = np.inf
    near = np.argpartition(far, min(_N_NEIGHBOURS, len(x) - 1) - 1, axis=1)[:, :_N_NEIGHBOURS]
    most = int(np.bincount(y[near].ravel()).argmax())
    return most if most != label else None


def _few(label: int, y: Ints) -> LabelSplit:
    sizes = (int((y == label).sum()), 0)
    nobody = np.full(len(y), -1, dtype=np.int64)
    nobody[y == label] = 0
    return LabelSplit(
        label, "too few images", sizes, 1.0, 0.0, 0.0, 0.0, None, (None, None), nobody
    )
