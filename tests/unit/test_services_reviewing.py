"""What a reviewer may see, say and take back; what somebody may decide."""

from __future__ import annotations

import pytest

from core.errors import Conflict, InvalidInput, NotFound
from core.services.labels import adjudicating, reviewing
from tests.seeding import LABELS, add_small_dataset


@pytest.fixture
def small(workspace):
    return add_small_dataset(workspace, 6)


def say(ws, small, n, reviewer, label="A", *, event=None, image=0, **more):
    return reviewing.submit(
        ws,
        small[0],
        small[1][image],
        reviewer=reviewer,
        event_id=event or f"e{n}",
        label=label,
        **more,
    )


def test_an_answer_is_blind_until_it_is_asked_otherwise(workspace, small):
    say(workspace, small, 1, "Ana", "B")
    image = small[1][0]
    hidden = reviewing.image_state(workspace, small[0], image, "Bea")
    assert hidden.given is hidden.others is hidden.mine is None
    assert (hidden.position, hidden.version, hidden.labels) == (0, 0, LABELS)
    still = reviewing.image_state(workspace, small[0], image, "Bea", reveal="after")
    assert still.given is still.others is None
    training = reviewing.image_state(workspace, small[0], image, "Bea", reveal="always")
    assert training.given == "A" and [r.reviewer for r in training.others] == ["Ana"]
    say(workspace, small, 2, "Bea", "C", expected_version=0)
    after = reviewing.image_state(workspace, small[0], image, "Bea", reveal="after")
    assert (after.given, after.mine.label, after.version) == ("A", "C", 1)
    assert [(r.reviewer, r.label) for r in after.others] == [("Ana", "B")]
    assert reviewing.image_state(workspace, small[0], image, "Bea").given is None
    assert "path" not in reviewing.ImageState.__slots__  # a class folder's name is the label


def test_to_skip_shows_nothing(workspace, small):
    say(workspace, small, 1, "Ana", "B")
    for verdict, shown in (("skip", False), ("not_sure", True)):
        say(workspace, small, verdict, "Bea", None, verdict=verdict)
        state = reviewing.image_state(workspace, small[0], small[1][0], "Bea", reveal="after")
        assert (state.given is not None) is (state.others is not None) is shown


def test_an_event_id_of_somebody_else_is_no_repeated_send(workspace, small):
    for person in ("Ana", "Bea"):
        say(workspace, small, person, person)
    reviewing.undo(workspace, small[0], reviewer="Ana", event_id="u")
    with pytest.raises(Conflict, match="event id"):
        reviewing.undo(workspace, small[0], reviewer="Bea", event_id="u")


def test_two_people_count_and_a_repeated_send_counts_once(workspace, small):
    first = say(workspace, small, 1, "Ana", event="same")
    assert say(workspace, small, 1, "Ana", event="same") == first
    say(workspace, small, 2, "Bea")
    assert reviewing.reviewers(workspace, small[0]) == ["Ana", "Bea"]
    seen = adjudicating.open_image(workspace, small[0], small[1][0])
    assert len(seen.reviews) == 2
    with pytest.raises(Conflict, match="event id"):
        say(workspace, small, 1, "Ana", "B", event="same")


def test_a_second_window_that_has_not_seen_the_first_is_told_what_and_when(workspace, small):
    at = say(workspace, small, 1, "Ana", "B", expected_version=0).created_at
    with pytest.raises(Conflict, match=f"Ana said B .* at {at:%Y-%m-%d %H:%M:%S} UTC"):
        say(workspace, small, 2, "Ana", "C", expected_version=0)
    assert say(workspace, small, 3, "Ana", "C", expected_version=1).version == 2
    with pytest.raises(Conflict, match="Bea has said nothing"):
        say(workspace, small, 4, "Bea", "C", expected_version=1)


def test_undo_goes_back_word_by_word_and_is_remembered(workspace, small):
    for n, label in enumerate("AB"):
        say(workspace, small, n, "Ana", label)
    say(workspace, small, 7, "Ana", None, image=1, verdict="skip")
    undone = []
    for n in range(4):
        event = reviewing.undo(workspace, small[0], reviewer="Ana", event_id=f"u{n}")
        undone.append(event and event.undoes)
    assert undone == ["e7", "e1", "e0", None]
    again = reviewing.undo(workspace, small[0], reviewer="Ana", event_id="u1")
    assert again.undoes == "e1"  # a repeated send takes nothing more back
    state = reviewing.image_state(workspace, small[0], small[1][0], "Ana")
    assert (state.mine, state.version) == (None, 4)
    assert reviewing.reviewers(workspace, small[0]) == []


def test_only_ones_own_answer_that_counts_can_be_taken_back(workspace, small):
    say(workspace, small, 1, "Ana", "A")
    say(workspace, small, 2, "Ana", "B")
    with pytest.raises(Conflict, match="not what counts now"):
        reviewing.undo(workspace, small[0], reviewer="Ana", event_id="u", undoes="e1")
    for who, what in (("Bea", "e2"), ("Ana", "nothing")):
        with pytest.raises(NotFound, match="no such answer"):
            reviewing.undo(workspace, small[0], reviewer=who, event_id="u", undoes=what)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"label": "Z"}, InvalidInput),
        ({"label": None}, InvalidInput),
        ({"verdict": "skip"}, InvalidInput),  # with a label
        ({"verdict": "undo"}, InvalidInput),
        ({"reviewer": "  "}, InvalidInput),
        ({"reviewer": "a\x00b"}, InvalidInput),
        ({"event": "x" * 65}, InvalidInput),
        ({"note": "x" * 2001}, InvalidInput),
    ],
)
def test_what_cannot_be_stored_is_a_sentence(workspace, small, more, error):
    options = {"reviewer": "Ana", **more}
    with pytest.raises(error):
        say(workspace, small, 1, options.pop("reviewer"), **options)
    assert reviewing.reviewers(workspace, small[0]) == []


def test_an_image_of_another_data_set_is_not_found(workspace, small):
    with pytest.raises(NotFound, match="no such image"):
        reviewing.submit(workspace, small[0], "0" * 64, reviewer="A", event_id="e", label="A")


def decide(ws, small, n, who, label, version, image=0):
    return adjudicating.adjudicate(
        ws,
        small[0],
        small[1][image],
        who=who,
        event_id=f"d{n}",
        label=label,
        expected_version=version,
    )


def test_a_stale_decision_names_who_decided_what_and_when(workspace, small):
    first = decide(workspace, small, 1, "Ana", "B", 0)
    assert decide(workspace, small, 1, "Ana", "B", 0) == first
    with pytest.raises(Conflict, match=f"Ana decided B at {first.created_at:%Y-%m-%d %H:%M}"):
        decide(workspace, small, 2, "Bea", "C", 0)
    decide(workspace, small, 3, "Bea", None, 1)
    with pytest.raises(Conflict, match="Bea opened this image again"):
        decide(workspace, small, 4, "Carlos", "C", 1)
    seen = adjudicating.open_image(workspace, small[0], small[1][0])
    assert (seen.version, seen.decided.label, seen.given) == (2, None, "A")
    with pytest.raises(InvalidInput, match="no such label"):
        decide(workspace, small, 5, "Ana", "Z", 2)


def test_what_stays_open(workspace, small):
    for image, (first, second) in enumerate([("A", "B"), ("A", "A"), ("C", "D"), ("D", "A")]):
        say(workspace, small, f"a{image}", "Ana", first, image=image)
        say(workspace, small, f"b{image}", "Bea", second, image=image)
    say(workspace, small, "c", "Carlos", "C", image=2)  # two to one
    say(workspace, small, "s", "Ana", None, image=4, verdict="not_sure")
    decide(workspace, small, 1, "Ana", "A", 0, image=3)
    assert adjudicating.open_positions(workspace, small[0]) == [4, 0]
    decide(workspace, small, 2, "Ana", None, 1, image=3)
    assert adjudicating.open_positions(workspace, small[0]) == [4, 0, 3]
    sure = [0.9, 1.0, 0.5, 0.9, 1.0, 1.0]
    assert adjudicating.open_positions(workspace, small[0], quality=sure) == [4, 2]
