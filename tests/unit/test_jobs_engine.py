from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import Conflict, NotFound, NotReady, StoreError
from core.jobs import engine, processes
from core.jobs.worker import execute
from core.store import jobs, workers
from core.store.database import Workspace
from tests.faults import entry


def submit(ws, **params):
    return engine.submit(ws, "add", {"a": 1, "b": 2} | params, title="Add")


def claim(ws, job_id, pid, pid_started, host=None):
    with ws.write() as conn:
        assert jobs.claim(
            conn, job_id, 1, pid=pid, pid_started=pid_started, host=host or processes.host()
        )


@pytest.fixture
def dead():
    """(pid, started) of a process that was killed and collected."""
    code = "import threading; threading.Event().wait()"
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        started = processes.started(process.pid)
        process.kill()
    return process.pid, started


@pytest.fixture
def spawned(monkeypatch):
    """Record what would be started instead of starting it; this process plays the child."""
    calls = []

    class Child:
        pid = os.getpid()

    def spawn(_settings, args, _log, _env, nice=False):
        calls.append(list(args))
        return Child()

    monkeypatch.setattr(processes, "spawn", spawn)
    return calls


def test_a_submitted_job_is_there_for_everybody(workspace):
    job_id = submit(workspace)
    assert [j.id for j in engine.list_jobs(workspace)] == [job_id]
    assert engine.get_job(workspace, job_id).state == "queued"
    with pytest.raises(NotFound):
        engine.get_job(workspace, "job-nope")


@pytest.mark.parametrize("how", ["get", "list", "wait", "cancel"])
def test_whoever_looks_sees_that_a_process_is_gone(workspace, dead, how):
    job_id = submit(workspace)
    claim(workspace, job_id, *dead)
    if how == "list":
        (job,) = engine.list_jobs(workspace)
    else:
        look = {"get": engine.get_job, "wait": engine.wait, "cancel": engine.cancel}[how]
        job = look(workspace, job_id)
    assert job.state == "failed"
    assert "the process died (killed, out of memory, or the machine restarted); its log is" in (
        job.error
    )
    assert job.finished_at


def test_a_reused_process_id_fools_nobody(workspace):
    job_id = submit(workspace)
    pid, started = processes.me()
    claim(workspace, job_id, pid, started + 100)
    assert engine.get_job(workspace, job_id).state == "failed"


def test_a_job_that_was_asked_to_stop_and_died_counts_as_cancelled(workspace, dead):
    job_id = submit(workspace)
    claim(workspace, job_id, *dead)
    with workspace.write() as conn:
        jobs.request_cancel(conn, job_id)
    assert engine.get_job(workspace, job_id).state == "cancelled"


def test_another_machines_job_is_judged_by_its_heartbeat(workspace, dead):
    job_id = submit(workspace)
    claim(workspace, job_id, *dead, host="elsewhere")
    assert engine.get_job(workspace, job_id).state == "running"
    old = (datetime.now(UTC) - timedelta(seconds=61)).isoformat()
    with workspace.write() as conn:
        conn.exec_driver_sql("UPDATE job SET heartbeat_at = ?", (old,))
    job = engine.get_job(workspace, job_id)
    assert job.state == "failed"
    assert "nothing was heard from its machine elsewhere for 61 s" in job.error


def test_a_changed_clock_takes_no_job_from_a_living_process(workspace):
    job_id = submit(workspace)
    claim(workspace, job_id, *processes.me())
    for at in ("1999-01-01T00:00:00+00:00", "2099-01-01T00:00:00+00:00"):
        with workspace.write() as conn:
            conn.exec_driver_sql("UPDATE job SET heartbeat_at = ?", (at,))
        assert engine.get_job(workspace, job_id).state == "running"
        assert [j.id for j in engine.reconcile(workspace)] == [job_id]


def test_cancel_ends_a_queued_job_and_asks_a_running_one(workspace):
    queued, running = submit(workspace), submit(workspace)
    claim(workspace, running, *processes.me())
    assert engine.cancel(workspace, queued).state == "cancelled"
    job = engine.cancel(workspace, running)
    assert (job.state, job.cancel_requested) == ("running", True)
    assert engine.cancel(workspace, queued).state == "cancelled"  # twice is once
    with pytest.raises(NotFound):
        engine.cancel(workspace, "job-nope")


def test_a_dead_job_can_be_retried_without_looking_first(workspace, dead):
    job_id = submit(workspace)
    with pytest.raises(Conflict):
        engine.retry(workspace, job_id)
    claim(workspace, job_id, *dead)
    again = engine.retry(workspace, job_id)
    assert engine.retry(workspace, job_id) == again
    execute(workspace, again, 1, entry.TASKS)
    assert engine.get_job(workspace, again).result == {"sum": 3}


def test_wait_returns_the_ended_job_and_tells_of_changes(workspace):
    job_id, seen = submit(workspace), []

    def on_progress(job):
        seen.append(job.state)
        if job.state == "queued":
            execute(workspace, job_id, 1, entry.TASKS)

    assert engine.wait(workspace, job_id, on_progress).result == {"sum": 3}
    assert seen == ["queued", "done"]


def test_wait_gives_up_after_its_timeout(workspace):
    job_id = submit(workspace)
    with pytest.raises(NotReady, match="still queued after 0 s"):
        engine.wait(workspace, job_id, timeout_s=0)


@pytest.fixture
def spawning(workspace):
    return Workspace(replace(workspace.settings, spawns_worker=True), workspace.engine)


def test_a_submission_starts_one_worker_and_reserves_the_lease_for_it(spawning, spawned):
    submit(spawning)
    submit(spawning)
    engine.list_jobs(spawning)
    assert spawned == [["worker"]]
    with spawning.read() as conn:
        lease = workers.holder(conn, engine.slot())
    assert lease
    assert (lease.pid, lease.pid_started) == processes.me()
    assert engine.worker_lives(spawning)


def test_a_reader_misses_a_dead_worker(spawning, spawned, dead):
    job_id = submit(spawning)
    with spawning.write() as conn:
        workers.take(conn, engine.slot(), *dead)
    spawned.clear()
    engine.get_job(spawning, job_id)
    assert spawned == [["worker"]]


def test_nobody_starts_a_worker_when_there_is_nothing_to_do(spawning, spawned):
    engine.list_jobs(spawning)
    assert spawned == []
    job_id = submit(spawning)
    claim(spawning, job_id, *processes.me())
    with spawning.write() as conn:
        workers.release(conn, engine.slot(), *processes.me())
    spawned.clear()
    engine.list_jobs(spawning)  # it runs, and needs no worker for that
    assert spawned == []
    engine.cancel(spawning, job_id)  # somebody must see to it that it stops
    assert spawned == [["worker"]]


def test_workers_of_somebody_else_are_left_to_them(workspace, spawned):
    submit(workspace)
    engine.list_jobs(workspace)
    assert spawned == []


def test_a_worker_that_dies_at_once_takes_no_lease(spawning, monkeypatch, dead):
    class Child:
        pid = dead[0]

    monkeypatch.setattr(processes, "spawn", lambda *_args, **_options: Child())
    submit(spawning)
    assert not engine.worker_lives(spawning)


def test_a_submission_stands_when_no_worker_can_be_started(spawning, caplog):
    missing = replace(spawning.settings, command=("/no/such/python",))
    broken = Workspace(missing, spawning.engine)
    job_id = submit(broken)
    assert "no worker could be started: /no/such/python is missing" in caplog.text
    with pytest.raises(StoreError, match="no/such/python"):  # whoever looks is told
        engine.get_job(broken, job_id)
    with spawning.read() as conn:
        assert jobs.get(conn, job_id).state == "queued"


def test_a_spawned_process_leads_its_own_session_and_logs(settings, tmp_path):
    log = tmp_path / "log"
    quiet = replace(settings, command=(sys.executable, "-c", "import os; print(os.getsid(0))"))
    child = processes.spawn(quiet, ["x"], log, {}, nice=True)
    assert child.wait() == 0
    assert int(log.read_text()) == child.pid
    processes.reap()
    assert child not in processes._spawned


@pytest.mark.parametrize("nice", [True, False])
def test_only_a_nice_process_gives_way_and_so_does_its_session(settings, tmp_path, nice):
    waits = (sys.executable, "-c", "import threading; threading.Event().wait()")
    child = processes.spawn(replace(settings, command=waits), [], tmp_path / "log", {}, nice=nice)
    group = Path(f"/proc/{child.pid}/autogroup")  # only where Linux shares cores by session
    try:
        ours = os.getpriority(os.PRIO_PROCESS, 0)
        expected = max(10, ours) if nice else ours
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == expected
        if group.exists():
            assert group.read_text().split()[-1] == (str(expected) if nice else "0")
    finally:
        child.kill()
        child.wait()
        processes.reap()


def test_a_session_that_cannot_be_told_stops_nothing(settings, tmp_path, monkeypatch, caplog):
    def read_only(_path, _text):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "exists", lambda _path: True)
    monkeypatch.setattr(Path, "write_text", read_only)
    quick = replace(settings, command=(sys.executable, "-c", ""))
    assert processes.spawn(quick, [], tmp_path / "log", {}, nice=True).wait() == 0
    assert "has the priority of the dashboard" in caplog.text
    processes.reap()
