"""Batches for training and asking: rows picked by index from an array or memory map.

Their order is a function of seed and epoch alone. Pixels stay uint8 until they are inside the
network: a batch is then a quarter of the bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_ROWS_AT_ONCE = 256  # images in memory while asking


def epoch_order(n_rows: int, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Return the order in which `n_rows` rows are seen in one epoch, a permutation.

    Examples
    --------
    >>> bool((epoch_order(5, seed=0, epoch=3) == epoch_order(5, seed=0, epoch=3)).all())
    True
    """
    return np.random.default_rng((seed, epoch)).permutation(n_rows)


def ask(model: Any, x: npt.NDArray[Any], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return what a Keras model says of some rows, float32 (n_rows, n_outputs).

    Parameters
    ----------
    model : keras.Model
        `Fitted.model`; called without tracing a graph, which a few hundred rows would not repay.
    x : ndarray, (n_images, ...)
        As in `batches`.
    rows : ndarray of int64, (n_rows,)
        Which images; none give an array of shape (0, n_outputs).
    """
    import keras

    answers = np.empty((len(rows), model.output_shape[-1]), np.float32)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = np.ascontiguousarray(x[rows[start : start + _ROWS_AT_ONCE]])
        told = model(part, training=False)
        answers[start : start + _ROWS_AT_ONCE] = keras.ops.convert_to_numpy(told)
    return answers


def one_hot(y: npt.NDArray[np.integer[Any]], n_classes: int) -> npt.NDArray[np.float32]:
    """Return (n_images, n_classes) with a 1 in the column of each row's class."""
    hot = np.zeros((len(y), n_classes), np.float32)
    hot[np.arange(len(y)), y] = 1
    return hot


def batches(
    x: npt.NDArray[Any],
    targets: npt.NDArray[np.float32],
    rows: npt.NDArray[np.int64],
    batch_size: int,
    *,
    seed: int | None = None,
    class_weights: npt.NDArray[np.float32] | None = None,
) -> Any:
    """Make the batches that `keras.Model.fit` eats.

    Parameters
    ----------
    x : ndarray, (n_images, ...)
        All images or embeddings; may be a memory map, only the rows of a batch are read.
    targets : ndarray of float32, (n_images, n_classes)
        What each image should give.
    rows : ndarray of int64, (n_rows,)
        Which images take part.
    batch_size : int
        Rows in a batch; the last one may be smaller, so that every row is seen in every epoch.
    seed : int, optional
        Shuffle anew for each epoch; without it the order is that of `rows`.
    class_weights : ndarray of float32, (n_classes,), optional
        How much the images of each class count: a third part of every batch.

    Returns
    -------
    keras.utils.PyDataset
        Endless, `n_batches` an epoch, beginning with the epoch `first_epoch` (0 at first). Of one
        that ends Keras would make two iterators an epoch, each as slow as some batches of a probe.
    """
    import keras

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # keras carries no types
        def __init__(self) -> None:
            super().__init__(workers=1, use_multiprocessing=False)
            self.first_epoch = 0
            self.n_batches = -(-len(rows) // batch_size)
            self._ordered: tuple[int, npt.NDArray[np.int64]] | None = None

        num_batches = None

        def _order(self, epoch: int) -> npt.NDArray[np.int64]:
            if seed is None:
                return rows
            if self._ordered is None or self._ordered[0] != epoch:
                self._ordered = (epoch, rows[epoch_order(len(rows), seed, epoch)])
            return self._ordered[1]

        def __getitem__(self, number: int) -> Sequence[npt.NDArray[Any]]:
            past, number = divmod(number, self.n_batches)
            order = self._order(self.first_epoch + past)
            # sorted: neighbours on disk are read together, and the sum over a batch has no order
            part = np.sort(order[number * batch_size : (number + 1) * batch_size])
            batch = np.ascontiguousarray(x[part]), targets[part]
            if class_weights is None:
                return batch
            return *batch, class_weights[batch[1].argmax(axis=1)]

    return Batches()


def drawn(make: Callable[[np.random.Generator], tuple[Any, ...]], n_batches: int, seed: int) -> Any:
    """Make batches for `keras.Model.fit` that are drawn at random, each by itself.

    Parameters
    ----------
    make : callable
        Makes one batch (inputs, targets and perhaps weights) from a generator of random numbers.
    n_batches : int
        Batches in an epoch.
    seed : int
        With epoch and number of the batch, all that decides what is drawn.

    Returns
    -------
    keras.utils.PyDataset
        Endless, as `batches` makes them.
    """
    import keras

    class Drawn(keras.utils.PyDataset):  # type: ignore[misc]  # keras carries no types
        def __init__(self) -> None:
            super().__init__(workers=1, use_multiprocessing=False)
            self.first_epoch = 0
            self.n_batches = n_batches

        num_batches = None

        def __getitem__(self, number: int) -> tuple[Any, ...]:
            past, number = divmod(number, self.n_batches)
            return make(np.random.default_rng((seed, self.first_epoch + past, number)))

    return Drawn()
