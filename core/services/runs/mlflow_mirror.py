"""MLflow as a place that runs are mirrored to: the one file that imports it, inside `connect`.

Only its client is used: the web process never loads it, and nothing of MLflow is needed to read or
repeat a run.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from core.errors import AppError, InvalidInput, NotReady
from core.language import t

RUN_KEY = "desempate.run"
_SQLITE = "sqlite:///"
_SQLITE_HEAD = b"SQLite format 3\0"
_LONG = 300  # characters of what MLflow says
_MOST_AT_ONCE = 1000  # metrics in one call; MLflow refuses more
_SETTLED = {
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # stdout carries one JSON object
}
# Its own defaults wait for minutes; a training must not. Whoever sets them knows better.
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


@dataclass(frozen=True, slots=True)
class RunCopy:
    """A finished run in the form that tracking servers take."""

    run_id: str
    dataset: str  # its name
    ended_ms: int  # since 1970, UTC
    duration_ms: int
    params: Mapping[str, str]
    figures: Mapping[str, float]
    curves: Mapping[str, Sequence[float | None]]  # one number an epoch
    marks: Mapping[str, str]
    files: Sequence[Path]


class MlflowMirror:
    """Runs in MLflow, each known by its mark `desempate.run`; made by `connect`.

    Parameters
    ----------
    client : MlflowClient
        Connected to the store.
    files_root : Path, optional
        Where files go; by default the server decides.
    """

    def __init__(self, client: Any, files_root: Path | None) -> None:
        self._client = client
        self._files_root = files_root

    def holds(self, dataset: str, run_id: str) -> bool:
        """Return whether the run is there, complete.

        Raises
        ------
        AppError
            If MLflow cannot be reached, or refuses.
        """
        with _one_sentence():
            found = self._find(self._place(dataset), run_id)
        return found is not None and found.info.status == "FINISHED"

    def put(self, copy: RunCopy) -> None:
        """Write a run; one that was left half-written is completed.

        Times and steps are the run's own, so writing the same numbers again changes nothing.

        Raises
        ------
        AppError
            If MLflow cannot be reached, or refuses.
        """
        with _one_sentence():
            there = self._place(copy.dataset)
            found = self._find(there, copy.run_id) or self._client.create_run(
                there,
                start_time=copy.ended_ms - copy.duration_ms,
                tags={RUN_KEY: copy.run_id, **copy.marks},
                run_name=copy.run_id,
            )
            its_id = found.info.run_id
            self._write_numbers(its_id, copy)
            for path in copy.files:
                self._client.log_artifact(its_id, str(path))
            self._client.set_terminated(its_id, end_time=copy.ended_ms)

    def _place(self, dataset: str) -> str:
        """Return MLflow's id of the experiment with the data set's name, made if it is missing."""
        found = self._client.get_experiment_by_name(dataset)
        if found is not None:
            return str(found.experiment_id)
        files = None if self._files_root is None else (self._files_root / dataset).as_uri()
        return str(self._client.create_experiment(dataset, artifact_location=files))

    def _find(self, there: str, run_id: str) -> Any:
        found = self._client.search_runs([there], f"tags.`{RUN_KEY}` = '{run_id}'", max_results=1)
        return found[0] if found else None

    def _write_numbers(self, its_id: str, copy: RunCopy) -> None:
        from mlflow.entities import Metric, Param

        numbers = [Metric(name, value, copy.ended_ms, 0) for name, value in copy.figures.items()]
        for name, values in copy.curves.items():
            numbers += [
                Metric(name, value, copy.ended_ms, epoch)
                for epoch, value in enumerate(values, start=1)
                if value is not None and math.isfinite(value)
            ]
        params = [Param(name, value) for name, value in copy.params.items()]
        self._client.log_batch(its_id, params=params)
        for start in range(0, len(numbers), _MOST_AT_ONCE):
            self._client.log_batch(its_id, metrics=numbers[start : start + _MOST_AT_ONCE])


def connect(uri: str | None) -> MlflowMirror:
    """Return MLflow at `uri`, which no web process may ask for.

    Parameters
    ----------
    uri : str or None
        A server, `http://HOST:PORT`, or a database file, `sqlite:////FOLDER/mlflow.db`; files of
        runs then go to a folder `mlflow-files` beside it.

    Raises
    ------
    NotReady
        If there is no `uri`, or MLflow is not installed.
    InvalidInput
        If `uri` is neither, or its file cannot be used.
    """
    if uri is None:
        raise NotReady(
            t("runs are mirrored nowhere"),
            todo=t("set MLFLOW_TRACKING_URI, for example to http://127.0.0.1:5000"),
        )
    os.environ.update(_SETTLED)
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient
    except ImportError as error:
        raise NotReady(
            t("MLflow is not installed here"),
            received=str(error),
            todo=t("install it with `tools/setup.sh install requirements-mlflow.txt`"),
        ) from error
    files_root = _files_root(uri)
    with _one_sentence():
        return MlflowMirror(MlflowClient(tracking_uri=uri), files_root)


def tracking(uri: str | None) -> dict[str, Any]:
    """Return whether runs are mirrored (`on`), to which `uri`, by which version of `mlflow`."""
    try:
        installed = version("mlflow-skinny")  # what the package mlflow stands on, too
    except PackageNotFoundError:
        installed = None
    on = uri is not None and installed is not None
    return {"on": on, "uri": uri and _public(uri), "mlflow": installed}


def _files_root(uri: str) -> Path | None:
    """Check `uri` before MLflow, which tries to open a bad database for over a minute."""
    if uri.startswith(("http://", "https://")):
        return None
    path = Path(uri.removeprefix(_SQLITE))
    if not uri.startswith(_SQLITE) or not path.is_absolute():  # jobs run in another folder
        raise InvalidInput(
            t("MLFLOW_TRACKING_URI cannot be used"),
            expected=t("http://HOST:PORT or sqlite:////FOLDER/FILE with a whole path"),
            received=_public(uri),
        )
    if not os.access(path.parent, os.W_OK) or not _is_database(path):
        raise InvalidInput(
            t("the file of MLFLOW_TRACKING_URI cannot be used"),
            expected=t("an SQLite database, or a new file in a folder that may be written to"),
            received=str(path),
        )
    return path.parent / "mlflow-files"


def _is_database(path: Path) -> bool:
    if not path.exists():
        return True
    with path.open("rb") as file:
        return file.read(len(_SQLITE_HEAD)) in (b"", _SQLITE_HEAD)


def _public(text: str) -> str:
    """Return `text` without a name and password in an address.

    >>> _public("http://ana:secret@host:5000")
    'http://host:5000'
    """
    return re.sub(r"//[^/@\s]*@", "//", text)


@contextmanager
def _one_sentence() -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, OSError) as error:  # those of requests are OSErrors
        said = " ".join(_public(str(error)).split())
        if len(said) > _LONG:  # an address with its query, and the reason at the end
            said = f"{said[: _LONG // 3]} ... {said[-_LONG // 2 :]}"
        raise AppError(
            t("MLflow did not take it"),
            received=said.rstrip("."),
            todo=t("see that its server runs, then `python -m core mirror DATASET`"),
        ) from error
