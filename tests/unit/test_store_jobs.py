from __future__ import annotations

import pytest

from core.errors import Conflict, NotFound
from core.store import jobs, workers

ME = {"pid": 7, "pid_started": 3.5, "host": "here"}


def add(conn, **options):
    return jobs.insert_job(conn, "add", {"a": 1}, title="Add", **options)


def test_a_new_job_is_queued_and_complete(workspace):
    with workspace.write() as conn:
        job_id = add(conn, dataset_id="ds-1")
    with workspace.read() as conn:
        job = jobs.get(conn, job_id)
    assert (job.kind, job.title, job.params, job.dataset_id) == ("add", "Add", {"a": 1}, "ds-1")
    assert (job.state, job.progress, job.step, job.position) == ("queued", 0.0, "", 1)
    assert (job.fence, job.pid, job.result, job.error, job.cancel_requested) == (
        0,
        None,
        None,
        None,
        False,
    )
    assert job.created_at.tzinfo is not None
    assert job.started_at is None


def test_jobs_are_handed_out_in_order_and_know_their_place(workspace):
    with workspace.write() as conn:
        first, second, third = add(conn), add(conn), add(conn)
        assert [jobs.get(conn, j).position for j in (first, second, third)] == [1, 2, 3]
        assert jobs.next_queued(conn) == (first, 1)
        jobs.claim(conn, first, 1, **ME)
        assert jobs.next_queued(conn) == (second, 1)
        jobs.request_cancel(conn, second)
        assert [jobs.get(conn, j).position for j in (first, second, third)] == [None, None, 1]


def test_a_claim_is_exclusive_and_fenced(workspace):
    with workspace.write() as conn:
        job_id = add(conn)
        assert jobs.claim(conn, job_id, 2, **ME) is None  # a fence nobody handed out
        job = jobs.claim(conn, job_id, 1, **ME)
        assert job
        assert (job.state, job.fence, job.pid) == ("running", 1, 7)
        assert job.started_at == job.heartbeat_at
        assert jobs.claim(conn, job_id, 1, **ME) is None
        assert jobs.claim(conn, job_id, 2, **ME) is None


def test_running_jobs_are_listed_with_their_process(workspace):
    with workspace.write() as conn:
        job_id = add(conn)
        jobs.claim(conn, job_id, 1, **ME)
        jobs.request_cancel(conn, job_id)
        (found,) = jobs.running(conn)
    assert (found.id, found.fence, found.pid, found.pid_started, found.host) == (
        job_id,
        1,
        7,
        3.5,
        "here",
    )
    assert found.cancel_requested is True


def test_progress_needs_the_right_fence_and_tells_of_a_request_to_stop(workspace):
    with workspace.write() as conn:
        job_id = add(conn)
        jobs.claim(conn, job_id, 1, **ME)
        assert jobs.update_progress(conn, job_id, 1, 0.25, "epoch 1") is False
        assert jobs.update_progress(conn, job_id, 1) is False  # only a sign of life
        job = jobs.get(conn, job_id)
        assert (job.progress, job.step) == (0.25, "epoch 1")
        with pytest.raises(Conflict, match="no longer run"):
            jobs.update_progress(conn, job_id, 2, 0.5)
        assert jobs.request_cancel(conn, job_id).state == "running"
        assert jobs.update_progress(conn, job_id, 1) is True


def test_events_are_kept_in_order_and_fenced(workspace):
    with workspace.write() as conn:
        job_id, other = add(conn), add(conn)
        for one in (job_id, other):
            jobs.claim(conn, one, 1, **ME)
        for n in range(3):
            jobs.add_event(conn, job_id, 1, "epoch", {"n": n})
            jobs.add_event(conn, other, 1, "epoch", {"n": -n})
        with pytest.raises(Conflict):
            jobs.add_event(conn, job_id, 9, "epoch", {})
        found = jobs.events(conn, job_id)
        assert [e.payload["n"] for e in found] == [0, 1, 2]
        assert jobs.events(conn, job_id, found[1].seq) == found[2:]


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_an_ended_job_never_changes_again(workspace, state):
    with workspace.write() as conn:
        job_id = add(conn)
        jobs.claim(conn, job_id, 1, **ME)
        assert jobs.finish(conn, job_id, 2, "done") is False
        assert jobs.finish(conn, job_id, 1, state, result={"x": 1}, error="why", traceback="where")
        job = jobs.get(conn, job_id)
        assert (job.state, job.result, job.error) == (state, {"x": 1}, "why")
        assert job.progress == (1.0 if state == "done" else 0.0)
        assert jobs.traceback(conn, job_id) == "where"
        assert jobs.finish(conn, job_id, 1, "failed") is False
        assert jobs.request_cancel(conn, job_id) == job
        with pytest.raises(Conflict):
            jobs.update_progress(conn, job_id, 1)


def test_the_same_key_finds_the_first_job_while_it_is_worth_something(workspace):
    with workspace.write() as conn:
        first = add(conn, idem_key="k")
        assert add(conn, idem_key="k") == first
        assert add(conn, idem_key="other") != first
        jobs.claim(conn, first, 1, **ME)
        assert add(conn, idem_key="k") == first
        jobs.finish(conn, first, 1, "failed")
        second = add(conn, idem_key="k")
        assert second != first
        assert add(conn, idem_key="k") == second


def test_a_retry_repeats_a_failed_job_once(workspace):
    with workspace.write() as conn:
        first = add(conn, idem_key="k", dataset_id="ds-1")
        with pytest.raises(Conflict, match="queued"):
            jobs.retry(conn, first)
        jobs.claim(conn, first, 1, **ME)
        jobs.finish(conn, first, 1, "failed")
        second = jobs.retry(conn, first)
        assert jobs.retry(conn, first) == second  # a double click
        assert add(conn, idem_key="k") == second
        job = jobs.get(conn, second)
        assert (job.state, job.params, job.title, job.dataset_id) == (
            "queued",
            {"a": 1},
            "Add",
            "ds-1",
        )
        jobs.request_cancel(conn, second)
        third = jobs.retry(conn, second)
        assert third not in (first, second)


def test_what_is_not_there_is_a_sentence(workspace):
    with workspace.write() as conn:
        for call in (jobs.get, jobs.retry, jobs.request_cancel):
            with pytest.raises(NotFound, match="no such job"):
                call(conn, "job-nope")
        assert jobs.next_queued(conn) is None
        assert jobs.running(conn) == []


def test_lists_are_newest_first_and_limited(workspace):
    with workspace.write() as conn:
        ids = [add(conn) for _ in range(4)]
        jobs.request_cancel(conn, ids[3])
        assert [j.id for j in jobs.list_jobs(conn)] == ids[::-1]
        assert [j.id for j in jobs.list_jobs(conn, limit=2)] == ids[:1:-1]
        assert [j.id for j in jobs.list_jobs(conn, active_only=True)] == ids[2::-1]


def test_a_lease_is_taken_over_and_released_only_by_its_holder(workspace):
    with workspace.write() as conn:
        assert workers.holder(conn, "here:cpu") is None
        workers.take(conn, "here:cpu", 1, 2.0)
        workers.take(conn, "here:cpu", 3, 4.0)
        lease = workers.holder(conn, "here:cpu")
        assert lease
        assert (lease.pid, lease.pid_started) == (3, 4.0)
        workers.release(conn, "here:cpu", 3, 2.0)
        assert workers.holder(conn, "here:cpu")
        workers.release(conn, "here:cpu", 3, 4.0)
        assert workers.holder(conn, "here:cpu") is None
