"""The process that hands out jobs: one at a time, in order, each in a process of its own.

A worker may be killed at any moment. Its job goes on; the next worker finds it running and waits
for it. Nothing that matters is in a worker's memory: a job is queued until its own process claims
it, and from then on that process keeps the record.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from core.errors import StoreError
from core.jobs import engine, processes
from core.jobs.execution import Task, execute
from core.language import t
from core.store import jobs, workers
from core.store.database import Workspace

__all__ = ["Patience", "Task", "execute", "run_worker"]

_log = logging.getLogger(__name__)
_BEAT_EVERY_S = 5.0
_LOG_TAIL = 2_000  # bytes


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a worker waits, in seconds."""

    look_every_s: float = 0.2
    term_after_s: float = 10.0  # from the request to stop to SIGTERM
    kill_after_s: float = 15.0  # from the request to stop to SIGKILL
    start_s: float = 600.0  # for a process that has not claimed its job yet; it gives way to all
    linger_s: float = 30.0  # for a process whose job has ended already


def run_worker(ws: Workspace, idle_exit_s: float = 60.0, patience: Patience | None = None) -> bool:
    """Hand out jobs until there has been nothing to do for `idle_exit_s`.

    Parameters
    ----------
    ws : Workspace
        Whose jobs.
    idle_exit_s : float
        Seconds without a job; infinity for a worker that something else looks after.
    patience : Patience, optional
        How long to wait for jobs that should stop.

    Returns
    -------
    bool
        False if another worker lives on this machine: then this one has nothing to do.

    Notes
    -----
    SIGTERM and SIGINT end the worker, not the job.
    """
    return _Worker(ws, idle_exit_s, patience or Patience()).run()


class _Worker:
    """The state of one worker: its child, if any, and since when it has wanted something."""

    def __init__(self, ws: Workspace, idle_exit_s: float, patience: Patience) -> None:
        self._ws, self._idle_exit_s, self._patience = ws, idle_exit_s, patience
        self._pid, self._started = processes.me()
        self._child: subprocess.Popen[bytes] | None = None
        self._handed: tuple[str, int] = ("", 0)  # (job id, fence) of the child
        self._beaten_at = -math.inf
        self._idle_since: float | None = None
        self._since: dict[tuple[str, int, str], float] = {}  # what -> first seen, monotonic
        self._over = False  # a plain flag: a signal handler may set it at any point

    def run(self) -> bool:
        if not self._take_lease():
            return False
        with self._ends_on_signals():
            while not self._over:
                try:
                    self._step()
                except StoreError as error:  # a full disk, a busy minute: look again
                    _log.warning("%s", error)
                time.sleep(self._patience.look_every_s)
        return True

    def _step(self) -> None:
        if not self._beat():
            self._over = True
        elif self._child:
            self._mind(self._child)
        elif alive := [j for j in engine.reconcile(self._ws) if j.host == processes.host()]:
            self._idle_since = None  # somebody's before us: wait for it
            for job in alive:
                self._stop_if_asked(job, job.pid)
        elif not self._hand_out():
            self._leave_if_idle()

    def _take_lease(self) -> bool:
        """Take the lease if it is free, its holder is dead, or it was written for this process."""
        slot = engine.slot()
        with self._ws.write() as conn:
            lease = workers.holder(conn, slot)
            mine = lease and (lease.pid, lease.pid_started) == (self._pid, self._started)
            if lease and not mine and processes.is_alive(lease.pid, lease.pid_started):
                return False
            workers.take(conn, slot, self._pid, self._started)
        return True

    def _beat(self) -> bool:
        """Show a sign of life now and then; False if the workspace or the lease is gone."""
        if time.monotonic() - self._beaten_at < _BEAT_EVERY_S:
            return True
        self._beaten_at = time.monotonic()
        return (self._ws.path / "desempate.db").exists() and self._take_lease()

    def _hand_out(self) -> bool:
        """Start the process of the job that has waited longest; it claims the job itself."""
        with self._ws.read() as conn:
            waiting = jobs.next_queued(conn)
        if waiting is None:
            return False
        self._handed, self._idle_since = waiting, None
        job_id, fence = waiting
        self._child = processes.spawn(
            self._ws.settings,
            ["job-exec", job_id, "--fence", str(fence)],
            self._ws.jobs_dir / f"{job_id}.log",
            processes.job_environment(self._ws.settings),
            nice=True,
        )
        return True

    def _mind(self, child: subprocess.Popen[bytes]) -> None:
        """Look after the child: bury it, or end it if it should have stopped."""
        code = processes.peek(child)
        if code is not None:
            self._bury(child, code)
            return
        job_id, fence = self._handed
        with self._ws.read() as conn:
            state = jobs.get(conn, job_id).state
            said = next((j for j in jobs.running(conn) if j.id == job_id), None)
        limit_s = self._patience.start_s if state == "queued" else self._patience.linger_s
        if said and said.fence == fence:
            self._stop_if_asked(said, child.pid)
        elif self._seen_for(job_id, fence, state) > limit_s:
            _log.warning("the process of job %s, which is %s, did not move on", job_id, state)
            processes.end_group(child.pid, signal.SIGKILL)

    def _bury(self, child: subprocess.Popen[bytes], code: int) -> None:
        """Record the end of a child that could not do so itself, then collect it."""
        job_id, fence = self._handed
        engine.reconcile(self._ws)
        with self._ws.write() as conn:
            # Still queued: it died before it could claim. Claimed for the dead, so that it fails.
            if jobs.claim(
                conn,
                job_id,
                fence,
                pid=self._pid,
                pid_started=self._started,
                host=processes.host(),
            ):
                how, words = processes.describe_exit(code), self._last_words(job_id)
                said = t("could not start: {how}", how=how)
                if words:
                    said = t("{said}; its last words: {words}", said=said, words=words)
                jobs.finish(conn, job_id, fence, "failed", error=said)
        processes.end_group(child.pid, signal.SIGKILL)  # what it started and left behind
        child.wait()
        self._child = None
        self._since.clear()

    def _last_words(self, job_id: str) -> str:
        """Return the last line of a job's log; nothing if it is empty."""
        with (self._ws.jobs_dir / f"{job_id}.log").open("rb") as log:
            log.seek(-min(_LOG_TAIL, log.seek(0, os.SEEK_END)), os.SEEK_END)
            data = log.read()
        lines = data.decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def _stop_if_asked(self, job: jobs.Running, pid: int) -> None:
        """Escalate a request to stop: first the job's own report, then SIGTERM, then SIGKILL."""
        if not job.cancel_requested:
            return
        waited = self._seen_for(job.id, job.fence, "asked")
        if waited < self._patience.term_after_s or not processes.is_alive(pid, job.pid_started):
            return
        if waited >= self._patience.kill_after_s:
            processes.end_group(pid, signal.SIGKILL)
        elif self._seen_for(job.id, job.fence, "terminated") == 0.0:
            processes.end_group(pid, signal.SIGTERM)

    def _seen_for(self, job_id: str, fence: int, what: str) -> float:
        """Return for how many seconds this has been so; 0.0 exactly at the first look."""
        now = time.monotonic()
        return now - self._since.setdefault((job_id, fence, what), now)

    def _leave_if_idle(self) -> None:
        """Give the lease back after `idle_exit_s` without work.

        Looked at and released in one write transaction: a job that is submitted before it is
        seen here; one that is submitted after it finds no lease and starts a new worker.
        """
        now = time.monotonic()
        self._idle_since = now if self._idle_since is None else self._idle_since
        if now - self._idle_since < self._idle_exit_s:
            return
        with self._ws.write() as conn:
            if jobs.next_queued(conn) is None:
                workers.release(conn, engine.slot(), self._pid, self._started)
                self._over = True

    @contextmanager
    def _ends_on_signals(self) -> Iterator[None]:
        """Let SIGTERM and SIGINT end the loop and give the lease back; the job goes on."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            self._over = True

        before = {n: signal.signal(n, on_signal) for n in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            with self._ws.write() as conn:
                workers.release(conn, engine.slot(), self._pid, self._started)
