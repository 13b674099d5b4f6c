"""Laws of placing: the reference comes back to where it is, and nothing on the map moves."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analysis import placement, projection
from core.analysis.clusters import clustering


@st.composite
def embeddings(draw):
    """Embeddings with some constant dimensions, some doubled images, tall or wide."""
    n, dim = draw(st.integers(2, 60)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    scale = 10.0 ** rng.uniform(-2, 2, dim)
    x = rng.normal(size=(n, dim)) * scale + rng.normal(size=dim) * scale
    x[:, rng.random(dim) < draw(st.sampled_from([0.0, 0.3, 1.0]))] = 3.0
    if draw(st.booleans()):
        x[n // 2 :] = x[: n - n // 2]
    return x.astype(np.float32)


@given(embeddings())
@settings(max_examples=150, deadline=None)
def test_the_reference_images_come_back_to_their_pca_places(x):
    points = projection.pca_points(x)
    again = placement.project(x, placement.axes_of(x, points))
    assert np.abs(again - points).max() <= 1e-4 * max(1.0, np.abs(points).max())


@given(embeddings(), st.integers(1, 64))
@settings(max_examples=100, deadline=None)
def test_the_reference_images_come_back_to_all_their_scores(x, n_components):
    scores = clustering.reduce(x, n_components)
    again = placement.project(x, placement.axes_of(x, scores))
    # Axes that hold next to no variance are known to single precision only.
    assert np.abs(again - scores).max() <= 2e-3 * max(1.0, np.abs(scores).max())


@given(embeddings(), st.integers(1, 20), st.integers(0, 1_000))
@settings(max_examples=100, deadline=None)
def test_a_new_place_lies_among_the_places_of_the_map_which_stay(x, n_neighbours, seed):
    reduced = clustering.reduce(x)
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(len(x), 2)).astype(np.float32)
    before = points.copy()
    new = reduced[:3] + rng.normal(size=reduced[:3].shape).astype(np.float32)
    found = placement.among_neighbours(new, reduced, points, n_neighbours)
    assert (points == before).all()
    assert np.isfinite(found).all()
    assert (found >= points.min(axis=0) - 1e-5).all()
    assert (found <= points.max(axis=0) + 1e-5).all()
