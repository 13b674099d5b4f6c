"""Half precision in training: when, which layers, and that nothing of it is left afterwards."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from core.models import artifact, precision, training
from core.models.device import Accelerator, device_name
from core.models.pipelines import batches, one_hot
from tests.contracts.test_algorithms import ALGORITHMS, make_data, small_options

HALF = (precision.FLOAT16, precision.BFLOAT16)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, "float32"),
        (Accelerator("GPU: unnamed"), "float32"),
        (Accelerator("GPU: GTX 1080", (6, 1)), "float32"),
        (Accelerator("GPU: Tesla V100", (7, 0)), "mixed_float16"),
        (Accelerator("GPU: Tesla T4", (7, 5)), "mixed_float16"),
        (Accelerator("GPU: A100", (8, 0)), "mixed_bfloat16"),
        (Accelerator("GPU: H100", (9, 0)), "mixed_bfloat16"),
        (Accelerator("GPU: of tomorrow", (12, 0)), "mixed_bfloat16"),
    ],
)
def test_the_precision_is_what_the_device_is_built_for(monkeypatch, found, expected):
    monkeypatch.setattr(precision, "accelerator", lambda: found)
    assert precision.policy() == expected


def built(name):
    """A recipe for ten images and its data."""
    keras.utils.set_random_seed(0)
    data = make_data(name)
    return ALGORITHMS[name].build(small_options(name), data, 0), data


def fit(recipe, data):
    """One epoch of every stage; return the losses."""
    losses = []
    targets = np.zeros((len(data.y), data.n_classes), np.float32)
    targets[data.train_index] = one_hot(data.y[data.train_index], data.n_classes)
    for stage in recipe.stages:
        if stage.prepare is not None:
            stage.prepare(lambda: None)
        train = stage.train or batches(data.x, targets, data.train_index, 5, seed=0)
        stage.trained.compile(stage.optimizer, stage.loss)
        told = stage.trained.fit(
            train, steps_per_epoch=train.n_batches, epochs=1, shuffle=False, verbose=0
        )
        losses += told.history["loss"]
    return losses


def types(model, kind):
    return {layer.compute_dtype for layer in precision._layers_of(model) if isinstance(layer, kind)}


@pytest.mark.parametrize("name", ["cnn", "alexnet", "siamese", "prototypical"])
def test_trained_in_half_and_served_in_full(name, tmp_path):
    recipe, data = built(name)
    conv, dense = keras.layers.Conv2D, keras.layers.Dense
    before = [np.array(w) for w in recipe.served.get_weights()]
    with precision.lowered(recipe, precision.BFLOAT16) as lowered:
        assert types(recipe.served, conv) == {"bfloat16"}
        assert types(recipe.served, dense) == {"float32"}
        assert np.isfinite(fit(lowered, data)).all()
        told = recipe.served(data.x[:3], training=False)
        assert keras.backend.standardize_dtype(told.dtype) == "float32"
        assert keras.ops.convert_to_numpy(told).sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    models = (recipe.served, *(stage.trained for stage in recipe.stages))
    assert {t for model in models for t in types(model, keras.layers.Layer)} == {"float32"}
    after = recipe.served.get_weights()
    assert all(w.dtype == np.float32 for w in after)
    assert not all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    fitted = training.Fitted(recipe.served, {}, 1, 1, 0.0, device_name(), data.x[:10])
    artifact.save(fitted, tmp_path, {})  # raises unless the ONNX file gives the same answers
    session = artifact.load_session(tmp_path / artifact.ONNX_FILE)
    assert session.predict(data.x[:3]).dtype == np.float32


def test_half_precision_is_really_computed_in():
    """Else the tests above would pass without it."""
    recipe, data = built("cnn")
    full = keras.ops.convert_to_numpy(recipe.served(data.x, training=False))
    with precision.lowered(recipe, precision.BFLOAT16):
        half = keras.ops.convert_to_numpy(recipe.served(data.x, training=False))
    again = keras.ops.convert_to_numpy(recipe.served(data.x, training=False))
    assert np.array_equal(again, full)
    assert 1e-6 < np.abs(half - full).max() < 0.05


def test_float16_scales_the_loss_and_bfloat16_does_not():
    recipe, _ = built("cnn")
    scaling = keras.optimizers.LossScaleOptimizer
    with precision.lowered(recipe, precision.FLOAT16) as lowered:
        assert types(recipe.served, keras.layers.Conv2D) == {"float16"}
        assert isinstance(lowered.stages[0].optimizer, scaling)
        assert lowered.stages[0].optimizer.inner_optimizer is recipe.stages[0].optimizer
    with precision.lowered(recipe, precision.BFLOAT16) as lowered:
        assert lowered.stages == recipe.stages


@pytest.mark.parametrize("name", ["probe", "knn"])
def test_what_has_no_convolution_stays_as_it_is(name):
    recipe, _ = built(name)
    for policy in HALF:
        with precision.lowered(recipe, policy):
            assert types(recipe.served, keras.layers.Layer) == {"float32"}


def test_a_frozen_backbone_stays_in_full():
    recipe, _ = built("transfer")
    below = recipe.served.get_layer("bottom")
    with precision.lowered(recipe, precision.BFLOAT16):
        assert types(below, keras.layers.Conv2D) == {"float32"}
        assert types(recipe.served.get_layer("top"), keras.layers.Conv2D) == {"bfloat16"}


def test_full_precision_lends_the_recipe_itself():
    recipe, _ = built("cnn")
    with precision.lowered(recipe, precision.FLOAT32) as lowered:
        assert lowered is recipe


def test_a_training_that_fails_leaves_nothing_switched():
    recipe, _ = built("siamese")
    with pytest.raises(ValueError, match="stop"), precision.lowered(recipe, precision.BFLOAT16):
        raise ValueError("stop")
    assert types(recipe.served, keras.layers.Layer) == {"float32"}
