"""Episodes: small random tasks of a few classes and a few images each, to learn to learn from.

What an episode holds is a function of seed, epoch and its number alone.

References
----------
O. Vinyals et al., "Matching Networks for One Shot Learning", NeurIPS 2016 (training in episodes).
A. Santoro et al., "Meta-Learning with Memory-Augmented Neural Networks", ICML 2016 (turned images
as new classes).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.language import phrase
from core.models.options import option
from core.models.recipe import TrainingData

Members = Sequence[npt.NDArray[np.int64]]  # rows of each class
Batch = tuple[Any, ...]  # inputs, targets and perhaps weights, as Keras' fit eats them
_QUARTER_TURNS = 4


@dataclass(frozen=True, slots=True)
class EpisodeOptions:
    """What all networks that learn from episodes have in common."""

    epochs: int = option(
        30, phrase("Times that the validation images are looked at, at most"), 1, 10000
    )
    patience: int = option(
        8, phrase("Stop after this many epochs without a better validation"), 1, 10000
    )
    n_episodes: int = option(30, phrase("Episodes, small random tasks, in one epoch"), 1, 10000)
    n_support: int = option(
        20, phrase("Training images of each class that the finished model compares with"), 1, 1000
    )
    learning_rate: float = option(
        0.001, phrase("Highest step size; falls to zero along a cosine"), 1e-6, 1
    )
    filters: int = option(64, phrase("Filters of each of the four convolutions"), 4, 512)
    input_px: int = option(
        40,
        phrase("Average larger images down by a whole factor, to no fewer pixels than this"),
        16,
        512,
    )
    rotations: bool = option(
        False,
        phrase("Turned images count as further classes: only where turning changes what they are"),
    )


@dataclass(frozen=True, slots=True)
class QueryOptions(EpisodeOptions):
    """The same, where an episode is a support set and queries."""

    n_way: int = option(5, phrase("Classes in one episode, if there are as many"), 2, 200)
    n_shot: int = option(
        5, phrase("Images of each class that an episode shows with their class"), 1, 100
    )
    n_query: int = option(5, phrase("Images of each class that an episode asks about"), 1, 100)


def members_of(data: TrainingData) -> list[npt.NDArray[np.int64]]:
    """Return the training rows of each class, (n_classes,) arrays of any length from 1 on."""
    rows = np.asarray(data.train_index, np.int64)
    return [rows[data.y[rows] == c] for c in range(data.n_classes)]


def draw(
    rng: np.random.Generator,
    x: npt.NDArray[Any],
    members: Members,
    n_way: int,
    n_each: int,
    *,
    rotations: bool = False,
) -> npt.NDArray[Any]:
    """Draw one episode.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    x : ndarray, (n_images, size_px, size_px, n_channels)
        All images; may be a memory map.
    members : sequence of ndarray of int64
        Rows of each class.
    n_way : int
        Different classes; no more than there are.
    n_each : int
        Images of each class. A class that has fewer gives some of them more than once.
    rotations : bool
        Whether a class turned by 90, 180 and 270 degrees counts as three more.

    Returns
    -------
    ndarray, (n_way, n_each, size_px, size_px, n_channels)
        In random order of classes and of images.
    """
    n_kinds = len(members) * (_QUARTER_TURNS if rotations else 1)
    episode = np.empty((n_way, n_each, *x.shape[1:]), x.dtype)
    for i, kind in enumerate(rng.choice(n_kinds, n_way, replace=False)):
        rows = members[kind % len(members)]
        chosen = np.resize(rng.permutation(rows), n_each)
        episode[i] = np.rot90(x[chosen], kind // len(members), axes=(1, 2))
    return episode


def at_most(n_way: int, members: Members, *, rotations: bool) -> int:
    """Return how many classes an episode has: as many as asked for, or all there are."""
    return min(n_way, len(members) * (_QUARTER_TURNS if rotations else 1))


def support_of(
    members: Members, n_support: int, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Draw the images that a finished model compares with.

    Parameters
    ----------
    members : sequence of ndarray of int64
        Training rows of each class.
    n_support : int
        Rows of each class; all of them where a class has no more.
    seed : int
        Equal seeds draw equal rows.

    Returns
    -------
    rows, owner : ndarray of int64, (n_rows,)
        Rows, and the class of each; in order of classes.
    """
    rng = np.random.default_rng((seed, n_support))
    chosen = [np.sort(rng.permutation(rows)[:n_support]) for rows in members]
    owner = np.repeat(np.arange(len(members)), [len(rows) for rows in chosen])
    return np.concatenate(chosen), owner


def support_and_query(
    x: npt.NDArray[Any], members: Members, options: QueryOptions, n_turns: int
) -> Callable[[np.random.Generator], Batch]:
    """Return a function that draws an episode for networks that compare queries with a support set.

    Parameters
    ----------
    x : ndarray, (n_images, size_px, size_px, n_channels)
        All images.
    members : sequence of ndarray of int64
        Rows of each class.
    options : QueryOptions
        Says how many classes and images, and whether they are turned.
    n_turns : int
        As in `turns`.

    Returns
    -------
    callable
        Makes the images, in order of classes, (n_way * (n_shot + n_query), size_px, size_px,
        n_channels), and the classes of the queries of all turns, (n_turns * n_way * n_query,
        n_way).
    """
    way = at_most(options.n_way, members, rotations=options.rotations)
    targets = np.repeat(np.eye(way, dtype=np.float32), options.n_query, axis=0)
    targets = np.tile(targets, (n_turns, 1))
    n_each = options.n_shot + options.n_query

    def make(rng: np.random.Generator) -> Batch:
        drawn = draw(rng, x, members, way, n_each, rotations=options.rotations)
        return drawn.reshape(-1, *x.shape[1:]), targets

    return make


def turns(embedded: Any, way: int, options: QueryOptions, n_turns: int) -> tuple[Any, Any]:
    """Divide the images of an episode into support and queries in several ways.

    Embedding the images is nearly all the work; comparing them in one way only, as the papers do,
    leaves most of what they can teach (S. Laenen and L. Bertinetto, "On Episodes, Prototypical
    Networks, and Few-Shot Learning", NeurIPS 2021).

    Parameters
    ----------
    embedded : tensor, (way * (n_shot + n_query), dim)
        In order of classes.
    way : int
        Classes in the episode.
    options : QueryOptions
        Says how many images support and are asked about.
    n_turns : int
        1 or more; after n_shot + n_query every image was in every place.

    Returns
    -------
    support, queries : tensor
        (n_turns, way, n_shot, dim) and (n_turns, way * n_query, dim).
    """
    from keras import ops

    dim, n_query = embedded.shape[-1], options.n_query
    images = ops.reshape(embedded, (way, options.n_shot + n_query, dim))
    turned = ops.stack([ops.roll(images, -turn, axis=1) for turn in range(n_turns)])
    queries = ops.reshape(turned[:, :, options.n_shot :], (n_turns, way * n_query, dim))
    return turned[:, :, : options.n_shot], queries


def adam(options: EpisodeOptions) -> Any:
    """Return Adam with a step that falls to zero along a cosine over all episodes."""
    import keras

    n_steps = options.epochs * options.n_episodes
    return keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(options.learning_rate, n_steps)
    )
