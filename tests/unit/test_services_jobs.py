"""Jobs as pages see them: the time that is left, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import Job
from core.services.jobs import span, time_left

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


def left(progress, elapsed_s, *, begun_at=0.0, **more):
    now = START + timedelta(seconds=elapsed_s)
    return time_left(job(progress, **more), now, begun_at=begun_at)


def test_what_is_left_takes_as_long_as_what_was_done():
    assert left(0.25, 60) == pytest.approx(180)
    assert left(1.0, 60) == 0
    assert left(0.6, 30, begun_at=0.5) == pytest.approx(120)  # a tenth took half a minute


@pytest.mark.parametrize(
    ("progress", "elapsed_s", "more"),
    [
        (0.04, 600, {}),
        (0.5, 4, {}),
        (0.5, 60, {"state": "queued"}),
        (0.5, 60, {"state": "done"}),
        (0.5, 60, {"started_at": None}),
        (0.5, 60, {"cancel_requested": True}),
        (0.52, 60, {"begun_at": 0.5}),
    ],
)
def test_nothing_is_said_before_it_means_something(progress, elapsed_s, more):
    assert left(progress, elapsed_s, **more) is None


@given(st.floats(0.05, 1.0), st.floats(5, 1e5))
def test_it_is_never_negative_and_falls_with_progress(progress, elapsed_s):
    now = left(progress, elapsed_s)
    assert now is not None and now >= 0
    assert left(min(1.0, progress + 0.1), elapsed_s) <= now


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
