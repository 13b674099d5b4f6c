"""Watch, cancel and repeat background jobs; thin, so that pages need not know the engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from core.errors import JobCancelled, JobFailed
from core.jobs import engine
from core.language import t, tn
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


class Pace:
    """How fast a job advances, as somebody sees it who looks now and then.

    Notes
    -----
    What is left goes on as what was seen since the first advance that was seen: that leaves out the
    start (loading, the first graph), and what an earlier job had done already. Training that stops
    early ends sooner.
    """

    def __init__(self) -> None:
        self._seen: float | None = None
        self._first: tuple[datetime, float] | None = None  # when progress was first seen to move
        self._last: tuple[datetime, float] | None = None

    def left(self, job: Job, now: datetime | None = None) -> float | None:
        """Look at a job, and return about how long it still takes, in seconds.

        Parameters
        ----------
        job : Job
            As it is now; always the same one.
        now : datetime, optional
            In UTC, not before the last look; default the clock.

        Returns
        -------
        float or None
            None while it would mean nothing: unless the job runs, nobody stops it, and it was seen
            to advance by 5 % in 5 seconds or more.
        """
        now = now or datetime.now(UTC)
        if self._seen is not None and job.progress > self._seen:
            self._last = (now, job.progress)
            self._first = self._first or self._last
        self._seen = job.progress
        if job.state != "running" or job.cancel_requested or not (self._first and self._last):
            return None
        (began, done_then), (moved, done) = self._first, self._last
        took_s = (moved - began).total_seconds()
        if took_s < _LEAST_S or done - done_then < _LEAST_SHARE:
            return None
        left_s = took_s * (1.0 - done) / (done - done_then)
        return max(0.0, left_s - (now - moved).total_seconds())


def span(seconds: float) -> str:
    """Return a time as one says it before or during the wait: roughly.

    Examples
    --------
    >>> [span(s) for s in (0, 44, 65, 250, 5000, 200_000)]
    ['5 seconds', '45 seconds', '1 minute', '4 minutes', '1.5 hours', '2 days']
    """
    if seconds < 57.5:
        return t("{n} seconds", n=max(5, 5 * round(seconds / 5)))
    if seconds < 57 * _MINUTE_S:
        return tn("{n} minute", "{n} minutes", round(seconds / _MINUTE_S))
    if seconds < 1.5 * _DAY_S:
        half_hours = round(2 * seconds / _HOUR_S)
        if half_hours % 2 and half_hours < 8:
            return t("{hours:.1f} hours", hours=half_hours / 2)
        return tn("{n} hour", "{n} hours", round(half_hours / 2))
    return tn("{n} day", "{n} days", round(seconds / _DAY_S))


def wait_for(ws: Workspace, job_id: str, on_progress: Callable[[Job], None] | None = None) -> Job:
    """Wait until a job has ended and return it, done.

    Raises
    ------
    JobFailed, JobCancelled
        If it ended without a result; the sentence is the job's own.
    """
    job = engine.wait(ws, job_id, on_progress)
    if job.state == "cancelled":
        raise JobCancelled(t("{title} was cancelled", title=job.title))
    if job.state == "failed":
        raise JobFailed(
            t("{title} failed", title=job.title),
            received=(job.error or t("no reason")).rstrip("."),
        )
    return job
