"""New images on the map of a seeded data set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import NotReady
from core.services.data import datasets, embedding, exploring, placing
from core.services.runs import training
from core.settings import DEFAULT_BACKBONE
from core.store.database import Workspace
from tests.seeding import Seeded, seed


@pytest.fixture
def ids(workspace: Workspace) -> Seeded:
    return seed(workspace)


def vectors(ws, ids):
    return embedding.embedding_matrix(ws, datasets.get_dataset(ws, ids.dataset))


def draw_umap(ws, ids):
    """Keep a plane as the job would; return it."""
    dataset = datasets.get_dataset(ws, ids.dataset)
    plane = np.random.default_rng(5).normal(size=(dataset.n_images, 2)).astype(np.float32)
    key = exploring._projection_key(ws, dataset, DEFAULT_BACKBONE, 0)
    embedding.keep_plane(ws, dataset, key, plane)
    return plane


def test_images_of_the_data_set_lie_where_they_are_on_pca(workspace, ids):
    placed = placing.place(workspace, ids.dataset, vectors(workspace, ids))
    points = exploring.points(workspace, ids.dataset)
    assert np.abs(placed - points).max() <= 1e-4 * np.abs(points).max()


def test_images_of_the_data_set_lie_where_they_are_on_umap_which_stays(workspace, ids):
    plane = draw_umap(workspace, ids)
    placed = placing.place(workspace, ids.dataset, vectors(workspace, ids)[:9], kind="umap")
    assert placed == pytest.approx(plane[:9], abs=1e-6)
    assert (exploring.points(workspace, ids.dataset, kind="umap") == plane).all()


def test_a_plane_that_is_not_drawn_is_a_sentence(workspace, ids):
    with pytest.raises(NotReady, match="UMAP map of seeded is not drawn"):
        placing.place(workspace, ids.dataset, vectors(workspace, ids), kind="umap")


def test_a_run_on_embeddings_has_its_own_map_and_one_on_pixels_the_first(workspace, ids):
    run = training.get_run(workspace, ids.generalist)
    assert placing.map_backbone(workspace, run) == DEFAULT_BACKBONE
    on_pixels = replace(run, config={"algorithm": "cnn"})
    assert placing.map_backbone(workspace, on_pixels) == DEFAULT_BACKBONE
    other = replace(run, config={"backbone": "another"})
    assert placing.map_backbone(workspace, other) == DEFAULT_BACKBONE


def test_without_embeddings_there_is_no_map(workspace, ids, monkeypatch):
    monkeypatch.setattr(embedding, "embedded_with", lambda ws, dataset_id: [])
    run = training.get_run(workspace, ids.generalist)
    assert placing.map_backbone(workspace, run) is None
