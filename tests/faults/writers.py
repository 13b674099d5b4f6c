"""Processes that write and acknowledge each write on stdout: what durability tests kill.

`python -m tests.faults.writers WHAT WORKSPACE ...`
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

from core.errors import StoreError
from core.jobs.worker import execute
from core.settings import load_settings
from core.store import jobs, workers
from core.store.database import Workspace, open_workspace
from tests.faults.entry import TASKS


def acknowledge(text: object) -> None:
    """Tell the test; a pipe's buffer would hide what was promised."""
    os.write(1, f"{text}\n".encode())


def append(ws: Workspace, job_id: str, n: int) -> None:
    """Store one numbered event of a job that was claimed with fence 1."""
    with ws.write() as conn:
        jobs.get(conn, job_id)  # to read first is what a deferred transaction cannot survive
        jobs.add_event(conn, job_id, 1, "n", {"n": n, "pid": os.getpid()})


def events(ws: Workspace, job_id: str, n_events: str = "1000000000") -> None:
    """Append events."""
    for n in range(int(n_events)):
        append(ws, job_id, n)
        acknowledge(n)


def reviews(ws: Workspace, dataset: str, reviewer: str, n_reviews: str = "1000000000") -> None:
    """Review the images of a data set in turn, every fourth answer an undo of the one before."""
    from core.services.data import datasets
    from core.services.labels import reviewing

    images = datasets.image_ids(ws, dataset)
    for n in range(int(n_reviews)):
        event_id = f"{reviewer}-{n}"
        if n % 4 == 3:
            reviewing.undo(ws, dataset, reviewer=reviewer, event_id=event_id)
        else:
            image = images[n % len(images)]
            reviewing.submit(
                ws, dataset, image, reviewer=reviewer, event_id=event_id, label="ABCD"[n % 3]
            )
        acknowledge(event_id)


def blobs(ws: Workspace) -> None:
    """Store blobs of growing size."""
    n = 0
    while True:
        n += 1
        acknowledge(ws.blobs.put_bytes(os.urandom(16) * (n * 997)))


def drain(ws: Workspace) -> None:
    """Claim and run whatever is queued, in this process, until nothing is left."""
    while True:
        with ws.read() as conn:
            waiting = jobs.next_queued(conn)
        if waiting is None:
            return
        execute(ws, *waiting, TASKS)


def opened(ws: Workspace, gate: str) -> None:
    """Say that the workspace is open and can be written."""
    with ws.write() as conn:
        workers.take(conn, f"slot {os.getpid()}", os.getpid(), 1.0)
    acknowledge(Path(gate).name)


def fill(ws: Workspace, job_id: str, limit_bytes: str) -> None:
    """Write until no file may grow any more, then lift the limit and write on."""
    n = 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit_bytes), resource.RLIM_INFINITY))
    try:
        while True:
            append(ws, job_id, n)
            acknowledge(n)
            n += 1
    except StoreError as error:
        acknowledge(f"refused: {error}")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    for later in range(n, n + 5):
        append(ws, job_id, later)
        acknowledge(later)


def main(what: str, workspace: str, *args: str) -> None:
    if what == "opened":  # all processes are held until the file appears, then open at once
        acknowledge("ready")
        sys.stdin.read(1)
    ws = open_workspace(load_settings(workspace))
    {f.__name__: f for f in (events, reviews, blobs, drain, opened, fill)}[what](ws, *args)
    ws.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
