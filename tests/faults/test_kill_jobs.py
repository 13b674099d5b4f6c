"""Kill -9 on the job, the worker and the web server: nothing accepted is lost, readers see truth.

"Web server" here is a process that submits and reads as the pages do; the pages themselves are
killed in tests/browser.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from core.jobs import engine, processes
from core.records import JOB_ENDED
from core.settings import ROOT
from core.store import jobs, workers
from core.store.database import Workspace
from tests.faults.test_kill_writer import SLOW, is_sound, writer

TRUTH_S = 5.0  # how late a reader may know


@pytest.fixture
def ws(workspace):
    """A workspace whose submissions and readers start real workers; all of them end with it."""
    spawning = Workspace(replace(workspace.settings, spawns_worker=True), workspace.engine)
    yield spawning
    with workspace.read() as conn:
        lease = workers.holder(conn, engine.slot())
        running = jobs.running(conn)
    for process in [*running, *([lease] if lease else [])]:
        if processes.is_alive(process.pid, process.pid_started):
            processes.end_group(process.pid, signal.SIGKILL)
    processes.reap()


@pytest.fixture
def gate(tmp_path):
    return {"started": str(tmp_path / "started"), "gate": str(tmp_path / "gate")}


def submit(ws, kind, **params):
    return engine.submit(ws, kind, params, title=kind)


def worker_pid(ws):
    with ws.read() as conn:
        lease = workers.holder(conn, engine.slot())
    return lease.pid if lease and processes.is_alive(lease.pid, lease.pid_started) else None


def kill(pid):
    os.kill(pid, signal.SIGKILL)


def started(gate):
    path = Path(gate["started"])
    return path.exists() and path.read_text() != ""


def test_a_killed_job_is_seen_as_failed_and_the_next_one_runs(ws, gate, until):
    job_id, after = submit(ws, "hold", **gate), submit(ws, "add", a=1, b=2)
    until(lambda: started(gate))
    pid = engine.get_job(ws, job_id).pid
    kill(pid)
    until(lambda: engine.get_job(ws, job_id).state == "failed", TRUTH_S)
    assert "the process died" in engine.get_job(ws, job_id).error
    assert engine.wait(ws, after, timeout_s=30).result == {"sum": 3}
    Path(gate["gate"]).touch()
    again = engine.retry(ws, job_id)
    assert engine.wait(ws, again, timeout_s=30).state == "done"


def test_a_killed_worker_takes_no_job_along(ws, gate, until):
    job_id, after = submit(ws, "hold", **gate), submit(ws, "add", a=1, b=2)
    until(lambda: started(gate))
    first = worker_pid(ws)
    kill(first)
    # Whoever looks starts a worker; the first look may come before the old one is quite dead.
    until(lambda: engine.list_jobs(ws) and worker_pid(ws) not in (None, first), TRUTH_S)
    assert engine.get_job(ws, job_id).state == "running"
    Path(gate["gate"]).touch()
    assert engine.wait(ws, job_id, timeout_s=30).state == "done"
    assert engine.wait(ws, after, timeout_s=30).result == {"sum": 3}


def test_worker_and_job_killed_together(ws, gate, until):
    job_id, after = submit(ws, "hold", **gate), submit(ws, "add", a=1, b=2)
    until(lambda: started(gate))
    kill(worker_pid(ws))
    kill(engine.get_job(ws, job_id).pid)
    until(lambda: engine.get_job(ws, job_id).state == "failed", TRUTH_S)
    assert engine.wait(ws, after, timeout_s=30).result == {"sum": 3}


def test_a_worker_killed_before_it_does_anything_is_replaced(ws):
    job_id = submit(ws, "add", a=1, b=2)
    kill(worker_pid(ws))
    assert engine.wait(ws, job_id, timeout_s=30).result == {"sum": 3}


def test_a_cancelled_job_stops_even_if_its_worker_was_killed(ws, gate, until):
    job_id = submit(ws, "deaf", started=gate["started"])
    until(lambda: started(gate))
    kill(worker_pid(ws))
    engine.cancel(ws, job_id)
    assert engine.wait(ws, job_id, timeout_s=30).state == "cancelled"


def test_a_killed_web_server_takes_nothing_along(ws, gate, until):
    command = [*ws.settings.command, "submit", "hold", *gate.values()]
    command += ["--workspace", str(ws.path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        job_id = server.stdout.readline().strip()
        kill(server.pid)  # the moment the submission was acknowledged
    assert engine.get_job(ws, job_id).state in ("queued", "running")
    until(lambda: started(gate))
    assert engine.get_job(ws, job_id).state == "running"
    Path(gate["gate"]).touch()
    assert engine.wait(ws, job_id, timeout_s=30).state == "done"


def test_the_worker_goes_when_there_is_nothing_to_do(ws):
    command = [*ws.settings.command, "worker", "--idle-exit-s", "0", "--workspace", str(ws.path)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
    assert worker_pid(ws) is None


@pytest.mark.parametrize("n_kills", [4, pytest.param(60, marks=SLOW)])
def test_random_kills_lose_no_job_and_run_none_twice(ws, tmp_path, until, n_kills):
    rng, marks = random.Random(0), tmp_path / "marks"
    marks.touch()
    ids = [submit(ws, "mark", file=str(marks)) for _ in range(n_kills + 2)]
    for _ in range(n_kills):
        target = rng.random() * 0.5
        deadline = time.monotonic() + target
        until(lambda deadline=deadline: time.monotonic() > deadline)
        with ws.read() as conn:
            pids = [job.pid for job in jobs.running(conn)]
        pids += [pid] if (pid := worker_pid(ws)) else []
        if pids:
            victim = rng.choice(pids)
            if processes.started(victim):
                kill(victim)
        engine.list_jobs(ws, limit=1)  # somebody has the page open
    states = Counter(engine.wait(ws, job_id, timeout_s=120).state for job_id in ids)
    assert set(states) <= {"done", "failed"}
    ran = Counter(marks.read_text().split())
    assert max(ran.values()) == 1
    assert all(ran[i] == 1 for i in ids if engine.get_job(ws, i).state == "done")
    assert is_sound(ws)


@pytest.mark.parametrize(
    ("n_jobs", "n_workers", "n_kills"),
    [(40, 4, 4), pytest.param(500, 20, 100, marks=SLOW)],
)
def test_many_claimers_killed_at_random_do_each_job_once(
    workspace, tmp_path, n_jobs, n_workers, n_kills
):
    rng, marks = random.Random(0), tmp_path / "marks"
    marks.touch()
    wanted = [submit(workspace, "mark", file=str(marks)) for _ in range(n_jobs)]
    crew = [writer("drain", workspace.path) for _ in range(n_workers)]
    n_killed = 0
    while True:
        latest = {i: _latest(workspace, i) for i in wanted}
        lost = [job for job in latest.values() if job.state == "failed"]
        for job in lost:
            engine.retry(workspace, job.id)
        if all(job.state == "done" for job in latest.values()):
            break
        if n_killed < n_kills:
            victim = rng.randrange(n_workers)
            crew[victim].kill()
            n_killed += 1
        for n, process in enumerate(crew):
            if process.poll() is not None:
                process.stdout.close()
                crew[n] = writer("drain", workspace.path)
    for process in crew:
        process.communicate()
    assert max(Counter(marks.read_text().split()).values()) == 1  # a claim runs at most once
    assert all(latest[i].state in JOB_ENDED for i in wanted)
    assert is_sound(workspace)


def _latest(ws, job_id):
    """Return the last of a job and the jobs that repeat it."""
    with ws.read() as conn:
        rows = conn.exec_driver_sql("SELECT retry_of, id FROM job WHERE retry_of IS NOT NULL")
        later = dict(rows.all())
    while job_id in later:
        job_id = later[job_id]
    return engine.get_job(ws, job_id)
