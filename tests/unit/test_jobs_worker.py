from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import StoreError
from core.jobs import engine, processes
from core.jobs.worker import Patience, run_worker
from core.store import jobs, workers
from core.store.database import Workspace

QUICK = Patience(look_every_s=0.02, term_after_s=0.3, kill_after_s=0.8, linger_s=0.3)


@contextmanager
def working(ws, idle_exit_s=30.0):
    """Run a worker in a thread; it ends when the lease is taken from it."""
    thread = threading.Thread(target=run_worker, args=(ws, idle_exit_s, QUICK))
    thread.start()
    yield thread
    with ws.write() as conn:  # a lease that somebody alive holds ends this worker
        workers.take(conn, engine.slot(), os.getppid(), processes.started(os.getppid()))
    thread.join()


@pytest.fixture(autouse=True)
def beats_often(monkeypatch):
    monkeypatch.setattr("core.jobs.worker._BEAT_EVERY_S", 0.05)


def submit(ws, kind, **params):
    return engine.submit(ws, kind, params, title=kind)


@pytest.fixture
def gate(tmp_path):
    return {"started": str(tmp_path / "started"), "gate": str(tmp_path / "gate")}


def test_jobs_run_in_order_each_in_a_process_of_its_own(workspace, tmp_path):
    marks = tmp_path / "marks"
    ids = [submit(workspace, "mark", file=str(marks)) for _ in range(3)]
    run_worker(workspace, idle_exit_s=0.0, patience=QUICK)
    done = [engine.get_job(workspace, job_id) for job_id in ids]
    assert [j.state for j in done] == ["done"] * 3
    assert len({j.pid for j in done} | {os.getpid()}) == 4
    assert marks.read_text().split() == ids
    assert all(a.finished_at <= b.started_at for a, b in zip(done, done[1:], strict=False))
    assert not engine.worker_lives(workspace)  # the lease was given back


def test_a_second_worker_has_nothing_to_do(workspace):
    with workspace.write() as conn:
        workers.take(conn, engine.slot(), os.getppid(), processes.started(os.getppid()))
    assert run_worker(workspace, idle_exit_s=0.0) is False


def test_a_dead_workers_lease_is_taken_over(workspace):
    with workspace.write() as conn:
        workers.take(conn, engine.slot(), os.getpid(), 1.0)
    assert run_worker(workspace, idle_exit_s=0.0, patience=QUICK) is True


def test_a_job_submitted_while_the_worker_leaves_is_not_missed(workspace, monkeypatch):
    """Submit between the last look and the release: the release must notice."""
    ids, release = [], workers.release
    leave = jobs.next_queued

    def look(conn):
        found = leave(conn)
        if not ids and found is None:
            ids.append(jobs.insert_job(conn, "add", {"a": 1, "b": 2}, title="Add"))
        return found

    monkeypatch.setattr(jobs, "next_queued", look)
    assert run_worker(workspace, idle_exit_s=0.0, patience=QUICK)
    assert engine.get_job(workspace, ids[0]).state == "done"
    assert release is workers.release


def test_a_killed_job_is_failed_with_its_signal(workspace):
    job_id = submit(workspace, "die")
    run_worker(workspace, idle_exit_s=0.0, patience=QUICK)
    job = engine.get_job(workspace, job_id)
    assert job.state == "failed"
    assert "the process died (signal 9: killed by somebody" in job.error


@pytest.mark.parametrize(
    ("code", "patience", "words"),
    [
        (
            "raise SystemExit('no such module')",
            QUICK,
            "the process ended without a result (exit code 1); its last words: no such module",
        ),
        (
            "import threading; threading.Event().wait()",
            replace(QUICK, start_s=0.1),
            "the process died (signal 9: killed by somebody, or for lack of memory)",
        ),
    ],
)
def test_a_job_that_cannot_start_fails_with_the_reason(workspace, code, patience, words):
    job_id = submit(workspace, "add", a=1, b=2)
    command = (sys.executable, "-c", code)
    broken = Workspace(replace(workspace.settings, command=command), workspace.engine)
    run_worker(broken, idle_exit_s=0.0, patience=patience)
    job = engine.get_job(workspace, job_id)
    assert (job.state, job.error) == ("failed", f"could not start: {words}")


def test_a_job_that_stops_when_asked_is_cancelled(workspace, gate, until):
    job_id = submit(workspace, "hold", **gate)
    with working(workspace):
        until(Path(gate["started"]).exists)
        engine.cancel(workspace, job_id)
        assert engine.wait(workspace, job_id, timeout_s=20).state == "cancelled"


def test_a_job_that_does_not_listen_is_terminated(workspace, gate, until):
    job_id = submit(workspace, "deaf", started=gate["started"])
    with working(workspace):
        until(Path(gate["started"]).exists)
        engine.cancel(workspace, job_id)
        assert engine.wait(workspace, job_id, timeout_s=20).state == "cancelled"


def test_a_stubborn_job_is_killed_with_what_it_started(workspace, gate, until):
    job_id = submit(workspace, "stubborn", started=gate["started"])
    with working(workspace):
        until(lambda: len(_read(gate["started"]).split()) == 2)
        engine.cancel(workspace, job_id)
        assert engine.wait(workspace, job_id, timeout_s=20).state == "cancelled"
        pids = [int(pid) for pid in _read(gate["started"]).split()]
        until(lambda: not any(processes.started(pid) for pid in pids))


def test_a_process_that_does_not_end_after_its_job_is_killed(workspace, gate, until):
    job_id = submit(workspace, "deaf", started=gate["started"])
    with working(workspace):
        until(Path(gate["started"]).exists)
        with workspace.write() as conn:
            jobs.finish(conn, job_id, 1, "done")
        pid = int(_read(gate["started"]))
        until(lambda: processes.started(pid) is None)
    assert engine.get_job(workspace, job_id).state == "done"


def test_a_running_job_of_an_earlier_worker_is_waited_for(workspace, gate, until):
    first = submit(workspace, "hold", **gate)
    child = processes.spawn(
        workspace.settings, ["job-exec", first, "--fence", "1"], workspace.jobs_dir / "log", {}
    )
    until(lambda: engine.get_job(workspace, first).state == "running")
    second = submit(workspace, "add", a=1, b=2)
    with working(workspace):
        until(lambda: engine.worker_lives(workspace))
        assert engine.get_job(workspace, second).state == "queued"
        Path(gate["gate"]).touch()
        assert engine.wait(workspace, first, timeout_s=20).result == {"pid": child.pid}
        assert engine.wait(workspace, second, timeout_s=20).result == {"sum": 3}
    assert engine.get_job(workspace, second).started_at >= (
        engine.get_job(workspace, first).finished_at
    )


def test_a_worker_survives_a_full_disk(workspace, monkeypatch, caplog):
    job_id = submit(workspace, "add", a=1, b=2)
    look, left = jobs.next_queued, [3]

    def full(conn):
        if left[0]:
            left[0] -= 1
            raise StoreError("the disk is full")
        return look(conn)

    monkeypatch.setattr(jobs, "next_queued", full)
    run_worker(workspace, idle_exit_s=0.0, patience=QUICK)
    assert "disk is full" in caplog.text
    assert engine.get_job(workspace, job_id).state == "done"


def test_a_worker_whose_workspace_is_deleted_ends(workspace, until):
    thread = threading.Thread(target=run_worker, args=(workspace, 1e9, QUICK))
    thread.start()
    until(lambda: engine.worker_lives(workspace))
    shutil.rmtree(workspace.path)
    thread.join(timeout=20)
    assert not thread.is_alive()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_worker_and_gives_the_lease_back(workspace, until, number):
    def send():
        until(lambda: engine.worker_lives(workspace))
        os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    sender = threading.Thread(target=send)
    # The lease is visible a moment before the handlers are set: let a harmless one wait there.
    signal.signal(number, lambda *_args: os.kill(os.getpid(), number))
    try:
        sender.start()
        assert run_worker(workspace, idle_exit_s=1e9, patience=QUICK)
    finally:
        sender.join()
        signal.signal(number, before)
    assert not engine.worker_lives(workspace)


def _read(path):
    return Path(path).read_text() if Path(path).exists() else ""
