"""`matching`: attention over a support set; an image takes the classes of those it resembles.

References
----------
O. Vinyals, C. Blundell, T. Lillicrap, K. Kavukcuoglu and D. Wierstra, "Matching Networks for One
Shot Learning", NeurIPS 2016. The symbols: f' and g' the encoder, g(x_i, S) and f(x, S) the full
context embeddings, a the attention.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.language import phrase
from core.models import conv4
from core.models.context import Context
from core.models.episodes import (
    QueryOptions,
    adam,
    at_most,
    members_of,
    support_and_query,
    support_of,
    turns,
)
from core.models.options import option
from core.models.pipelines import ask, drawn
from core.models.prototypical import closeness, distance_scale
from core.models.recipe import Recipe, Stage, TrainingData

SUPPORT, VOTES, UNIT = "support", "votes", "unit_length"


@dataclass(frozen=True, slots=True)
class MatchingOptions(QueryOptions):
    """What can be set on a matching network, beside what is common to episodes.

    The paper's attention is a softmax over plain cosines, which lie between -1 and 1 and so can
    hardly prefer anything: 75.6 instead of 92.8 % at 20 classes and one image (reproduction by
    O. Knagg). Here it is over squared distances, or over cosines that are scaled.
    """

    cosine: bool = option(
        False, phrase("Compare by the angle between embeddings, not by their distance")
    )
    cosine_scale: float = option(10.0, phrase("Sharpness of the comparison by angle"), 0.1, 100.0)
    full_context: bool = option(
        False, phrase("Embed each image in view of the whole support set (paper, section 2.1.2)")
    )
    context_steps: int = option(3, phrase("Times that an image reads the support set, then"), 1, 10)


def build(options: MatchingOptions, data: TrainingData, seed: int) -> Recipe:
    """Build a matching network.

    Parameters
    ----------
    options : MatchingOptions
        Validated options.
    data : TrainingData
        Pixels; up to `n_support` training images of each class stay in the model.
    seed : int
        Decides which images, and the episodes.

    Returns
    -------
    Recipe
        From raw uint8 pixels (n_images, size_px, size_px, 3) to probabilities
        (n_images, n_classes).

    Notes
    -----
    A class with fewer images than another weighs as much: each image's attention is divided by how
    many its class has. Without full context embeddings a further class is further support: see
    `core.models.extending`. Unlike in the paper, the images of an episode take turns as its support
    set: see `core.models.episodes.turns`.
    """
    import keras

    members = members_of(data)
    encoder = conv4.build(data.x.shape[1:], options.filters, options.input_px)
    way = at_most(options.n_way, members, rotations=options.rotations)
    rows, owner = support_of(members, options.n_support, seed)
    context = Context(encoder.output_shape[-1], options.context_steps)
    context_of = context if options.full_context else None
    trained = in_episodes(encoder, context_of, options, way)
    episode = support_and_query(data.x, members, options, turns_of(options))
    served = serve(encoder, len(rows), data.n_classes, cosine=options.cosine, context=context_of)

    def remember() -> None:
        embedded = ask(encoder, data.x, rows)
        if context_of is not None:
            embedded = context_of.of_support(embedded)
            context_of.fill(served, embedded)
        served.get_layer(SUPPORT).set_weights(
            support_weights(embedded, owner, options.cosine_scale if options.cosine else None)
        )
        served.get_layer(VOTES).set_weights([np.eye(data.n_classes, dtype=np.float32)[owner]])

    stage = Stage(
        trained,
        adam(options),
        keras.losses.CategoricalCrossentropy(),
        drawn(episode, options.n_episodes, seed),
    )
    return Recipe(served, (stage,), remember)


def in_episodes(encoder: Any, context: Context | None, options: MatchingOptions, way: int) -> Any:
    """Return the network from the images of an episode to probabilities of its queries.

    Parameters
    ----------
    encoder : keras.Model
        From pixels to embeddings.
    context : Context or None
        Embeds in view of the support set.
    options : MatchingOptions
        Says how embeddings are compared, and how many images an episode has.
    way : int
        Classes in an episode, made by `core.models.episodes.support_and_query`.
    """
    import keras
    from keras import ops

    n_turns, dim = turns_of(options), encoder.output_shape[-1]
    support, queries = turns(encoder.output, way, options, n_turns)
    support = ops.reshape(support, (n_turns, way * options.n_shot, dim))
    if context is not None:  # one turn
        kept = context.embed_support(support[0])
        queries = ops.expand_dims(context.embed_queries(queries[0], kept), 0)
        support = ops.expand_dims(kept, 0)
    if options.cosine:
        unit = keras.layers.UnitNormalization()
        products = ops.matmul(unit(queries), ops.transpose(unit(support), (0, 2, 1)))
        logits = options.cosine_scale * products  # (n_turns, n_queries, n_support)
    else:
        logits = closeness(queries, support)
    attention = ops.reshape(ops.softmax(logits), (-1, way, options.n_shot))
    return keras.Model(encoder.input, ops.sum(attention, axis=-1), name="matching_in_episodes")


def turns_of(options: MatchingOptions) -> int:
    """Return in how many ways an episode is divided: one in full context, which is costly."""
    return 1 if options.full_context else options.n_shot + options.n_query


def serve(
    encoder: Any, n_support: int, n_classes: int, *, cosine: bool, context: Context | None = None
) -> Any:
    """Return the network that compares images with a support set held in its weights.

    Parameters
    ----------
    encoder : keras.Model
        From pixels to embeddings.
    n_support : int
        Images that are compared with.
    n_classes : int
        Width of the output.
    cosine : bool
        Whether embeddings are brought to length 1 first.
    context : Context, optional
        Embeds queries in view of the support set.
    """
    import keras

    y = encoder.output
    if context is not None:
        y = context.serve(y, n_support)
    if cosine:
        y = keras.layers.UnitNormalization(name=UNIT)(y)
    attention = keras.layers.Dense(n_support, activation="softmax", name=SUPPORT)(y)
    votes = keras.layers.Dense(n_classes, use_bias=False, name=VOTES)(attention)
    return keras.Model(encoder.input, votes, name="matching")


def support_weights(
    embedded: npt.NDArray[np.float32], owner: npt.NDArray[np.int64], cosine_scale: float | None
) -> list[npt.NDArray[np.float32]]:
    """Return kernel and bias of the layer that compares with a support set.

    Parameters
    ----------
    embedded : ndarray of float32, (n_support, dim)
        The support set.
    owner : ndarray of int64, (n_support,)
        Class of each.
    cosine_scale : float or None
        What cosines are multiplied by; None compares by squared distance.

    Returns
    -------
    list of ndarray of float32
        (dim, n_support) and (n_support,): minus squared distance, or scaled cosine, up to what is
        equal for all; and minus the logarithm of how many images the class has.
    """
    embedded = embedded.astype(np.float64)
    squares = (embedded**2).sum(axis=1)
    if cosine_scale is None:
        scale = distance_scale(embedded.shape[1])
        kernel, bias = 2 * scale * embedded.T, -scale * squares
    else:
        kernel = cosine_scale * embedded.T / np.sqrt(np.maximum(squares, 1e-12))
        bias = np.zeros(len(embedded))
    bias = bias - np.log(np.bincount(owner)[owner])
    return [kernel.astype(np.float32), bias.astype(np.float32)]
