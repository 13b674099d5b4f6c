"""Projection: quality, not coordinates; and no TensorFlow in the process."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.manifold import trustworthiness

from core.analysis import projection
from core.analysis.clusters import clustering
from core.errors import InvalidInput, JobCancelled


def test_the_first_picture_is_the_first_two_components():
    x = np.random.default_rng(0).normal(size=(40, 7))
    points = projection.pca_points(x)
    assert points.dtype == np.float32
    assert (points == clustering.reduce(x, 2)).all()
    assert (projection.pca_points(x) == points).all()
    assert projection.pca_points([[1.0], [2.0]])[:, 1].tolist() == [0.0, 0.0]
    assert projection.pca_points([[1.0, 2.0]]).tolist() == [[0.0, 0.0]]


def _winds_around(point, polygon):
    """Whether the outline of a convex polygon keeps `point` on one side: another algorithm."""
    a, b = polygon, np.roll(polygon, -1, axis=0)
    cross = (b - a)[:, 0] * (point - a)[:, 1] - (b - a)[:, 1] * (point - a)[:, 0]
    return bool((cross > 0).all() or (cross < 0).all())


def test_a_lasso_takes_exactly_what_is_inside():
    rng = np.random.default_rng(0)
    points = rng.uniform(-1.5, 1.5, (2000, 2))
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    polygon = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    expected = [_winds_around(point, polygon) for point in points]
    for outline in (polygon, polygon[::-1], np.vstack([polygon, polygon[:1]])):
        assert projection.points_in_polygon(points, outline).tolist() == expected


def test_polygons_that_share_an_edge_share_no_point():
    points = np.stack(np.meshgrid(np.arange(0, 4.5, 0.5), np.arange(0, 2.5, 0.5)), -1)
    left = projection.points_in_polygon(points, [[0, 0], [2, 0], [2, 2], [0, 2]])
    right = projection.points_in_polygon(points, [[2, 0], [4, 0], [4, 2], [2, 2]])
    assert not (left & right).any()
    assert (left | right).sum() == 8 * 4


def test_a_lasso_that_crosses_itself_and_ones_that_enclose_nothing():
    bow_tie = [[0, 0], [2, 2], [2, 0], [0, 2]]
    points = [[0.2, 1.0], [1.0, 0.2], [1.8, 1.0], [1.0, 1.8]]
    assert projection.points_in_polygon(points, bow_tie).tolist() == [True, False, True, False]
    assert not projection.points_in_polygon(points, [[0, 0], [2, 2]]).any()
    assert not projection.points_in_polygon([[np.nan, 1.0]], bow_tie).any()
    assert projection.points_in_polygon([], bow_tie).size == 0


def test_few_or_equal_images_are_placed_without_umap():
    rows = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    assert projection.umap_points(rows).tolist() == rows[:, :2].tolist()
    assert projection.umap_points(np.ones((9, 1))).tolist() == [[1.0, 0.0]] * 9
    with pytest.raises(InvalidInput, match="n_epochs"):
        projection.umap_points(rows, n_epochs=0)
    with pytest.raises(InvalidInput, match="finite"):
        projection.umap_points([[np.inf, 1.0]])


@pytest.mark.slow
def test_the_map_keeps_neighbours_and_is_seeded():
    data = load_digits().data[:900]
    reduced = clustering.reduce(data)
    told = []
    points = projection.umap_points(reduced, seed=3, report=lambda s, text: told.append(s))
    assert points.dtype == np.float32
    assert trustworthiness(reduced, points, n_neighbors=15) > 0.95
    first_picture = trustworthiness(reduced, projection.pca_points(data), n_neighbors=15)
    assert first_picture < 0.9
    assert told == sorted(told)
    assert told[0] == 0.0
    assert told[-1] == pytest.approx(1.0)
    assert (projection.umap_points(reduced, seed=3) == points).all()
    assert (projection.umap_points(reduced, seed=4) != points).any()


@pytest.mark.slow
def test_a_map_can_be_cancelled_while_it_is_drawn():
    def cancel(share, text):
        if share > 0.2:
            raise JobCancelled("asked to stop")

    x = np.random.default_rng(0).normal(size=(200, 5))
    with pytest.raises(JobCancelled):
        projection.umap_points(x, n_epochs=2000, report=cancel)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(4, 2), (16, 1), (40, 64)])
def test_small_sets_have_a_map(shape):
    x = np.random.default_rng(0).normal(size=shape)
    points = projection.umap_points(x, n_epochs=20)
    assert points.shape == (shape[0], 2)
    assert np.isfinite(points).all()


@pytest.mark.slow
def test_a_later_process_compiles_nothing_for_its_map():
    code = (
        "import numpy as np\n"
        "from core.analysis import projection\n"
        "projection.umap_points(np.random.default_rng(0).normal(size=(60, 5)), n_epochs=5)\n"
        "from umap import layouts, umap_\n"
        "used = umap_.smooth_knn_dist, umap_.compute_membership_strengths, "
        "layouts._nb_optimize_layout_euclidean_single_epoch\n"
        "print([sum(f.stats.cache_misses.values()) for f in used])\n"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert said[1] == "[0, 0, 0]"


@pytest.mark.slow
def test_a_map_never_loads_tensorflow_nor_compiles_pynndescent():
    code = (
        "import sys, numpy as np\n"
        "from core.analysis import projection\n"
        "assert 'umap' not in sys.modules\n"
        "x = np.random.default_rng(0).normal(size=(60, 5))\n"
        "assert projection.umap_points(x, n_epochs=5).shape == (60, 2)\n"
        "loaded = {name.partition('.')[0] for name in sys.modules if sys.modules[name]}\n"
        "print(sorted(loaded & {'umap', 'tensorflow', 'keras', 'torch', 'jax'}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['umap']"
