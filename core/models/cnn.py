"""`cnn`: a small residual network on pixels, with augmentation, trained from scratch.

References
----------
K. He, X. Zhang, S. Ren and J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016.
C. Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016 (label smoothing).
I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.language import phrase
from core.models import balance, schedules
from core.models.augment import augment, scaled_input
from core.models.options import option
from core.models.recipe import Recipe, Stage, TrainingData, n_steps

_NORM_MOMENTUM = 0.9  # Keras' 0.99 needs hundreds of steps; small data sets have few
SMALLEST_MAP_PX = 6  # stop halving here: position still matters
_WARMUP_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class CnnOptions:
    """What can be set on a cnn; the defaults suit about a thousand images on a laptop.

    Flips are off: a mirrored digit, letter or left shoe is another thing. Turn them on where left
    and right mean nothing.
    """

    epochs: int = option(30, phrase("Passes over the training images, at most"), 1, 1000)
    patience: int = option(
        8, phrase("Stop after this many epochs without a better validation"), 1, 1000
    )
    batch_size: int = option(32, phrase("Images in one step; 0: found by itself"), 0, 4096)
    learning_rate: float = option(0.002, phrase("Highest step size"), 1e-6, 1)
    schedule: str = option("cosine", schedules.HELP, choices=schedules.SCHEDULES)
    weight_decay: float = option(0.0005, phrase("Pull of the weights towards zero"), 0.0, 1.0)
    balance: bool = option(False, balance.HELP)
    label_smoothing: float = option(
        0.1, phrase("Share of belief spread over all classes"), 0.0, 0.5
    )
    dropout: float = option(0.2, phrase("Share of the last features dropped in training"), 0.0, 0.9)
    width: int = option(24, phrase("Filters of the first layer; doubled at every halving"), 4, 256)
    input_px: int = option(
        64,
        phrase("Average larger images down by a whole factor, to no fewer pixels than this"),
        16,
        512,
    )
    flip: bool = option(False, phrase("Augment by mirroring left and right"))
    rotation_deg: float = option(
        8.0, phrase("Augment by turning up to this many degrees"), 0.0, 180.0
    )
    shift_share: float = option(
        0.08, phrase("Augment by moving up to this share of the side"), 0.0, 0.5
    )
    contrast_share: float = option(
        0.2, phrase("Augment by changing contrast up to this share"), 0.0, 0.9
    )


def build(options: CnnOptions, data: TrainingData, seed: int) -> Recipe:
    """Build a cnn.

    Parameters
    ----------
    options : CnnOptions
        Validated options.
    data : TrainingData
        Only the shape of the images, and how many there are, matters here.
    seed : int
        Not used: Keras' own seed is set.

    Returns
    -------
    Recipe
        From raw uint8 pixels (n_images, size_px, size_px, 3) to probabilities
        (n_images, n_classes). Augmentation is in the trained model only.
    """
    import keras

    pixels, scaled = scaled_input(data.x.shape[1:], options.input_px)
    network = _network(options, scaled.shape[1], data.n_classes)
    rate = schedules.step_size(
        options.schedule,
        options.learning_rate,
        n_steps(options, data),
        warmup_share=_WARMUP_SHARE,
    )
    stage = Stage(
        keras.Model(pixels, network(augment(scaled, options)), name="cnn_in_training"),
        keras.optimizers.AdamW(rate, weight_decay=options.weight_decay),
        keras.losses.CategoricalCrossentropy(label_smoothing=options.label_smoothing),
    )
    return Recipe(keras.Model(pixels, network(scaled), name="cnn"), (stage,))


def _network(options: CnnOptions, side: int, n_classes: int) -> Any:
    """Return the network from scaled pixels (n_images, side, side, 3) to probabilities.

    A stem, then residual blocks that halve the map and double the filters, then the mean over
    positions.
    """
    import keras

    scaled = keras.Input((side, side, 3), name="scaled")
    y = _trunk(scaled, options.width, side)
    y = keras.layers.GlobalAveragePooling2D(name="pool")(y)
    y = keras.layers.Dropout(options.dropout, name="dropout")(y)
    y = keras.layers.Dense(n_classes, activation="softmax", name="probabilities")(y)
    return keras.Model(scaled, y, name="network")


def _trunk(y: Any, filters: int, side: int) -> Any:
    """Apply stem and blocks until the map is small."""
    import keras

    stride = 2 if side >= 64 else 1
    y = _convolve(y, "stem", filters, stride=stride)
    y = keras.layers.ReLU(name="stem_relu")(y)
    side = -(-side // stride)
    number = 0
    while number < 4 and (side > SMALLEST_MAP_PX * 2 - 1 or number == 0):
        filters, side, number = filters * 2, -(-side // 2), number + 1
        y = _block(y, f"block{number}", filters)
    return y


def _block(y: Any, name: str, filters: int) -> Any:
    """Apply two convolutions around a shortcut; the first halves the map."""
    import keras

    shortcut = keras.layers.AveragePooling2D(2, padding="same", name=f"{name}_shortcut_pool")(y)
    shortcut = _convolve(shortcut, f"{name}_shortcut", filters, kernel=1)
    y = _convolve(y, f"{name}_a", filters, stride=2)
    y = keras.layers.ReLU(name=f"{name}_a_relu")(y)
    y = _convolve(y, f"{name}_b", filters)
    y = keras.layers.Add(name=f"{name}_add")([y, shortcut])
    return keras.layers.ReLU(name=f"{name}_relu")(y)


def _convolve(y: Any, name: str, filters: int, *, kernel: int = 3, stride: int = 1) -> Any:
    """Apply convolution and normalisation."""
    import keras

    y = keras.layers.Conv2D(
        filters,
        kernel,
        stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(y)
    return keras.layers.BatchNormalization(momentum=_NORM_MOMENTUM, name=f"{name}_norm")(y)
