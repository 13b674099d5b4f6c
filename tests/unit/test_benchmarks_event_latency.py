"""The time from a move to its frame is read from the stages of that frame, not from others."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "event_latency.py"


@pytest.fixture(scope="module")
def latency():
    spec = importlib.util.spec_from_file_location("event_latency", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stage(name: str, phase: str, at_ms: float) -> dict:
    return {"name": name, "ph": phase, "ts": 1000 * at_ms, "pid": 1, "id2": {"local": "0x1"}}


def a_move(at_ms: float, latency) -> list[dict]:
    """A move whose handlers run from 2 to 3 ms after it and whose frame is shown after 12 ms."""
    stamp = stage("EventLatency", "b", at_ms)
    stamp["args"] = {"event_latency": {"event_type": "MOUSE_DRAGGED"}}
    dispatch = {"name": "EventDispatch", "ph": "X", "ts": 1000 * (at_ms + 2), "dur": 1000}
    dispatch["args"] = {"data": {"type": "input"}}
    frame = [stage("Commit", "b", at_ms + 6), stage("Commit", "e", at_ms + 7)]
    return [stamp, dispatch, *frame, stage(latency.PRESENTED, "e", at_ms + 12)]


@pytest.mark.parametrize("ended", [5, 8, None])  # the reporter of another frame, on the same track
def test_each_move_has_its_own_frame(latency, ended):
    events = [*a_move(100, latency), *a_move(160, latency), stage("PipelineReporter", "b", 99)]
    if ended is not None:
        events += [stage("PipelineReporter", "e", 100 + ended)]
    moves = latency.moves(json.dumps({"traceEvents": events}).encode())
    assert moves == [(12, 1, 10), (12, 1, 10)]


def test_a_move_whose_frame_was_not_shown_waits_for_the_next_that_was(latency):
    lost = a_move(100, latency)[:-1]
    trace = json.dumps({"traceEvents": [*lost, *a_move(160, latency)]}).encode()
    assert [move.to_screen for move in latency.moves(trace)] == [72, 12]
