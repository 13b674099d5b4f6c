"""Nearest neighbours, AlexNet and transfer: what makes each of them itself."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from core.errors import NotReady
from core.models import alexnet, knn, training, transfer, weights

N_IMAGES = 60


def whole(x, y, n_classes):
    rows = np.arange(len(x))
    return training.TrainingData(x, y, rows, rows, n_classes)


@pytest.fixture(scope="module")
def embedded():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, N_IMAGES)
    return (rng.normal(size=(3, 8))[y] + rng.normal(size=(N_IMAGES, 8))).astype(np.float32), y


def reference(x, new, k, sharpness, y):
    """Votes of the k nearest by cosine of standardised embeddings, weighted by exp(s * cosine)."""
    z, q = ((part - x.mean(0)) / x.std(0) for part in (x, new))
    model = KNeighborsClassifier(
        k, metric="cosine", weights=lambda d: np.exp(sharpness * (1 - d))
    ).fit(z, y)
    return model.predict_proba(q)


@pytest.mark.parametrize("k", [1, 7])
def test_neighbours_vote_as_in_scikit_learn(embedded, k):
    x, y = embedded
    options = knn.KnnOptions(n_neighbours=k, sharpness=6.0, doubt_share=0.03)
    model = knn.build(options, whole(x, y, 3), 0).served
    new = np.random.default_rng(1).normal(size=(40, 8)).astype(np.float32)
    expected = 0.97 * reference(x, new, k, 6.0, y) + 0.03 / 3
    assert np.allclose(model.predict_on_batch(new), expected, atol=1e-5)


def test_while_learning_no_image_votes_for_itself(embedded):
    x, y = embedded
    stage = knn.build(knn.KnnOptions(n_neighbours=1), whole(x, y, 3), 0).stages[0]
    places = np.arange(N_IMAGES, dtype=np.int32)
    told = stage.trained.predict_on_batch([x, places]).argmax(axis=1)
    z = (x - x.mean(0)) / x.std(0)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    cosines = z @ z.T - 4 * np.eye(N_IMAGES)
    assert (told == y[cosines.argmax(axis=1)]).all()
    (images, own), targets = stage.train[0]
    assert np.array_equal(images, x[own]) and (targets.argmax(axis=1) == y[own]).all()


def test_sharpness_is_all_that_is_learned_and_it_helps(embedded):
    x, y = embedded
    rows = np.arange(N_IMAGES)
    data = training.TrainingData(x, y, rows[:40], rows[40:], 3)
    fitted = training.fit("knn", knn.KnnOptions(n_neighbours=39, sharpness=0.1), data, 0)
    assert sum(int(np.prod(w.shape)) for w in fitted.model.trainable_weights) == 1
    losses = fitted.history["val_log_loss"]
    assert losses[fitted.best_epoch - 1] < losses[0]


def test_only_so_many_images_are_kept(embedded):
    x, y = embedded
    kept = {
        seed: knn.build(knn.KnnOptions(most_images=20), whole(x, y, 3), seed).served
        for seed in (0, 1)
    }
    arrays = [m.get_layer("neighbours").get_weights()[0] for m in kept.values()]
    assert arrays[0].shape == (8, 20)
    assert not np.array_equal(*arrays)


@pytest.mark.parametrize(
    ("size_px", "kernel", "first_map_px", "last_map_px"),
    [(224, 11, 28, 4), (96, 11, 24, 3), (227, 11, 29, 4), (64, 5, 64, 8), (16, 5, 16, 2)],
)
def test_alexnet_adapts_to_the_size_of_the_images(size_px, kernel, first_map_px, last_map_px):
    x = np.zeros((2, size_px, size_px, 3), np.uint8)
    options = alexnet.AlexnetOptions(width_share=0.05, dense_units=8)
    recipe = alexnet.build(options, whole(x, np.arange(2), 3), 0)
    network = recipe.served.get_layer("network")
    convolutions = [y for y in network.layers if isinstance(y, keras.layers.Conv2D)]
    assert [c.kernel_size[0] for c in convolutions] == [kernel, 5, 3, 3, 3]
    assert convolutions[0].output.shape[1] == first_map_px
    assert network.get_layer("flat").input.shape[1] == last_map_px
    assert len([y for y in network.layers if isinstance(y, keras.layers.Dense)]) == 3


def test_alexnet_of_2012_divides_by_its_neighbours():
    y = np.random.default_rng(0).normal(0, 50, (1, 2, 2, 7)).astype(np.float32)
    entry = keras.Input((2, 2, 7))
    model = keras.Model(entry, alexnet._respond_locally(entry, "response"))
    expected = np.empty_like(y)
    for i in range(7):
        near = y[..., max(0, i - 2) : i + 3]
        expected[..., i] = y[..., i] / (2 + 1e-4 * (near**2).sum(axis=-1)) ** 0.75
    assert np.allclose(model.predict_on_batch(y), expected, rtol=1e-4, atol=1e-5)
    x = np.zeros((2, 16, 16, 3), np.uint8)
    options = alexnet.AlexnetOptions(width_share=0.05, dense_units=8, batch_norm=False)
    served = alexnet.build(options, whole(x, np.arange(2), 3), 0).served
    kinds = [type(y).__name__ for y in served.get_layer("network").layers]
    assert "BatchNormalization" not in kinds


@pytest.fixture(scope="module")
def tuned():
    """A transfer after both of its stages, and the backbone's own weights by name."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (8, 16, 16, 3), dtype=np.uint8)
    options = transfer.TransferOptions(
        epochs=2, tuning_epochs=2, batch_size=4, n_blocks=1, input_px=40, tuning_rate=0.01
    )
    data = whole(x, np.arange(8) % 2, 2)
    reports = []
    fitted = training.fit("transfer", options, data, 0, reports.append)
    before = transfer.build(options, data, 0).served
    return fitted, before, reports


def weights_of(model):
    return {w.path: w.numpy() for part in ("bottom", "top") for w in model.get_layer(part).weights}


def test_transfer_tunes_the_top_and_leaves_statistics_and_bottom_as_they_were(tuned):
    fitted, before, _ = tuned
    old, new = weights_of(before), weights_of(fitted.model)
    top = {w.path for w in fitted.model.get_layer("top").weights}
    changed = {path for path in old if not np.array_equal(old[path], new[path])}
    assert old.keys() == new.keys()
    assert changed <= top
    assert not [path for path in changed if "moving" in path]
    if fitted.best_epoch > 2:  # the second stage was better: then it did move something
        assert changed


def test_transfer_has_two_stages_in_one_history(tuned):
    fitted, _, reports = tuned
    assert [r["epoch"] for r in reports] == list(range(1, len(reports) + 1))
    assert {r["n_epochs"] for r in reports} == {4}
    assert len(fitted.history["loss"]) == len(reports) <= 4
    assert fitted.model.get_layer("bottom").input.shape[1] == 32  # 40, rounded


def test_transfer_without_weights_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("DESEMPATE_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    x = np.zeros((4, 16, 16, 3), np.uint8)
    with pytest.raises(NotReady, match="efficientnet-lite0"):
        training.fit("transfer", transfer.TransferOptions(), whole(x, np.arange(4) % 2, 2), 0)
