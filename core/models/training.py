"""Training: one function for every algorithm, from arrays to a fitted Keras model."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import JobFailed
from core.language import t
from core.models import Algorithm, get_algorithm
from core.models.balance import weights_for
from core.models.batch_size import is_out_of_memory, settle
from core.models.cost import Shape
from core.models.device import device_name, peak_memory_bytes
from core.models.learnable import check
from core.models.pipelines import batches, one_hot
from core.models.precision import full_float32, lowered, policy
from core.models.recipe import Recipe, TrainingData
from core.models.resuming import Keeper, Progress, reseed
from core.models.watching import Record, checker, watcher

__all__ = ["Fitted", "TrainingData", "device_name", "fit", "prepare_process"]

_log = logging.getLogger(__name__)

_N_SAMPLE_ROWS = 16


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained model and what is worth knowing about its training."""

    model: Any  # keras.Model with the weights of its best epoch
    history: Mapping[str, list[float]]  # one number an epoch
    best_epoch: int  # counted from 1
    n_parameters: int
    duration_s: float
    device: str
    sample: npt.NDArray[Any]  # a few rows of x, to compare exports on
    precision: str = "float32"  # of what was trained; what is served is float32
    batch_size: int | None = None  # that was found or fitted into memory, where there is one
    peak_memory_bytes: int | None = None  # of the device, where its backend tells


@dataclass(frozen=True, slots=True)
class _Aid:
    """What a training tells and asks the outside."""

    report: Callable[[Mapping[str, float]], None]
    check: Callable[[], None]
    keeper: Keeper | None
    time_budget_s: float | None


def _silent(_numbers: Mapping[str, float]) -> None:
    """Tell nobody."""


def fit(
    algorithm: str,
    options: Any,
    data: TrainingData,
    seed: int,
    report: Callable[[Mapping[str, float]], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    *,
    n_threads: int | None = None,
    time_budget_s: float | None = None,
    keeper: Keeper | None = None,
) -> Fitted:
    """Train a model.

    Parameters
    ----------
    algorithm : str
        Key of `core.models.ALGORITHMS`.
    options : dataclass
        That algorithm's options (`core.models.options.parse` makes them from a mapping).
    data : TrainingData
        Arrays and which rows are for what.
    seed : int
        Not negative. Equal seed, data, options, machine and `n_threads` give an equal model.
    report : callable, optional
        Called after every epoch with `epoch` (from 1), `n_epochs`, `loss`, `accuracy`, `log_loss`
        and the three of them with `val_` before.
    should_stop : callable, optional
        Asked after every batch; true ends the training.
    n_threads : int, optional
        Threads TensorFlow may use; heeded only by the first training of a process.
    time_budget_s : float, optional
        The training ends when so many seconds are spent, with the best weights until then.
    keeper : Keeper, optional
        Keeps checkpoints. Where it has one of this training, the training goes on from there and
        `report` is told of the epochs before it first.

    Returns
    -------
    Fitted
        With the weights of the epoch whose validation log-loss was lowest (the first of equals).

    Raises
    ------
    InvalidInput
        If there is no such algorithm, or data and algorithm do not fit together.
    JobCancelled
        If `should_stop` said so.
    JobFailed
        If a loss is no longer a finite number, or not even one image fits into the memory.

    Notes
    -----
    Shared by all algorithms: order of the images, dropout and augmentation are drawn anew for each
    epoch by seed and epoch, so that a training that goes on from a checkpoint ends, on a CPU, with
    the same bits as one that was never interrupted; early stopping keeps the best weights; XLA is
    left to Keras (on for GPUs; off on CPUs, where it doubles the time). Call it in a process of its
    own: the backend keeps its memory to the end.
    """
    entry = get_algorithm(algorithm)
    check(entry, options, data, seed)
    prepare_process(n_threads)
    options = settle(algorithm, options, Shape.of(data))
    aid = _Aid(report or _silent, checker(should_stop), keeper, time_budget_s)
    while True:
        try:
            return _fit(entry, options, data, seed, aid)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            options = _with_half_a_batch(options, error)


def _fit(entry: Algorithm, options: Any, data: TrainingData, seed: int, aid: _Aid) -> Fitted:
    """Build and train, with the options as they are."""
    import keras

    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    _make_deterministic()
    full_float32()
    recipe = entry.build(options, data, seed)
    n_epochs = sum(stage.n_epochs or options.epochs for stage in recipe.stages)
    record, precision = Record(recipe, data, n_epochs, aid.time_budget_s), policy()
    with lowered(recipe, precision) as lent:
        _run(lent, options, data, seed, record, aid)
    return Fitted(
        recipe.served,
        record.history,
        record.best_epoch,
        int(recipe.served.count_params()),
        record.spent_s,
        device_name(),
        np.array(data.x[np.asarray(data.val_index[:_N_SAMPLE_ROWS])]),
        precision,
        getattr(options, "batch_size", None),
        peak_memory_bytes(),
    )


def _with_half_a_batch(options: Any, error: Exception) -> Any:
    """Return the options with half as many images in a step, or raise if that cannot be."""
    size = getattr(options, "batch_size", 1)
    if size <= 1:
        raise JobFailed(
            t("there is not enough memory for this training"),
            todo=t("take smaller images (input_px) or a smaller network"),
        ) from error
    _log.warning("memory is full with %d images in a step; trying %d", size, size // 2)
    return replace(options, batch_size=size // 2)


def _run(
    recipe: Recipe, options: Any, data: TrainingData, seed: int, record: Record, aid: _Aid
) -> None:
    """Run the stages of a recipe; the served model ends with its best weights."""
    progress = Progress(recipe, record, aid.keeper, getattr(options, "batch_size", None))
    for epoch in range(1, record.n_done + 1):
        aid.report(record.told(epoch))
    for number, stage in enumerate(recipe.stages):
        if stage.prepare is not None:
            stage.prepare(aid.check)
        if number < progress.stage or (record.n_done and record.out_of_time()):
            continue
        train, val = stage.train, stage.val
        if train is None:
            train, val = _image_batches(options, data, seed)
        stage.trained.compile(stage.optimizer, stage.loss, weighted_metrics=_metrics())
        n_done = progress.enter(number, stage)
        if not record.stopped:
            train.first_epoch = n_done
            stage.trained.fit(
                train,
                validation_data=val,
                steps_per_epoch=train.n_batches,
                validation_steps=None if val is None else val.n_batches,
                epochs=stage.n_epochs or options.epochs,
                initial_epoch=n_done,
                shuffle=False,  # else Keras mixes the batches by a seed of its own
                callbacks=[
                    watcher(
                        record,
                        options.patience,
                        aid.check,
                        aid.report,
                        asks=val is None,
                        begin=partial(reseed, stage.trained, seed, number),
                        done=partial(progress.advance, stage),
                    )
                ],
                verbose=0,
            )
        record.restore()
    record.restore()  # where a checkpoint left nothing to do, too


def _image_batches(options: Any, data: TrainingData, seed: int) -> tuple[Any, Any]:
    """Return training and validation images with their classes, in batches."""
    targets = np.zeros((len(data.y), data.n_classes), np.float32)
    for rows in (data.train_index, data.val_index):
        targets[rows] = one_hot(data.y[rows], data.n_classes)
    train = batches(
        data.x,
        targets,
        data.train_index,
        options.batch_size,
        seed=seed,
        class_weights=weights_for(options, data),
    )
    return train, batches(data.x, targets, data.val_index, max(options.batch_size, 64))


def _metrics() -> list[Any]:
    import keras

    return [
        keras.metrics.CategoricalAccuracy(name="accuracy"),
        keras.metrics.CategoricalCrossentropy(name="log_loss"),
    ]


def prepare_process(n_threads: int | None = None) -> None:
    """Set what the backend reads when it is first imported; values already set are kept."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if n_threads is not None:
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(n_threads))
        os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
        os.environ.setdefault("OMP_NUM_THREADS", str(n_threads))


def _make_deterministic() -> None:
    """Ask the backend for the same result every time, where it can promise that."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
