"""The recipe of airbench94 in Keras: images on the device, network, optimizer, six views.

References
----------
K. Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024, arXiv:2404.00498, and its
repository (`airbench94_muon.py`, MIT licence), whose numbers these are.
K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

SIDE_PX, REACH_PX = 32, 2
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)  # of CIFAR-10, in [0, 1]
N_WHITENED, WHITEN_PX, WHITEN_EPSILON = 5_000, 2, 5e-4
WIDTHS, NORM_MOMENTUM, NORM_EPSILON = (64, 256, 256), 0.6, 1e-12
BIAS_RATE, HEAD_RATE, MUON_RATE = 0.053, 0.67, 0.24
DECAY, MOMENTUM, MUON_MOMENTUM = 2e-6, 0.85, 0.6
NEWTON_SCHULZ, N_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315), 3
VIEWS = (  # weight, then lines down, columns right, mirrored; REACH_PX is the middle
    *((0.25, 2, 2, mirrored) for mirrored in (0, 1)),
    *((0.125, 1, 1, mirrored) for mirrored in (0, 1)),
    *((0.125, 3, 3, mirrored) for mirrored in (0, 1)),
)


class Resident(layers.Layer):
    """Images in the memory of the device; a batch is picked, moved and mirrored there.

    Takes int32 (n, 4): which image, lines down, columns right (0 to 4 each), mirrored (0 or 1).
    Gives float32 (n, 32, 32, 3), 0 to 255.
    """

    def __init__(self, pixels: np.ndarray) -> None:
        super().__init__(trainable=False, dtype="float32")
        border = ((0, 0), (REACH_PX, REACH_PX), (REACH_PX, REACH_PX), (0, 0))
        padded = np.pad(pixels, border, "reflect").reshape(-1, 3)
        self._side = SIDE_PX + 2 * REACH_PX
        # float16 holds 0 to 255 as they are; not every backend keeps uint8 on a GPU
        self._flat = self.add_weight(
            shape=padded.shape, dtype="float16", initializer="zeros", autocast=False
        )
        self._flat.assign(padded.astype(np.float16))

    def call(self, choice: Any) -> Any:
        image, down, right, mirrored = (ops.reshape(choice[:, i], (-1, 1, 1)) for i in range(4))
        line = ops.reshape(ops.arange(SIDE_PX, dtype="int32"), (1, -1, 1))
        column = ops.reshape(ops.arange(SIDE_PX, dtype="int32"), (1, 1, -1))
        column = mirrored * (SIDE_PX - 1 - column) + (1 - mirrored) * column
        place = (image * self._side + down + line) * self._side + right + column
        return ops.cast(ops.take(self._flat, place, axis=0), "float32")


class Bias(layers.Layer):
    """One number a channel, added: the whitening layer learns its bias and nothing else."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.bias = self.add_weight(shape=(shape[-1],), initializer="zeros", name="bias")

    def call(self, y: Any) -> Any:
        return y + self.bias


def network(n_classes: int) -> keras.Model:
    """Build the network from pixels, 0 to 255, to logits, in the global dtype policy."""
    pixels = keras.Input((SIDE_PX, SIDE_PX, 3))
    scale = [1 / (255 * std) for std in STD]
    offset = [-mean / std for mean, std in zip(MEAN, STD, strict=True)]
    y = layers.Rescaling(scale, offset, dtype="float32", name="normalise")(pixels)
    n_filters = 2 * 3 * WHITEN_PX**2
    y = layers.Conv2D(n_filters, WHITEN_PX, use_bias=False, trainable=False, name="whiten")(y)
    y = layers.Activation("gelu")(Bias(name="whiten_bias")(y))
    for number, width in enumerate(WIDTHS, start=1):
        for part in "ab":
            y = layers.Conv2D(
                width, 3, padding="same", use_bias=False, name=f"group{number}{part}"
            )(y)
            if part == "a":
                y = layers.MaxPooling2D(2)(y)
            y = layers.BatchNormalization(
                momentum=NORM_MOMENTUM, epsilon=NORM_EPSILON, scale=False
            )(y)
            y = layers.Activation("gelu")(y)
    y = layers.Flatten()(layers.MaxPooling2D(3)(y))
    y = layers.Dense(n_classes, use_bias=False, dtype="float32", name="head")(y)
    return keras.Model(pixels, layers.Rescaling(1 / WIDTHS[-1], dtype="float32")(y), name="net94")


def initialise(model: keras.Model, rng: np.random.Generator) -> None:
    """Draw the weights: convolutions begin by handing their input on, the head with deviation 1."""
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            n_channels = layer.moving_mean.shape[0]
            layer.set_weights([np.zeros(n_channels), np.zeros(n_channels), np.ones(n_channels)])
        elif isinstance(layer, Bias):
            layer.set_weights([np.zeros(layer.bias.shape)])
        elif layer.name.startswith("group"):
            height, width, n_in, n_out = layer.kernel.shape
            bound = (height * width * n_in) ** -0.5
            kernel = rng.uniform(-bound, bound, layer.kernel.shape)
            kernel[..., :n_in] = 0
            kernel[1, 1, range(n_in), range(n_in)] = 1
            layer.set_weights([kernel])
        elif layer.name == "head":
            kernel = rng.uniform(-1, 1, layer.kernel.shape)
            layer.set_weights([kernel / kernel.std()])


def whiten(model: keras.Model, pixels: np.ndarray) -> None:
    """Set the first layer from patches of some images: its filters give uncorrelated numbers."""
    x = model.get_layer("normalise")(pixels)
    last = SIDE_PX - WHITEN_PX + 1
    corners = [(i, j) for i in range(WHITEN_PX) for j in range(WHITEN_PX)]
    patches = ops.concatenate([x[:, i : i + last, j : j + last] for i, j in corners], axis=-1)
    flat = ops.reshape(
        patches, (-1, 3 * WHITEN_PX**2)
    )  # in the order of a kernel: line, column, channel
    covariance = ops.convert_to_numpy(ops.matmul(ops.transpose(flat), flat)) / flat.shape[0]
    values, vectors = np.linalg.eigh(covariance.astype(np.float64))
    filters = vectors / np.sqrt(values + WHITEN_EPSILON)
    kernel = np.hstack([filters, -filters]).reshape(WHITEN_PX, WHITEN_PX, 3, -1)
    model.get_layer("whiten").set_weights([kernel])


class Muon94(keras.optimizers.Optimizer):
    """Muon for the filters of convolutions, SGD with Nesterov momentum for all else.

    Keras' own Muon takes matrices only and gives convolutions to AdamW. All rates fall to zero in a
    straight line.
    """

    def __init__(self, n_steps: int, batch_size: int, matrix_dtype: str) -> None:
        falling = keras.optimizers.schedules.PolynomialDecay(1.0, n_steps, end_learning_rate=0.0)
        super().__init__(learning_rate=falling, name="muon94")
        self._batch_size, self._matrix_dtype = batch_size, matrix_dtype

    def build(self, variables: list[Any]) -> None:
        if not self.built:
            super().build(variables)
            self._momenta = [
                self.add_variable_from_reference(variable, name="momentum")
                for variable in variables
            ]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        momentum = self._momenta[self._get_variable_index(variable)]
        if len(variable.shape) == 4:
            step = self._smoothed(gradient, momentum, MUON_MOMENTUM)
            matrix = ops.reshape(step, (-1, variable.shape[-1]))
            step = ops.reshape(orthogonal(matrix, self._matrix_dtype), variable.shape)
            length = ops.sqrt(ops.sum(ops.square(variable)))
            kept = variable * (variable.shape[-1] ** 0.5 / length)
            self.assign(variable, kept - learning_rate * MUON_RATE * step)
        else:
            rate = HEAD_RATE if len(variable.shape) == 2 else BIAS_RATE
            # the recipe adds up the loss over a batch, where Keras takes the mean
            pull = DECAY * self._batch_size / rate * variable
            step = self._smoothed(self._batch_size * gradient + pull, momentum, MOMENTUM)
            self.assign_sub(variable, learning_rate * rate * step)

    def _smoothed(self, gradient: Any, momentum: Any, share: float) -> Any:
        self.assign(momentum, share * momentum + gradient)
        return gradient + share * momentum


def orthogonal(matrix: Any, dtype: str) -> Any:
    """Return about U V^T of a matrix U S V^T, by the iteration of Newton and Schulz."""
    a, b, c = NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x = ops.transpose(matrix) if tall else matrix
    x = ops.cast(x / (ops.sqrt(ops.sum(ops.square(x))) + 1e-7), dtype)
    for _ in range(N_NEWTON_SCHULZ):
        square = ops.matmul(x, ops.transpose(x))
        x = a * x + ops.matmul(b * square + c * ops.matmul(square, square), x)
    x = ops.cast(x, matrix.dtype)
    return ops.transpose(x) if tall else x


class Batches(keras.utils.PyDataset):
    """Which images, how moved and whether mirrored, with one-hot targets; whole batches only."""

    def __init__(self, y: np.ndarray, n_classes: int, batch_size: int, seed: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._targets, self._size, self._epoch = (
            np.eye(n_classes, dtype=np.float32)[y],
            batch_size,
            0,
        )
        self._rng = np.random.default_rng(seed)
        self._mirrored = self._rng.integers(0, 2, len(y))  # in the first epoch, else every other
        self._draw()

    def _draw(self) -> None:
        n_images = len(self._targets)
        self._order = self._rng.permutation(n_images)
        moved = self._rng.integers(0, 2 * REACH_PX + 1, (n_images, 2))
        mirrored = (self._mirrored[self._order] + self._epoch) % 2
        self._choice = np.column_stack([self._order, moved, mirrored]).astype(np.int32)

    def __len__(self) -> int:
        return len(self._targets) // self._size

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        part = slice(number * self._size, (number + 1) * self._size)
        return self._choice[part], self._targets[self._order[part]]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._draw()


def answers(model: keras.Model, n_images: int, batch_size: int) -> np.ndarray:
    """Return the class of each image of a model's Resident, from six views of it."""
    logits = 0.0
    for weight, *view in VIEWS:
        choice = np.column_stack([np.arange(n_images), np.tile(view, (n_images, 1))])
        logits += weight * model.predict(choice.astype(np.int32), batch_size, verbose=0)
    return logits.argmax(axis=1)
