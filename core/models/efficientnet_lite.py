"""EfficientNet-Lite0 in Keras, and how ImageNet weights trained elsewhere are put into it.

References
----------
M. Tan and Q. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019.
The Lite variants (ReLU6, no squeeze-and-excite, fixed stem and head): tensorflow/tpu,
models/official/efficientnet/lite, 2020.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import InvalidInput
from core.language import t

DIM = 1280
STEM = 32
_NORM_EPSILON = 1e-3  # TensorFlow's; PyTorch's default 1e-5 would shift every layer


@dataclass(frozen=True, slots=True)
class _Stage:
    kernel: int
    repeats: int
    filters: int
    expand: int
    stride: int


STAGES = (
    _Stage(3, 1, 16, 1, 1),
    _Stage(3, 2, 24, 6, 2),
    _Stage(5, 2, 40, 6, 2),
    _Stage(3, 3, 80, 6, 2),
    _Stage(5, 3, 112, 6, 1),
    _Stage(5, 4, 192, 6, 2),
    _Stage(3, 1, 320, 6, 1),
)


def build(input_px: int, *, n_classes: int | None = None) -> Any:
    """Build the network, untrained.

    Parameters
    ----------
    input_px : int
        Side of the square input, pixels; trained at 224.
    n_classes : int, optional
        Add the classifier on top (1,000 for the published weights); without it the output is the
        embedding.

    Returns
    -------
    keras.Model
        From raw uint8 pixels (n_images, input_px, input_px, 3) to (n_images, 1280) float32, or to
        (n_images, n_classes) probabilities.
    """
    import keras

    pixels = keras.Input((input_px, input_px, 3), dtype="uint8", name="pixels")
    x = keras.layers.Rescaling(1 / 128, offset=-127 / 128, name="preprocess")(pixels)
    x = _convolve(x, "stem", STEM, kernel=3, stride=2)
    number, filters_in = 0, STEM
    for stage in STAGES:
        for repeat in range(stage.repeats):
            stride = stage.stride if repeat == 0 else 1
            x = _block(x, f"block{number}", stage, stride, filters_in)
            number, filters_in = number + 1, stage.filters
    x = _convolve(x, "head", DIM, kernel=1)
    x = keras.layers.GlobalAveragePooling2D(name="embedding")(x)  # (n_images, 1280)
    if n_classes is not None:
        x = keras.layers.Dense(n_classes, activation="softmax", name="classifier")(x)
    return keras.Model(pixels, x, name="efficientnet_lite0")


def _convolve(
    x: Any, name: str, filters: int, *, kernel: int, stride: int = 1, activate: bool = True
) -> Any:
    """Apply convolution, normalisation and (mostly) ReLU6."""
    import keras

    x = keras.layers.Conv2D(
        filters, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv"
    )(x)
    x = keras.layers.BatchNormalization(epsilon=_NORM_EPSILON, name=f"{name}_norm")(x)
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(x) if activate else x


def _block(x: Any, name: str, stage: _Stage, stride: int, filters_in: int) -> Any:
    """Apply one inverted residual: expand, depthwise, project, and add where shapes allow."""
    import keras

    entry = x
    if stage.expand != 1:
        x = _convolve(x, f"{name}_expand", filters_in * stage.expand, kernel=1)
    x = keras.layers.DepthwiseConv2D(
        stage.kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )(x)
    x = keras.layers.BatchNormalization(epsilon=_NORM_EPSILON, name=f"{name}_depthwise_norm")(x)
    x = keras.layers.ReLU(6.0, name=f"{name}_depthwise_relu")(x)
    x = _convolve(x, f"{name}_project", stage.filters, kernel=1, activate=False)
    if stride == 1 and filters_in == stage.filters:
        x = keras.layers.Add(name=f"{name}_add")([entry, x])
    return x


def load_state_dict(model: Any, state: Mapping[str, npt.NDArray[Any]]) -> None:
    """Put the tensors of the PyTorch port into `model`.

    Parameters
    ----------
    model : keras.Model
        From `build`, with or without the classifier.
    state : mapping of str to ndarray
        As `core.models.weights.read_torch_legacy` returns it.

    Raises
    ------
    InvalidInput
        If a tensor is missing or has another shape.
    """
    for layer in model.layers:
        if not layer.weights:
            continue
        try:
            arrays = [_to_keras(state[name]) for name in _torch_names(layer.name)]
            layer.set_weights(arrays)
        except (KeyError, ValueError) as error:
            raise InvalidInput(
                t("the weights do not fit the layer {name}", name=layer.name),
                expected=t("the tensors of EfficientNet-Lite0"),
                received=str(error),
            ) from error


def _torch_names(layer: str) -> list[str]:
    """Return the names of the tensors of one layer, in Keras' order of weights."""
    if layer == "classifier":
        return ["_fc.weight", "_fc.bias"]
    block, _, part = layer.partition("_")
    if block == "stem":
        prefix = {"conv": "_conv_stem", "norm": "_bn0"}[part]
    elif block == "head":
        prefix = {"conv": "_conv_head", "norm": "_bn1"}[part]
    else:
        own = {
            "expand_conv": "_expand_conv",
            "expand_norm": "_bn0",
            "depthwise_conv": "_depthwise_conv",
            "depthwise_norm": "_bn1",
            "project_conv": "_project_conv",
            "project_norm": "_bn2",
        }[part]
        prefix = f"_blocks.{int(block.removeprefix('block'))}.{own}"
    if part.endswith("norm"):
        return [f"{prefix}.{k}" for k in ("weight", "bias", "running_mean", "running_var")]
    return [f"{prefix}.weight"]


def _to_keras(tensor: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Reorder axes: (out, in, h, w) -> (h, w, in, out); depthwise (c, 1, h, w) -> (h, w, c, 1)."""
    if tensor.ndim == 4:
        depthwise = tensor.shape[1] == 1
        tensor = tensor.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0))
    elif tensor.ndim == 2:
        tensor = tensor.T
    return np.ascontiguousarray(tensor, dtype=np.float32)
