"""Run one job in this process: claim it, call its task, record how it ended."""

from __future__ import annotations

import logging
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from core.errors import AppError, JobCancelled, StoreError
from core.jobs import processes
from core.jobs.context import JobContext
from core.language import t
from core.records import Job, JobState
from core.store import jobs
from core.store.database import Workspace, to_json

Task = Callable[[JobContext, Mapping[str, Any]], Mapping[str, Any]]

_log = logging.getLogger(__name__)

_RECORD_TRIES = 10
_RECORD_PAUSE_S = 3.0


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a task ended, as the database will keep it."""

    state: JobState
    result: Mapping[str, Any] | None = None
    error: str | None = None
    traceback: str | None = None


class _Terminated(BaseException):
    """SIGTERM arrived. Not an Exception, so that a task that catches those cannot swallow it."""


def execute(ws: Workspace, job_id: str, fence: int, tasks: Mapping[str, Task]) -> int:
    """Claim a queued job, run its task in this process, and record the outcome.

    Parameters
    ----------
    ws : Workspace
        Where the job is.
    job_id : str
        The job.
    fence : int
        The number this claim will have: one more than the job's last.
    tasks : mapping of str to Task
        What to call for each kind of job. A task gets a JobContext and the job's parameters, and
        returns what JSON can hold.

    Returns
    -------
    int
        An exit code: 0 done, cancelled, or somebody else's job; 1 failed.

    Notes
    -----
    The only place where any exception becomes a failed job: an AppError by its sentence, anything
    else as "internal error"; the traceback is kept with the job and printed to its log.
    """
    pid, started = processes.me()
    with ws.write() as conn:
        job = jobs.claim(conn, job_id, fence, pid=pid, pid_started=started, host=processes.host())
    if job is None:
        _log.warning("job %s was taken or cancelled meanwhile", job_id)
        return 0
    outcome = _run(ws, job, tasks)
    if outcome.traceback:
        _log.error("job %s failed\n%s", job_id, outcome.traceback)
    _record(ws, job, outcome)
    return 1 if outcome.state == "failed" else 0


def _run(ws: Workspace, job: Job, tasks: Mapping[str, Task]) -> _Outcome:
    try:
        with _sigterm_raises(), JobContext(ws, job.id, job.fence) as context:
            result = _task(job, tasks)(context, job.params)
            to_json(result)
            return _Outcome("done", result)
    except JobCancelled:
        return _Outcome("cancelled")
    except _Terminated:
        with ws.read() as conn:
            asked = jobs.cancel_requested(conn, job.id)
        stopped = t("the process was told to end (signal 15): the machine may be shutting down")
        return _Outcome("cancelled") if asked else _Outcome("failed", error=stopped)
    except AppError as error:
        return _Outcome("failed", error=error.sentence, traceback=traceback.format_exc())
    except MemoryError:
        said = t("not enough memory")
        return _Outcome("failed", error=said, traceback=traceback.format_exc())
    except Exception as error:  # noqa: BLE001 - a job's process ends here, with the reason kept
        said = t("internal error: {kind}: {error}", kind=type(error).__name__, error=str(error))
        return _Outcome("failed", error=said, traceback=traceback.format_exc())


def _task(job: Job, tasks: Mapping[str, Task]) -> Task:
    if job.kind not in tasks:
        raise AppError(
            t("this version cannot run that kind of job"),
            expected=t("one of {names}", names=", ".join(sorted(tasks))),
            received=repr(job.kind),
        )
    return tasks[job.kind]


def _record(ws: Workspace, job: Job, outcome: _Outcome) -> None:
    """Write the outcome; a disk that is full for a moment must not lose it."""
    for left in reversed(range(_RECORD_TRIES)):
        try:
            with ws.write() as conn:
                jobs.finish(
                    conn,
                    job.id,
                    job.fence,
                    outcome.state,
                    result=outcome.result,
                    error=outcome.error,
                    traceback=outcome.traceback,
                )
            return
        except StoreError:
            if not left:
                raise
            time.sleep(_RECORD_PAUSE_S)


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    """Let SIGTERM unwind the task; only a main thread can receive signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
