"""What the tests of several pages do and read."""

from __future__ import annotations

import json

import pyarrow as pa

from core.services import jobs
from tests.app.conftest import stands


def button(app, label):
    """Return the one button with this label."""
    (found,) = [b for b in app.button if b.label == label]
    return found


def click(app, label):
    """Click the one button with this label."""
    return stands(button(app, label).click().run())


def cards(app):
    """Return the numbers on the cards, by the label of the card."""
    return {m.label: m.value for m in app.metric}


def matrices(app):
    """Return what the browser was given to draw as confusion matrices, in order."""
    found = [json.loads(e.proto.json or "{}") for e in app.get("bidi_component")]
    return [data for data in found if "counts" in data and "rows" in data]


def counts(matrix):
    """Return the numbers of a matrix."""
    found: list[list[int]] = matrix["counts"]
    return found


def tiles(app):
    """Return the positions of the thumbnails of each gallery on the page, in order."""
    found = [json.loads(e.proto.json or "{}") for e in app.get("bidi_component")]
    return [[item["position"] for item in data["items"]] for data in found if "items" in data]


def maps(app):
    """Return what the browser was given for a map, by what it is for: (data, tables)."""
    found = {}
    for element in app.get("bidi_component"):
        mixed = element.proto.mixed
        data = json.loads(mixed.json or element.proto.json or "{}")
        if "map" in data:
            tables = [pa.ipc.open_stream(b.data).read_all() for b in mixed.arrow_blobs.values()]
            found[data.get("what", "points")] = (data, tables)
    return found


def choose_cell(app, key, row, column):
    """Do what a click on a cell of the matrix with this key does."""
    app.session_state[key] = {"selected": [row, column]}
    return stands(app.run())


def queued(place):
    """Return the jobs that wait, oldest first."""
    return jobs.list_jobs(place.ws, active_only=True)[::-1]
