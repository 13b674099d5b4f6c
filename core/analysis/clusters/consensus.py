"""What comes back when a part of the images is clustered again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.analysis._checks import Floats, Ints
from core.analysis.clusters.batched_kmeans import Floats32, fit_all

MAX_IMAGES = 1_000  # every pair of them is counted
N_RESAMPLES = 20
SHARE = 0.8  # of the images in a resample; Ben-Hur et al. use 0.6 to 0.8
N_INIT = 2
MAX_HALVED = 5_000  # images of one label that are halved again
_NEVER, _ALWAYS = 0.1, 0.9


def pac_of(x: Floats32, ks: Sequence[int], rng: np.random.Generator) -> Floats:
    """Cluster 20 resamples and return the PAC of each k: array (n_ks,).

    Parameters
    ----------
    x : array of float32, shape (n_images, n_components)
        At most 1,000 images are counted: those that the caller drew.
    ks : sequence of int
        Those above the size of a resample are clustered into that many.
    rng : Generator
    """
    n = len(x)
    size = max(1, round(SHARE * n))
    drawn = [np.sort(rng.permutation(n)[:size]) for _ in range(N_RESAMPLES)]
    fitted = [fit_all(x[rows], [min(k, size) for k in ks], rng, N_INIT) for rows in drawn]
    return np.array(
        [pac(n, drawn, [fits[i].labels for fits in fitted], min(k, size)) for i, k in enumerate(ks)]
    )


def pac(n: int, drawn: Sequence[Ints], labelings: Sequence[Ints], k: int) -> float:
    """Return the proportion of ambiguous clustering: 0, no doubt, to 1.

    Parameters
    ----------
    n : int
        Images.
    drawn : sequence of arrays of int
        The images of each resample, without repetition.
    labelings : sequence of arrays of int
        The clusters, 0 to k - 1, of those images.
    k : int

    Returns
    -------
    float
        Of the pairs of images that shared a resample, the share that fell into one cluster in
        more than 10 % and less than 90 % of their resamples; 0 where no pair did.

    Notes
    -----
    Together and apart are both certain, so that k = 1 has 0. It is low for few clusters and,
    since most pairs are then apart, for many: compare with data without clusters.

    References
    ----------
    Y. Senbabaoglu, G. Michailidis, J. Li, "Critical limitations of consensus clustering in class
    discovery", 2014.

    Examples
    --------
    >>> import numpy as np
    >>> rows = [np.arange(3)] * 2
    >>> pac(3, rows, [np.array([0, 0, 1]), np.array([0, 1, 1])], 2)  # 2 of 3 pairs: in 1 of 2
    0.6666666666666666
    """
    seen = np.zeros((n, len(drawn)), dtype=np.float32)
    member = np.zeros((n, len(drawn) * k), dtype=np.float32)
    for b, (rows, labels) in enumerate(zip(drawn, labelings, strict=True)):
        seen[rows, b] = 1.0
        member[rows, b * k + labels] = 1.0
    upper = np.triu_indices(n, 1)
    both = (seen @ seen.T)[upper]
    together = (member @ member.T)[upper]
    ambiguous = (together > _NEVER * both) & (together < _ALWAYS * both)
    n_pairs = int((both > 0).sum())
    return float(ambiguous.sum() / n_pairs) if n_pairs else 0.0


def least_jaccard(before: Ints, after: Ints, k: int) -> float:
    """Return the Jaccard index of the cluster that is found again worst; 1 for k = 1.

    Parameters
    ----------
    before, after : arrays of int, shape (n_images,)
        Clusters 0 to k - 1 of the same images.
    k : int

    References
    ----------
    C. Hennig, "Cluster-wise assessment of cluster stability", 2007.

    Examples
    --------
    >>> import numpy as np
    >>> least_jaccard(np.array([0, 0, 1, 1]), np.array([1, 1, 1, 0]), 2)
    0.5
    """
    both = np.bincount(before * k + after, minlength=k * k).reshape(k, k).astype(np.float64)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0) - both
    return float((both / np.maximum(either, 1.0)).max(axis=1).min())


def halves_found_again(x: Floats32, labels: Ints, rng: np.random.Generator) -> float:
    """Return how much of the worse of two clusters comes back: the median of 20 resamples.

    Parameters
    ----------
    x : array of float32, shape (n_images, n_components)
    labels : array of int, shape (n_images,)
        0 or 1.
    rng : Generator
    """
    size = max(2, min(round(SHARE * len(x)), MAX_HALVED))
    shares = []
    for _ in range(N_RESAMPLES):
        rows = rng.permutation(len(x))[:size]
        again = fit_all(x[rows], [2], rng, N_INIT)[0].labels
        shares.append(least_jaccard(labels[rows], again, 2))
    return float(np.median(shares))
