"""Kill -9 at any moment: what was acknowledged is there, once, and nothing else is damaged."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from core.jobs import processes
from core.settings import ROOT
from core.store import jobs

SLOW = [pytest.mark.slow, pytest.mark.timeout(1800)]
MANY = pytest.param(200, marks=SLOW)


def writer(*args, **options):
    command = [sys.executable, "-m", "tests.faults.writers", *map(str, args)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, **options)


def killed_after(n_acks, *args):
    """Run a writer, kill it when it has acknowledged `n_acks` writes, return all it said."""
    with writer(*args) as process:
        said = [process.stdout.readline() for _ in range(n_acks)]
        process.kill()
        said += process.stdout.readlines()
    return [line.strip() for line in said if line.endswith("\n")]


def is_sound(workspace):
    with closing(sqlite3.connect(workspace.path / "desempate.db")) as db:
        return db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def claimed_job(workspace):
    with workspace.write() as conn:
        job_id = jobs.insert_job(conn, "n", {}, title="Numbers")
        pid, started = processes.me()
        jobs.claim(conn, job_id, 1, pid=pid, pid_started=started, host=processes.host())
    return job_id


@pytest.mark.parametrize("n_kills", [5, MANY])
def test_a_killed_writer_loses_nothing_it_acknowledged(workspace, n_kills):
    rng = random.Random(0)
    for _ in range(n_kills):
        job_id = claimed_job(workspace)
        acked = [int(n) for n in killed_after(rng.randint(1, 60), "events", workspace.path, job_id)]
        with workspace.read() as conn:
            stored = [event.payload["n"] for event in jobs.events(conn, job_id)]
        assert stored == list(range(len(stored)))  # no gap, nothing twice
        assert acked == list(range(len(acked)))
        assert 0 <= len(stored) - len(acked) <= 1  # the last may be stored and not yet said
    assert is_sound(workspace)


@pytest.mark.parametrize("n_kills", [5, MANY])
def test_a_killed_writer_leaves_only_whole_blobs(workspace, n_kills):
    rng = random.Random(0)
    acked = [
        blob_id
        for _ in range(n_kills)
        for blob_id in killed_after(rng.randint(1, 20), "blobs", workspace.path)
    ]
    assert len(acked) >= n_kills
    assert all(workspace.blobs.verify(blob_id) for blob_id in acked)
    named = [p for p in workspace.blobs.root.glob("??/*") if p.parent.name != "tmp"]
    assert all(workspace.blobs.verify(path.name) for path in named)
    workspace.blobs.sweep(older_than_s=0.0)
    assert not list((workspace.blobs.root / "tmp").iterdir())
