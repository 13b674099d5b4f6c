"""Background jobs as everybody else sees them: submit, look, cancel, retry, wait.

Whoever looks first makes sure that what is seen is true: a running job whose process is gone is
recorded as failed, and a queued job that nobody would start gets a worker.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import NotReady, StoreError
from core.jobs import processes
from core.language import t
from core.records import JOB_ENDED, JOB_STATE_WORDS, Job, JobEvent
from core.store import jobs, workers
from core.store.database import Workspace

_log = logging.getLogger(__name__)

_SILENT_S = 60.0  # another machine's job without a heartbeat: 12 missed beats
_LOOK_FROM_S, _LOOK_TO_S = 0.05, 0.5


def submit(
    ws: Workspace,
    kind: str,
    params: Mapping[str, Any],
    *,
    title: str,
    dataset_id: str | None = None,
    idem_key: str | None = None,
) -> str:
    """Queue a job and make sure that a worker lives; the id it returns is safely stored.

    Parameters
    ----------
    kind : str
        A key of the tasks that the job's process knows.
    params : mapping
        What JSON can hold; passed to the task.
    title : str
        What a person reads: "Train probe on rosebuds", a `Sentence` that is said again later.
    dataset_id : str, optional
        The data set it is about.
    idem_key : str, optional
        A repeated submission with the same key returns the first job, unless that one failed or
        was cancelled.
    """
    with ws.write() as conn:
        job_id = jobs.insert_job(
            conn, kind, params, title=title, dataset_id=dataset_id, idem_key=idem_key
        )
    _ensure_worker_or_log(ws)
    return job_id


def get_job(ws: Workspace, job_id: str) -> Job:
    """Return one job as it is now.

    Raises
    ------
    NotFound
        If there is no such job.
    """
    _look_after(ws)
    with ws.read() as conn:
        return jobs.get(conn, job_id)


def list_jobs(ws: Workspace, limit: int = 50, active_only: bool = False) -> list[Job]:
    """Return the newest jobs first; only queued and running ones if `active_only`."""
    _look_after(ws)
    with ws.read() as conn:
        return jobs.list_jobs(conn, limit, active_only)


def events(ws: Workspace, job_id: str, after_seq: int = 0) -> list[JobEvent]:
    """Return what a job told after `after_seq`, in order."""
    with ws.read() as conn:
        return jobs.events(conn, job_id, after_seq)


def cancel(ws: Workspace, job_id: str) -> Job:
    """Cancel a queued job at once, or ask a running one to stop; an ended one stays as it is.

    Notes
    -----
    A running job stops at its next report. A worker ends one that does not, after 10 seconds by
    SIGTERM and 5 seconds later by SIGKILL.
    """
    reconcile(ws)
    with ws.write() as conn:
        job = jobs.request_cancel(conn, job_id)
    if job.state == "running":
        _ensure_worker_or_log(ws)
    return job


def retry(ws: Workspace, job_id: str) -> str:
    """Queue a job that repeats a failed or cancelled one; a second call returns the same job.

    Raises
    ------
    NotFound, Conflict
        If there is no such job, or it did not fail and was not cancelled.
    """
    reconcile(ws)
    with ws.write() as conn:
        new_id = jobs.retry(conn, job_id)
    _ensure_worker_or_log(ws)
    return new_id


def wait(
    ws: Workspace,
    job_id: str,
    on_progress: Callable[[Job], None] | None = None,
    timeout_s: float | None = None,
) -> Job:
    """Return a job when it has ended: done, failed or cancelled.

    Parameters
    ----------
    on_progress : callable, optional
        Called with the job whenever its state, progress or step changed.

    Raises
    ------
    NotFound
        If there is no such job.
    NotReady
        If it has not ended after `timeout_s`; it goes on.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    pause, seen, never = _LOOK_FROM_S, None, threading.Event()
    while True:
        job = get_job(ws, job_id)
        if on_progress and (job.state, job.progress, job.step) != seen:
            seen = (job.state, job.progress, job.step)
            on_progress(job)
        if job.state in JOB_ENDED:
            return job
        if deadline is not None and time.monotonic() >= deadline:
            raise NotReady(
                t(
                    "job {id} is still {state} after {seconds:g} s",
                    id=job_id,
                    state=t(JOB_STATE_WORDS[job.state]),
                    seconds=timeout_s,
                )
            )
        never.wait(pause)
        pause = min(_LOOK_TO_S, pause * 1.3)


def reconcile(ws: Workspace) -> list[jobs.Running]:
    """Record running jobs whose process is gone as failed; return those that really run.

    Notes
    -----
    A process is known by its id together with its start, so a reused id fools nobody. A job of
    another machine counts as lost after 60 s without a heartbeat.
    """
    with ws.read() as conn:
        said = jobs.running(conn)
    lost = {job.id: sentence for job in said if (sentence := _lost(job))}
    if lost:
        with ws.write() as conn:
            for job in said:
                if job.id in lost and not job.cancel_requested:
                    jobs.finish(conn, job.id, job.fence, "failed", error=lost[job.id])
                elif job.id in lost:
                    jobs.finish(conn, job.id, job.fence, "cancelled")
    return [job for job in said if job.id not in lost]


def ensure_worker(ws: Workspace) -> None:
    """Start a worker for this machine unless one lives, or workers are somebody else's business.

    Notes
    -----
    The lease is written for the new process before anybody else can look, so a hundred callers
    start one worker.

    Raises
    ------
    StoreError
        If the machine cannot start another process, or the workspace cannot be written.
    """
    if not ws.settings.spawns_worker or worker_lives(ws):
        return
    with ws.write() as conn:
        lease = workers.holder(conn, slot())
        if lease and processes.is_alive(lease.pid, lease.pid_started):
            return
        child = processes.spawn(
            ws.settings,
            ["worker"],
            ws.jobs_dir / "worker.log",
            processes.environment(ws.settings),
        )
        if started := processes.started(child.pid):
            workers.take(conn, slot(), child.pid, started)


def worker_lives(ws: Workspace) -> bool:
    """Return whether a living process hands out the jobs of this machine."""
    with ws.read() as conn:
        lease = workers.holder(conn, slot())
    return lease is not None and processes.is_alive(lease.pid, lease.pid_started)


def slot() -> str:
    """Return the name of this machine's lease: one job at a time per machine."""
    return f"{processes.host()}:cpu"


def _look_after(ws: Workspace) -> None:
    """Make the database true, and start a worker where one is missed."""
    alive = reconcile(ws)
    with ws.read() as conn:
        queued = jobs.next_queued(conn) is not None
    if queued or any(job.cancel_requested for job in alive):
        ensure_worker(ws)


def _ensure_worker_or_log(ws: Workspace) -> None:
    """Start a worker after something was stored: that it was stored stays true if this fails.

    Whoever looks next tries again, and is told.
    """
    try:
        ensure_worker(ws)
    except StoreError as error:
        _log.warning("no worker could be started: %s", error)


def _lost(job: jobs.Running) -> str | None:
    """Return how a job that is said to be running was lost, None if it runs."""
    if job.host == processes.host():
        if processes.is_alive(job.pid, job.pid_started):
            return None
        how, log = processes.autopsy(job.pid), f"jobs/{job.id}.log"
        return t("{how}; its log is {log}", how=how, log=log)
    silence = datetime.now(UTC) - datetime.fromisoformat(job.heartbeat_at)
    if silence < timedelta(seconds=_SILENT_S):
        return None
    return t(
        "nothing was heard from its machine {host} for {seconds:.0f} s",
        host=job.host,
        seconds=silence.total_seconds(),
    )
