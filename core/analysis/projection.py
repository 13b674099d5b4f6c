"""The 2-D picture of embeddings: for eyes, not for distances, never for counting clusters."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.analysis._checks import Bools, matrix_2d
from core.analysis.clusters.clustering import Report, reduce
from core.errors import InvalidInput
from core.language import t

Points = NDArray[np.float32]  # (n_images, 2)

N_NEIGHBOURS = 15  # umap-learn's default
N_EPOCHS = 100  # from a PCA start; trustworthiness within 0.003 of umap-learn's 500
_MIN_IMAGES = 4  # fewer have no neighbourhood to preserve


def pca_points(embedding: ArrayLike) -> Points:
    """Return the first two principal components, at once and always the same.

    Parameters
    ----------
    embedding : array of float, shape (n_images, dim)

    Returns
    -------
    array of float32, shape (n_images, 2)
        The sign of each axis is fixed as in `clustering.reduce`. Where there is no second (or
        first) direction its column is 0.
    """
    scores = reduce(embedding, 2)
    points = np.zeros((len(scores), 2), dtype=np.float32)
    points[:, : scores.shape[1]] = scores
    return points


def umap_points(
    reduced: ArrayLike,
    seed: int = 0,
    n_epochs: int = N_EPOCHS,
    report: Report | None = None,
) -> Points:
    """Return the UMAP projection of reduced embeddings.

    Parameters
    ----------
    reduced : array of float, shape (n_images, n_components)
        From `clustering.reduce`.
    seed : int
        Equal seeds and inputs give equal pictures on one machine.
    n_epochs : int, at least 1
    report : callable, optional
        Called with a share in [0, 1] and a step text; what it raises ends the computation.

    Returns
    -------
    array of float32, shape (n_images, 2)
        With fewer than 4 different images, the first two columns of `reduced`.

    Raises
    ------
    InvalidInput
        When `reduced` is empty or not finite, or `n_epochs` is below 1.

    Notes
    -----
    Exact neighbours are handed to umap-learn, so that pynndescent's compilation (most of a
    minute) is not needed; PCA is the start; TensorFlow, which umap-learn imports for its
    parametric variant when it can, is kept out of the process.

    References
    ----------
    L. McInnes, J. Healy, J. Melville, "UMAP: uniform manifold approximation and projection for
    dimension reduction", 2018. D. Kobak, G. Linderman, "Initialization is critical for
    preserving global data structure in both t-SNE and UMAP", 2021.
    """
    x = matrix_2d(reduced, "reduced").astype(np.float32)
    if n_epochs < 1:
        raise InvalidInput(
            t("n_epochs is out of range"), expected=t("1 or more"), received=str(n_epochs)
        )
    if len(np.unique(x, axis=0)) < _MIN_IMAGES:
        return _first_two(x)
    tell = report or (lambda share, text: None)
    tell(0.0, t("Looking for neighbours"))
    n_neighbours = min(N_NEIGHBOURS, len(x) - 1)
    neighbours = _exact_neighbours(x, n_neighbours)
    tell(0.05, t("Preparing the map"))
    umap = _import_umap()
    tell(0.2, t("Drawing the map"))
    model = umap.UMAP(
        n_neighbors=n_neighbours,
        n_epochs=n_epochs,
        init=_start(x),
        random_state=seed,
        n_jobs=1,
        precomputed_knn=neighbours,
        force_approximation_algorithm=True,  # or it ignores the neighbours of small sets
        tqdm_kwds={"disable": False, "file": _Progress(tell, n_epochs), "bar_format": "{n_fmt} "},
    )
    with warnings.catch_warnings():
        # No search index is given, because nothing is placed on this map later.
        warnings.filterwarnings("ignore", message="precomputed_knn", category=UserWarning)
        points = model.fit_transform(x)
    return np.asarray(points, dtype=np.float32)


def points_in_polygon(points: ArrayLike, polygon: ArrayLike) -> Bools:
    """Return which points lie inside a lasso.

    Parameters
    ----------
    points : array of float, shape (n_points, 2)
    polygon : array of float, shape (n_corners, 2)
        Corners in order; the last joins the first. It may cross itself.

    Returns
    -------
    array of bool, shape (n_points,)

    Notes
    -----
    Even-odd rule: a point is inside when a ray to the right crosses the outline an odd number
    of times. A corner belongs to the edge that rises from it, so polygons that share an edge
    share no point. Fewer than three corners enclose nothing; NaN points are outside.

    References
    ----------
    M. Shimrat, "Algorithm 112: position of point relative to polygon", 1962.

    Examples
    --------
    >>> points_in_polygon([[1, 1], [3, 1]], [[0, 0], [2, 0], [2, 2], [0, 2]]).tolist()
    [True, False]
    """
    xy = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    corners = np.asarray(polygon, dtype=np.float64).reshape(-1, 2)
    inside = np.zeros(len(xy), dtype=bool)
    if len(corners) < 3:
        return inside
    x, y = xy[:, 0], xy[:, 1]
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crossing = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
        inside ^= ((y0 <= y) != (y1 <= y)) & (x < crossing)
    return inside


class _Progress:
    """A text stream for umap-learn's progress bar that hands its count on."""

    def __init__(self, tell: Callable[[float, str], None], n_epochs: int) -> None:
        self._tell, self._n_epochs = tell, n_epochs

    def write(self, text: str) -> int:
        """Read the number of epochs done from what the bar prints."""
        if text.strip().isdigit():
            self._tell(0.2 + 0.8 * min(1.0, int(text) / self._n_epochs), t("Drawing the map"))
        return len(text)

    def flush(self) -> None:
        """Do nothing: nothing is held back."""


def _import_umap() -> Any:
    """Import umap-learn without its parametric variant, which would import TensorFlow."""
    if "umap" not in sys.modules:
        sys.modules["umap.parametric_umap"] = None  # type: ignore[assignment]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # "Tensorflow not installed": so we want it
        umap = importlib.import_module("umap")
    _keep_compiled()
    return umap


def _keep_compiled() -> None:
    """Let numba keep on disk what it compiles for a map: umap-learn asks for that elsewhere only.

    What they call is compiled into them. numba keeps the files beside umap-learn or, where that
    cannot be written, in the user's cache, and makes them anew when umap-learn changes.
    """
    compiled = importlib.import_module("umap.umap_")
    layouts = importlib.import_module("umap.layouts")
    for function in (
        compiled.smooth_knn_dist,
        compiled.compute_membership_strengths,
        layouts._nb_optimize_layout_euclidean_single_epoch,
    ):
        function.enable_caching()


def _exact_neighbours(x: Points, n_neighbours: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return indices and distances of the nearest images, each image first among its own."""
    from sklearn.neighbors import NearestNeighbors

    distances, indices = NearestNeighbors(n_neighbors=n_neighbours).fit(x).kneighbors(x)
    return indices.astype(np.int32), distances.astype(np.float32)


def _start(x: Points) -> Points:
    """Return where the points begin: the first two columns, a little apart, within 10."""
    start = _first_two(x) / max(float(np.abs(x[:, :2]).max()), 1e-12) * 10.0
    noise = np.random.default_rng(0).normal(scale=1e-4, size=start.shape)
    return np.asarray(start + noise, dtype=np.float32)


def _first_two(x: Points) -> Points:
    """Return two columns, the second of zeros where there is none."""
    return np.pad(x[:, :2], ((0, 0), (0, max(0, 2 - x.shape[1]))))
