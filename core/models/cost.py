"""What a training costs, from its options alone: operations, steps, memory; without Keras.

Counted layer by layer as the networks are built. A multiplication with its addition counts as two
operations (FLOPs), and learning from an image as three times looking at it: once forward, twice
back (J. Kaplan et al., "Scaling Laws for Neural Language Models", 2020, section 2.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.models import counting, siamese
from core.models.counting import Count
from core.models.efficientnet_lite import DIM as EMBEDDING_DIM
from core.models.recipe import TrainingData
from core.models.transfer import ROWS_AT_ONCE

_LEARN, _LOOK = 6.0, 2.0  # FLOPs for each multiplication: learning from an image, looking at it
_FLOAT_BYTES = 4
_ROWS_ASKED = 256  # images of one look, where a model is asked: core.models.pipelines.ask
_COPIES_KEPT = 4  # of the weights: themselves, gradient, two moments of the optimizer
_BACKEND_BYTES = 900e6  # of a process once the backend is loaded
_VAL_BATCH = 32  # 64 or more are judged at once; half counts, as nothing waits for a gradient

# Measured with TensorFlow on one core of an EPYC, in processor time:
_REACHED = {"cnn": 0.5, "alexnet": 0.75, "transfer": 0.3}  # share of a matrix product's rate
_REACHED_OTHERWISE = 0.5
_TRACE_S, _EPOCH_S, _STEP_S = 4.0, 0.05, 0.003  # what takes time whatever the network is


@dataclass(frozen=True, slots=True)
class Shape:
    """What a training learns from, in numbers."""

    n_train: int
    n_val: int
    n_classes: int
    size: int  # side of the images, pixels; or dimensions of an embedding

    @classmethod
    def of(cls, data: TrainingData) -> Shape:
        """Return the numbers of some data."""
        return cls(len(data.train_index), len(data.val_index), data.n_classes, data.x.shape[1])


@dataclass(frozen=True, slots=True)
class Cost:
    """What a training costs at most: early stopping makes it less."""

    fixed_flops: float  # before the first epoch
    epoch_flops: float  # of all epochs together
    n_epochs: int
    n_steps: int  # in all epochs
    n_parameters: int
    image_bytes: float  # that each image of a batch takes while the network learns from it
    memory_bytes: float  # of the whole process at its peak


def cost(algorithm: str, options: Any, shape: Shape) -> Cost:
    """Return what a training costs.

    Parameters
    ----------
    algorithm : str
        Key of `core.models.ALGORITHMS`.
    options : dataclass
        Validated options; a `batch_size` of 0 counts as 32.
    shape : Shape
        Of the training images and validation images.

    Returns
    -------
    Cost
        Parameters and FLOPs as Keras counts them, to a few percent; memory within a factor of two.
    """
    return _COSTS[algorithm](options, shape)


def seconds(algorithm: str, cost: Cost, rate: float, epochs_share: float = 1.0) -> float:
    """Return about how long a training takes on a CPU that does nothing else.

    Parameters
    ----------
    algorithm : str
        Key of `core.models.ALGORITHMS`.
    cost : Cost
        Of the training.
    rate : float
        FLOPs a second of matrix products (`core.models.machine.core_rate`), on as many cores as
        the training gets.
    epochs_share : float
        How many of the epochs it will take, share in [0, 1].
    """
    flops = cost.fixed_flops + cost.epoch_flops * epochs_share
    overhead = (cost.n_steps * _STEP_S + cost.n_epochs * _EPOCH_S) * epochs_share
    return _TRACE_S + flops / (rate * _REACHED.get(algorithm, _REACHED_OTHERWISE)) + overhead


def _of_batches(options: Any, shape: Shape, network: Count) -> Cost:
    """Return the cost of a network that learns from images in batches."""
    batch = min(options.batch_size or 32, shape.n_train)
    n_steps = -(-shape.n_train // batch) * options.epochs
    per_epoch = network.multiplications * (_LEARN * shape.n_train + _LOOK * shape.n_val)
    return Cost(
        0.0,
        per_epoch * options.epochs,
        options.epochs,
        n_steps,
        network.parameters,
        network.values * _FLOAT_BYTES,
        _memory(network.parameters, network.values * max(batch, _VAL_BATCH)),
    )


def _memory(parameters: float, values: float, kept_bytes: float = 0.0) -> float:
    weights = parameters * _COPIES_KEPT * _FLOAT_BYTES
    return _BACKEND_BYTES + weights + values * _FLOAT_BYTES + kept_bytes


def _probe(options: Any, shape: Shape) -> Cost:
    return _of_batches(options, shape, counting.head(shape.size, shape.n_classes, standardise=True))


def _knn(options: Any, shape: Shape) -> Cost:
    n_kept = min(shape.n_train, options.most_images)
    network = counting.head(shape.size, n_kept, standardise=True)
    return _of_batches(options, Shape(n_kept, shape.n_val, shape.n_classes, shape.size), network)


def _cnn(options: Any, shape: Shape) -> Cost:
    side = counting.shrunk(shape.size, options.input_px)
    return _of_batches(options, shape, counting.cnn(side, options.width, shape.n_classes))


def _alexnet(options: Any, shape: Shape) -> Cost:
    side = counting.shrunk(shape.size, options.input_px)
    network = counting.alexnet(
        side, options.width_share, options.dense_units, shape.n_classes, norm=options.batch_norm
    )
    return _of_batches(options, shape, network)


def _transfer(options: Any, shape: Shape) -> Cost:
    """Count frozen blocks once for each image; head and top blocks learn from what they gave."""
    side = 32 * max(1, round(options.input_px / 32))
    below, top, map_values = counting.transfer(side, options.n_blocks)
    head = counting.head(EMBEDDING_DIM, shape.n_classes)
    n_images, batch = shape.n_train + shape.n_val, min(options.batch_size or 32, shape.n_train)
    learned = _LEARN * shape.n_train + _LOOK * shape.n_val
    tuned = (top.multiplications + head.multiplications) * options.tuning_epochs
    parameters = below.parameters + top.parameters + head.parameters
    return Cost(
        _LOOK * n_images * (below.multiplications + top.multiplications),
        learned * (head.multiplications * options.epochs + tuned),
        options.epochs + options.tuning_epochs,
        -(-shape.n_train // batch) * (options.epochs + options.tuning_epochs),
        parameters,
        top.values * _FLOAT_BYTES,
        _memory(
            parameters,
            max(top.values * max(batch, _VAL_BATCH), below.values * min(n_images, ROWS_AT_ONCE)),
            n_images * (map_values + EMBEDDING_DIM) * _FLOAT_BYTES,
        ),
    )


def _of_episodes(
    images_in_episode: Callable[[Any, Shape], int], extra: Callable[[Any, Shape, int], Count]
) -> Callable[[Any, Shape], Cost]:
    """Return the cost of a Conv-4 that learns from episodes and is asked after every epoch."""

    def cost_of(options: Any, shape: Shape) -> Cost:
        side = counting.shrunk(shape.size, options.input_px)
        encoder, dim = counting.conv4(side, options.filters)
        network = encoder + extra(options, shape, dim)
        n_drawn = images_in_episode(options, shape) * options.n_episodes
        n_asked = shape.n_val + min(shape.n_train, options.n_support * shape.n_classes)
        per_epoch = network.multiplications * (_LEARN * n_drawn + _LOOK * n_asked)
        at_once = max(n_drawn // options.n_episodes, min(_ROWS_ASKED, n_asked))
        return Cost(
            0.0,
            per_epoch * options.epochs,
            options.epochs,
            options.n_episodes * options.epochs,
            network.parameters,
            network.values * _FLOAT_BYTES,
            _memory(network.parameters, network.values * at_once),
        )

    return cost_of


def _way(options: Any, shape: Shape, asked: int) -> int:
    return int(min(asked, shape.n_classes * (4 if options.rotations else 1)))


def _support_and_query(options: Any, shape: Shape) -> int:
    return _way(options, shape, options.n_way) * int(options.n_shot + options.n_query)


def _pairs(options: Any, shape: Shape) -> int:
    way = _way(options, shape, int(options.n_images) // siamese.N_EACH)
    return way * (int(options.n_images) // way)


def _sequence(options: Any, shape: Shape) -> int:
    return int(options.n_together * shape.n_classes * options.n_each)


def _served(options: Any, shape: Shape, dim: int) -> Count:
    """Count what a matching network adds: its support set, and the votes of each."""
    n_support = min(shape.n_train, options.n_support * shape.n_classes)
    return counting.head(dim, n_support) + counting.head(n_support, shape.n_classes)


def _prototypes(options: Any, shape: Shape, dim: int) -> Count:
    return counting.head(dim, shape.n_classes)


def _twin(options: Any, shape: Shape, dim: int) -> Count:
    n_support = min(shape.n_train, options.n_support * shape.n_classes)
    compared = Count(n_support * options.dim, 2 * n_support * options.dim, 0)
    return counting.head(dim, options.dim) + compared + counting.head(n_support, shape.n_classes)


def _memory_cell(options: Any, shape: Shape, dim: int) -> Count:
    read = options.n_units + 2 * options.dim
    return (
        counting.head(dim, options.n_units)
        + counting.head(options.n_units, options.dim)
        + counting.head(options.dim, options.n_slots)
        + counting.head(options.n_slots, 2 * options.dim)
        + counting.head(read, shape.n_classes)
    )


_COSTS: Mapping[str, Callable[[Any, Shape], Cost]] = {
    "probe": _probe,
    "knn": _knn,
    "transfer": _transfer,
    "cnn": _cnn,
    "alexnet": _alexnet,
    "prototypical": _of_episodes(_support_and_query, _prototypes),
    "matching": _of_episodes(_support_and_query, _served),
    "siamese": _of_episodes(_pairs, _twin),
    "memory": _of_episodes(_sequence, _memory_cell),
}
