"""Jobs as pages see them: the time that is left, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import Job
from core.services.jobs import Pace, span

START = datetime(2026, 1, 1, tzinfo=UTC)


def job(progress, **more):
    values = {
        "id": "job-1",
        "kind": "train",
        "title": "Train",
        "params": {},
        "state": "running",
        "progress": progress,
        "step": "",
        "dataset_id": None,
        "result": None,
        "error": None,
        "cancel_requested": False,
        "fence": 1,
        "pid": 1,
        "created_at": START,
        "started_at": START,
        "finished_at": None,
        "heartbeat_at": START,
    }
    return Job(**(values | more))


def left(*seen, now_s=None, **more):
    """Look at (second, progress) one after the other, and return what the last look says."""
    pace = Pace()
    for second, progress in seen:
        last = pace.left(job(progress, **more), START + timedelta(seconds=second))
    if now_s is not None:
        last = pace.left(job(progress, **more), START + timedelta(seconds=now_s))
    return last


def test_what_is_left_takes_as_long_as_what_was_seen_since_the_first_advance():
    assert left((0, 0.0), (60, 0.1), (70, 0.2)) == pytest.approx(80)  # a minute to begin
    assert left((0, 0.0), (60, 0.1), (70, 0.2), (80, 0.3)) == pytest.approx(70)
    assert left((0, 0.0), (60, 0.1), (70, 0.2), now_s=75) == pytest.approx(75)
    assert left((0, 0.0), (60, 0.1), (70, 0.2), now_s=1000) == 0
    assert left((0, 0.5), (9, 0.6), (19, 0.7)) == pytest.approx(30)  # went on from half


@pytest.mark.parametrize(
    ("seen", "more"),
    [
        ([(600, 0.5)], {}),
        ([(0, 0.0), (600, 0.5)], {}),
        ([(0, 0.0), (10, 0.5), (14, 0.6)], {}),
        ([(0, 0.0), (10, 0.5), (600, 0.54)], {}),
        ([(0, 0.0), (10, 0.1), (600, 0.1)], {}),
        ([(0, 0.0), (10, 0.1), (60, 0.5)], {"state": "queued"}),
        ([(0, 0.0), (10, 0.1), (60, 0.5)], {"state": "done"}),
        ([(0, 0.0), (10, 0.1), (60, 0.5)], {"cancel_requested": True}),
    ],
)
def test_nothing_is_said_before_it_means_something(seen, more):
    assert left(*seen, **more) is None


@given(st.floats(0.1, 0.9), st.floats(5, 1e5), st.integers(2, 30))
def test_steady_progress_is_told_exactly_however_often_one_looks(start, whole_s, n_looks):
    shares = [start + (0.99 - start) * i / n_looks for i in range(n_looks + 1)]
    seen = [(whole_s * share, share) for share in shares]
    told = left((0, 0.0), *seen)
    enough = shares[-1] - start >= 0.05 and whole_s * (shares[-1] - start) >= 5
    assert told is None or told == pytest.approx(0.01 * whole_s, rel=1e-3, abs=1e-3)
    assert (told is not None) == enough or abs(whole_s * (shares[-1] - start) - 5) < 1e-3


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "5 seconds"),
        (12, "10 seconds"),
        (57, "55 seconds"),
        (58, "1 minute"),
        (89, "1 minute"),
        (91, "2 minutes"),
        (3400, "57 minutes"),
        (3500, "1 hour"),
        (5400, "1.5 hours"),
        (13000, "3.5 hours"),
        (100_000, "28 hours"),
        (140_000, "2 days"),
    ],
)
def test_times_are_said_roughly(seconds, words):
    assert span(seconds) == words


@given(st.floats(0, 1e7))
def test_what_is_said_is_never_far_off(seconds):
    number, unit = span(seconds).split()
    unit_s = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}[unit.rstrip("s")]
    assert float(number) * unit_s == pytest.approx(seconds, rel=0.35, abs=5)
