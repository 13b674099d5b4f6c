"""`transfer`: a pretrained backbone with a new head, then tuned from the top.

References
----------
F. Chollet, "Transfer learning and fine-tuning", Keras guide (head first, then a low step size,
batch normalisation with its statistics frozen).
J. Yosinski, J. Clune, Y. Bengio and H. Lipson, "How transferable are features in deep neural
networks?", NeurIPS 2014.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.language import phrase
from core.models import backbones, balance, schedules, weights
from core.models.options import option
from core.models.pipelines import batches, one_hot
from core.models.recipe import Recipe, Stage, TrainingData
from core.settings import DEFAULT_BACKBONE, load_settings

_N_BLOCKS = 16  # of EfficientNet-Lite0
_SCALING = "preprocess"  # its layer from raw to scaled pixels
ROWS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class TransferOptions:
    """What can be set on a transfer; the defaults suit hundreds to thousands of images."""

    epochs: int = option(
        30, phrase("Passes over the training images with the head alone, at most"), 1, 1000
    )
    tuning_epochs: int = option(
        20, phrase("Passes that also tune the top blocks, at most"), 0, 1000
    )
    patience: int = option(
        6, phrase("Stop after this many epochs without a better validation"), 1, 1000
    )
    batch_size: int = option(32, phrase("Images in one step; 0: found by itself"), 0, 4096)
    learning_rate: float = option(0.003, phrase("Highest step size of the head alone"), 1e-6, 1)
    tuning_rate: float = option(0.0003, phrase("Highest step size while tuning"), 1e-7, 1)
    schedule: str = option("cosine", schedules.HELP, choices=schedules.SCHEDULES)
    balance: bool = option(False, balance.HELP)
    weight_decay: float = option(0.001, phrase("Pull of the weights towards zero"), 0.0, 1.0)
    dropout: float = option(0.2, phrase("Share of the embedding dropped in training"), 0.0, 0.9)
    label_smoothing: float = option(
        0.1, phrase("Share of belief spread over all classes"), 0.0, 0.5
    )
    n_blocks: int = option(3, phrase("Blocks of the backbone that are tuned, from the top"), 1, 15)
    input_px: int = option(
        160, phrase("Side the images are resized to, rounded to 32 pixels"), 32, 512
    )


def build(options: TransferOptions, data: TrainingData, seed: int) -> Recipe:
    """Build a transfer.

    Parameters
    ----------
    options : TransferOptions
        Validated options.
    data : TrainingData
        Pixels.
    seed : int
        Decides the order of the batches.

    Returns
    -------
    Recipe
        From raw uint8 pixels (n_images, size_px, size_px, 3) to probabilities
        (n_images, n_classes). Two stages: the head on embeddings, then head and top blocks on what
        the blocks below give, both computed once for each image.

    Raises
    ------
    NotReady
        If the weights of the backbone are not on this machine.

    Notes
    -----
    What lies below the tuned blocks never changes, so running it once is the same as running it in
    every epoch; that rules out augmentation. Batch normalisation keeps the statistics of ImageNet.
    """
    import keras

    side = 32 * max(1, round(options.input_px / 32))
    entry = backbones.get(DEFAULT_BACKBONE)
    path = weights.obtain(entry.weights, load_settings().weights)
    backbone = backbones.build(entry.name, path, side)
    bottom, top = _cut(backbone, _N_BLOCKS - options.n_blocks)
    head = _head(options, entry.dim, data.n_classes)
    pixels = keras.Input(data.x.shape[1:], dtype="uint8", name="pixels")
    # scaled first: of whole numbers, Keras' Resizing gives whole ones, but in a graph it does not
    scaled = backbone.get_layer(_SCALING)(pixels)
    resized = keras.layers.Resizing(side, side, name="resize")(scaled)
    below = keras.Model(pixels, bottom(resized, training=False), name="below")
    served = keras.Model(pixels, head(top(below.output, training=False)), name="transfer")
    cached = _Cached(below, top, data)
    embedding = keras.Input((entry.dim,), name="embedding")
    on_embedding = Stage(
        # around the head: what is compiled is saved with its optimizer, which one backend may own
        keras.Model(embedding, head(embedding), name="transfer_head"),
        _adamw(options, data, options.learning_rate, options.epochs),
        _loss(options),
        *_batches(cached.embedding, data, options, seed),
        prepare=cached.fill,
    )
    if not options.tuning_epochs:
        return Recipe(served, (on_embedding,))
    map_in = keras.Input(below.output.shape[1:], name="below_map")
    tuned = Stage(
        keras.Model(map_in, head(top(map_in, training=False)), name="transfer_tuned"),
        _adamw(options, data, options.tuning_rate, options.tuning_epochs),
        _loss(options),
        *_batches(cached.maps, data, options, seed + 1),
        n_epochs=options.tuning_epochs,
    )
    return Recipe(served, (on_embedding, tuned))


def _cut(backbone: Any, n_below: int) -> tuple[Any, Any]:
    """Return the backbone from scaled pixels to block `n_below`, frozen, and the rest of it."""
    import keras

    names = [layer.name for layer in backbone.layers]
    first = next(i for i, name in enumerate(names) if name.startswith(f"block{n_below}_"))
    border = backbone.layers[first - 1].output
    bottom = keras.Model(backbone.get_layer(_SCALING).output, border, name="bottom")
    bottom.trainable = False
    return bottom, keras.Model(border, backbone.output, name="top")


def _head(options: TransferOptions, dim: int, n_classes: int) -> Any:
    """Return the head from embeddings (n_images, dim) to probabilities."""
    import keras

    embedding = keras.Input((dim,), name="embedding")
    y = keras.layers.Dropout(options.dropout, name="dropout")(embedding)
    y = keras.layers.Dense(n_classes, activation="softmax", name="probabilities")(y)
    return keras.Model(embedding, y, name="head")


def _adamw(options: TransferOptions, data: TrainingData, rate: float, epochs: int) -> Any:
    import keras

    steps = -(-len(data.train_index) // options.batch_size) * epochs
    step_size = schedules.step_size(options.schedule, rate, steps)
    return keras.optimizers.AdamW(step_size, weight_decay=options.weight_decay)


def _loss(options: TransferOptions) -> Any:
    import keras

    return keras.losses.CategoricalCrossentropy(label_smoothing=options.label_smoothing)


class _Cached:
    """What the frozen part of the backbone gives for training and validation images, in memory."""

    def __init__(self, below: Any, top: Any, data: TrainingData) -> None:
        self._below, self._top, self._x = below, top, data.x
        self._rows = np.concatenate([data.train_index, data.val_index])
        self.maps = np.empty((len(self._rows), *below.output.shape[1:]), np.float32)
        self.embedding = np.empty((len(self._rows), top.output_shape[-1]), np.float32)

    def fill(self, check: Callable[[], None]) -> None:
        """Compute both, asking `check` now and then."""
        import keras

        for start in range(0, len(self._rows), ROWS_AT_ONCE):
            check()
            part = slice(start, start + ROWS_AT_ONCE)
            images = np.ascontiguousarray(self._x[self._rows[part]])
            maps = self._below(images, training=False)
            self.maps[part] = keras.ops.convert_to_numpy(maps)
            self.embedding[part] = keras.ops.convert_to_numpy(self._top(maps, training=False))


def _batches(
    cached: npt.NDArray[np.float32], data: TrainingData, options: TransferOptions, seed: int
) -> tuple[Any, Any]:
    """Return training and validation images in batches of what was computed of them."""
    n_train = len(data.train_index)
    y = np.concatenate([data.y[data.train_index], data.y[data.val_index]])
    targets, rows = one_hot(y, data.n_classes), np.arange(len(y))
    weights = balance.weights_for(options, data)
    train = batches(
        cached, targets, rows[:n_train], options.batch_size, seed=seed, class_weights=weights
    )
    return train, batches(cached, targets, rows[n_train:], max(options.batch_size, 64))
