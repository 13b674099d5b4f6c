"""What happens at the end of each epoch: validate, check, report, keep the best, stop in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import JobCancelled, JobFailed
from core.models.pipelines import ask
from core.models.recipe import Recipe, TrainingData

MONITOR = "val_log_loss"  # a proper score, and smoother than accuracy on few images
_SMALLEST = 1e-7  # probability that a logarithm is taken of; Keras' own


class Record:
    """The numbers of all epochs of a training, over all its stages, and the best weights so far.

    Attributes
    ----------
    history : dict of str to list of float
        One number an epoch.
    best_epoch : int
        Counted from 1; the first of equals.
    """

    def __init__(self, recipe: Recipe, data: TrainingData, n_epochs: int) -> None:
        self.history: dict[str, list[float]] = {}
        self.best_epoch = 0
        self._n_epochs = n_epochs
        self._recipe, self._data = recipe, data
        self._weights: list[npt.NDArray[Any]] = []

    @property
    def n_done(self) -> int:
        """Epochs so far."""
        return len(self.history.get("loss", ()))

    def add(self, logs: Mapping[str, float], *, asks: bool) -> dict[str, float]:
        """Take the numbers of one epoch, and keep the weights if none were better.

        Parameters
        ----------
        logs : mapping of str to float
            As Keras gives them to callbacks.
        asks : bool
            Whether the validation is still to be done, by asking the served model.

        Returns
        -------
        dict of str to float
            `epoch` (from 1), `n_epochs` and the numbers, for a report.

        Raises
        ------
        JobFailed
            If one of them is not finite.
        """
        if self._recipe.remember is not None:
            self._recipe.remember()
        numbers = {name: float(value) for name, value in logs.items()}
        if asks:
            numbers |= validate(self._recipe.served, self._data)
        epoch = self.n_done + 1
        if not all(np.isfinite(value) for value in numbers.values()):
            raise JobFailed(
                f"the training diverged in epoch {epoch}",
                todo="lower the learning rate or the penalty",
            )
        lowest = min(self.history.get(MONITOR, ()), default=np.inf)
        for name, value in numbers.items():
            self.history.setdefault(name, []).append(value)
        if numbers[MONITOR] < lowest:
            self.best_epoch, self._weights = epoch, self._recipe.served.get_weights()
        return {"epoch": epoch, "n_epochs": self._n_epochs, **numbers}

    def restore(self) -> None:
        """Give the served model, and all that shares its weights, those of the best epoch."""
        self._recipe.served.set_weights(self._weights)


def validate(model: Any, data: TrainingData) -> dict[str, float]:
    """Return `val_loss`, `val_accuracy` and `val_log_loss` of a model's answers.

    The loss is the log-loss: a model that is asked about images has no other here.
    """
    y = data.y[data.val_index]
    answers = ask(model, data.x, data.val_index)
    told = np.clip(answers[np.arange(len(y)), y], _SMALLEST, 1.0)
    log_loss = float(-np.log(told.astype(np.float64)).mean())
    accuracy = float((answers.argmax(axis=1) == y).mean())
    return {"val_loss": log_loss, "val_accuracy": accuracy, "val_log_loss": log_loss}


def watcher(
    record: Record,
    patience: int,
    check: Callable[[], None],
    report: Callable[[Mapping[str, float]], None] | None,
    *,
    asks: bool,
) -> Any:
    """Make the Keras callback of one stage.

    Parameters
    ----------
    record : Record
        Takes the numbers.
    patience : int
        The stage ends after so many epochs without a better validation.
    check : callable
        Called after every batch; raises to end the training.
    report : callable, optional
        Told the numbers of each epoch.
    asks : bool
        As in `Record.add`.
    """
    import keras

    class Watcher(keras.callbacks.Callback):  # type: ignore[misc]  # keras carries no types
        def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
            self._newest = record.n_done  # epoch since which nothing was better, from 1

        def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
            check()

        def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
            told = record.add(logs or {}, asks=asks)
            if report is not None:
                report(told)
            self._newest = max(self._newest, record.best_epoch)
            if record.n_done - self._newest >= patience:
                self.model.stop_training = True

    return Watcher()


def checker(should_stop: Callable[[], bool] | None) -> Callable[[], None]:
    """Return a function that raises JobCancelled when `should_stop` says so."""

    def check() -> None:
        if should_stop is not None and should_stop():
            raise JobCancelled("the training was stopped")

    return check
