"""Rewritten layers give the same answers as those they stand for."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from core.models import backbones, convert, onnx_session
from core.models.exportable import exportable


def awkward_model():
    """One of each layer that tf2onnx cannot write, and ordinary ones between."""
    image = keras.Input((8, 8, 3), name="image")
    y = keras.layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 0.25, 0.0])(image)
    y = keras.layers.Conv2D(4, 3, name="ordinary")(y)
    y = keras.layers.Conv2D(4, 3, groups=4, padding="same", name="grouped")(y)
    y = keras.layers.Activation("gelu", name="bend")(y)
    y = keras.layers.GlobalAveragePooling2D()(y)
    return keras.Model(image, y, name="awkward")


def test_same_answers_and_every_layer_replaced(tmp_path):
    keras.utils.set_random_seed(0)
    model = awkward_model()
    model.get_layer("grouped").bias.assign([0.1, -0.2, 0.3, 0.4])
    copy = exportable(model)
    kinds = {type(layer).__name__ for layer in copy.layers}
    assert {"Rescaling", "DepthwiseConv2D", "Gelu"} <= kinds
    assert not {"Normalization", "Activation"} & kinds
    image = np.random.default_rng(0).normal(2, 2, (5, 8, 8, 3)).astype(np.float32)
    image[..., 2] = 3.0  # a variance of 0 is held at 1e-7 by both
    expected = model.predict_on_batch(image)
    assert np.allclose(copy.predict_on_batch(image), expected, atol=1e-5)
    convert.write_onnx(copy, tmp_path / "a.onnx")
    session = onnx_session.open_session(tmp_path / "a.onnx", 1)
    assert np.allclose(session.run(None, {"image": image})[0], expected, atol=1e-5)


@pytest.mark.slow
def test_resnet_is_given_what_keras_would_give_it():
    keras.utils.set_random_seed(0)
    ours = backbones.build("resnet50", None, 32)
    theirs = keras.applications.ResNet50(
        include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg"
    )
    theirs.set_weights(ours.get_weights())
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    prepared = keras.applications.resnet.preprocess_input(pixels.astype(np.float32))
    assert np.allclose(
        ours.predict_on_batch(pixels), theirs.predict_on_batch(prepared), rtol=1e-3, atol=1e-4
    )
