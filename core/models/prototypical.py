"""`prototypical`: an image belongs to the class whose mean embedding, its prototype, is nearest.

References
----------
J. Snell, K. Swersky and R. Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS 2017. The
symbols: f the encoder, c_k the prototypes, and d the squared Euclidean distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.models import conv4
from core.models.episodes import (
    QueryOptions,
    adam,
    at_most,
    members_of,
    support_and_query,
    support_of,
    turns,
)
from core.models.pipelines import ask, drawn
from core.models.recipe import Recipe, Stage, TrainingData

HEAD = "prototypes"
_PAPER_DIM = 64  # of an embedding of Omniglot


@dataclass(frozen=True, slots=True)
class PrototypicalOptions(QueryOptions):
    """What can be set on a prototypical network; all of it is common to episodes."""


def build(options: PrototypicalOptions, data: TrainingData, seed: int) -> Recipe:
    """Build a prototypical network.

    Parameters
    ----------
    options : PrototypicalOptions
        Validated options.
    data : TrainingData
        Pixels; the prototypes are means over up to `n_support` training images of each class.
    seed : int
        Decides which images, and the episodes.

    Returns
    -------
    Recipe
        From raw uint8 pixels (n_images, size_px, size_px, 3) to probabilities
        (n_images, n_classes).

    Notes
    -----
    The served model is linear in the embedding: softmax over -|f - c_k|^2 is softmax over
    2 c_k f - |c_k|^2, since |f|^2 is the same for all classes (section 2.4 of the paper). A further
    class is therefore one more column: see `core.models.extending`. Unlike in the paper, the images
    of an episode take turns as its support set: see `core.models.episodes.turns`.
    """
    import keras

    members = members_of(data)
    encoder = conv4.build(data.x.shape[1:], options.filters, options.input_px)
    way = at_most(options.n_way, members, rotations=options.rotations)
    trained = in_episodes(encoder, way, options)
    episode = support_and_query(data.x, members, options, options.n_shot + options.n_query)
    served = keras.Model(
        encoder.input,
        keras.layers.Dense(data.n_classes, activation="softmax", name=HEAD)(encoder.output),
        name="prototypical",
    )
    rows, owner = support_of(members, options.n_support, seed)

    def remember() -> None:
        means = class_means(ask(encoder, data.x, rows), owner)
        served.get_layer(HEAD).set_weights(head_weights(means))

    stage = Stage(
        trained,
        adam(options),
        keras.losses.CategoricalCrossentropy(),
        drawn(episode, options.n_episodes, seed),
    )
    return Recipe(served, (stage,), remember)


def in_episodes(encoder: Any, way: int, options: QueryOptions) -> Any:
    """Return the network from the images of an episode of `way` classes to its queries' classes.

    Probabilities (n_turns * way * n_query, way), for as many turns as a class has images.
    """
    import keras
    from keras import ops

    support, queries = turns(encoder.output, way, options, options.n_shot + options.n_query)
    logits = closeness(queries, ops.mean(support, axis=2))
    told = ops.softmax(ops.reshape(logits, (-1, way)))
    return keras.Model(encoder.input, told, name="prototypical_in_episodes")


def closeness(queries: Any, others: Any) -> Any:
    """Return minus squared distances, scaled, up to what is equal for all others of a query.

    Parameters
    ----------
    queries, others : tensor
        (n_turns, n_queries, dim) and (n_turns, n_others, dim).

    Returns
    -------
    tensor, (n_turns, n_queries, n_others)
    """
    from keras import ops

    products = ops.matmul(queries, ops.transpose(others, (0, 2, 1)))
    squares = ops.expand_dims(ops.sum(ops.square(others), axis=-1), 1)
    return distance_scale(queries.shape[-1]) * (2.0 * products - squares)


def distance_scale(dim: int) -> float:
    """Return what squared distances are multiplied by: 1 up to the paper's 64 dimensions.

    Beyond it they grow with the number of dimensions, and probabilities would be 0 or 1 from the
    start.
    """
    return _PAPER_DIM / max(dim, _PAPER_DIM)


def class_means(
    embedded: npt.NDArray[np.float32], owner: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return the mean embedding of each class, (n_classes, dim); every class has an image."""
    sums = np.zeros((int(owner.max()) + 1, embedded.shape[1]))
    np.add.at(sums, owner, embedded)
    return sums / np.bincount(owner)[:, None]


def head_weights(prototypes: npt.NDArray[np.float64]) -> list[npt.NDArray[np.float32]]:
    """Return kernel (dim, n_classes) and bias (n_classes,) that answer for these prototypes."""
    scale = distance_scale(prototypes.shape[1])
    kernel, bias = 2 * scale * prototypes.T, -scale * (prototypes**2).sum(axis=1)
    return [kernel.astype(np.float32), bias.astype(np.float32)]
