"""What any store must keep: the queue against a plain model, and many claimers at once."""

from __future__ import annotations

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Conflict
from core.records import JOB_ENDED, JOB_TRANSITIONS
from core.store import jobs

ME = {"pid": 7, "pid_started": 3.5, "host": "here"}


@pytest.mark.parametrize("ended", sorted(JOB_ENDED))
def test_the_transitions_end_where_they_say(ended):
    assert JOB_TRANSITIONS[ended] == frozenset()


_OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "claim", "report", "finish", "cancel", "retry", "event"]),
        st.integers(0, 5),  # which job
        st.integers(0, 2),  # which fence, or key
        st.sampled_from(["done", "failed", "cancelled"]),
    ),
    max_size=30,
)


class Model:
    """The queue as a dict, following `JOB_TRANSITIONS` and nothing else."""

    def __init__(self):
        self.jobs = {}  # id -> dict
        self.order = []

    def insert(self, job_id, key):
        if job_id not in self.jobs:
            for other in self.jobs.values():
                other["key"] = None if other["key"] == key else other["key"]
            self.jobs[job_id] = {"state": "queued", "fence": 0, "key": key, "events": 0}
            self.order.append(job_id)

    def move(self, job_id, state):
        job = self.jobs[job_id]
        allowed = state in JOB_TRANSITIONS[job["state"]]
        job["state"] = state if allowed else job["state"]
        return allowed


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(_OPERATIONS)
def test_the_queue_agrees_with_a_plain_model(workspace, operations):
    with workspace.engine.connect().execution_options(write=True) as conn:
        transaction = conn.begin()
        model = Model()
        for operation in operations:
            _apply(conn, model, *operation)
            _compare(conn, model)
        transaction.rollback()


def _apply(conn, model, operation, which, number, state):
    if operation == "insert":
        key = f"key {number}" if number else None
        job_id = jobs.insert_job(conn, "add", {}, title="Add", idem_key=key)
        model.insert(job_id, key)
        return
    if not model.order:
        return
    job_id = model.order[which % len(model.order)]
    job = model.jobs[job_id]
    running_here = job["state"] == "running" and job["fence"] == number
    if operation == "claim":
        fits = job["state"] == "queued" and number == job["fence"] + 1
        assert bool(jobs.claim(conn, job_id, number, **ME)) is fits
        if fits:
            model.move(job_id, "running")
            job["fence"] = number
    elif operation == "finish":
        assert jobs.finish(conn, job_id, number, state) is running_here
        if running_here:
            model.move(job_id, state)
    elif operation == "cancel":
        jobs.request_cancel(conn, job_id)
        if job["state"] == "queued":
            model.move(job_id, "cancelled")
    elif operation == "retry" and job["state"] in ("failed", "cancelled"):
        model.insert(jobs.retry(conn, job_id), job["key"])
    elif operation in ("report", "event"):
        _report(conn, job_id, job, number, operation, running_here)


def _report(conn, job_id, job, fence, operation, running_here):
    try:
        if operation == "event":
            jobs.add_event(conn, job_id, fence, "n", {})
            job["events"] += 1
        else:
            jobs.update_progress(conn, job_id, fence, 0.5)
        assert running_here
    except Conflict:
        assert not running_here


def _compare(conn, model):
    found = {job.id: job for job in jobs.list_jobs(conn, limit=100)}
    assert {i: (j.state, j.fence) for i, j in found.items()} == {
        i: (j["state"], j["fence"]) for i, j in model.jobs.items()
    }
    queued = [i for i in model.order if model.jobs[i]["state"] == "queued"]
    assert jobs.next_queued(conn) == ((queued[0], 1) if queued else None)
    assert [found[i].position for i in queued] == list(range(1, len(queued) + 1))
    assert {j.id for j in jobs.running(conn)} == {
        i for i, j in model.jobs.items() if j["state"] == "running"
    }
    for job_id, job in model.jobs.items():
        assert len(jobs.events(conn, job_id)) == job["events"]
        assert (found[job_id].finished_at is not None) is (job["state"] in JOB_ENDED)


def test_every_job_is_claimed_exactly_once_by_many_threads(workspace):
    with workspace.write() as conn:
        ids = [jobs.insert_job(conn, "add", {}, title="Add") for _ in range(40)]
    claimed = []

    def claim_all():
        while True:
            with workspace.read() as conn:
                waiting = jobs.next_queued(conn)
            if waiting is None:
                return
            with workspace.write() as conn:
                job = jobs.claim(conn, *waiting, **ME)
            if job:
                claimed.append(job.id)

    threads = [threading.Thread(target=claim_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(ids)
