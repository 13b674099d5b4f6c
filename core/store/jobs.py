"""The queue: jobs, what they report, and who is handing them out.

A job is claimed by the process that runs it. Until then it is queued, whoever may have died on the
way to starting it; so an accepted job cannot get lost. Each claim adds one to `fence`, and each
later write names its fence: a process that was given up can no longer change anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, insert, select, update

from core.errors import Conflict, NotFound
from core.ids import new_id
from core.language import t
from core.records import JOB_ENDED, JOB_STATE_WORDS, JOB_TRANSITIONS, Job, JobEvent, JobState
from core.store.database import utc_now
from core.store.tables import job, job_event

_TIMES = ("created_at", "started_at", "finished_at", "heartbeat_at")
_ACTIVE: frozenset[JobState] = frozenset(JOB_TRANSITIONS) - JOB_ENDED


@dataclass(frozen=True, slots=True)
class Running:
    """A job that somebody is said to be running; whether that is true, the jobs floor finds out."""

    id: str
    fence: int
    pid: int
    pid_started: float
    host: str
    heartbeat_at: str
    cancel_requested: bool


def insert_job(
    conn: Connection,
    kind: str,
    params: Mapping[str, Any],
    *,
    title: str,
    dataset_id: str | None = None,
    idem_key: str | None = None,
    retry_of: str | None = None,
) -> str:
    """Append a job to the queue and return its id.

    Parameters
    ----------
    idem_key : str, optional
        A repeated submission with the same key returns the first job's id, unless that one
        failed or was cancelled: then the new job takes the key over.
    """
    if idem_key is not None:
        first = conn.execute(
            select(job.c.id, job.c.state).where(job.c.idem_key == idem_key)
        ).first()
        if first and first.state not in ("failed", "cancelled"):
            return str(first.id)
        conn.execute(update(job).where(job.c.idem_key == idem_key).values(idem_key=None))
    job_id = new_id("job")
    row = {
        "id": job_id,
        "kind": kind,
        "params": dict(params),
        "title": title,
        "dataset_id": dataset_id,
        "idem_key": idem_key,
        "retry_of": retry_of,
        "state": "queued",
        "progress": 0.0,
        "step": "",
        "cancel_requested": 0,
        "fence": 0,
        "created_at": utc_now(),
    }
    conn.execute(insert(job), row)
    return job_id


def retry(conn: Connection, job_id: str) -> str:
    """Append a job that repeats a failed or cancelled one; a second call returns the same job.

    Raises
    ------
    NotFound
        If there is no such job.
    Conflict
        If it did not fail and was not cancelled.
    """
    old = conn.execute(select(job).where(job.c.id == job_id)).mappings().first()
    if old is None:
        raise _no_such(job_id)
    if old["state"] not in ("failed", "cancelled"):
        raise Conflict(
            t("only a failed or cancelled job can be repeated"),
            received=t("a job that is {state}", state=t(JOB_STATE_WORDS[old["state"]])),
        )
    later = conn.scalar(select(job.c.id).where(job.c.retry_of == job_id))
    if later is not None:
        return str(later)
    values = {name: old[name] for name in ("title", "dataset_id", "idem_key")}
    return insert_job(conn, old["kind"], old["params"], retry_of=job_id, **values)


def get(conn: Connection, job_id: str) -> Job:
    """Return one job.

    Raises
    ------
    NotFound
        If there is no such job.
    """
    row = conn.execute(_with_position().where(job.c.id == job_id)).mappings().first()
    if row is None:
        raise _no_such(job_id)
    return _job(row)


def list_jobs(conn: Connection, limit: int = 50, active_only: bool = False) -> list[Job]:
    """Return the newest jobs first; only queued and running ones if `active_only`."""
    query = _with_position().order_by(job.c.seq.desc()).limit(limit)
    if active_only:
        query = query.where(job.c.state.in_(_ACTIVE))
    return [_job(row) for row in conn.execute(query).mappings()]


def next_queued(conn: Connection) -> tuple[str, int] | None:
    """Return (id, fence) of the job that has waited longest; the fence is the one to claim."""
    query = (
        select(job.c.id, job.c.fence).where(job.c.state == "queued").order_by(job.c.seq).limit(1)
    )
    row = conn.execute(query).first()
    return (row.id, row.fence + 1) if row else None


def claim(
    conn: Connection, job_id: str, fence: int, *, pid: int, pid_started: float, host: str
) -> Job | None:
    """Take a queued job for the process (pid, pid_started) on `host`.

    Parameters
    ----------
    fence : int
        One more than the job's fence when it was handed out.

    Returns
    -------
    Job or None
        None if somebody else took it, or it was cancelled meanwhile.
    """
    now = utc_now()
    done = conn.execute(
        update(job)
        .where(job.c.id == job_id, job.c.state == "queued", job.c.fence == fence - 1)
        .values(state="running", fence=fence, pid=pid, pid_started=pid_started, host=host)
        .values(started_at=now, heartbeat_at=now)
    )
    return get(conn, job_id) if done.rowcount else None


def running(conn: Connection) -> list[Running]:
    """Return what is said to be running, oldest first."""
    names = ("id", "fence", "pid", "pid_started", "host", "heartbeat_at", "cancel_requested")
    query = select(*job.c[names]).where(job.c.state == "running").order_by(job.c.seq)
    return [
        Running(**{**row, "cancel_requested": bool(row["cancel_requested"])})
        for row in conn.execute(query).mappings()
    ]


def update_progress(
    conn: Connection,
    job_id: str,
    fence: int,
    progress: float | None = None,
    step: str | None = None,
) -> bool:
    """Record a sign of life, and progress and step where given.

    Returns
    -------
    bool
        Whether somebody asked the job to stop.

    Raises
    ------
    Conflict
        If the job is no longer run under this fence.
    """
    values: dict[str, Any] = {"heartbeat_at": utc_now()}
    values |= {} if progress is None else {"progress": progress}
    values |= {} if step is None else {"step": step}
    if not conn.execute(update(job).where(_mine(job_id, fence)).values(values)).rowcount:
        raise _not_mine(job_id)
    return cancel_requested(conn, job_id)


def finish(
    conn: Connection,
    job_id: str,
    fence: int,
    state: JobState,
    *,
    result: Mapping[str, Any] | None = None,
    error: str | None = None,
    traceback: str | None = None,
) -> bool:
    """End a running job; return False, and change nothing, if it is not run under this fence."""
    values: dict[str, Any] = {"state": state, "finished_at": utc_now(), "error": error}
    values |= {"traceback": traceback, "result": None if result is None else dict(result)}
    values |= {"progress": 1.0} if state == "done" else {}
    return bool(conn.execute(update(job).where(_mine(job_id, fence)).values(values)).rowcount)


def request_cancel(conn: Connection, job_id: str) -> Job:
    """Cancel a queued job at once, ask a running one to stop; an ended one stays as it is."""
    state = get(conn, job_id).state
    if state == "queued":
        values = {"state": "cancelled", "finished_at": utc_now(), "cancel_requested": 1}
        conn.execute(update(job).where(job.c.id == job_id).values(values))
    elif state == "running":
        conn.execute(update(job).where(job.c.id == job_id).values(cancel_requested=1))
    return get(conn, job_id)


def cancel_requested(conn: Connection, job_id: str) -> bool:
    """Return whether somebody asked the job to stop."""
    return bool(conn.scalar(select(job.c.cancel_requested).where(job.c.id == job_id)))


def traceback(conn: Connection, job_id: str) -> str | None:
    """Return the traceback of a job that failed by an exception."""
    return conn.scalar(select(job.c.traceback).where(job.c.id == job_id))


def add_event(
    conn: Connection, job_id: str, fence: int, kind: str, payload: Mapping[str, Any]
) -> None:
    """Append what a job has to tell.

    Raises
    ------
    Conflict
        If the job is no longer run under this fence.
    """
    update_progress(conn, job_id, fence)
    row = {"job_id": job_id, "kind": kind, "payload": dict(payload), "at": utc_now()}
    conn.execute(insert(job_event), row)


def events(conn: Connection, job_id: str, after_seq: int = 0) -> list[JobEvent]:
    """Return what a job told after `after_seq`, in order."""
    query = (
        select(*job_event.c["seq", "kind", "payload"])
        .where(job_event.c.job_id == job_id, job_event.c.seq > after_seq)
        .order_by(job_event.c.seq)
    )
    return [JobEvent(*row) for row in conn.execute(query)]


def _mine(job_id: str, fence: int) -> ColumnElement[bool]:
    return and_(job.c.id == job_id, job.c.fence == fence, job.c.state == "running")


def _with_position() -> Any:
    """Select jobs with their place in the queue, 1 for the next; NULL unless queued."""
    ahead = job.alias("ahead")
    place = (
        select(func.count())
        .where(ahead.c.state == "queued", ahead.c.seq <= job.c.seq, job.c.state == "queued")
        .correlate(job)
        .scalar_subquery()
    )
    return select(job, func.nullif(place, 0).label("position"))


def _job(row: RowMapping) -> Job:
    values = {name: row[name] for name in Job.__slots__}
    values["cancel_requested"] = bool(row["cancel_requested"])
    values |= {n: datetime.fromisoformat(row[n]) if row[n] else None for n in _TIMES}
    return Job(**values)


def _no_such(job_id: str) -> NotFound:
    return NotFound(
        t("there is no such job"), received=repr(job_id), todo=t("list them: `jobs list`")
    )


def _not_mine(job_id: str) -> Conflict:
    return Conflict(t("job {id} is no longer run by this process", id=job_id))
