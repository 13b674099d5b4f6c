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

from core.models import conv4
from core.models.episodes import (
    EpisodeOptions,
    Members,
    adam,
    at_most,
    draw,
    members_of,
    split_at,
    support_of,
)
from core.models.options import option
from core.models.pipelines import ask, drawn, one_hot
from core.models.recipe import Recipe, Stage, TrainingData

DIFFERENCES, COMPARE, VOTES = "differences", "weighted_l1", "votes"


@dataclass(frozen=True, slots=True)
class SiameseOptions(EpisodeOptions):
    """What can be set on a siamese network, beside what is common to episodes."""

    n_pairs: int = option(32, "Pairs of one class in one episode", 2, 512)
    dim: int = option(256, "Numbers in which two images are compared", 4, 4096)


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
    |h1_j - h2_j|. An episode holds each image in one pair of its own class and in one of every
    other class; both kinds weigh the same together. With one support image a class, the answer is
    the paper's: the class whose image is most probably of the same class. With more, the log-odds
    of a class are averaged.
    """
    import keras

    members = members_of(data)
    encoder = twin(data.x.shape[1:], options)
    compare = keras.layers.Dense(1, name=COMPARE)
    way = at_most(options.n_pairs, members, rotations=options.rotations)
    n_each = -(-options.n_pairs // way)
    rows, owner = support_of(members, options.n_support, seed)
    trained = on_pairs(encoder, compare, way, n_each)
    served = serve(encoder, compare, len(rows), data.n_classes)

    def remember() -> None:
        embedded = ask(encoder, data.x, rows)
        served.get_layer(DIFFERENCES).set_weights([np.ones_like(embedded), -embedded])
        served.get_layer(VOTES).set_weights([mean_of_class(owner)])

    stage = Stage(
        trained,
        adam(options),
        keras.losses.CategoricalCrossentropy(),
        drawn(pairs(data.x, members, options, way, n_each), options.n_episodes, seed),
    )
    return Recipe(served, (stage,), remember)


def twin(shape: tuple[int, ...], options: SiameseOptions) -> Any:
    """Return one twin: Conv-4 and a layer of sigmoids, pixels (n_images, *shape) to (n, dim)."""
    import keras

    convolutions = conv4.build(shape, options.filters, options.input_px)
    h = keras.layers.Dense(options.dim, activation="sigmoid", name="twin")(convolutions.output)
    return keras.Model(convolutions.input, h, name="encoder")


def pairs(
    x: npt.NDArray[Any], members: Members, options: SiameseOptions, way: int, n_each: int
) -> Callable[[np.random.Generator], tuple[Any, ...]]:
    """Return a function that draws images for pairs, with targets and weights.

    Parameters
    ----------
    x : ndarray, (n_images, size_px, size_px, n_channels)
        All images.
    members : sequence of ndarray of int64
        Rows of each class.
    options : SiameseOptions
        Says whether images are turned.
    way : int
        Classes in an episode.
    n_each : int
        Pairs of each class with itself.

    Returns
    -------
    callable
        Makes images (2 * way * n_each, ...), all left ones before all right ones; targets
        (way * way * n_each, 2) in the columns "different" and "same", and as many weights.
    """
    n_same = way * n_each
    targets = np.zeros((way * n_same, 2), np.float32)
    targets[:n_same, 1] = targets[n_same:, 0] = 1
    weights = np.full(way * n_same, way / (2 * (way - 1)), np.float32)  # mean 1
    weights[:n_same] = way / 2

    def make(rng: np.random.Generator) -> tuple[Any, ...]:
        episode = draw(rng, x, members, way, 2 * n_each, rotations=options.rotations)
        parts = (episode[:, :n_each], episode[:, n_each:])
        images = np.concatenate([part.reshape(-1, *x.shape[1:]) for part in parts])
        return images, targets, weights

    return make


def on_pairs(encoder: Any, compare: Any, way: int, n_each: int) -> Any:
    """Return the network from the images of an episode to (n_pairs, 2): different, same.

    Parameters
    ----------
    encoder : keras.Model
        One twin; the other has the same weights.
    compare : keras.layers.Dense
        From |h1 - h2| to log-odds.
    way, n_each : int
        As in `pairs`.
    """
    import keras

    n_same = way * n_each
    left, right = split_at(encoder.output, n_same, 2 * n_same)
    shifted = [keras.ops.roll(right, n_each * k, axis=0) for k in range(way)]  # 0: of one class
    differences = [keras.ops.absolute(left - other) for other in shifted]
    log_odds = compare(keras.ops.concatenate(differences))  # (n_pairs, 1)
    both = keras.ops.concatenate([keras.ops.zeros_like(log_odds), log_odds], axis=-1)
    return keras.Model(encoder.input, keras.ops.softmax(both), name="siamese_on_pairs")


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
