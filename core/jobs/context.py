"""What a running job sees of the world: its workspace, and a way to report and be stopped."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from core.errors import Conflict, JobCancelled, StoreError
from core.language import t
from core.store import jobs
from core.store.database import Workspace

_log = logging.getLogger(__name__)

_WRITE_EVERY_S = 0.5  # a progress bar need not move faster; each write is an fsync
_LOOK_EVERY_S = 0.5  # how late a request to stop may be noticed
_BEAT_EVERY_S = 5.0


class JobContext:
    """The handle that a task receives.

    A background thread keeps the job's heartbeat, notices requests to stop, and writes what
    `report` held back.

    Parameters
    ----------
    workspace : Workspace
        Where the task reads and writes.
    job_id : str
        The job.
    fence : int
        The claim under which this process runs it.

    Notes
    -----
    `report` and `event` write; do not call them inside `workspace.write()`.
    """

    def __init__(self, workspace: Workspace, job_id: str, fence: int) -> None:
        self.workspace = workspace
        self.job_id = job_id
        self._fence = fence
        self._stop = threading.Event()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._pending: dict[str, Any] = {}
        self._written_at = -math.inf  # monotonic seconds
        self._thread = threading.Thread(target=self._live, name=f"pulse of {job_id}", daemon=True)

    def report(self, progress: float | None = None, step: str | None = None) -> None:
        """Say how far the job is, and what it is doing.

        Parameters
        ----------
        progress : float, optional
            Share in [0, 1]; what lies outside is clipped, NaN counts as 0.
        step : str, optional
            A few words for a person: a `Sentence`, where it is to be read in any language.

        Raises
        ------
        JobCancelled
            If somebody asked the job to stop.

        Notes
        -----
        Cheap: it writes at most twice a second, the rest is written by the background thread.
        """
        with self._lock:
            if progress is not None:
                self._pending["progress"] = min(1.0, max(0.0, float(progress)))
            if step is not None:
                self._pending["step"] = step
        if time.monotonic() - self._written_at >= _WRITE_EVERY_S:
            self._flush()
        self._raise_if_stopped()

    def event(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Append something to the job's history at once: an epoch's numbers, say.

        Parameters
        ----------
        kind : str
            "epoch", "log", ...
        payload : mapping
            What JSON can hold; NaN and infinities become null.

        Raises
        ------
        JobCancelled
            If somebody asked the job to stop.
        """
        try:
            with self.workspace.write() as conn:
                jobs.add_event(conn, self.job_id, self._fence, kind, _finite(payload))
        except Conflict:
            self._stop.set()
        self._raise_if_stopped()

    def should_stop(self) -> bool:
        """Return whether somebody asked the job to stop; cheap enough for every batch."""
        return self._stop.is_set()

    def __enter__(self) -> JobContext:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        if self._pending:
            self._flush()

    def _raise_if_stopped(self) -> None:
        if self._stop.is_set():
            raise JobCancelled(t("job {id} was asked to stop", id=self.job_id))

    def _flush(self) -> None:
        with self._lock:
            pending, self._pending = self._pending, {}
            self._written_at = time.monotonic()
        try:
            with self.workspace.write() as conn:
                asked = jobs.update_progress(conn, self.job_id, self._fence, **pending)
        except Conflict:  # somebody declared this process dead: whatever it does is lost
            asked = True
        except StoreError as error:  # a full disk or a busy minute must not end the job
            _log.warning("job %s: %s", self.job_id, error)
            with self._lock:
                self._pending = pending | self._pending
            return
        if asked:
            self._stop.set()

    def _live(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            try:
                self._look()
            except StoreError as error:
                _log.warning("job %s: %s", self.job_id, error)

    def _look(self) -> None:
        if self._pending or time.monotonic() - self._written_at >= _BEAT_EVERY_S:
            self._flush()
            return
        with self.workspace.read() as conn:
            if jobs.cancel_requested(conn, self.job_id):
                self._stop.set()


def _finite(value: Any) -> Any:
    """Replace what JSON cannot express in nested numbers by None."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    item = getattr(value, "item", None)
    return _finite(item()) if item is not None else value
