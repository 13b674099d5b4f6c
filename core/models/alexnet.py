"""`alexnet`: five convolutions and three dense layers, the network that began it all.

References
----------
A. Krizhevsky, I. Sutskever and G. Hinton, "ImageNet Classification with Deep Convolutional Neural
Networks", NeurIPS 2012. As one column, like A. Krizhevsky, "One weird trick for parallelizing
convolutional neural networks", 2014: its two columns were two GPUs.
S. Ioffe and C. Szegedy, "Batch Normalization", ICML 2015.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.language import phrase
from core.models import balance, schedules
from core.models.augment import augment, scaled_input
from core.models.options import option
from core.models.recipe import Recipe, Stage, TrainingData, n_steps

ORIGINAL_FROM_PX = 96  # below it the first convolution would leave next to nothing
FILTERS = (96, 256, 384, 384, 256)
_LRN_REACH, _LRN_BIAS, _LRN_ALPHA, _LRN_BETA = 2, 2.0, 1e-4, 0.75  # n = 5 neighbours, k, ...
_NORM_MOMENTUM = 0.9  # Keras' 0.99 needs hundreds of steps


@dataclass(frozen=True, slots=True)
class AlexnetOptions:
    """What can be set on an AlexNet; width and dense layers are the paper's at 1 and 4096."""

    epochs: int = option(30, phrase("Passes over the training images, at most"), 1, 1000)
    patience: int = option(
        8, phrase("Stop after this many epochs without a better validation"), 1, 1000
    )
    batch_size: int = option(
        32, phrase("Images in one step (128 in the paper); 0: found by itself"), 0, 4096
    )
    learning_rate: float = option(0.01, phrase("Highest step size"), 1e-6, 1)
    schedule: str = option("cosine", schedules.HELP, choices=schedules.SCHEDULES)
    weight_decay: float = option(0.0005, phrase("Pull of the weights towards zero"), 0.0, 1.0)
    balance: bool = option(False, balance.HELP)
    dropout: float = option(0.5, phrase("Share of the dense layers dropped in training"), 0.0, 0.9)
    width_share: float = option(0.5, phrase("Filters, as a share of the paper's"), 0.02, 2.0)
    dense_units: int = option(1024, phrase("Width of the two hidden dense layers"), 8, 8192)
    input_px: int = option(
        96,
        phrase("Average larger images down by a whole factor, to no fewer pixels than this"),
        16,
        512,
    )
    batch_norm: bool = option(
        True, phrase("Normalise by batch, which learns far sooner; off: by neighbours, as in 2012")
    )
    flip: bool = option(False, phrase("Augment by mirroring left and right"))
    shift_share: float = option(
        0.08, phrase("Augment by moving up to this share of the side"), 0.0, 0.5
    )


def build(options: AlexnetOptions, data: TrainingData, seed: int) -> Recipe:
    """Build an AlexNet.

    Parameters
    ----------
    options : AlexnetOptions
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

    Notes
    -----
    From 96 px on the geometry is the paper's: 11 x 11 in steps of 4, overlapping pools. Below, the
    first convolution is 5 x 5 in single steps and the last pool is left out where the map is small;
    number and order of the layers stay.
    """
    import keras

    pixels, scaled = scaled_input(data.x.shape[1:], options.input_px)
    network = _network(options, tuple(scaled.shape[1:]), data.n_classes)
    rate = schedules.step_size(options.schedule, options.learning_rate, n_steps(options, data))
    stage = Stage(
        keras.Model(pixels, network(augment(scaled, options)), name="alexnet_in_training"),
        keras.optimizers.SGD(rate, momentum=0.9, weight_decay=options.weight_decay),
        keras.losses.CategoricalCrossentropy(),
    )
    return Recipe(keras.Model(pixels, network(scaled), name="alexnet"), (stage,))


def _network(options: AlexnetOptions, shape: tuple[int, ...], n_classes: int) -> Any:
    """Return the network from scaled pixels to probabilities."""
    import keras

    scaled = keras.Input(shape, name="scaled")
    y = _convolutions(scaled, options)
    y = keras.layers.Flatten(name="flat")(y)
    for number in (6, 7):
        y = keras.layers.Dense(
            options.dense_units, kernel_initializer="he_normal", name=f"dense{number}"
        )(y)
        if options.batch_norm:
            y = keras.layers.BatchNormalization(momentum=_NORM_MOMENTUM, name=f"norm{number}")(y)
        y = keras.layers.ReLU(name=f"relu{number}")(y)
        y = keras.layers.Dropout(options.dropout, name=f"dropout{number}")(y)
    y = keras.layers.Dense(n_classes, activation="softmax", name="probabilities")(y)
    return keras.Model(scaled, y, name="network")


def _convolutions(y: Any, options: AlexnetOptions) -> Any:
    """Apply the five convolutions; pools follow the first, the second and the last."""
    import keras

    original = y.shape[1] >= ORIGINAL_FROM_PX
    kernels = (11 if original else 5, 5, 3, 3, 3)
    for number, (filters, kernel) in enumerate(zip(FILTERS, kernels, strict=True), start=1):
        y = keras.layers.Conv2D(
            max(4, round(filters * options.width_share)),
            kernel,
            4 if original and number == 1 else 1,
            padding="same",
            kernel_initializer="he_normal",
            name=f"conv{number}",
        )(y)
        if options.batch_norm:
            y = keras.layers.BatchNormalization(momentum=_NORM_MOMENTUM, name=f"norm{number}")(y)
        y = keras.layers.ReLU(name=f"relu{number}")(y)
        if number <= 2 and not options.batch_norm:
            y = _respond_locally(y, f"response{number}")
        if number in (1, 2, 5) and y.shape[1] >= 3:
            y = keras.layers.MaxPooling2D(3, 2, padding="same", name=f"pool{number}")(y)
    return y


def _respond_locally(y: Any, name: str) -> Any:
    """Divide by the strength of neighbouring filters (paper, section 3.3).

    The sum over neighbours is a convolution of one pixel with a band of ones that never learns:
    Keras has no such layer of its own.
    """
    import keras

    n_filters = y.shape[-1]
    near = np.abs(np.subtract.outer(np.arange(n_filters), np.arange(n_filters))) <= _LRN_REACH
    total = keras.layers.Conv2D(n_filters, 1, use_bias=False, trainable=False, name=name)
    total.build(y.shape)
    total.set_weights([near.astype(np.float32)[None, None]])
    strength = _LRN_BIAS + _LRN_ALPHA * total(keras.ops.square(y))
    return y * keras.ops.power(strength, -_LRN_BETA)
