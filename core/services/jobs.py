"""Watch, cancel and repeat background jobs; thin, so that pages need not know the engine."""

from __future__ import annotations

from collections.abc import Callable

from core.errors import JobCancelled, JobFailed
from core.jobs import engine
from core.records import Job
from core.store.database import Workspace


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
