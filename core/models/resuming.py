"""Going on with a training that was killed, to the same bits: what is kept, and how it is put back.

Everything that decides the next epoch is either kept in a checkpoint (weights, optimizer, history,
best weights) or a function of seed, stage and epoch (order of the images, dropout, augmentation).
Keras' own BackupAndRestore keeps neither the states of the random layers nor what early stopping
remembers, and writes in place.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from core.errors import NotReady
from core.language import t
from core.models.recipe import Recipe, Stage
from core.models.watching import Record

_FORMAT = 1
_WRITING_SHARE = 0.05  # of the time, at most
_SEED_STATE = "seed_generator_state"  # what Keras calls the variable of a SeedGenerator
_SEED_LIMIT = 2**31  # fits the signed type that some backends keep it in


class Keeper(Protocol):
    """Where checkpoints are kept; `core.store.checkpoints.Checkpoints` is one.

    Attributes
    ----------
    every_s : float
        Seconds between checkpoints, at least; more where writing one takes long. 0: after every
        epoch.
    """

    every_s: float

    def save(
        self, number: int, state: Mapping[str, Any], arrays: Sequence[npt.NDArray[Any]]
    ) -> None:
        """Keep a checkpoint, whole or not at all."""

    def newest(self) -> tuple[dict[str, Any], list[npt.NDArray[Any]]] | None:
        """Return the newest that is whole, or None."""

    def clear(self) -> None:
        """Delete them all."""


class Progress:
    """Where a training is, and what it takes to go on from there.

    Parameters
    ----------
    recipe : Recipe
        What is trained.
    record : Record
        The numbers so far; filled from the checkpoint where there is one.
    keeper : Keeper, optional
        None keeps nothing.
    batch_size : int, optional
        Images in a step, where that was decided while training; a checkpoint with another one is
        not gone on from.

    Attributes
    ----------
    stage : int
        Number of the stage that the training is in; those before it are over.
    n_epochs : int
        Epochs of that stage that are done.

    Raises
    ------
    NotReady
        If the checkpoint does not fit the network of today; it is deleted then.
    """

    def __init__(
        self,
        recipe: Recipe,
        record: Record,
        keeper: Keeper | None,
        batch_size: int | None = None,
    ) -> None:
        self._made_by = {"format": _FORMAT, "backend": _backend(), "batch_size": batch_size}
        self.stage, self.n_epochs = 0, 0
        self._recipe, self._record, self._keeper = recipe, record, keeper
        self._due_at = time.monotonic() + (keeper.every_s if keeper else 0.0)
        self._arrays: list[npt.NDArray[Any]] = []  # of the checkpoint, until its stage is entered
        found = None if keeper is None else keeper.newest()
        # another backend or version of it, or other batches, would not go on to the same bits
        if found is not None and found[0].get("made_by") == self._made_by:
            state, arrays = found
            served = recipe.served.get_weights()
            n_best = len(served)
            self._check(served, arrays[:n_best])
            record.load(state["record"], arrays[:n_best])
            self.stage, self.n_epochs = state["stage"], state["n_epochs"]
            self._arrays = arrays[n_best:]

    def enter(self, number: int, stage: Stage) -> int:
        """Enter a compiled stage, with the weights of the checkpoint if it was made in this one.

        Returns
        -------
        int
            Epochs of it that are done.

        Raises
        ------
        NotReady
            If the checkpoint does not fit the network of today; it is deleted then.
        """
        if not self._arrays:
            self.stage, self.n_epochs = number, 0
            self._record.begin_stage()
            return 0
        variables = _variables(self._recipe, stage)
        self._check(variables, self._arrays)
        for variable, array in zip(variables, self._arrays, strict=True):
            variable.assign(array)
        self._arrays = []
        return self.n_epochs

    def advance(self, stage: Stage) -> None:
        """Note that an epoch of the stage is done, and keep a checkpoint if one is due."""
        self.n_epochs += 1
        began = time.monotonic()
        if self._keeper is None or began < self._due_at:
            return
        state = {
            "made_by": self._made_by,
            "stage": self.stage,
            "n_epochs": self.n_epochs,
            "record": self._record.state(),
        }
        arrays = [*self._record.best_weights, *map(_array, _variables(self._recipe, stage))]
        self._keeper.save(self._record.n_done, state, arrays)
        now, every_s = time.monotonic(), self._keeper.every_s
        self._due_at = now + (max(every_s, (now - began) / _WRITING_SHARE) if every_s else 0.0)

    def _check(self, variables: Sequence[Any], arrays: Sequence[npt.NDArray[Any]]) -> None:
        """Raise NotReady, and delete the checkpoints, unless the shapes are the same."""
        if [tuple(v.shape) for v in variables] == [array.shape for array in arrays]:
            return
        if self._keeper is not None:
            self._keeper.clear()
        raise NotReady(
            t("the checkpoint was made by another version of this program and was deleted"),
            todo=t("start the training again; it begins anew"),
        )


def reseed(model: Any, seed: int, stage: int, epoch: int) -> None:
    """Let everything random in a model (dropout, augmentation) follow from three numbers alone.

    Parameters
    ----------
    model : keras.Model
        Its seed generators are set.
    seed, stage, epoch : int
        Of the training, and counted from 0.
    """
    import keras

    def drawn(number: int) -> int:
        entropy = np.random.SeedSequence((seed, stage, epoch, number)).generate_state(1)
        return int(entropy[0]) % _SEED_LIMIT

    states = [v for v in model.variables if v.name == _SEED_STATE]
    for number, state in enumerate(states):
        state.assign(np.array([drawn(number), 0]))
    # On PyTorch a dropout layer without a seed of its own asks the global generator instead.
    keras.utils.set_random_seed(drawn(len(states)))


def _variables(recipe: Recipe, stage: Stage) -> list[Any]:
    """Return everything that training changes, each once, in an order that building decides."""
    optimizer = stage.trained.optimizer
    if not optimizer.built:
        optimizer.build(stage.trained.trainable_variables)
    everything = [*recipe.served.weights, *stage.trained.weights, *optimizer.variables]
    return list({id(variable): variable for variable in everything}.values())


def _array(variable: Any) -> npt.NDArray[Any]:
    import keras

    array: npt.NDArray[Any] = keras.ops.convert_to_numpy(variable.value)
    return array


def _backend() -> str:
    """Return backend and versions: another version may compute other bits."""
    from importlib import import_module

    import keras

    name = keras.backend.backend()
    return f"keras {keras.__version__}, {name} {import_module(name).__version__}"
