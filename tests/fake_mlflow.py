"""A stand-in for the package mlflow: the few calls that are used, with the real one's rules.

A run's params never change, the same metric twice is one, a call takes 1000 metrics, and a search
sees a run as soon as it is made. Checked against MLflow 3.17.2 by hand.
"""

from __future__ import annotations

import itertools
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pytest


class Metric(NamedTuple):
    key: str
    value: float
    timestamp: int
    step: int


class Param(NamedTuple):
    key: str
    value: str


class MlflowException(Exception):
    """What every refusal of MLflow is."""


@dataclass
class Server:
    """What a tracking server holds; `fails_at` names a call that raises `error`."""

    places: dict[str, SimpleNamespace] = field(default_factory=dict)
    runs: list[SimpleNamespace] = field(default_factory=list)
    fails_at: str | None = None
    error: Exception = field(default_factory=lambda: MlflowException("HTTP 500\n  no room"))
    uris: list[str] = field(default_factory=list)

    def client(self, tracking_uri: str) -> Client:
        """Stand in for MlflowClient."""
        self.uris.append(tracking_uri)
        return Client(self)

    def by_name(self, name: str) -> SimpleNamespace:
        """Return the one run with this name."""
        (found,) = [run for run in self.runs if run.name == name]
        return found


class Client:
    """The methods of MlflowClient."""

    _ids = itertools.count(1)

    def __init__(self, server: Server) -> None:
        self._server = server

    def get_experiment_by_name(self, name: str) -> SimpleNamespace | None:
        self._may_fail("get_experiment_by_name")
        return self._server.places.get(name)

    def create_experiment(self, name: str, artifact_location: str | None = None) -> str:
        assert name not in self._server.places
        its_id = str(next(self._ids))
        self._server.places[name] = SimpleNamespace(
            experiment_id=its_id, artifact_location=artifact_location
        )
        return its_id

    def search_runs(self, places: list[str], filter_string: str, max_results: int) -> list[Any]:
        key, value = re.fullmatch(r"tags\.`([\w.]+)` = '([\w-]+)'", filter_string).groups()
        found = [r for r in self._server.runs if r.place in places and r.tags.get(key) == value]
        return found[:max_results]

    def create_run(self, place: str, start_time: int, tags: dict, run_name: str) -> SimpleNamespace:
        info = SimpleNamespace(run_id=f"{next(self._ids):032x}", status="RUNNING")
        run = SimpleNamespace(
            info=info, place=place, name=run_name, tags=tags, start=start_time, end=None
        )
        run.params, run.metrics, run.files = {}, set(), {}
        self._server.runs.append(run)
        return run

    def log_batch(self, run_id: str, metrics: Any = (), params: Any = ()) -> None:
        self._may_fail("log_batch")
        assert len(metrics) <= 1000 and len(params) <= 100
        run = self._run(run_id)
        for name, value in params:
            assert run.params.setdefault(name, value) == value
        assert all(re.fullmatch(r"[\w\-. :/]+", m.key) for m in metrics)
        run.metrics |= set(metrics)

    def log_artifact(self, run_id: str, local_path: str) -> None:
        self._may_fail("log_artifact")
        path = Path(local_path)
        self._run(run_id).files[path.name] = path.read_bytes()

    def set_terminated(self, run_id: str, end_time: int) -> None:
        run = self._run(run_id)
        run.end, run.info.status = end_time, "FINISHED"

    def _run(self, run_id: str) -> SimpleNamespace:
        (found,) = [run for run in self._server.runs if run.info.run_id == run_id]
        return found

    def _may_fail(self, call: str) -> None:
        if self._server.fails_at == call:
            raise self._server.error


def install(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Let `import mlflow` find the stand-in, whether or not the package is installed."""
    server = Server()
    modules = {name: ModuleType(name) for name in ("mlflow", "mlflow.entities")}
    modules["mlflow.exceptions"] = ModuleType("mlflow.exceptions")
    modules["mlflow"].MlflowClient = server.client
    modules["mlflow.entities"].Metric = Metric
    modules["mlflow.entities"].Param = Param
    modules["mlflow.exceptions"].MlflowException = MlflowException
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return server
