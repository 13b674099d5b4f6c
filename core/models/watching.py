"""What happens at the end of each epoch: validate, check, report, keep the best, stop in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import JobCancelled, JobFailed
from core.language import t
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
    best_weights : list of ndarray
        Of the served model after that epoch; empty before the first.
    stopped : bool
        Whether the stage ended before its last epoch.

    Parameters
    ----------
    recipe : Recipe
        What is trained.
    data : TrainingData
        What it is trained and judged on.
    n_epochs : int
        Of all stages, at most; only told.
    time_budget_s : float, optional
        The training ends when so much time is spent.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: TrainingData,
        n_epochs: int,
        time_budget_s: float | None = None,
    ) -> None:
        self.history: dict[str, list[float]] = {}
        self.best_epoch = 0
        self.best_weights: list[npt.NDArray[Any]] = []
        self.stopped = False
        self._newest = 0  # epoch since which nothing was better, from 1; a stage begins anew
        self._n_epochs, self._time_budget_s = n_epochs, time_budget_s
        self._recipe, self._data = recipe, data
        self._spent_s, self._since = 0.0, time.perf_counter()

    @property
    def spent_s(self) -> float:
        """Seconds so far, those before a checkpoint included."""
        return self._spent_s + time.perf_counter() - self._since

    def out_of_time(self) -> bool:
        """Return whether the time budget is spent."""
        return self._time_budget_s is not None and self.spent_s >= self._time_budget_s

    @property
    def n_done(self) -> int:
        """Epochs so far."""
        return len(self.history.get("loss", ()))

    def begin_stage(self) -> None:
        """Let the next stage have all the patience."""
        self._newest, self.stopped = self.n_done, False

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
                t("the training diverged in epoch {epoch}", epoch=epoch),
                todo=t("lower the learning rate or the penalty"),
            )
        lowest = min(self.history.get(MONITOR, ()), default=np.inf)
        for name, value in numbers.items():
            self.history.setdefault(name, []).append(value)
        if numbers[MONITOR] < lowest:
            self.best_epoch, self.best_weights = epoch, self._recipe.served.get_weights()
        return self.told(epoch)

    def told(self, epoch: int) -> dict[str, float]:
        """Return `epoch` (from 1), `n_epochs` and the numbers of an epoch, for a report."""
        numbers = {name: values[epoch - 1] for name, values in self.history.items()}
        return {"epoch": epoch, "n_epochs": self._n_epochs, **numbers}

    def waited(self) -> int:
        """Return for how many epochs of this stage nothing was better."""
        self._newest = max(self._newest, self.best_epoch)
        return self.n_done - self._newest

    def state(self) -> dict[str, Any]:
        """Return what `load` takes beside the best weights; JSON can hold it."""
        return {
            "history": self.history,
            "best_epoch": self.best_epoch,
            "newest": self._newest,
            "stopped": self.stopped,
            "spent_s": self.spent_s,
        }

    def load(self, state: Mapping[str, Any], best_weights: list[npt.NDArray[Any]]) -> None:
        """Take over what another record told by `state`."""
        self.history = {name: list(values) for name, values in state["history"].items()}
        self.best_epoch, self._newest = state["best_epoch"], state["newest"]
        self.stopped, self.best_weights = state["stopped"], best_weights
        self._spent_s, self._since = state["spent_s"], time.perf_counter()

    def restore(self) -> None:
        """Give the served model, and all that shares its weights, those of the best epoch."""
        self._recipe.served.set_weights(self.best_weights)


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
    report: Callable[[Mapping[str, float]], None],
    *,
    asks: bool,
    begin: Callable[[int], None],
    done: Callable[[], None],
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
    report : callable
        Told the numbers of each epoch.
    asks : bool
        As in `Record.add`.
    begin : callable
        Called with the number of each epoch of the stage, from 0, before its first step.
    done : callable
        Called after each epoch, when everything about it is decided.
    """
    import keras

    class Watcher(keras.callbacks.Callback):  # type: ignore[misc]  # keras carries no types
        def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
            self._epoch = epoch

        def on_train_batch_begin(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
            if batch == 0:  # not earlier: making the iterator draws a random number on PyTorch
                begin(self._epoch)

        def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
            check()
            if record.out_of_time():
                self.model.stop_training = True

        def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
            told = record.add(logs or {}, asks=asks)
            record.stopped = record.waited() >= patience or record.out_of_time()
            self.model.stop_training = record.stopped
            done()
            report(told)

    return Watcher()


def checker(should_stop: Callable[[], bool] | None) -> Callable[[], None]:
    """Return a function that raises JobCancelled when `should_stop` says so."""

    def check() -> None:
        if should_stop is not None and should_stop():
            raise JobCancelled(t("the training was stopped"))

    return check
