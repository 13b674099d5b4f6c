"""Rewriting a Keras model so that tf2onnx can write it, with the same weights and answers.

Three layers of keras.applications cannot be written as they are (Keras 3.15, tf2onnx 1.17): the
exact GELU (operation Erfc), a convolution in as many groups as filters, and Normalization (its
constants become inputs that nobody feeds). Each has an equal that can.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def exportable(model: Any) -> Any:
    """Return a copy of a functional model in which every layer can be written as ONNX.

    Parameters
    ----------
    model : keras.Model
        Built by `keras.applications`.

    Returns
    -------
    keras.Model
        Gives the same answers up to float rounding.
    """
    import keras

    copy = keras.models.clone_model(model, clone_function=_clone)
    for layer in model.layers:
        arrays = layer.get_weights()
        if not arrays or isinstance(layer, keras.layers.Normalization):
            continue
        target = copy.get_layer(layer.name)
        if isinstance(target, keras.layers.DepthwiseConv2D) and not isinstance(layer, type(target)):
            arrays[0] = np.swapaxes(arrays[0], 2, 3)  # (h, w, 1, filters) -> (h, w, filters, 1)
        target.set_weights(arrays)
    return copy


def _clone(layer: Any) -> Any:
    """Return a fresh layer that does what `layer` does."""
    import keras

    config = layer.get_config()
    if isinstance(layer, keras.layers.Normalization):
        std = np.maximum(np.sqrt(np.ravel(config["variance"])), keras.backend.epsilon())
        offset = -np.ravel(config["mean"]) / std
        return keras.layers.Rescaling((1 / std).tolist(), offset.tolist(), name=layer.name)
    if isinstance(layer, keras.layers.Activation) and config["activation"] == "gelu":
        return _gelu(layer.name)
    if type(layer) is keras.layers.Conv2D and layer.groups == layer.filters > 1:
        same = ("kernel_size", "strides", "padding", "use_bias", "name")
        return keras.layers.DepthwiseConv2D(**{key: config[key] for key in same})
    return type(layer).from_config(config)


def _gelu(name: str) -> Any:
    """Return a layer for x * P(Z <= x), Z standard normal, by way of the error function."""
    import keras

    class Gelu(keras.layers.Layer):  # type: ignore[misc]  # keras carries no types
        def call(self, x: Any) -> Any:
            return 0.5 * x * (1.0 + keras.ops.erf(x / math.sqrt(2.0)))

    return Gelu(name=name)
