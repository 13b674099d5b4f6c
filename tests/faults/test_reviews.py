"""Reviews under fire: crowds, hot images, kill -9, and an fsync before every acknowledgement."""

from __future__ import annotations

import os
import random
import subprocess
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import Conflict
from core.services.labels import adjudicating, reviewing
from core.store import adjudications, reviews
from tests.faults.test_durability import SHIM
from tests.faults.test_kill_writer import SLOW, is_sound, killed_after, writer
from tests.seeding import add_small_dataset

MANY_PEOPLE = pytest.param(50, 200, marks=SLOW)


@pytest.fixture
def small(workspace):
    return add_small_dataset(workspace, 40)


def at_once(n_threads, work):
    """Run `work(n)` in threads that start together; raises what one of them raised."""
    gate = threading.Barrier(n_threads)

    def run(n):
        gate.wait()
        work(n)

    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(run, range(n_threads)))


def check_log(ws, dataset_id):
    """The log has no gaps, and what counts is what a replay of it gives; return the log."""
    with ws.write() as conn:
        log = reviews.history(conn, dataset_id)
        counting = {review.event_id for review in reviews.current(conn, dataset_id)}
        table = _current_table(conn)
        reviews.rebuild(conn, dataset_id)
        assert _current_table(conn) == table
    versions = {}
    for event in log:
        thread = (event.image_id, event.reviewer)
        assert event.version == versions.get(thread, 0) + 1
        versions[thread] = event.version
    assert counting == {review.event_id for review in reviews.replay(log)}
    return log


def _current_table(conn):
    query = "SELECT * FROM review_current ORDER BY dataset_id, reviewer, image_id"
    return conn.exec_driver_sql(query).all()


@pytest.mark.parametrize(("n_people", "n_each"), [(8, 15), MANY_PEOPLE])
def test_a_crowd_of_reviewers_loses_nothing(workspace, small, n_people, n_each):
    """Threads are sessions of one server; two processes more are other servers."""
    dataset_id, images = small
    acked = Counter()

    def review(person):
        for n in range(n_each):
            stored = reviewing.submit(
                workspace,
                dataset_id,
                images[n % len(images)],
                reviewer=f"person {person}",
                event_id=f"{person}-{n}",
                label="ABCD"[n % 4],
                expected_version=n // len(images),
            )
            again = reviewing.submit(
                workspace,
                dataset_id,
                stored.image_id,
                reviewer=stored.reviewer,
                event_id=stored.event_id,
                label=stored.label,
                expected_version=n // len(images),
            )
            assert again == stored
            acked[stored.event_id] += 1

    others = [writer("reviews", workspace.path, dataset_id, f"far{i}", n_each) for i in range(2)]
    at_once(n_people - 2, review)
    said = [line for process in others for line in process.communicate()[0].split()]
    log = check_log(workspace, dataset_id)
    stored = Counter(event.event_id for event in log)
    assert stored == acked + Counter(said)  # nothing lost, nothing twice
    assert len(stored) == n_people * n_each


@pytest.mark.parametrize(("n_people", "n_each"), [(8, 3), pytest.param(50, 10, marks=SLOW)])
def test_on_hot_images_every_conflict_is_reported(workspace, small, n_people, n_each):
    """All decide about the same images on what they saw; whoever is told of another looks again."""
    dataset_id, hot = small[0], small[1][:10]
    conflicts, acked = [], []

    def decide(person):
        for n in range(n_each):
            image, version = hot[n], 0
            while True:
                try:
                    done = adjudicating.adjudicate(
                        workspace,
                        dataset_id,
                        image,
                        who=f"person {person}",
                        event_id=f"{person}-{n}",
                        label="ABCD"[person % 4],
                        expected_version=version,
                    )
                except Conflict as conflict:
                    conflicts.append(str(conflict))
                    version = adjudicating.open_image(workspace, dataset_id, image).version
                else:
                    acked.append((image, done.version, done.who, done.label))
                    break

    at_once(n_people, decide)
    with workspace.read() as conn:
        stored = [
            (image, its.version, its.who, its.label)
            for image in hot
            for its in adjudications.history(conn, dataset_id, image)
        ]
    assert sorted(stored) == sorted(acked)
    assert len(stored) == n_people * n_each
    for image in hot[:n_each]:
        assert [v for i, v, *_ in stored if i == image] == list(range(1, n_people + 1))
    assert len(conflicts) >= n_each * (n_people - 1)  # only one could be the first
    assert all("person" in text and "decided" in text and "UTC" in text for text in conflicts)


@pytest.mark.parametrize("n_windows", [4, pytest.param(50, marks=SLOW)])
def test_windows_of_one_person_cannot_overwrite_each_other(workspace, small, n_windows):
    dataset_id, images = small
    outcomes = Counter()

    def answer(window):
        for n, image in enumerate(images[:10]):
            try:
                reviewing.submit(
                    workspace,
                    dataset_id,
                    image,
                    reviewer="Ana",
                    event_id=f"{window}-{n}",
                    label="ABCD"[window % 4],
                    expected_version=0,
                )
                outcomes["stored"] += 1
            except Conflict as conflict:
                assert "Ana said" in str(conflict)
                outcomes["conflict"] += 1

    at_once(n_windows, answer)
    assert len(check_log(workspace, dataset_id)) == 10
    assert outcomes == {"stored": 10, "conflict": 10 * (n_windows - 1)}


@pytest.mark.parametrize("n_kills", [4, pytest.param(200, marks=SLOW)])
def test_a_killed_reviewer_loses_nothing_that_was_acknowledged(workspace, small, n_kills):
    rng = random.Random(0)
    for kill in range(n_kills):
        person = f"person{kill}"
        acked = killed_after(rng.randint(1, 40), "reviews", workspace.path, small[0], person)
        with workspace.read() as conn:
            log = reviews.history(conn, small[0], reviewer=person)
        stored = [event.event_id for event in log]
        assert stored == [f"{person}-{n}" for n in range(len(stored))]  # no gap, nothing twice
        assert acked == stored[: len(acked)]
        assert 0 <= len(stored) - len(acked) <= 1  # the last may be stored and not yet said
    check_log(workspace, small[0])
    assert is_sound(workspace)


@pytest.mark.slow
def test_every_acknowledged_review_comes_after_an_fsync(workspace, small, tmp_path):
    """Needs a C compiler (cc), as CONTRIBUTING says of the slow tests."""
    (tmp_path / "shim.c").write_text(SHIM)
    shim = tmp_path / "shim.so"
    command = ["cc", "-shared", "-fPIC", "-o", str(shim), str(tmp_path / "shim.c"), "-ldl"]
    subprocess.run(command, check=True)
    env = {**os.environ, "LD_PRELOAD": str(shim)}
    with writer("reviews", workspace.path, small[0], "Ana", 1000, env=env) as process:
        said = [line.split() for line in process.stdout]
    assert [event_id for _, event_id in said] == [f"Ana-{n}" for n in range(1000)]
    assert sum(int(n_syncs) == 0 for n_syncs, _ in said) == 0
