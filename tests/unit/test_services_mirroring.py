"""Runs mirrored to MLflow: what arrives, that it arrives once, and what a failure costs."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from core.cli import main
from core.errors import AppError, InvalidInput, JobCancelled, NotReady
from core.services import doctor
from core.services.labels import label_sets
from core.services.runs import mirroring, mlflow_mirror, training
from core.store import runs
from tests import fake_mlflow
from tests.seeding import seed

URI = "http://127.0.0.1:5000"


@pytest.fixture
def ids(workspace):
    return seed(workspace)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))  # `connect` settles MLflow's variables
    return fake_mlflow.install(monkeypatch)


@pytest.fixture
def tracked(workspace, ids):
    """The workspace as a process with MLFLOW_TRACKING_URI sees it."""
    workspace.settings = replace(workspace.settings, tracking_uri=URI)
    return workspace


class Job:
    """As much of a JobContext as a hook needs."""

    def __init__(self, ws):
        self.workspace, self.steps, self.events = ws, [], []

    def report(self, progress=None, step=None):
        assert progress is None
        self.steps.append(step)

    def event(self, kind, payload):
        self.events.append((kind, payload["text"]))


def metrics_of(run, name):
    return [m.value for m in sorted(run.metrics, key=lambda m: m.step) if m.key == name]


def stored(ws, run_id):
    with ws.read() as conn:
        return runs.get(conn, run_id)


def add_like(ws, run_id, new_id, **changes):
    """Insert a copy of a run with changes."""
    its = stored(ws, run_id)
    record = {name: getattr(its, name) for name in its.__slots__}
    record |= {"id": new_id, "created_at": its.created_at.isoformat(), **changes}
    with ws.write() as conn:
        runs.add(conn, record)


def test_every_run_arrives_once(tracked, ids, server):
    told = []
    first = mirroring.mirror_missing(tracked, "seeded", told.append)
    assert first == {"dataset": ids.dataset, "n_runs": 4, "n_mirrored": 4, "n_there": 0}
    assert sorted(told) == sorted(f"mirrored {run.name}" for run in server.runs)
    again = mirroring.mirror_missing(tracked, ids.dataset)
    assert (again["n_mirrored"], again["n_there"]) == (0, 4)
    assert {run.name for run in server.runs} == {ids.generalist, ids.second, ids.expert, ids.merged}
    assert len(server.runs) == 4 and list(server.places) == ["seeded"]
    assert server.uris == [URI, URI]


def test_what_a_run_is_arrives(tracked, ids, server):
    mirroring.mirror_missing(tracked, "seeded")
    its, copy = stored(tracked, ids.merged), server.by_name(ids.merged)
    assert copy.params["classes"] == "A, B, C+D"
    assert copy.params["class_map"] == ids.class_map
    assert copy.params["class_map_name"] == "three@1"
    assert copy.params["dataset"] == ids.dataset and copy.params["labels"] == "original"
    assert (copy.params["algorithm"], copy.params["seed"]) == ("probe", "0")
    assert (copy.params["device"], copy.params["backbone"]) == ("test", its.config["backbone"])
    assert "pair" not in copy.params and server.by_name(ids.expert).params["pair"] == "C, D"
    assert copy.tags["desempate.run"] == ids.merged
    assert copy.tags["desempate.version"] == "0.1.0"
    assert (copy.end, copy.start) == (round(1000 * its.created_at.timestamp()), copy.end - 1500)


def test_figures_and_curves_arrive(tracked, ids, server):
    mirroring.mirror_missing(tracked, "seeded")
    its, copy = stored(tracked, ids.generalist), server.by_name(ids.generalist)
    low, high = its.metrics["test"]["accuracy_ci"]
    assert metrics_of(copy, "test/accuracy") == [its.metrics["test"]["accuracy"]]
    assert metrics_of(copy, "test/accuracy_low") == [low]
    assert metrics_of(copy, "test/accuracy_high") == [high]
    assert metrics_of(copy, "val/kappa") == [its.metrics["val"]["kappa"]]
    assert metrics_of(copy, "epoch/val_loss") == its.history["val_loss"]
    assert {m.step for m in copy.metrics if m.key.startswith("epoch/")} == {1, 2}


def test_options_label_sets_and_long_histories_arrive(tracked, ids, server):
    labels = label_sets.save_label_set(
        tracked, ids.dataset, "agreed", np.zeros(120, dtype=np.int64), origin={}
    )
    its = stored(tracked, ids.generalist)
    config = {**its.config, "labels": labels.id, "options": {"epochs": 1500, "bias": True}}
    history = {"loss": [1.0 / n for n in range(1, 1501)], "val_loss": [None] * 1500}
    add_like(tracked, its.id, "run-0123456789ab", config=config, history=history)
    mirroring.mirror_missing(tracked, "seeded")
    copy = server.by_name("run-0123456789ab")
    assert (copy.params["options.epochs"], copy.params["options.bias"]) == ("1500", "True")
    assert copy.params["labels"] == labels.id and copy.params["labels_name"] == "agreed@1"
    assert metrics_of(copy, "epoch/loss") == history["loss"]
    assert metrics_of(copy, "epoch/val_loss") == []  # what is not a number is left out


def test_files_arrive_unless_they_are_too_large(tracked, ids, server, monkeypatch):
    monkeypatch.setattr(mirroring, "_LARGEST_BYTES", 10)
    artifact = {
        "manifest.json": tracked.blobs.put_bytes(b"{}"),
        "model.onnx": tracked.blobs.put_bytes(b"x" * 11),
        "model.keras": tracked.blobs.put_bytes(b"k"),
    }
    add_like(tracked, ids.generalist, "run-0123456789ab", artifact=artifact)
    mirroring.mirror_missing(tracked, "seeded")
    assert server.by_name("run-0123456789ab").files == {"manifest.json": b"{}"}
    monkeypatch.setattr(mirroring, "_LARGEST_BYTES", 11)
    add_like(tracked, ids.generalist, "run-ba9876543210", artifact=artifact)
    mirroring.mirror_missing(tracked, "seeded")
    assert set(server.by_name("run-ba9876543210").files) == {"manifest.json", "model.onnx"}


@pytest.mark.parametrize("call", ["log_batch", "log_artifact"])
def test_what_was_left_half_written_is_completed(tracked, ids, server, call):
    manifest = {"manifest.json": tracked.blobs.put_bytes(b"{}")}
    add_like(tracked, ids.generalist, "run-0123456789ab", artifact=manifest)
    server.fails_at = call
    with pytest.raises(AppError, match="MLflow did not take it; received HTTP 500 no room; see"):
        mirroring.mirror_missing(tracked, "seeded")
    server.fails_at = None
    assert mirroring.mirror_missing(tracked, "seeded")["n_there"] < 5
    assert len(server.runs) == 5 == len({run.tags["desempate.run"] for run in server.runs})
    assert {run.info.status for run in server.runs} == {"FINISHED"}
    assert metrics_of(server.by_name("run-0123456789ab"), "epoch/loss") == [1.0, 0.5]


def test_two_that_mirror_at_once_write_one(tracked, ids, server, monkeypatch):
    search, meeting = fake_mlflow.Client.search_runs, threading.Barrier(2)

    def search_together(*args, **kwargs):
        found = search(*args, **kwargs)
        with suppress(threading.BrokenBarrierError):  # broken for good when nobody else comes
            meeting.wait(timeout=0.5)
        return found

    monkeypatch.setattr(fake_mlflow.Client, "search_runs", search_together)
    at_once = [
        threading.Thread(target=mirroring.mirror_missing, args=(tracked, "seeded"))
        for _ in range(2)
    ]
    for thread in at_once:
        thread.start()
    for thread in at_once:
        thread.join()
    assert len(server.runs) == 4


def test_archived_runs_stay_out(tracked, ids, server):
    training.archive_run(tracked, ids.second)
    assert mirroring.mirror_missing(tracked, "seeded")["n_runs"] == 3
    assert ids.second not in {run.name for run in server.runs}


def test_a_job_mirrors_the_run_it_stored(tracked, ids, server):
    job = Job(tracked)
    mirroring.mirror_stored(job, ids.generalist)
    assert [run.name for run in server.runs] == [ids.generalist]
    assert job.steps == [f"mirroring {ids.generalist} to MLflow"] and job.events == []


def test_a_job_does_nothing_where_tracking_is_off(workspace, ids, server):
    job = Job(workspace)
    mirroring.mirror_stored(job, ids.generalist)
    assert server.uris == server.runs == job.steps == job.events == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionError("refused by http://ana:secret@h:1/"), "refused by http://h:1/"),
        (KeyError("a bug of MLflow"), "a bug of MLflow"),
    ],
)
def test_a_dead_server_fails_no_job(tracked, ids, server, caplog, error, reason):
    server.fails_at, server.error = "get_experiment_by_name", error
    job = Job(tracked)
    with caplog.at_level(logging.WARNING):
        mirroring.mirror_stored(job, ids.generalist)
    ((kind, said),) = job.events
    assert kind == "log" and job.steps[-1] == said and said in caplog.messages
    assert said.startswith(f"{ids.generalist} is stored, but not mirrored: ") and reason in said
    assert "secret" not in said


def test_a_long_refusal_keeps_its_reason(server):
    server.fails_at = "get_experiment_by_name"
    server.error = fake_mlflow.MlflowException(f"API request {'x' * 1000} Connection refused")
    with pytest.raises(AppError, match="API request .*Connection refused") as caught:
        mlflow_mirror.connect(URI).holds("seeded", "run-0")
    assert len(str(caught.value)) < 400


def test_a_job_can_be_cancelled_before_it_mirrors(tracked, ids, server):
    def report(*_):
        raise JobCancelled("job was asked to stop")

    job = Job(tracked)
    job.report = report
    with pytest.raises(JobCancelled):
        mirroring.mirror_stored(job, ids.generalist)
    assert server.runs == []


def test_without_the_package_a_job_says_so(tracked, ids, monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setitem(sys.modules, "mlflow", None)
    job = Job(tracked)
    mirroring.mirror_stored(job, ids.generalist)
    assert "stored, but not mirrored: MLflow is not installed here" in job.steps[-1]
    with pytest.raises(NotReady, match="requirements-mlflow.txt"):
        mirroring.mirror_missing(tracked, "seeded")


def test_connecting_closes_what_mlflow_leaves_open(server):
    os.environ |= {"MLFLOW_HTTP_REQUEST_TIMEOUT": "9", "MLFLOW_DISABLE_TELEMETRY": "false"}
    mlflow_mirror.connect(URI)
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "9"  # somebody's own choice
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "1"


def test_a_database_file_keeps_its_files_beside_it(tracked, ids, server, tmp_path):
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    tracked.settings = replace(tracked.settings, tracking_uri=uri)
    mirroring.mirror_missing(tracked, "seeded")
    place = server.places["seeded"].artifact_location
    assert server.uris == [uri] and place == f"file://{tmp_path}/mlflow-files/seeded"


@pytest.mark.parametrize(
    "uri", ["sqlite:///mlflow.db", "databricks", "/somewhere", "sqlite:////nowhere/at/all/m.db"]
)
def test_an_address_that_would_hang_or_stray_is_refused(server, uri):
    with pytest.raises(InvalidInput, match="MLFLOW_TRACKING_URI cannot be used"):
        mlflow_mirror.connect(uri)
    assert server.uris == []


def test_a_file_that_is_no_database_is_refused(server, tmp_path):
    (tmp_path / "notes.txt").write_text("not a database")
    with pytest.raises(InvalidInput, match="an SQLite database"):
        mlflow_mirror.connect(f"sqlite:///{tmp_path}/notes.txt")


def test_doctor_says_whether_runs_are_mirrored(workspace, monkeypatch):
    monkeypatch.setattr(mlflow_mirror, "version", lambda name: "3.17.2")
    assert doctor.examine(workspace)["tracking"] == {"on": False, "uri": None, "mlflow": "3.17.2"}
    address = "http://ana:secret@127.0.0.1:5000"
    workspace.settings = replace(workspace.settings, tracking_uri=address)
    found = doctor.examine(workspace)
    assert found["tracking"] == {"on": True, "uri": URI, "mlflow": "3.17.2"}
    assert found["problems"] == []


def test_doctor_finds_a_missing_package(tracked, monkeypatch):
    def missing(name):
        raise mlflow_mirror.PackageNotFoundError(name)

    monkeypatch.setattr(mlflow_mirror, "version", missing)
    found = doctor.examine(tracked)
    assert found["tracking"] == {"on": False, "uri": URI, "mlflow": None}
    assert found["problems"] == ["MLFLOW_TRACKING_URI is set, but MLflow is not installed"]


def test_the_command_prints_one_object(workspace, ids, server, monkeypatch, capsys):
    words = ["mirror", "seeded", "--json", "--workspace", str(workspace.path)]
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    assert main(words) == 2
    told = capsys.readouterr()
    assert told.out == "" and "set MLFLOW_TRACKING_URI" in told.err
    os.environ["MLFLOW_TRACKING_URI"] = URI
    assert main(words) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["n_mirrored"] == 4 and told.err.count("mirrored run-") == 4
    server.fails_at = "get_experiment_by_name"
    assert main(words) == 1
    assert capsys.readouterr().err.count("\n") == 1
