"""Decisions: events are only added, the last word counts, stale exactly when evidence differs."""

from __future__ import annotations

import copy
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core.errors import Conflict, InvalidInput
from core.services.classes import mapping
from core.services.decisions import deciding, listing
from core.services.decisions.evidence import Evidence, shown
from core.services.decisions.staleness import changes
from core.store import decisions
from tests.seeding import seed

SLOW_FIXTURE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ACTIONS = st.sampled_from(["approve", "decline", "comment", "withdraw"])
NAMES = st.sampled_from(["Ana", "Bea", "Carlos"])
_numbers = count()


@SLOW_FIXTURE
@given(st.lists(st.tuples(ACTIONS, NAMES, st.text(max_size=20)), max_size=6))
def test_events_never_change_or_vanish_and_the_last_word_counts(workspace, said):
    ids = _seeded(workspace)
    name = f"map {next(_numbers)}"
    record = mapping.save_class_map(
        workspace, ids.dataset, name, {"A": "A", "B": "B", "C": "C+D", "D": "C+D"}
    )
    state, before = "open", ()
    for action, who, reason in said:
        refused = (action in deciding.NEED_REASON and not reason.strip()) or (
            action == "withdraw" and state == "open"
        )
        if refused:
            with pytest.raises(InvalidInput):
                deciding.decide(workspace, record.id, action=action, name=who, reason=reason)
            continue
        after = deciding.decide(workspace, record.id, action=action, name=who, reason=reason)
        assert after.events[:-1] == before
        last = after.events[-1]
        assert (last.action, last.name, last.reason) == (action, who, reason.strip())
        assert last.evidence_hash == after.evidence_hash
        state = {"approve": "approved", "decline": "declined", "withdraw": "open"}.get(
            action, state
        )
        assert (after.state, after.stale) == (state, None)
        before = after.events
    assert listing.proposal(workspace, record.id).events == before


def _seeded(ws):
    """Return what is in the workspace, filled at the first example."""
    if not hasattr(ws, "seeded"):
        ws.seeded = seed(ws)
    return ws.seeded


@SLOW_FIXTURE
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 1), ACTIONS, st.none() | st.integers(0, 3)),
        max_size=12,
    )
)
def test_the_store_agrees_with_a_list(workspace, sends):
    dataset = _seeded(workspace).dataset
    run = next(_numbers)
    model: dict[str, list[dict]] = {}
    sent: dict[str, dict] = {}
    for event_id, which, action, expected in sends:
        event = {
            "event_id": f"{run}-{event_id}",
            "dataset_id": dataset,
            "proposal_id": f"map-{run}-{which}",
            "action": action,
            "who": "Ana",
            "reason": "",
            "evidence": {"ids": {}, "figures": {}},
            "evidence_hash": "0",
            "created_at": "2026-01-01T00:00:00+00:00",
        }
        spoken = model.setdefault(event["proposal_id"], [])
        known = sent.get(event["event_id"])
        clash = known not in (None, event) or (
            known is None and expected not in (None, len(spoken))
        )
        try:
            with workspace.write() as conn:
                kept, repeated = decisions.add(conn, event, expected)
            assert not clash
            assert repeated is (known is not None)
            if known is None:
                spoken.append(event)
                sent[event["event_id"]] = event
                assert kept.version == len(spoken)
        except Conflict:
            assert clash
    with workspace.read() as conn:
        for proposal, events in model.items():
            found = decisions.history(conn, dataset, proposal)
            assert [e.event_id for e in found] == [e["event_id"] for e in events]


@pytest.mark.parametrize("change", ["UPDATE decision SET who = 'Eve'", "DELETE FROM decision"])
def test_the_database_itself_refuses_to_change_a_decision(workspace, change):
    ids = seed(workspace)
    before = deciding.decide(workspace, ids.class_map, action="approve", name="Ana")
    with pytest.raises(IntegrityError, match="only ever added to"), workspace.write() as conn:
        conn.execute(text(change))
    assert listing.proposal(workspace, ids.class_map).events == before.events


JSON = st.recursive(
    st.none() | st.integers(-3, 3) | st.sampled_from([0.1, 0.25]) | st.text("ab"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("xy"), inner, max_size=2),
    max_leaves=4,
)
IDS = st.fixed_dictionaries(
    {
        "dataset": st.sampled_from(["ds-1", "ds-2"]),
        "label_set": st.sampled_from(["original", "labels-1"]),
        "newest_labels": st.sampled_from(["original", "consensus@1"]),
        "generalist": st.sampled_from([None, "run-1", "run-2"]),
        "best_run": st.sampled_from([None, "run-1"]),
        "archived": st.sampled_from([[], ["run-1"]]),
        "judged_on": st.sampled_from([None, "val", "crossval"]),
        "other": JSON,
    }
)
ANSWERS = st.none() | st.fixed_dictionaries(
    {"accuracy": st.sampled_from([0.5, 0.75]), "kappa": st.sampled_from([0.0, 0.5])}
)
FIGURES = st.fixed_dictionaries(
    {
        "verdict": st.sampled_from([None, "merge", "do not merge"]),
        "before": ANSWERS,
        "after": ANSWERS,
        "gain": st.sampled_from([0.0, 0.1]),
        "cost": st.sampled_from([None, {"saved": 1.0}]),
        "pairs": st.sampled_from([[], [{"people": None}], [{"people": [0.5, 0.1, 0.9]}]]),
        "other": JSON,
    }
)
EVIDENCE = st.builds(Evidence, IDS, FIGURES)


@given(EVIDENCE, EVIDENCE)
def test_evidence_is_stale_exactly_when_it_differs(one, other):
    differ = one.as_json != other.as_json
    assert bool(changes(one.as_json, other.as_json)) is differ
    assert (one.hash != other.hash) is differ
    assert changes(one.as_json, copy.deepcopy(one.as_json)) == ()


@given(EVIDENCE)
def test_the_hash_is_blind_to_the_order_of_keys(one):
    turned = Evidence(dict(reversed(one.ids.items())), dict(reversed(one.figures.items())))
    assert turned.hash == one.hash


@given(st.floats(-1, 1), st.floats(-1e-7, 1e-7))
def test_what_is_shown_is_the_same_whatever_the_last_digits(value, noise):
    once = shown(value)
    assert shown(once) == once
    assert abs(shown(value + noise) - once) <= 1.0001e-4
    assert abs(once - value) <= 0.5001e-4
