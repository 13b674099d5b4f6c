"""`probe`: a linear head on cached embeddings; multinomial logistic regression, fitted by Keras.

References
----------
G. Alain and Y. Bengio, "Understanding intermediate layers using linear classifier probes", 2016.
S. Kornblith, J. Shlens and Q. Le, "Do Better ImageNet Models Transfer Better?", CVPR 2019: the
probe as a measure of a backbone.
A. Ali, J. Z. Kolter and R. Tibshirani, "A Continuous-Time View of Early Stopping for Least
Squares", AISTATS 2019: why stopping early acts like a penalty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.language import phrase
from core.models import balance
from core.models.options import option
from core.models.recipe import Recipe, Stage, TrainingData, n_steps

_LARGEST_STEP = 0.01  # for 1,280 dimensions: three times as much no longer descends
_STD_FLOOR_SHARE = 0.05  # of the typical deviation; see mean_and_variance
_EPSILON = 1e-9  # the layer adds it to the variance; ours is never near zero


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """What can be set on a probe; the defaults suit hundreds to thousands of images."""

    epochs: int = option(80, phrase("Passes over the training images, at most"), 1, 1000)
    patience: int = option(
        10, phrase("Stop after this many epochs without a better validation"), 1, 1000
    )
    learning_rate: float = option(
        0.02,
        phrase("Way to go in one pass, shared by its steps; falls to zero along a cosine"),
        1e-6,
        10.0,
    )
    l2: float = option(
        100.0,
        phrase("Weight penalty, shared by the training images: 1/C of logistic regression"),
        0.0,
        1e7,
    )
    balance: bool = option(False, balance.HELP)
    batch_size: int = option(256, phrase("Images in one step; 0: found by itself"), 0, 8192)


def build(options: ProbeOptions, data: TrainingData, seed: int) -> Recipe:
    """Build a probe.

    Parameters
    ----------
    options : ProbeOptions
        Validated options.
    data : TrainingData
        Raw embeddings; only the training rows are looked at, for their mean and deviation.
    seed : int
        Not used: training starts from zero.

    Returns
    -------
    Recipe
        From raw embeddings (n_images, embedding_dim) to probabilities (n_images, n_classes).

    Notes
    -----
    The loss is mean cross-entropy + l2 / (2 n_train) |W|^2, which is scikit-learn's objective for
    C = 1 / l2, divided by n_train. It is convex and training starts from zero, so that the seed
    (order of the batches) hardly matters. Most of the regularisation is early stopping: plain
    gradient descent from zero passes through models much like those of falling penalties, and the
    validation images say where to stop. On noisy CIFAR-10 and on digits, with 150 to 3,500 training
    images, this equals the best of C = 3e-4, 3e-3 and 3e-2 to within a point.
    """
    import keras

    x, rows, steps = data.x, data.train_index, n_steps(options, data)
    embedding = keras.Input((x.shape[1],), dtype="float32", name="embedding")
    standardise = standardiser()
    standardised = standardise(embedding)
    standardise.set_weights(mean_and_variance(x, rows))
    probabilities = keras.layers.Dense(
        data.n_classes,
        activation="softmax",
        kernel_initializer="zeros",
        kernel_regularizer=keras.regularizers.L2(options.l2 / (2 * len(rows))),
        name="probabilities",
    )(standardised)
    steps_per_epoch = steps / options.epochs
    # the steepest direction of standardised data grows with the number of dimensions
    step = min(options.learning_rate / steps_per_epoch, _LARGEST_STEP) * 1280 / x.shape[1]
    schedule = keras.optimizers.schedules.CosineDecay(step, steps)
    model = keras.Model(embedding, probabilities, name="probe")
    stage = Stage(
        model,
        keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True),
        keras.losses.CategoricalCrossentropy(),
    )
    return Recipe(model, (stage,))


def standardiser() -> Any:
    """Return a layer that subtracts a mean and divides by a deviation, both fixed weights.

    A frozen BatchNormalization, not Normalization: tf2onnx turns what the latter captures into
    inputs that nobody feeds.
    """
    import keras

    return keras.layers.BatchNormalization(
        center=False, scale=False, epsilon=_EPSILON, trainable=False, name="standardise"
    )


def mean_and_variance(
    x: npt.NDArray[Any], rows: npt.NDArray[np.int64]
) -> list[npt.NDArray[np.float32]]:
    """Return mean and variance of each dimension over `rows`, each (embedding_dim,).

    Deviations are held above a twentieth of the typical one: a dimension that hardly moved in
    training must not explode on a new image.
    """
    chosen = x[rows].astype(np.float64)
    mean, std = chosen.mean(axis=0), chosen.std(axis=0)
    typical = float(np.sqrt(np.mean(std**2))) or 1.0  # all rows equal: leave the scale alone
    std = np.maximum(std, _STD_FLOOR_SHARE * typical)
    return [mean.astype(np.float32), (std**2).astype(np.float32)]
