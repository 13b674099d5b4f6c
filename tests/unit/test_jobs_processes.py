from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from core.jobs import processes

SLEEPER = [sys.executable, "-c", "import threading; threading.Event().wait()"]


@pytest.fixture
def child():
    with subprocess.Popen(SLEEPER, start_new_session=True) as process:
        yield process
        process.kill()


def test_this_process_is_alive_under_its_own_start_only():
    pid, started = processes.me()
    assert pid == os.getpid()
    assert processes.is_alive(pid, started)
    assert not processes.is_alive(pid, started + 1)
    assert not processes.is_alive(2**22 + 1, started)  # above the largest id Linux gives


def test_a_start_survives_a_trip_through_a_float():
    started = processes.started(os.getpid())
    assert started is not None
    assert started == int(started)
    assert started < 2**53


def test_a_killed_process_is_dead_before_anybody_collects_it(child):
    started = processes.started(child.pid)
    assert started
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert processes.started(child.pid) is None
    assert "signal 9" in processes.autopsy(child.pid)
    assert processes.peek(child) == -9
    assert child.wait() == -9
    assert "the process died" in processes.autopsy(child.pid)


def test_the_fallback_without_proc_agrees_on_life_and_death(child, monkeypatch):
    monkeypatch.setattr(processes, "started", processes._started_by_ps)
    pid, started = processes.me()
    assert started > 0
    assert processes.is_alive(pid, started)
    assert processes._started_by_ps(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert processes._started_by_ps(child.pid) is None
    child.wait()
    assert processes._started_by_ps(child.pid) is None


@pytest.mark.parametrize(
    ("code", "words"),
    [(1, "exit code 1"), (-9, "signal 9: killed"), (-11, "native code"), (-15, "Terminated")],
)
def test_an_exit_code_is_a_sentence(code, words):
    assert words in processes.describe_exit(code)


def test_an_exit_is_seen_without_being_collected():
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert processes.peek(process) == 3
    assert processes.peek(process) == 3
    assert process.wait() == 3
    assert processes.peek(process) == 3


def test_ending_a_process_that_is_gone_does_nothing(child):
    processes.end_group(child.pid, signal.SIGKILL)
    child.wait()
    processes.end_group(child.pid, signal.SIGKILL)


def test_a_job_gets_few_threads_and_little_noise(settings):
    env = processes.job_environment(settings)
    assert env["OMP_NUM_THREADS"] == env["TF_NUM_INTRAOP_THREADS"] == "1"
    assert env["TF_CPP_MIN_LOG_LEVEL"] == "2"
    assert os.path.isabs(env["DESEMPATE_WEIGHTS"])
