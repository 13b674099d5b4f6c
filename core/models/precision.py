"""Half precision on GPUs that are built for it, in training only; what is served is float32.

A layer's policy is a switch, not a part of its weights, which are float32 throughout: it is set to
half precision for the training and set back, so that the model that is saved, exported and asked is
the one that was built.

References
----------
P. Micikevicius et al., "Mixed Precision Training", ICLR 2018 (float16 and the scaled loss).
D. Kalamkar et al., "A Study of BFLOAT16 for Deep Learning Training", 2019.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from core.models.device import accelerator
from core.models.recipe import Recipe, Stage

FLOAT32, FLOAT16, BFLOAT16 = "float32", "mixed_float16", "mixed_bfloat16"
_TENSOR_CORES, _WITH_BFLOAT16 = (7, 0), (8, 0)  # NVIDIA's compute capabilities: Volta, Ampere


def policy() -> str:
    """Return the precision to train convolutions in on this machine, as Keras names it.

    `mixed_bfloat16` on GPUs of NVIDIA from compute capability 8.0 on, `mixed_float16` on those of
    7.x, `float32` on all else: a CPU computes half precision by way of float32, only slower.
    """
    found = accelerator()
    if found is None or found.capability is None or found.capability < _TENSOR_CORES:
        return FLOAT32
    return FLOAT16 if found.capability < _WITH_BFLOAT16 else BFLOAT16


def full_float32() -> None:
    """Make float32 mean float32 in this process, on a GPU as on a CPU.

    Unless told, NVIDIA's from Ampere on round what they multiply to 10 bits (TF32): 5e-4 of each
    factor, more than two forms of one model may differ by.
    """
    import keras

    backend = keras.backend.backend()
    library = import_module(backend)
    if backend == "tensorflow":
        library.config.experimental.enable_tensor_float_32_execution(False)
    elif backend == "jax":
        library.config.update("jax_default_matmul_precision", "highest")
    elif backend == "torch":
        library.set_float32_matmul_precision("highest")
        library.backends.cudnn.allow_tf32 = False


@contextmanager
def lowered(recipe: Recipe, name: str) -> Iterator[Recipe]:
    """Lend a recipe to train in half precision; afterwards its models are float32 again.

    Parameters
    ----------
    recipe : Recipe
        Built in float32; its layers are switched, not copied.
    name : str
        From `policy`; `float32` lends the recipe as it is.

    Yields
    ------
    Recipe
        The same models, with optimizers that scale the loss where float16 needs it.

    Notes
    -----
    Convolutions that learn, and the normalisations, ReLUs, sums and pools among them, give half
    precision: there the time and the memory go. What is frozen, dense layers, distances, the
    softmax and the loss are float32; so are the statistics of batch normalisation, all weights and
    their updates. At the end of the block, what is remembered of the training images is computed
    again, in float32.
    """
    if name == FLOAT32:
        yield recipe
        return
    layers = _switched(recipe)
    _set(layers, name)
    try:
        stages = [_scaling(stage) for stage in recipe.stages] if name == FLOAT16 else recipe.stages
        yield dataclasses.replace(recipe, stages=tuple(stages))
    finally:
        _set(layers, FLOAT32)
    if recipe.remember is not None:
        recipe.remember()


def _switched(recipe: Recipe) -> list[Any]:
    """Return the layers that compute in half precision."""
    from keras import layers

    between = (layers.BatchNormalization, layers.ReLU, layers.Add)
    pools = (layers.MaxPooling2D, layers.AveragePooling2D)
    kinds = (layers.Conv2D, layers.DepthwiseConv2D, *between, *pools)
    models = [recipe.served, *(stage.trained for stage in recipe.stages)]
    found = [layer for model in models for layer in _layers_of(model)]
    return [layer for layer in found if isinstance(layer, kinds) and layer.trainable]


def _layers_of(model: Any) -> Iterator[Any]:
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers_of(layer)
        else:
            yield layer


def _set(layers: list[Any], name: str) -> None:
    for layer in layers:
        layer.dtype_policy = name


def _scaling(stage: Stage) -> Stage:
    """Return the stage with an optimizer that keeps small gradients from becoming 0 in float16."""
    import keras

    scaling = keras.optimizers.LossScaleOptimizer(stage.optimizer)
    return dataclasses.replace(stage, optimizer=scaling)
