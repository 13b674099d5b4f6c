"""`siamese`: a twin network that says of two images whether they are of one class.

References
----------
G. Koch, R. Zemel and R. Salakhutdinov, "Siamese Neural Networks for One-shot Image Recognition",
ICML Deep Learning Workshop 2015. The symbols: h the output of one twin, alpha_j the weights of the
L1 distance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.language import phrase
from core.models import conv4
from core.models.episodes import (
    EpisodeOptions,
    Members,
    adam,
    at_most,
    draw,
    members_of,
    support_of,
)
from core.models.options import option
from core.models.pipelines import ask, drawn, one_hot
from core.models.recipe import Recipe, Stage, TrainingData

DIFFERENCES, COMPARE, VOTES = "differences", "weighted_l1", "votes"
N_EACH = 4  # images of a class in an episode; more if there are few classes
_ALPHA_START, _BIAS_START = -0.1, 4.0


@dataclass(frozen=True, slots=True)
class SiameseOptions(EpisodeOptions):
    """What can be set on a siamese network, beside what is common to episodes."""

    n_images: int = option(
        64, phrase("Images in one episode; each is compared with all others"), 8, 512
    )
    dim: int = option(256, phrase("Numbers in which two images are compared"), 4, 4096)


def build(options: SiameseOptions, data: TrainingData, seed: int) -> Recipe:
    """Build a siamese network.

    Parameters
    ----------
    options : SiameseOptions
        Validated options.
    data : TrainingData
        Pixels; up to `n_support` training images of each class stay in the model.
    seed : int
        Decides which images, and the pairs.

    Returns
    -------
    Recipe
        From raw uint8 pixels (n_images, size_px, size_px, 3) to probabilities
        (n_images, n_classes).

    Notes
    -----
    Trained to verify pairs: the log-odds that two images are of one class are b + sum_j alpha_j
    |h1_j - h2_j|. Unlike in the paper, which draws its pairs one by one, all pairs of the images of
    an episode are compared, as embedding them is nearly all the work; pairs of one class and pairs
    of two weigh the same together. With one support image a class, the answer is the paper's: the
    class whose image is most probably of the same class. With more, the log-odds of a class are
    averaged.
    """
    import keras

    members = members_of(data)
    encoder = twin(data.x.shape[1:], options)
    compare = comparison()
    way, n_each = classes_and_images(options, members)
    rows, owner = support_of(members, options.n_support, seed)
    trained = on_pairs(encoder, compare, way * n_each)
    served = serve(encoder, compare, len(rows), data.n_classes)

    def remember() -> None:
        embedded = ask(encoder, data.x, rows)
        served.get_layer(DIFFERENCES).set_weights([np.ones_like(embedded), -embedded])
        served.get_layer(VOTES).set_weights([mean_of_class(owner)])

    stage = Stage(
        trained,
        adam(options),
        keras.losses.CategoricalCrossentropy(),
        drawn(pairs(data.x, members, options), options.n_episodes, seed),
    )
    return Recipe(served, (stage,), remember)


def twin(shape: tuple[int, ...], options: SiameseOptions) -> Any:
    """Return one twin: Conv-4 and a layer of sigmoids, pixels (n_images, *shape) to (n, dim).

    Unlike in the paper there is a norm before the sigmoids, which keeps them where they have a
    slope; and Conv-4 has smaller filters, for smaller images.
    """
    import keras

    convolutions = conv4.build(shape, options.filters, options.input_px)
    y = keras.layers.Dense(options.dim, use_bias=False, dtype="float32", name="features")(
        convolutions.output
    )
    y = keras.layers.BatchNormalization(
        momentum=conv4.NORM_MOMENTUM, dtype="float32", name="spread"
    )(y)
    h = keras.layers.Activation("sigmoid", dtype="float32", name="twin")(y)
    return keras.Model(convolutions.input, h, name="encoder")


def comparison() -> Any:
    """Return the layer from |h1 - h2| to log-odds; at first, any difference speaks against."""
    import keras
    from keras.initializers import Constant

    return keras.layers.Dense(
        1,
        kernel_initializer=Constant(_ALPHA_START),
        bias_initializer=Constant(_BIAS_START),
        name=COMPARE,
    )


def classes_and_images(options: SiameseOptions, members: Members) -> tuple[int, int]:
    """Return how many classes an episode has, and how many images of each."""
    way = at_most(options.n_images // N_EACH, members, rotations=options.rotations)
    return way, options.n_images // way


def pairs(
    x: npt.NDArray[Any], members: Members, options: SiameseOptions
) -> Callable[[np.random.Generator], tuple[Any, ...]]:
    """Return a function that draws images, with the targets and weights of all their pairs.

    Parameters
    ----------
    x : ndarray, (n_all, size_px, size_px, n_channels)
        All images.
    members : sequence of ndarray of int64
        Rows of each class.
    options : SiameseOptions
        Says how many images, and whether they are turned.

    Returns
    -------
    callable
        Makes images (n_images, ...) in order of classes; targets (n_images * n_images, 2) in the
        columns "different" and "same", all pairs with the first image first; and as many weights,
        0 for an image with itself.
    """
    way, n_each = classes_and_images(options, members)
    owner = np.repeat(np.arange(way), n_each)
    same = owner[:, None] == owner
    targets = np.stack([~same, same], axis=-1).reshape(-1, 2).astype(np.float32)
    counted = np.array([(~same).sum(), same.sum() - len(owner)])  # different, same
    weights = np.where(same, 1 / counted[1], 1 / counted[0])
    np.fill_diagonal(weights, 0)
    weights = (weights.ravel() * same.size / 2).astype(np.float32)  # mean 1

    def make(rng: np.random.Generator) -> tuple[Any, ...]:
        episode = draw(rng, x, members, way, n_each, rotations=options.rotations)
        return episode.reshape(-1, *x.shape[1:]), targets, weights

    return make


def on_pairs(encoder: Any, compare: Any, n_images: int) -> Any:
    """Return the network from the images of an episode to (n_images * n_images, 2).

    Parameters
    ----------
    encoder : keras.Model
        One twin; the other has the same weights.
    compare : keras.layers.Dense
        From |h1 - h2| to log-odds.
    n_images : int
        As `pairs` draws.
    """
    import keras
    from keras import ops

    h = ops.reshape(encoder.output, (n_images, encoder.output_shape[-1]))
    log_odds = compare(ops.absolute(ops.expand_dims(h, 1) - h))  # (n_images, n_images, 1)
    log_odds = ops.reshape(log_odds, (-1, 1))
    both = ops.concatenate([ops.zeros_like(log_odds), log_odds], axis=-1)
    return keras.Model(encoder.input, ops.softmax(both), name="siamese_on_pairs")


def serve(encoder: Any, compare: Any, n_support: int, n_classes: int) -> Any:
    """Return the network that compares images with a support set held in its weights.

    Parameters
    ----------
    encoder : keras.Model
        One twin.
    compare : keras.layers.Dense
        From |h1 - h2| to log-odds.
    n_support : int
        Images that are compared with.
    n_classes : int
        Width of the output.
    """
    import keras

    differences = keras.layers.EinsumDense(
        "nd,sd->nsd",
        output_shape=(n_support, encoder.output_shape[-1]),
        bias_axes="sd",
        name=DIFFERENCES,
    )(encoder.output)  # 1 * h - h_s
    log_odds = compare(keras.ops.absolute(differences))
    log_odds = keras.layers.Reshape((n_support,), name="log_odds")(log_odds)
    votes = keras.layers.Dense(n_classes, use_bias=False, activation="softmax", name=VOTES)
    return keras.Model(encoder.input, votes(log_odds), name="siamese")


def mean_of_class(owner: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return (n_support, n_classes): in the column of each row's class, 1 / images of the class."""
    n_images = np.bincount(owner)
    return (one_hot(owner, len(n_images)) / n_images).astype(np.float32)
