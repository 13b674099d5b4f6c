"""Power, space and crowds: what was acknowledged is on the disk, and nobody waits for ever."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import numpy as np
import pytest

from core.errors import StoreError
from core.settings import ROOT
from core.store import jobs
from core.store.database import open_workspace
from tests.faults.test_kill_writer import SLOW, claimed_job, is_sound, writer

# Counts fsync and fdatasync, and writes the count before each acknowledgement (a write to fd 1).
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>
static int n;
int fsync(int fd) { n++; return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd); }
int fdatasync(int fd) { n++; return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd); }
ssize_t write(int fd, const void *p, size_t size) {
    ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    char text[16];
    if (fd == 1) { real(1, text, snprintf(text, sizeof text, "%d ", n)); n = 0; }
    return real(fd, p, size);
}
"""


@pytest.mark.slow
def test_every_acknowledgement_comes_after_an_fsync(workspace, tmp_path):
    """Needs a C compiler (cc), as CONTRIBUTING says of the slow tests."""
    (tmp_path / "shim.c").write_text(SHIM)
    shim = tmp_path / "shim.so"
    command = ["cc", "-shared", "-fPIC", "-o", str(shim), str(tmp_path / "shim.c"), "-ldl"]
    subprocess.run(command, check=True)
    env = {**os.environ, "LD_PRELOAD": str(shim)}
    with writer("events", workspace.path, claimed_job(workspace), 1000, env=env) as process:
        said = [line.split() for line in process.stdout]
    assert [int(n) for _, n in said] == list(range(1000))
    assert sum(int(n_syncs) == 0 for n_syncs, _ in said) == 0


@pytest.mark.parametrize("n_processes", [6, pytest.param(20, marks=SLOW)])
def test_many_processes_open_a_fresh_workspace_at_the_same_moment(settings, n_processes):
    crowd = [
        writer("opened", settings.workspace, f"gate{n}", stdin=subprocess.PIPE)
        for n in range(n_processes)
    ]
    for process in crowd:
        assert process.stdout.readline() == "ready\n"
    for process in crowd:  # all have imported everything: now they race
        process.stdin.write("x")
        process.stdin.flush()
    said = [process.communicate()[0] for process in crowd]
    assert said == [f"gate{n}\n" for n in range(n_processes)]
    ws = open_workspace(settings)
    with ws.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM worker").scalar() == n_processes
    ws.close()


@pytest.mark.parametrize("n_levels", [3, pytest.param(100, marks=SLOW)])
def test_a_full_disk_loses_nothing_and_is_survived(workspace, n_levels):
    rng = random.Random(0)
    for _ in range(n_levels):
        job_id = claimed_job(workspace)
        with workspace.engine.connect() as conn:
            conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        size = (workspace.path / "desempate.db").stat().st_size
        limit = size + rng.randint(10_000, 200_000)  # for the database and for its log
        with writer("fill", workspace.path, job_id, limit) as process:
            said = process.stdout.read().split("\n")[:-1]
        refused = [line for line in said if line.startswith("refused")]
        assert len(refused) == 1
        assert "disk" in refused[0]
        acked = [int(line) for line in said if line.isdigit()]
        with workspace.read() as conn:
            stored = [event.payload["n"] for event in jobs.events(conn, job_id)]
        assert acked == stored == list(range(len(acked)))  # the five after the refusal included
        assert len(acked) > 5
    assert is_sound(workspace)


def test_a_crowd_of_writers_loses_nothing(workspace):
    _crowd(workspace, n_threads=10, n_processes=2, n_each=20)


@pytest.mark.slow
def test_fifty_writers_lose_nothing_and_none_starves(workspace):
    waits_s = _crowd(workspace, n_threads=48, n_processes=2, n_each=200)
    assert np.percentile(waits_s, 99) < 5.0  # 1 s on a quiet machine; CI machines are shared


def _crowd(workspace, n_threads, n_processes, n_each):
    """Let threads and processes write at once; return how long each thread's write took."""
    job_id, waits_s, errors = claimed_job(workspace), [], []

    def write_all():
        for n in range(n_each):
            start = time.monotonic()
            try:
                with workspace.write() as conn:
                    jobs.get(conn, job_id)
                    payload = {"n": n, "thread": threading.get_ident()}
                    jobs.add_event(conn, job_id, 1, "n", payload)
            except StoreError as error:
                errors.append(error)
            waits_s.append(time.monotonic() - start)

    others = [writer("events", workspace.path, job_id, n_each) for _ in range(n_processes)]
    threads = [threading.Thread(target=write_all) for _ in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(process.communicate()[0].count("\n") == n_each for process in others)
    with workspace.read() as conn:
        found = [tuple(e.payload.items()) for e in jobs.events(conn, job_id)]
    assert errors == []
    assert len(found) == len(set(found)) == (n_threads + n_processes) * n_each
    return waits_s


@pytest.mark.slow
def test_a_writer_that_cannot_get_in_says_so_after_thirty_seconds(workspace):
    path = workspace.path / "desempate.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        start = time.monotonic()
        with pytest.raises(StoreError, match="try again"), workspace.write():
            pass
        assert 29 < time.monotonic() - start < 32
        with workspace.read() as conn:  # the page is not dead meanwhile
            assert jobs.list_jobs(conn) == []
    assert claimed_job(workspace)


def test_a_copy_made_while_others_write_is_whole(workspace):
    """What a migration does first; `cp` of a live database would not be a backup."""
    from core.store.schema import _back_up

    job_id = claimed_job(workspace)
    with writer("events", workspace.path, job_id) as process:
        acked = [process.stdout.readline() for _ in range(20)]
        copy = _back_up(workspace.path, "0001")
        process.kill()
    with closing(sqlite3.connect(copy)) as db:
        n_stored = db.execute("SELECT count(*) FROM job_event").fetchone()[0]
    assert n_stored >= len(acked)


def test_writers_do_not_load_what_they_do_not_need():
    code = "import sys, core.jobs.worker; sys.exit(any(m in sys.modules for m in sys.argv[1:]))"
    names = ["tensorflow", "keras", "streamlit", "plotly", "alembic", "sklearn", "pandas"]
    done = subprocess.run([sys.executable, "-c", code, *names], cwd=ROOT, check=False)
    assert done.returncode == 0
