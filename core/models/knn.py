"""`knn`: the nearest training images vote; nothing is learned but how much nearer counts for more.

References
----------
T. Cover and P. Hart, "Nearest Neighbor Pattern Classification", IEEE Transactions on Information
Theory 13(1), 1967.
Z. Wu, Y. Xiong, S. Yu and D. Lin, "Unsupervised Feature Learning via Non-Parametric Instance
Discrimination", CVPR 2018, section 3.4 (votes weighted by exp(cosine / temperature)).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.language import phrase
from core.models.options import option
from core.models.pipelines import drawn, one_hot
from core.models.probe import mean_and_variance, standardiser
from core.models.recipe import Recipe, Stage, TrainingData

_NOT_A_NEIGHBOUR = -1e9  # its vote is exactly 0 after the softmax
_ITSELF = 4.0  # more than two cosines can differ


@dataclass(frozen=True, slots=True)
class KnnOptions:
    """What can be set on nearest neighbours; the defaults suit hundreds to thousands of images."""

    n_neighbours: int = option(15, phrase("Training images that vote"), 1, 1000)
    epochs: int = option(10, phrase("Passes over the training images, at most"), 1, 1000)
    patience: int = option(
        3, phrase("Stop after this many epochs without a better validation"), 1, 1000
    )
    batch_size: int = option(64, phrase("Images in one step"), 1, 4096)
    sharpness: float = option(
        10.0, phrase("How much nearer counts for more, to begin with"), 0.1, 1000.0
    )
    learning_rate: float = option(
        0.5, phrase("Highest step size; falls to zero along a cosine"), 1e-6, 100
    )
    doubt_share: float = option(0.02, phrase("Share of belief spread over all classes"), 1e-6, 0.5)
    most_images: int = option(
        10000, phrase("Training images kept in the model, at most"), 10, 100000
    )


def build(options: KnnOptions, data: TrainingData, seed: int) -> Recipe:
    """Build nearest neighbours.

    Parameters
    ----------
    options : KnnOptions
        Validated options.
    data : TrainingData
        Embeddings; the training images stay in the model.
    seed : int
        Decides which images stay where there are more than `most_images`, and the batches.

    Returns
    -------
    Recipe
        From raw embeddings (n_images, embedding_dim) to probabilities (n_images, n_classes).

    Notes
    -----
    Embeddings are standardised and compared by cosine. Of the nearest `n_neighbours` (all that are
    as near as the last, in a tie) each votes with exp(sharpness * cosine); the votes are made to
    sum to 1 and mixed with an equal share for every class, so that no probability is 0. The
    sharpness is fitted on the training images, each of which is asked without its own vote.
    """
    import keras

    rows = np.asarray(data.train_index, np.int64)
    if len(rows) > options.most_images:
        rng = np.random.default_rng((seed, options.most_images))
        rows = np.sort(rng.permutation(rows)[: options.most_images])
    votes = _Votes(options, data, rows)
    embedding = keras.Input((data.x.shape[1],), dtype="float32", name="embedding")
    place = keras.Input((), dtype="int32", name="place")
    cosines = votes.cosines(embedding)
    itself = _ITSELF * keras.ops.one_hot(place, len(rows))
    trained = keras.Model([embedding, place], votes(cosines - itself), name="knn_leaving_one_out")
    n_batches = -(-len(rows) // options.batch_size)
    stage = Stage(
        trained,
        keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(
                options.learning_rate, options.epochs * n_batches
            )
        ),
        keras.losses.CategoricalCrossentropy(),
        drawn(_leaving_one_out(options, data, rows), n_batches, seed),
    )
    return Recipe(keras.Model(embedding, votes(cosines), name="knn"), (stage,))


class _Votes:
    """The layers from an embedding to the votes of its neighbours."""

    def __init__(
        self, options: KnnOptions, data: TrainingData, rows: npt.NDArray[np.int64]
    ) -> None:
        from keras import constraints, initializers, layers

        self._n_rows, self._k = len(rows), min(options.n_neighbours, max(1, len(rows) - 1))
        self._standardise, self._unit = standardiser(), layers.UnitNormalization(name="unit_length")
        self._keys = layers.Dense(len(rows), use_bias=False, trainable=False, name="neighbours")
        self._sharpness = layers.Dense(
            1,
            use_bias=False,
            kernel_initializer=initializers.Constant(options.sharpness),
            kernel_constraint=constraints.NonNeg(),
            name="sharpness",
        )
        self._classes = layers.Dense(
            data.n_classes, use_bias=False, trainable=False, name="classes"
        )
        doubt = options.doubt_share
        self._doubt = layers.Rescaling(1 - doubt, doubt / data.n_classes, name="probabilities")
        self._classes.build((None, len(rows)))
        self._classes.set_weights([one_hot(data.y[rows], data.n_classes)])
        self._fill(data.x, rows)

    def _fill(self, x: npt.NDArray[Any], rows: npt.NDArray[np.int64]) -> None:
        mean, variance = mean_and_variance(x, rows)
        self._standardise.build((None, x.shape[1]))
        self._standardise.set_weights([mean, variance])
        standardised = (x[rows] - mean) / np.sqrt(variance)
        lengths = np.linalg.norm(standardised, axis=1, keepdims=True)
        self._keys.build((None, x.shape[1]))
        self._keys.set_weights([(standardised / np.maximum(lengths, 1e-12)).T])

    def cosines(self, embedding: Any) -> Any:
        """Return the cosine with every image kept, (n_images, n_rows)."""
        return self._keys(self._unit(self._standardise(embedding)))

    def __call__(self, cosines: Any) -> Any:
        """Return probabilities (n_images, n_classes)."""
        from keras import layers, ops

        last = ops.top_k(cosines, self._k)[0][:, -1:]
        sharp = layers.Reshape((self._n_rows,))(
            self._sharpness(layers.Reshape((self._n_rows, 1))(cosines))
        )
        near = ops.where(ops.greater_equal(cosines, last), sharp, _NOT_A_NEIGHBOUR)
        return self._doubt(self._classes(layers.Softmax()(near)))


def _leaving_one_out(
    options: KnnOptions, data: TrainingData, rows: npt.NDArray[np.int64]
) -> Callable[[np.random.Generator], tuple[Any, ...]]:
    """Return a function that draws images with their own places among those kept."""
    size = min(options.batch_size, len(rows))

    def make(rng: np.random.Generator) -> tuple[Any, ...]:
        places = rng.permutation(len(rows))[:size]
        chosen = rows[places]
        x = np.ascontiguousarray(data.x[chosen])
        return (x, places.astype(np.int32)), one_hot(data.y[chosen], data.n_classes)

    return make
