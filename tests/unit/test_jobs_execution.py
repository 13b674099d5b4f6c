from __future__ import annotations

import logging
import math
import os
import signal
import threading

import numpy as np
import pytest

from core.errors import InvalidInput, StoreError
from core.jobs import context as context_module
from core.jobs import engine, execution
from core.jobs.worker import execute
from core.store import jobs
from core.store.database import Workspace
from tests.faults import entry


@pytest.fixture
def run(workspace):
    """Submit a job, run it in this process, and return it as the database knows it."""

    def run_task(task, params=None, before=None):
        job_id = engine.submit(workspace, "task", params or {}, title="A task")
        if before:
            before(job_id)
        code = execute(workspace, job_id, 1, {"task": task})
        job = engine.get_job(workspace, job_id)
        assert code == (1 if job.state == "failed" else 0)
        return job

    return run_task


def test_a_task_gets_its_parameters_and_its_result_is_kept(run):
    job = run(entry.add, {"a": 1, "b": 2})
    assert (job.state, job.result, job.progress, job.error) == ("done", {"sum": 3}, 1.0, None)
    assert job.pid == os.getpid()
    assert job.created_at <= job.started_at <= job.finished_at


def test_a_refusal_is_recorded_by_its_sentence(run, workspace):
    job = run(entry.refuse)
    assert (job.state, job.error) == ("failed", "the parameter is wrong; expected a right one.")
    with workspace.read() as conn:
        assert "raise InvalidInput" in jobs.traceback(conn, job.id)


def test_a_bug_is_recorded_as_such_with_its_traceback(run, workspace, caplog):
    job = run(entry.explode)
    assert (job.state, job.error) == ("failed", "internal error: KeyError: 'oops'")
    with workspace.read() as conn:
        assert "explode" in jobs.traceback(conn, job.id)
    assert "explode" in caplog.text  # the job's log has it too


@pytest.mark.parametrize(
    ("error", "words"), [(MemoryError(), "not enough memory"), (StoreError("disk"), "disk.")]
)
def test_other_ends_are_told_in_plain_words(run, error, words):
    def task(_context, _params):
        raise error

    assert run(task).error == words


def test_an_unknown_kind_of_job_fails_with_a_sentence(workspace):
    job_id = engine.submit(workspace, "other", {}, title="?")
    assert execute(workspace, job_id, 1, {"task": entry.add}) == 1
    assert "expected one of task; received 'other'" in engine.get_job(workspace, job_id).error


def test_a_result_that_is_not_json_fails_the_job(run):
    job = run(lambda _context, _params: {"x": {1, 2}})
    assert "not JSON" in job.error


def test_somebody_elses_job_is_left_alone(workspace, caplog):
    job_id = engine.submit(workspace, "task", {}, title="A task")
    engine.cancel(workspace, job_id)
    assert execute(workspace, job_id, 1, {"task": entry.explode}) == 0
    assert engine.get_job(workspace, job_id).state == "cancelled"
    assert "taken or cancelled" in caplog.text


def test_a_request_to_stop_ends_the_task_at_its_next_report(run, workspace):
    def task(context, _params):
        engine.cancel(workspace, context.job_id)
        while True:  # the pulse notices the request
            context.report(0.25, "working")

    job = run(task)
    assert (job.state, job.error, job.step) == ("cancelled", None, "working")


def test_a_task_may_ask_whether_to_stop(run, workspace, until):
    def task(context, _params):
        assert not context.should_stop()
        engine.cancel(workspace, context.job_id)
        until(context.should_stop)
        return {}

    assert run(task).state == "done"  # it finished anyway: the result counts


def test_an_event_tells_of_a_request_to_stop_too(run, workspace, until):
    def task(context, _params):
        engine.cancel(workspace, context.job_id)
        until(context.should_stop)
        context.event("epoch", {"n": 1})

    assert run(task).state == "cancelled"


def test_events_keep_numbers_that_json_knows(run, workspace):
    def task(context, _params):
        logs = {"loss": math.nan, "best": np.float32(0.5), "all": [1, math.inf, (np.int64(2),)]}
        context.event("epoch", {"n": 1, "logs": logs})
        return {}

    job = run(task)
    (event,) = engine.events(workspace, job.id)
    assert event.kind == "epoch"
    assert event.payload == {"n": 1, "logs": {"loss": None, "best": 0.5, "all": [1, None, [2]]}}


def test_progress_is_clipped_and_written_before_the_job_ends(run, workspace, until):
    seen = []

    def task(context, _params):
        for share, step in ((-1.0, "a"), (math.nan, "b"), (7.0, "c")):
            context.report(share, step)
            until(lambda step=step: engine.get_job(workspace, context.job_id).step == step)
            seen.append(engine.get_job(workspace, context.job_id).progress)
        context.report(0.5)
        raise InvalidInput("end")

    job = run(task)
    assert seen == [0.0, 0.0, 1.0]
    assert (job.progress, job.step) == (0.5, "c")


def test_progress_costs_few_writes(run, workspace, monkeypatch):
    n_writes = []
    write = Workspace.write

    def counted(self):
        n_writes.append(1)
        return write(self)

    def task(context, _params):
        monkeypatch.setattr(Workspace, "write", counted)
        for n in range(1000):
            context.report(n / 1000, f"image {n}")
        return {}

    monkeypatch.setattr(context_module, "_WRITE_EVERY_S", 1e9)
    assert run(task).state == "done"
    assert len(n_writes) <= 4  # the first report, the rest, the outcome


def test_the_pulse_beats_while_the_task_is_silent(run, workspace, until, monkeypatch):
    monkeypatch.setattr(context_module, "_BEAT_EVERY_S", 0.0)
    monkeypatch.setattr(context_module, "_LOOK_EVERY_S", 0.01)

    def task(context, _params):
        first = engine.get_job(workspace, context.job_id).heartbeat_at
        until(lambda: engine.get_job(workspace, context.job_id).heartbeat_at > first)
        return {}

    assert run(task).state == "done"


def test_a_job_that_was_given_up_stops_and_changes_nothing(run, workspace):
    def task(context, _params):
        with workspace.write() as conn:
            jobs.finish(conn, context.job_id, 1, "failed", error="declared dead")
        while True:
            context.report(0.9)

    def event(context, _params):
        with workspace.write() as conn:
            jobs.finish(conn, context.job_id, 1, "failed", error="declared dead")
        context.event("epoch", {})

    for one in (task, event):
        job_id = engine.submit(workspace, "task", {}, title="A task")
        execute(workspace, job_id, 1, {"task": one})
        assert engine.get_job(workspace, job_id).error == "declared dead"
        assert engine.events(workspace, job_id) == []


def test_a_full_disk_does_not_end_a_job_that_only_reports(run, workspace, monkeypatch, caplog):
    update = jobs.update_progress

    def full(*_args, **_options):
        raise StoreError("the disk is full")

    def task(context, _params):
        monkeypatch.setattr(jobs, "update_progress", full)
        context.report(0.5, "half")
        monkeypatch.setattr(jobs, "update_progress", update)
        return {}

    with caplog.at_level(logging.WARNING):
        job = run(task)
    assert (job.state, job.step) == ("done", "half")
    assert "disk is full" in caplog.text


def test_an_outcome_waits_for_a_disk_that_is_full_for_a_moment(run, monkeypatch):
    monkeypatch.setattr(execution, "_RECORD_PAUSE_S", 0.0)
    finish, left = jobs.finish, [3]

    def full_at_first(*args, **options):
        if left[0]:
            left[0] -= 1
            raise StoreError("the disk is full")
        return finish(*args, **options)

    monkeypatch.setattr(jobs, "finish", full_at_first)
    assert run(entry.add, {"a": 1, "b": 2}).result == {"sum": 3}


def test_an_outcome_that_cannot_be_recorded_ends_the_process(workspace, monkeypatch):
    monkeypatch.setattr(execution, "_RECORD_PAUSE_S", 0.0)

    def full(*_args, **_options):
        raise StoreError("the disk is full")

    monkeypatch.setattr(jobs, "finish", full)
    job_id = engine.submit(workspace, "task", {"a": 1, "b": 2}, title="A task")
    with pytest.raises(StoreError, match="full"):
        execute(workspace, job_id, 1, {"task": entry.add})


@pytest.mark.parametrize("asked", [True, False])
def test_sigterm_unwinds_the_task(run, workspace, asked):
    unwound = []

    def task(context, _params):
        if asked:
            engine.cancel(workspace, context.job_id)
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            threading.Event().wait(30)
        except Exception:  # noqa: BLE001 - a task that catches everything must still end
            return {}
        finally:
            unwound.append(True)

    before = signal.getsignal(signal.SIGTERM)
    job = run(task)
    assert unwound == [True]
    assert job.state == ("cancelled" if asked else "failed")
    assert asked or "signal 15" in job.error
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_job_runs_in_a_thread_too(workspace):
    job_id = engine.submit(workspace, "add", {"a": 1, "b": 2}, title="Add")
    thread = threading.Thread(target=execute, args=(workspace, job_id, 1, entry.TASKS))
    thread.start()
    thread.join()
    assert engine.get_job(workspace, job_id).state == "done"
