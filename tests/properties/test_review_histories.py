"""Generated histories of reviews and decisions agree with a model a child could follow."""

from __future__ import annotations

import random

import pytest

from core.errors import Conflict
from core.store import adjudications, reviews
from tests.seeding import add_small_dataset

SLOW = [pytest.mark.slow, pytest.mark.timeout(1800)]
PEOPLE, N_IMAGES, LABELS = ("Ana", "Bea", "Carlos"), 3, ("A", "B", "C")


class Model:
    """Lists and dicts, no database: what the store must be equal to."""

    def __init__(self):
        self.events = {}  # event id -> what was sent
        self.order = []  # event ids
        self.piles = {}  # (image, reviewer) -> event ids that count, the last one on top
        self.versions = {}  # (image, reviewer) -> how many events
        self.decided = {}  # image -> [(event id, label)]

    def send(self, event, expected):
        """Return "stored", "repeated" or "conflict"."""
        if event["event_id"] in self.events:
            return "repeated" if self.events[event["event_id"]] == event else "conflict"
        thread = (event["image_id"], event["reviewer"])
        pile = self.piles.setdefault(thread, [])
        if expected is not None and expected != self.versions.get(thread, 0):
            return "conflict"
        if event["verdict"] == "undo":
            if not pile or pile[-1] != event["undoes"]:
                return "conflict"
            pile.pop()
        else:
            pile.append(event["event_id"])
        self.events[event["event_id"]] = event
        self.order.append(event["event_id"])
        self.versions[thread] = self.versions.get(thread, 0) + 1
        return "stored"

    def decide(self, event, expected):
        spoken = self.decided.setdefault(event["image_id"], [])
        for other in self.decided.values():
            for known in other:
                if known["event_id"] == event["event_id"]:
                    return "repeated" if known == event else "conflict"
        if len(spoken) != expected:
            return "conflict"
        spoken.append(event)
        return "stored"


def generated(rng, model, images, n):
    """Return one thing that somebody might do, sensible or not."""
    image, person = rng.choice(images), rng.choice(PEOPLE)
    kind = rng.choice(["label"] * 4 + ["skip", "not_sure", "undo", "undo", "decide", "again"])
    if kind == "again" and model.order:  # a repeated send, sometimes of another content
        event = dict(model.events[rng.choice(model.order)])
        if rng.random() < 0.2:
            event["reviewer"] = person
        return "review", event, rng.choice([None, 0, 1])
    if kind == "decide":
        spoken = model.decided.get(image, [])
        event_id = rng.choice(spoken)["event_id"] if spoken and rng.random() < 0.2 else f"d{n}"
        event = {
            "event_id": event_id,
            "image_id": image,
            "label": rng.choice([*LABELS, None]),
            "who": person,
        }
        return "decide", event, len(spoken) - rng.choice([0, 0, 0, 1])
    pile = model.piles.get((image, person), [])
    undoes = rng.choice(pile or ["nothing"]) if kind == "undo" else None
    event = {
        "event_id": f"e{n}",
        "image_id": image,
        "reviewer": person,
        "verdict": "label" if kind == "again" else kind,
        "label": rng.choice(LABELS) if kind in ("label", "again") else None,
        "undoes": undoes,
    }
    version = model.versions.get((image, person), 0)
    return "review", event, rng.choice([None, version, version, version, version + 1])


def played(conn, dataset_id, kind, event, expected):
    """Do it to the store; return "stored", "repeated" or "conflict"."""
    when = {"dataset_id": dataset_id, "note": "", "created_at": "2026-01-01T00:00:00+00:00"}
    try:
        if kind == "decide":
            _, repeated = adjudications.add(conn, {**event, **when}, expected)
        else:
            full = {**event, **when, "source": "random", "blind": True}
            _, repeated = reviews.add(conn, full, expected)
    except Conflict:
        return "conflict"
    return "repeated" if repeated else "stored"


def compare(conn, dataset_id, model):
    stored = reviews.history(conn, dataset_id)
    assert [event.event_id for event in stored] == model.order
    for thread, n_events in model.versions.items():
        mine = [e.version for e in stored if (e.image_id, e.reviewer) == thread]
        assert mine == list(range(1, n_events + 1))
    counting = {pile[-1] for pile in model.piles.values() if pile}
    current = reviews.current(conn, dataset_id)
    assert {review.event_id for review in current} == counting
    assert {r.event_id for r in reviews.replay(stored)} == counting
    table = _current_table(conn)
    reviews.rebuild(conn, dataset_id)
    assert _current_table(conn) == table
    last = {image: said[-1]["label"] for image, said in model.decided.items() if said}
    found = {image: its.label for image, its in adjudications.current(conn, dataset_id).items()}
    assert found == {image: label for image, label in last.items() if label is not None}


def _current_table(conn):
    query = "SELECT * FROM review_current ORDER BY dataset_id, reviewer, image_id"
    return conn.exec_driver_sql(query).all()


@pytest.mark.parametrize("n_histories", [60, pytest.param(2_000, marks=SLOW)])
def test_generated_histories_agree_with_a_plain_model(workspace, n_histories):
    dataset_id, images = add_small_dataset(workspace, N_IMAGES)
    seen = set()
    for seed in range(n_histories):
        rng, model = random.Random(seed), Model()
        with workspace.engine.connect().execution_options(write=True) as conn:
            transaction = conn.begin()
            for n in range(rng.randint(1, 40)):
                kind, event, expected = generated(rng, model, images, n)
                do = model.decide if kind == "decide" else model.send
                outcome = do(event, expected)
                assert played(conn, dataset_id, kind, event, expected) == outcome
                seen.add((kind, outcome))
            compare(conn, dataset_id, model)
            transaction.rollback()
    assert len(seen) == 6, "the generator must reach every outcome"
