"""The Decisions page: proposals in plain words, the form, the record, and what is flagged."""

from __future__ import annotations

import pytest

from core.services.decisions import deciding, listing
from core.services.runs import training
from tests.app.conftest import stands, texts
from tests.app.hands import click, queued, tiles
from tests.hostile import STRINGS
from tests.seeding import add_small_dataset, seed

NAME, REASON = "Your name", "Reason"


def field(app, label):
    """Return the one text field with this label."""
    (found,) = [w for w in (*app.text_input, *app.text_area) if w.label == label]
    return found


def decide(app, action, name="", reason=""):
    """Fill the form and press a button."""
    field(app, NAME).set_value(name)
    field(app, REASON).set_value(reason)
    return click(app, action)


def said(app):
    """Return what `st.text` drew: what people typed."""
    return [t.value.strip("\u2068\u2069") for t in app.text]


def test_an_empty_workspace_points_to_the_overview(empty):
    assert "There is no data set in this workspace yet." in texts(empty.open("decisions"))


def test_where_nothing_is_proposed_the_page_says_what_to_do(full):
    add_small_dataset(full.ws, 8, name="bare")
    app = full.open("decisions", dataset="bare")
    assert "Nothing is proposed yet." in texts(app)
    assert app.get("page_link")


def test_all_proposals_are_listed_with_verdict_and_figures_and_filtered(full):
    app = full.open("decisions")
    shown = texts(app)
    for proposal in listing.proposals(full.ws, full.ids.dataset):
        assert proposal.title in shown
    assert "The evidence speaks for it" in shown and "87\\.5 %" in shown
    assert "2 open, 0 decided, 0 to look at again" in shown
    deciding.decide(full.ws, full.ids.cascade, action="decline", name="Ana", reason="too little")
    (show,) = [w for w in app.get("button_group") if w.key == "decisions_show"]
    app = stands(show.set_value("decided").run())
    headings = [m.value for m in app.markdown if m.value.startswith("##### ")]
    assert headings == ["##### Let an expert break ties between C and D"]
    assert "too little" in said(app)


def test_a_proposal_opens_and_goes_back_and_a_link_opens_it(full):
    app = full.open("decisions")
    app = stands(app.button(key=f"open-{full.ids.class_map}").click().run())
    assert "What changes" in texts(app)
    app = click(app, "All proposals")
    assert "Who decided what" in texts(app)
    for proposal in (full.ids.class_map, full.ids.cascade):
        assert "The evidence" in texts(full.open("decisions", proposal=proposal))


def test_the_card_says_what_changes_gains_costs_and_shows_the_images(full):
    app = full.open("decisions", proposal=full.ids.class_map)
    shown = texts(app)
    assert "C and D can no longer be told apart" in shown
    assert "The evidence speaks for it" in shown
    assert "guessing alone is right in" in shown
    assert "they overlap" in said(app)
    assert [m.label for m in app.metric] == ["Right answers", "By guessing", "Beyond guessing"]
    (shown_images,) = tiles(app)
    assert set(shown_images) == {60, 61, 62, 63, 90, 91, 92, 93}  # C and D
    frame = app.table[0].value
    assert "no merge" in frame.iloc[0, 0]


def test_approving_needs_a_name_and_is_recorded_with_reason_and_evidence(full):
    app = decide(full.open("decisions", proposal=full.ids.class_map), "Approve", "", "we agree")
    assert "needs a name" in app.error[0].value
    assert field(app, REASON).value == "we agree"
    app = decide(app, "Approve", "Ana", "we agree")
    found = listing.proposal(full.ws, full.ids.class_map)
    (event,) = found.events
    assert (found.state, event.name, event.reason) == ("approved", "Ana", "we agree")
    assert event.evidence_hash == found.evidence_hash
    assert {"Ana", "we agree"} <= set(said(app))
    assert (field(app, NAME).value, field(app, REASON).value) == ("Ana", "")
    again = full.open("decisions", proposal=full.ids.class_map)
    assert {"Ana", "we agree"} <= set(said(again))


def test_declining_needs_a_reason_comments_leave_it_open_and_a_decision_is_withdrawn(full):
    app = decide(full.open("decisions", proposal=full.ids.cascade), "Decline", "Ana")
    assert "says why" in app.error[0].value
    app = decide(app, "Comment", "Ana", "is it worth the trouble?")
    assert listing.proposal(full.ws, full.ids.cascade).state == "open"
    app = decide(app, "Decline", "Bea", "it is not")
    assert listing.proposal(full.ws, full.ids.cascade).state == "declined"
    decide(app, "Withdraw", "Bea")
    found = listing.proposal(full.ws, full.ids.cascade)
    assert (found.state, len(found.events)) == ("open", 3)


def test_whoever_comes_second_is_told_and_nothing_is_stored_twice(full):
    app = full.open("decisions", proposal=full.ids.class_map)
    deciding.decide(full.ws, full.ids.class_map, action="approve", name="Bea")
    app = decide(app, "Decline", "Ana", "no")
    assert "Bea approved this at" in app.error[0].value
    assert len(listing.proposal(full.ws, full.ids.class_map).events) == 1
    decide(app, "Decline", "Ana", "no")
    assert listing.proposal(full.ws, full.ids.class_map).state == "declined"


def test_a_decision_on_evidence_that_changed_is_flagged_with_what_changed(full):
    deciding.decide(full.ws, full.ids.class_map, action="approve", name="Ana")
    app = full.open("decisions")
    assert "0 to look at again" in texts(app)
    training.archive_run(full.ws, full.ids.generalist)
    app = full.open("decisions")
    assert "1 to look at again" in texts(app)
    assert "The figures now come from another model" in texts(app)
    card = full.open("decisions", proposal=full.ids.class_map)
    assert "The evidence changed since this was decided" in card.warning[0].value


def test_without_a_model_the_card_stands_and_says_so(full):
    for run in (full.ids.generalist, full.ids.second):
        training.archive_run(full.ws, run)
    shown = texts(full.open("decisions", proposal=full.ids.class_map))
    assert "It was not measured yet" in shown


@pytest.mark.parametrize("nonsense", ["map-0", "<script>", "../etc", ""])
def test_a_link_to_nothing_shows_all_proposals(full, nonsense):
    assert "Who decided what" in texts(full.open("decisions", proposal=nonsense))


def test_where_images_are_too_few_judging_on_more_is_one_click_away(full):
    few = seed(full.ws, n_per_label=20, name="few")
    app = full.open("decisions", dataset="few", proposal=few.class_map)
    assert "There are not enough images to tell" in texts(app)
    app = click(app, "Judge on all 64 images")
    (job,) = queued(full)
    assert (job.kind, job.params["run"]) == ("crossval", few.generalist)
    assert not [b for b in app.button if b.label.startswith("Judge on all")]
    app = full.open("decisions", proposal=full.ids.class_map)  # judged: nothing to offer
    assert not [b for b in app.button if b.label.startswith("Judge on all")]


def test_it_speaks_spanish(full):
    app = full.open("decisions", proposal=full.ids.class_map)
    (picker,) = [w for w in app.get("button_group") if w.key == "language"]
    shown = texts(stands(picker.set_value("es").run()))
    assert "Qué cambia" in shown and "La evidencia habla a favor" in shown
    assert "What changes" not in shown


def test_hostile_texts_are_drawn_as_text(full):
    for i, string in enumerate(STRINGS[::8]):
        who = string[:64] if string[:64].strip() and string[:64].isprintable() else f"Ana {i}"
        reason = string[:2_000] if string.strip() else "x"
        deciding.decide(full.ws, full.ids.class_map, action="comment", name=who, reason=reason)
    app = full.open("decisions", proposal=full.ids.class_map)
    found = listing.proposal(full.ws, full.ids.class_map)
    drawn = "\n".join(t.value.replace("\u2068", "").replace("\u2069", "") for t in app.text)
    for event in found.events:
        assert event.name in drawn
        assert all(line in drawn for line in event.reason.splitlines())
    tagged = [event.reason for event in found.events if "<" in event.reason]
    assert tagged and not any(reason in m.value for reason in tagged for m in app.markdown)


def test_the_link_leads_to_where_it_was_made(full):
    app = click(full.open("decisions", proposal=full.ids.cascade), "See where it was made")
    assert app.title[0].value == "Cascade"
