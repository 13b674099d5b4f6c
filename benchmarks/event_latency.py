"""How long it took from moving the mouse to the frame on screen that shows what it did.

Read from Chromium's own trace of a drag over a slider: `EventLatency` begins at the time stamp of a
move, `EventDispatch` says when the page's `input` handlers ran, and the stages of each frame follow
it to the moment it is presented: style, layout, paint, raster, and putting it on screen.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from typing import Any, NamedTuple

PRESENTED = "SwapEndToPresentationCompositorFrame"  # the last stage of a frame that is shown
CATEGORIES = ["benchmark", "cc", "devtools.timeline", "input", "input.scrolling"]


class Move(NamedTuple):
    """One move of the mouse that moved the slider, in milliseconds."""

    to_screen: float  # from the time stamp of the input to the frame presented
    handlers: float  # within the page's own handlers
    drawing: (
        float  # from the start of the handlers to the frame presented; what was before is waiting
    )


def moves(trace: bytes) -> list[Move]:
    """Return the moves of a trace, in order; those whose frame came after its end are left out."""
    events = sorted(json.loads(trace)["traceEvents"], key=lambda event: event["ts"])
    stamps = [e["ts"] for e in events if e["name"] == "EventLatency" and _is_move(e)]
    frames = sorted(_frames(events))
    found = []
    for event in events:
        if event["name"] != "EventDispatch" or event["args"]["data"]["type"] != "input":
            continue
        begun, ended = event["ts"], event["ts"] + event["dur"]
        stamp = bisect_right(stamps, begun) - 1
        frame = bisect_left(frames, (ended, 0))  # the first that took over what was written
        if stamp >= 0 and frame < len(frames):
            shown = frames[frame][1]
            found.append(
                Move((shown - stamps[stamp]) / 1e3, event["dur"] / 1e3, (shown - begun) / 1e3)
            )
    return found


def _is_move(event: dict[str, Any]) -> bool:
    return event["ph"] == "b" and event["args"]["event_latency"]["event_type"] == "MOUSE_DRAGGED"


def _frames(events: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """Return when each presented frame took over the page's state, and when it was on screen.

    The stages of a frame are read, not `PipelineReporter` around them: two of these may lie on one
    track at once, and the end of one is then taken for the end of the other.
    """
    taken: dict[Any, int] = {}  # of each track
    found = []
    for event in events:
        if "id2" not in event or event["ph"] not in "be":
            continue
        track = event["pid"], event["id2"].get("local")
        if event["name"] == "Commit" and event["ph"] == "b":
            taken[track] = event["ts"]
        elif event["name"] == PRESENTED and event["ph"] == "e" and track in taken:
            found.append((taken.pop(track), event["ts"]))
    return found
