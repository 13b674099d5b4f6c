"""`memory`: a network with an external memory that it learns to write to and to read from.

References
----------
A. Santoro, S. Bartunov, M. Botvinick, D. Wierstra and T. Lillicrap, "Meta-Learning with
Memory-Augmented Neural Networks", ICML 2016. The symbols: k_t the key, M_t the memory, w^r, w^w,
w^u and w^lu the weights of reading, writing, usage and least use, alpha the gate, gamma the decay.
A. Graves, G. Wayne and I. Danihelka, "Neural Turing Machines", 2014 (key strength beta).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.language import phrase
from core.models import conv4
from core.models.episodes import EpisodeOptions, Members, adam, draw, members_of, support_of
from core.models.memory_cell import Memory
from core.models.options import option
from core.models.pipelines import ask, drawn, one_hot
from core.models.recipe import Recipe, Stage, TrainingData


@dataclass(frozen=True, slots=True)
class MemoryOptions(EpisodeOptions):
    """What can be set on a memory-augmented network, beside what is common to episodes.

    It learns in steps (on the demo's buds it waits for some epochs at 40 % of its episodes' images,
    then goes on to 60), so by default nothing stops it early.
    """

    patience: int = option(
        30, phrase("Stop after this many epochs without a better validation"), 1, 10000
    )
    n_each: int = option(
        5, phrase("Images of each class in one episode, one after the other"), 2, 100
    )
    n_together: int = option(2, phrase("Episodes that are learned from together"), 1, 64)
    n_slots: int = option(
        128, phrase("Images that the memory holds; the least used gives way"), 2, 4096
    )
    n_units: int = option(200, phrase("Width of the controller"), 4, 2048)
    dim: int = option(40, phrase("Length of a key"), 4, 512)


def build(options: MemoryOptions, data: TrainingData, seed: int) -> Recipe:
    """Build a memory-augmented network.

    Parameters
    ----------
    options : MemoryOptions
        Validated options.
    data : TrainingData
        Pixels; the finished model has seen up to `n_support` training images of each class, no more
        in all than the memory holds.
    seed : int
        Decides which images, and the episodes.

    Returns
    -------
    Recipe
        From raw uint8 pixels (n_images, size_px, size_px, 3) to probabilities
        (n_images, n_classes).

    Notes
    -----
    In an episode, images of all classes come one after the other; which class has which number is
    drawn anew for each, so that only the memory can tell. See `core.models.memory_cell` for what is
    as in the paper and what is not.
    """
    import keras

    members = members_of(data)
    encoder = conv4.build(data.x.shape[1:], options.filters, options.input_px)
    memory = Memory(data.n_classes, options.n_slots, options.n_units, options.dim)
    trained = memory.in_sequence(encoder, data.n_classes * options.n_each)
    served = memory.serve(encoder)
    n_support = max(1, min(options.n_support, options.n_slots // data.n_classes))
    rows, owner = support_of(members, n_support, seed)
    order = np.random.default_rng((seed, len(rows))).permutation(len(rows))

    def remember() -> None:
        memory.fill(served, ask(encoder, data.x, rows[order]), owner[order])

    stage = Stage(
        trained,
        adam(options),
        keras.losses.CategoricalCrossentropy(),
        drawn(sequences(data.x, members, data.n_classes, options), options.n_episodes, seed),
    )
    return Recipe(served, (stage,), remember)


def sequences(
    x: npt.NDArray[Any], members: Members, n_way: int, options: MemoryOptions
) -> Callable[[np.random.Generator], tuple[Any, ...]]:
    """Return a function that draws an episode.

    Parameters
    ----------
    x : ndarray, (n_images, size_px, size_px, n_channels)
        All images.
    members : sequence of ndarray of int64
        Rows of each class.
    n_way : int
        Classes in an episode.
    options : MemoryOptions
        Says how many images of each, and whether they are turned.

    Returns
    -------
    callable
        Makes images (n_together * n_way * n_each, ...), each episode in random order, with their
        classes (n_together * n_way * n_each, n_way), and the same classes as targets.
    """
    owner = np.repeat(np.arange(n_way), options.n_each)

    def one(rng: np.random.Generator) -> tuple[npt.NDArray[Any], npt.NDArray[np.float32]]:
        episode = draw(rng, x, members, n_way, options.n_each, rotations=options.rotations)
        order = rng.permutation(len(owner))
        return episode.reshape(-1, *x.shape[1:])[order], one_hot(owner[order], n_way)

    def make(rng: np.random.Generator) -> tuple[Any, ...]:
        images, labels = zip(*(one(rng) for _ in range(options.n_together)), strict=True)
        shown = np.concatenate(labels)
        return (np.concatenate(images), shown), shown

    return make
