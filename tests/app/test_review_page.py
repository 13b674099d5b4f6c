"""The Review page: queues, blind answers, agreement, suspects, consensus, decisions, files."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from core.errors import StoreError
from core.language import speaking, t
from core.services.data.datasets import get_dataset, image_ids, label_indices
from core.services.labels import adjudicating, label_sets, label_work, review_queues, reviewing
from core.services.labels.settling import settle
from core.services.runs import training
from core.store import reviews
from pages.parts import review_agreement, review_differences, review_screen, review_suspects
from tests.app.conftest import stands, texts
from tests.app.hands import button, choose_cell, click, queued, tiles
from tests.seeding import LABELS, add_crossval, generalist_probs

PEOPLE = {"Ana": 0.97, "Bea": 0.9, "Carlos": 0.6}


def view(place, name):
    return place.open("review", review_view=name)


@pytest.fixture
def reviewed(full):
    """Three people of different care reviewed a hundred images each, the same."""
    rng = np.random.default_rng(0)
    dataset = get_dataset(full.ws, full.ids.dataset)
    truth, ids = label_indices(full.ws, dataset), image_ids(full.ws, dataset.id)
    for person, care in PEOPLE.items():
        says = np.where(rng.random(len(truth)) < care, truth, rng.integers(0, 4, len(truth)))
        for image in range(100):
            with full.ws.write() as conn:
                reviews.add(conn, event(dataset, ids[image], person, LABELS[says[image]], image))
    return full


def event(dataset, image, person, label, n):
    return {
        "event_id": f"{person}-{n}", "dataset_id": dataset.id, "image_id": image,
        "reviewer": person, "verdict": "label", "label": label, "undoes": None, "note": "",
        "source": "random", "blind": True, "created_at": f"2026-01-01T00:00:{n % 60:02d}+00:00",
    }  # fmt: skip


@pytest.fixture
def crossvalidated(full):
    truth = label_indices(full.ws, get_dataset(full.ws, full.ids.dataset))
    add_crossval(full.ws, full.ids.generalist, generalist_probs(truth, np.random.default_rng(1)))
    return full


def named(app, name="Zoe"):
    (field,) = [t for t in app.text_input if t.label == "Your name"]
    return stands(field.set_value(name).run())


def screen_of(app):
    found = [json.loads(e.proto.json or "{}") for e in app.get("bidi_component")]
    return next(data for data in found if "order" in data)


def answer(app, place, name, *events):
    key = f"review-{place.ids.dataset}-{name}"
    said = {"turn": 1, "have": [], "want": None, "events": list(events)}
    app.session_state[key] = {"said": said}
    return stands(app.run())


def says(image, n=1, label="B", **more):
    return {
        "id": f"event-{n}", "verdict": "label", "label": label, "image": image, "note": "",
        "version": 0, "undoes": None, "source": "random", "blind": True,
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Review", "Who are you?"),
        ("Agreement", "Nobody has reviewed anything yet."),
        ("Suspects", "Which labels are suspicious?"),
        ("Consensus", "Nobody has reviewed anything yet."),
        ("What was it worth?", "No label set yet."),
        ("Files", "All answers"),
    ],
)
def test_a_tab_without_reviews_says_what_to_do(full, name, sentence):
    assert sentence in texts(view(full, name))


def test_a_name_comes_first_then_a_queue_then_one_image(full):
    app = full.open("review")
    assert not [b for b in app.button if b.label == "Start"]
    app = named(app)
    assert "200 of" not in texts(app) and "120 of 120 images left" in texts(app)
    (start,) = [b for b in app.button if b.key == "review-random"]
    app = stands(start.click().run())
    data = screen_of(app)
    assert data["labels"] == list(LABELS) and data["keys"] == ["1", "2", "3", "4"]
    found = review_queues.queue(full.ws, full.ids.dataset, "random", "Zoe", n_next=30)
    assert data["order"] == review_queues.images_of(full.ws, full.ids.dataset, found.next)
    assert [item["image"] for item in data["items"]] == data["order"][:8]
    app = click(app, "Other queues")
    assert "which images will you look at?" in texts(app)


def test_what_is_sent_to_the_browser_gives_nothing_away(reviewed):
    app = named(reviewed.open("review", queue="random"))
    data = screen_of(app)
    assert all(item["given"] is None and not item["others"] for item in data["items"])
    assert not [name for name in PEOPLE if name in json.dumps(data)]
    assert ".png" not in json.dumps(data)
    (reveal,) = [r for r in app.radio if r.key == "reveal"]
    shown = screen_of(stands(reveal.set_value("always").run()))["items"]
    assert {item["given"] for item in shown} <= set(LABELS)
    assert any(name in json.dumps(shown) for name in PEOPLE)


def test_an_answer_is_stored_once_however_often_it_arrives(full):
    app = named(full.open("review", queue="random"))
    image = screen_of(app)["order"][0]
    for _ in range(2):
        app = answer(app, full, "Zoe", says(image, note="leaf"))
        data = screen_of(app)
        assert data["saved"] == ["event-1"] and image not in data["order"]
        assert "119 of 120 images left" in data["left"]
    with full.ws.read() as conn:
        (stored,) = reviews.history(conn, full.ids.dataset)
    assert (stored.reviewer, stored.label, stored.note, stored.blind) == ("Zoe", "B", "leaf", True)
    back = says(None, 2, None, verdict="undo", undoes=None)
    data = screen_of(answer(app, full, "Zoe", back))
    assert data["undone"] == {"event-2": image} and image in data["order"]


def test_after_an_answer_the_others_are_revealed_when_asked_for(reviewed):
    app = named(reviewed.open("review", queue="random"))
    (reveal,) = [r for r in app.radio if r.key == "reveal"]
    app = stands(reveal.set_value("after").run())
    image = image_ids(reviewed.ws, reviewed.ids.dataset)[0]
    told = screen_of(answer(app, reviewed, "Zoe", says(image)))["told"]
    assert (told["mine"], told["given"]) == ("B", "A")
    assert [name for name, _ in told["others"]] == list(PEOPLE)


def test_what_cannot_be_saved_is_kept_and_says_why(full, monkeypatch):
    app = named(full.open("review", queue="random"))
    first, second = screen_of(app)["order"][:2]
    reviewing.submit(
        full.ws, full.ids.dataset, first, reviewer="Zoe", event_id="elsewhere", label="C"
    )
    data = screen_of(answer(app, full, "Zoe", says(first), says(second, 2)))
    assert data["saved"] == ["event-2"]
    assert data["refused"]["event-1"]["version"] == 1
    assert "Zoe said C" in data["refused"]["event-1"]["why"]

    def full_disk(*_args, **_more):
        raise StoreError("the disk is full", todo="free some space")

    monkeypatch.setattr(reviewing, "submit", full_disk)
    data = screen_of(answer(app, full, "Zoe", says(second, 3)))
    assert data["refused"] == {
        "event-3": {"why": "The disk is full; free some space.", "version": None}
    }


def test_more_labels_than_digits_have_letters_and_no_key_twice():
    assert len(set(review_screen.KEYS)) == len(review_screen.KEYS)
    assert not set("crnquz") & set(review_screen.KEYS)


def test_agreement_shows_its_figures_and_the_images_behind_them(reviewed):
    found = label_work.agreement(reviewed.ws, reviewed.ids.dataset)
    app = view(reviewed, "Agreement")
    said = texts(app)
    assert f"Krippendorff's alpha {found['agreement']['alpha']:.3f}" in said
    assert (
        review_agreement.reading(found["agreement"]["alpha"], found["agreement"]["alpha_ci"])
        in said
    )
    _, used = review_differences.disagreed(found["class_pairs"], LABELS)
    version = found["last_review"]
    app = choose_cell(app, f"disagreed-{reviewed.ids.dataset}-None-{version}", 0, 1)
    behind = label_work.disagreements(reviewed.ws, reviewed.ids.dataset, pair=(used[0], used[1]))
    assert sorted(tiles(app)[0]) == behind[:24]
    pair = max(found["reviewer_pairs"], key=lambda row: row["n_disagreed"])
    assert f"They differ on {pair['n_disagreed']:,} of 100 images" in texts(app)


def test_a_reading_of_alpha_is_no_better_than_its_lower_bound():
    assert "rely on" in review_agreement.reading(0.9, [0.85, 0.95])
    assert "tentative" in review_agreement.reading(0.9, [0.7, 0.95])
    assert "On the edge" in review_agreement.reading(0.9, [0.2, 0.95])
    assert "do not agree" in review_agreement.reading(0.3, [0.1, 0.5])


def test_suspects_are_found_by_a_job_and_reviewed_with_one_click(full):
    app = view(full, "Suspects")
    (find,) = [b for b in app.button if b.key == "find-suspects"]
    stands(find.click().run())
    (job,) = queued(full)
    assert (job.kind, job.params["over"]) == ("crossval", "all")


def test_suspects_stand_with_their_suggestion(crossvalidated):
    app = view(crossvalidated, "Suspects")
    queue = review_queues.queue(crossvalidated.ws, crossvalidated.ids.dataset, "suspects", "Zoe")
    assert f"{queue.n_total} labels of 120 are suspicious" in texts(app)
    assert len(tiles(app)[0]) == min(24, queue.n_total)
    app = click(app, "Review the suspects")
    assert screen_of(named(app))["source"] == "suspects"


def test_twins_stand_side_by_side():
    pairs = [{"positions": [4, 9], "cosine": 0.99}, {"positions": [1, 4], "cosine": 0.98}]
    assert [position for position, _ in review_suspects.both(pairs)] == [4, 9, 1, 4]


def test_a_consensus_is_saved_as_a_label_set_and_can_be_trained_on(reviewed):
    app = view(reviewed, "Consensus")
    assert "has not answered for images that it did not learn from" in texts(app)  # CROWDLAB
    app = stands(button(named(app, "Ana"), "Save the Majority labels").click().run())
    (saved,) = label_sets.list_label_sets(reviewed.ws, reviewed.ids.dataset)
    assert (saved.name, saved.who, saved.origin["method"]) == ("consensus", "Ana", "majority")
    changed = label_sets.changes(reviewed.ws, reviewed.ids.dataset, "original", saved.id)
    assert f"{len(changed)} labels of 120 changed" in texts(app)
    train = reviewed.open("train", labels="consensus@1")
    (picker,) = [s for s in train.selectbox if s.label == "Labels"]
    assert picker.value == saved.id
    stands(button(train, "Train 1 run").click().run())
    assert queued(reviewed)[0].params["labels"] == saved.id


def test_crowdlab_stands_beside_the_others_once_a_model_has_answered(reviewed):
    truth = label_indices(reviewed.ws, get_dataset(reviewed.ws, reviewed.ids.dataset))
    probs = generalist_probs(truth, np.random.default_rng(1))
    add_crossval(reviewed.ws, reviewed.ids.generalist, probs)
    app = view(reviewed, "Consensus")
    assert [m.label for m in app.metric] == ["Labels that change"] * 3
    assert not [b for b in app.button if b.label == "Find suspects first"]


def test_a_decision_is_stored_and_a_stale_one_names_who_was_first(reviewed):
    app = named(view(reviewed, "Consensus"), "Dora")
    dataset = get_dataset(reviewed.ws, reviewed.ids.dataset)
    quality = settle(reviewed.ws, dataset, "majority").quality
    left = adjudicating.open_positions(reviewed.ws, reviewed.ids.dataset, quality=quality)
    image = image_ids(reviewed.ws, reviewed.ids.dataset)[left[0]]
    app = click(app, "C")
    assert adjudicating.open_image(reviewed.ws, reviewed.ids.dataset, image).decided.label == "C"
    app = click(app, "Take it back")
    assert adjudicating.open_image(reviewed.ws, reviewed.ids.dataset, image).decided.label is None
    adjudicating.adjudicate(
        reviewed.ws, reviewed.ids.dataset, image, who="Eva", event_id="first", label="D",
        expected_version=2,
    )  # fmt: skip
    app = click(app, "A")
    assert "Eva" in app.error[0].value and "D" in app.error[0].value


def test_worth_without_a_label_set_leads_to_the_consensus(full):
    app = click(view(full, "What was it worth?"), "Go to the consensus")
    assert app.session_state["review_view"] == "Consensus"
    assert "Nobody has reviewed anything yet." in texts(app)


def test_worth_needs_a_label_set_then_trains_both_ways(reviewed):
    label_work.consensus(reviewed.ws, reviewed.ids.dataset, method="majority")
    app = view(reviewed, "What was it worth?")
    assert "The same recipe" in texts(app)
    (go,) = [b for b in app.button if b.key == "worth-go"]
    stands(go.click().run())
    jobs = queued(reviewed)
    assert [job.kind for job in jobs] == ["train", "train"]
    assert jobs[1].params["labels"] != "original"
    assert len(training.list_runs(reviewed.ws, reviewed.ids.dataset)) > 0


def test_reviews_go_out_and_come_back(reviewed):
    app = view(reviewed, "Files")
    assert "300 labels by 3 people" in texts(app)
    ids = image_ids(reviewed.ws, reviewed.ids.dataset)
    text = f"image,reviewer,label\n{ids[0]},Zoe,B\nnowhere.png,Zoe,A\n"
    (given,) = app.get("file_uploader")
    given.set_value(("more.csv", text.encode(), "text/csv"))
    app = click(stands(app.run()), "Read these reviews")
    assert "1 new review by 1 person on 1 image" in app.success[0].value
    assert "Zoe" in reviewing.reviewers(reviewed.ws, reviewed.ids.dataset)


def test_what_is_marked_on_the_map_is_a_queue_and_without_it_the_page_leads_there(full):
    app = named(full.open("review", queue="selection"))
    assert "No images are marked." in texts(app)
    app.session_state[f"_draft:marked-{full.ids.dataset}"] = [3, 5, 8]
    data = screen_of(stands(app.run()))
    ids = image_ids(full.ws, full.ids.dataset)
    assert sorted(data["order"]) == sorted(ids[position] for position in (3, 5, 8))
    assert data["left"] == "3 of 3 images left"


def test_a_link_in_another_language_opens_its_tab(reviewed):
    assert "Labels that change" in texts(view(reviewed, "Consenso"))


def test_a_tab_stays_open_when_its_words_change_with_the_language(reviewed):
    app = view(reviewed, "Consensus")
    app = stands(app.button_group(key="language").set_value("es").run())
    assert "Etiquetas que cambian" in texts(app)


def test_the_desk_has_all_its_words_in_the_language_of_the_reader():
    with speaking("es"):
        words = {name: str(t(said)) for name, said in review_screen.WORDS.items()}
    assert words["not_sure"] == "No seguro"
    assert {k for k, said in review_screen.WORDS.items() if words[k] == said} == set()
    browser = "".join(p.read_text() for p in review_screen.ASSETS.glob("review*.js"))
    assert {name for name in words if not re.search(rf"\b{name}\b", browser)} <= {
        "said_skip", "said_not_sure"
    }  # fmt: skip
