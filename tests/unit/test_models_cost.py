"""Costs: what is counted from options alone equals what Keras builds."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from core.models import ALGORITHMS, counting, options, transfer
from core.models.cost import Shape, cost, seconds
from core.models.recipe import TrainingData

N_CLASSES = 3
CASES = [  # algorithm, side or dimensions, options
    ("probe", 24, {}),
    ("knn", 24, {}),
    ("cnn", 16, {}),
    ("cnn", 64, {"width": 8}),
    ("cnn", 160, {"input_px": 160, "width": 4}),
    ("cnn", 225, {}),
    ("alexnet", 16, {"width_share": 0.1, "dense_units": 32}),
    ("alexnet", 97, {"width_share": 0.1, "dense_units": 32, "batch_norm": False}),
    ("alexnet", 224, {"width_share": 0.1, "dense_units": 32, "input_px": 224}),
    ("transfer", 16, {"input_px": 64}),
    ("transfer", 16, {"input_px": 96, "n_blocks": 9}),
    ("prototypical", 28, {}),
    ("matching", 28, {}),
    ("siamese", 28, {}),
    ("memory", 28, {}),
]


def built(name, size, more):
    """Return the recipe for a dozen images, the options and the shape of the data."""
    shape = (12, size) if ALGORITHMS[name].input == "embedding" else (12, size, size, 3)
    x = np.zeros(shape, np.float32 if len(shape) == 2 else np.uint8)
    x[:6] = 1
    rows = np.arange(12)
    data = TrainingData(x, rows % N_CLASSES, rows[:9], rows[9:], N_CLASSES)
    chosen = options.parse(ALGORITHMS[name].options, more)
    return ALGORITHMS[name].build(chosen, data, 0), chosen, Shape.of(data)


def layers_of(model):
    """Return the layers of a model and of the models in it."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from layers_of(layer)
        else:
            yield layer


def multiplications(model):
    """Return those of all convolutions and dense layers, from the shapes that Keras made."""
    total = 0
    for layer in layers_of(model):
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            kernel = layer.kernel.shape
            total += int(np.prod(kernel)) * layer.output.shape[1] * layer.output.shape[2]
        elif isinstance(layer, keras.layers.Dense):
            total += int(np.prod(layer.kernel.shape))
    return total


@pytest.mark.parametrize(("name", "size", "more"), CASES)
def test_parameters_and_multiplications_are_those_that_keras_builds(name, size, more):
    recipe, chosen, shape = built(name, size, more)
    counted = cost(name, chosen, shape)
    exactly = name in ("probe", "cnn", "alexnet", "transfer", "prototypical")
    close = 0.0 if exactly else 0.1
    assert counted.n_parameters == pytest.approx(recipe.served.count_params(), rel=close)
    if name == "transfer":
        per_image = counted.fixed_flops / 2 / 12 + 1280 * N_CLASSES
    elif name in ("probe", "cnn", "alexnet"):
        per_image = counted.epoch_flops / counted.n_epochs / (6 * 9 + 2 * 3)
    else:
        return
    assert per_image == pytest.approx(multiplications(recipe.served), rel=0.001)


def test_the_cut_of_a_transfer_is_where_keras_cuts():
    recipe, chosen, _ = built("transfer", 16, {"input_px": 96, "n_blocks": 5})
    below, top, map_values = counting.transfer(96, chosen.n_blocks)
    assert below.parameters == recipe.served.get_layer("bottom").count_params()
    assert top.parameters == recipe.served.get_layer("top").count_params()
    assert map_values == np.prod(recipe.served.get_layer("bottom").output.shape[1:])


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_more_work_costs_more(name):
    chosen = ALGORITHMS[name].options()
    shape = Shape(700, 150, 7, 128)
    once, twice = (
        cost(name, replace(chosen, epochs=chosen.epochs * n, patience=n), shape) for n in (1, 2)
    )
    assert once.n_epochs < twice.n_epochs and once.n_steps < twice.n_steps
    assert once.epoch_flops < twice.epoch_flops <= 2 * once.epoch_flops
    assert once.memory_bytes == twice.memory_bytes > 0.5e9
    assert seconds(name, once, 4e10) < seconds(name, twice, 4e10)
    assert seconds(name, once, 4e10, 0.5) < seconds(name, once, 4e10) < seconds(name, once, 1e10)
    more = cost(name, chosen, replace(shape, n_val=400))
    assert more.epoch_flops + more.fixed_flops > once.epoch_flops + once.fixed_flops


@pytest.mark.parametrize("name", ["cnn", "alexnet", "transfer"])
def test_a_larger_batch_takes_more_memory_and_fewer_steps(name):
    chosen, shape = ALGORITHMS[name].options(), Shape(2000, 300, 7, 224)
    small, large = (cost(name, replace(chosen, batch_size=n), shape) for n in (64, 1024))
    assert small.memory_bytes < large.memory_bytes
    assert small.n_steps > large.n_steps
    assert small.image_bytes == large.image_bytes > 0


def test_the_rows_that_pass_the_frozen_blocks_at_once_count():
    chosen = ALGORITHMS["transfer"].options(input_px=512)
    few, many = (cost("transfer", chosen, Shape(n, 0, 2, 512)) for n in (2, 400))
    below = counting.transfer(512, chosen.n_blocks)[0]
    assert many.memory_bytes - few.memory_bytes > 4 * below.values * (transfer.ROWS_AT_ONCE - 3)
