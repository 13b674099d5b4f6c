"""Placing new images on a map: by hand, against umap-learn, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis import placement, projection
from core.analysis.clusters import clustering
from core.errors import InvalidInput

N_LABELS = 4


def clumps(n=200, dim=32, seed=0):
    """Return embeddings in four clumps and the clump of each image."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, N_LABELS, n)
    centres = np.random.default_rng(99).normal(scale=4.0, size=(N_LABELS, dim))
    return (centres[y] + rng.normal(size=(n, dim))).astype(np.float32), y


def test_a_projection_is_linear_in_the_image():
    x, _ = clumps()
    axes = placement.axes_of(x, projection.pca_points(x))
    middle = placement.project((x[:1] + x[1:2]) / 2, axes)
    ends = placement.project(x[:2], axes)
    assert middle[0] == pytest.approx(ends.mean(axis=0), abs=1e-4)


def test_new_images_of_a_clump_lie_on_that_clump():
    x, y = clumps()
    new, of_new = clumps(seed=1)
    points = projection.pca_points(x)
    centres = np.stack([points[y == label].mean(axis=0) for label in range(N_LABELS)])
    placed = placement.project(new, placement.axes_of(x, points))
    nearest = np.linalg.norm(placed[:, None] - centres, axis=2).argmin(axis=1)
    assert (nearest == of_new).mean() > 0.95


def reduced_of(x):
    scores = clustering.reduce(x)
    return scores, placement.axes_of(x, scores)


def test_an_image_of_the_map_lands_on_itself():
    x, _ = clumps()
    scores, axes = reduced_of(x)
    points = np.random.default_rng(3).normal(size=(len(x), 2)).astype(np.float32)
    again = placement.project(x, axes)  # embedded once more: equal but for rounding
    assert placement.among_neighbours(again, scores, points) == pytest.approx(points, abs=1e-6)


def test_a_copy_of_two_images_lands_between_their_places():
    reference = np.array([[0.0, 0.0], [0.0, 0.0], [5.0, 5.0]])
    points = np.array([[0.0, 0.0], [2.0, 0.0], [9.0, 9.0]])
    assert placement.among_neighbours([[0.0, 0.0]], reference, points).tolist() == [[1.0, 0.0]]


def test_a_lone_neighbour_is_where_the_image_goes():
    found = placement.among_neighbours([[1.0], [9.0]], [[3.0]], [[0.5, 0.25]])
    assert found.tolist() == [[0.5, 0.25], [0.5, 0.25]]


def test_memberships_sum_to_the_logarithm_of_the_neighbours():
    rng = np.random.default_rng(0)
    distances = np.sort(rng.uniform(1.0, 2.0, size=(20, 15)), axis=1)
    sigma = placement._smooth_scale(distances)
    total = np.exp(-distances[:, 1:] / sigma[:, None]).sum(axis=1)
    assert total == pytest.approx(np.full(20, np.log2(15)), abs=1e-4)


@pytest.mark.slow
def test_places_are_where_umap_learn_starts_its_own_transform():
    umap_ = projection._import_umap().umap_
    x, _ = clumps()
    new, _ = clumps(n=30, seed=1)
    scores, axes = reduced_of(x)
    moved = placement.project(new, axes)
    points = np.random.default_rng(3).normal(size=(len(x), 2)).astype(np.float32)
    from scipy.sparse import coo_matrix
    from sklearn.neighbors import NearestNeighbors

    k = projection.N_NEIGHBOURS
    near = NearestNeighbors(n_neighbors=k).fit(scores).kneighbors(moved)
    distances, neighbours = near[0].astype(np.float32), near[1].astype(np.int32)
    sigmas, rhos = umap_.smooth_knn_dist(distances, float(k), local_connectivity=0.0)
    rows, columns, values, _ = umap_.compute_membership_strengths(
        neighbours, distances, sigmas, rhos, bipartite=True
    )
    graph = coo_matrix((values, (rows, columns)), shape=(len(new), len(x))).tocsr()
    expected = umap_.init_graph_transform(graph, points)
    found = placement.among_neighbours(moved, scores, points)
    assert found == pytest.approx(expected, abs=1e-4)


def test_what_does_not_fit_is_refused():
    x, _ = clumps(n=10)
    axes = placement.axes_of(x, projection.pca_points(x))
    with pytest.raises(InvalidInput, match="not of the same images"):
        placement.axes_of(x[:5], projection.pca_points(x))
    with pytest.raises(InvalidInput, match="another dimension"):
        placement.project(x[:, :3], axes)
    with pytest.raises(InvalidInput, match="do not fit each other"):
        placement.among_neighbours([[1.0]], [[1.0, 2.0]], [[0.0, 0.0]])
    with pytest.raises(InvalidInput, match="n_neighbours"):
        placement.among_neighbours([[1.0]], [[1.0]], [[0.0, 0.0]], 0)
