"""Watch, cancel and repeat background jobs; thin, so that pages need not know the engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from core.errors import JobCancelled, JobFailed
from core.jobs import engine
from core.records import Job
from core.store.database import Workspace

_LEAST_SHARE, _LEAST_S = 0.05, 5.0  # before both are done, what is left is a guess
_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3600.0, 86400.0


def list_jobs(ws: Workspace, *, limit: int = 50, active_only: bool = False) -> list[Job]:
    """Return the jobs, newest first; a job whose process is gone is seen as failed."""
    return engine.list_jobs(ws, limit=limit, active_only=active_only)


def get_job(ws: Workspace, job_id: str) -> Job:
    """Return one job.

    Raises
    ------
    NotFound
        If there is none with this id.
    """
    return engine.get_job(ws, job_id)


def cancel_job(ws: Workspace, job_id: str) -> None:
    """Ask a job to stop; one that does not listen is ended within seconds."""
    engine.cancel(ws, job_id)


def retry_job(ws: Workspace, job_id: str) -> str:
    """Submit an ended job again, with the same parameters, and return the new job's id."""
    return engine.retry(ws, job_id)


def time_left(job: Job, now: datetime | None = None, *, begun_at: float = 0.0) -> float | None:
    """Return about how long a running job still takes, in seconds.

    Parameters
    ----------
    job : Job
        As it is now.
    now : datetime, optional
        In UTC; default the clock.
    begun_at : float
        The progress that was there when the job started, share in [0, 1): of one that goes on from
        a checkpoint.

    Returns
    -------
    float or None
        None while it would mean nothing: unless the job runs, nobody stops it, and 5 % of the work
        and 5 seconds have passed.

    Notes
    -----
    What is left takes as long, share for share, as what was done. Training that stops early ends
    sooner.
    """
    if job.state != "running" or job.started_at is None or job.cancel_requested:
        return None
    elapsed_s = ((now or datetime.now(UTC)) - job.started_at).total_seconds()
    done = job.progress - begun_at
    if elapsed_s < _LEAST_S or done < _LEAST_SHARE:
        return None
    return max(0.0, elapsed_s * (1.0 - job.progress) / done)


def span(seconds: float) -> str:
    """Return a time as one says it before or during the wait: roughly.

    Examples
    --------
    >>> [span(s) for s in (0, 44, 65, 250, 5000, 200_000)]
    ['5 seconds', '45 seconds', '1 minute', '4 minutes', '1.5 hours', '2 days']
    """
    if seconds < 57.5:
        return f"{max(5, 5 * round(seconds / 5))} seconds"
    if seconds < 57 * _MINUTE_S:
        return _count(round(seconds / _MINUTE_S), "minute")
    if seconds < 1.5 * _DAY_S:
        half_hours = round(2 * seconds / _HOUR_S)
        return _count(half_hours / 2 if half_hours < 8 else round(half_hours / 2), "hour")
    return _count(round(seconds / _DAY_S), "day")


def _count(n: float, noun: str) -> str:
    return f"{n:g} {noun if n == 1 else noun + 's'}"


def wait_for(ws: Workspace, job_id: str, on_progress: Callable[[Job], None] | None = None) -> Job:
    """Wait until a job has ended and return it, done.

    Raises
    ------
    JobFailed, JobCancelled
        If it ended without a result; the sentence is the job's own.
    """
    job = engine.wait(ws, job_id, on_progress)
    if job.state == "cancelled":
        raise JobCancelled(f"{job.title} was cancelled")
    if job.state == "failed":
        raise JobFailed(f"{job.title} failed", received=(job.error or "no reason").rstrip("."))
    return job
