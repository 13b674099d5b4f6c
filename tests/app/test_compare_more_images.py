"""Compare, more images: offered, at work, and drawn with its numbers."""

from __future__ import annotations

import numpy as np

from core.services import jobs
from core.services.comparing import more_images
from core.services.comparing.questions import Question
from core.services.data import embedding
from core.services.runs import marking, training
from core.store import results
from pages.parts import more_images_chart
from tests.app.conftest import stands, texts
from tests.app.hands import button, click, queued
from tests.seeding import LABELS

VIEW = {"compare_view": "More images"}
BACKBONE = "efficientnet_lite0"


def add_curve(place, question):
    """Store what fifteen fits would have got right, as the job does."""
    plan = more_images._plan(place.ws, question, BACKBONE)
    n_train = [len(part) for part in more_images._parts(place.ws, plan)]
    rng = np.random.default_rng(0)
    right = rng.random((15, 24)) < 0.9 - 2.0 / np.array(n_train)[:, None]
    its = {
        "kind": more_images.KIND,
        "dataset_id": plan.dataset.id,
        "params": more_images._key(plan),
    }
    value = {"n_train": n_train, "n_val": 24, "n_test": 24, "duration_s": 31.0}
    blob = place.ws.blobs.put_array(right)
    with place.ws.write() as conn:
        results.add(conn, **its, value=value, blob=blob)
    return more_images.curve(place.ws, question)


def test_it_needs_no_run(full):
    for run in training.list_runs(full.ws, full.ids.dataset):
        marking.hide(full.ws, run.id)
    app = full.open("compare")
    assert "There is no run to compare yet" in texts(app)
    click(app, "Draw the learning curve")
    assert [job.kind for job in queued(full)] == [more_images.KIND]
    add_curve(full, Question(full.ids.dataset, LABELS))
    app = full.open("compare")
    assert app.get("plotly_chart")


def test_it_says_what_it_does_and_how_long_and_a_click_starts_it(full):
    app = full.open("compare", **VIEW)
    assert "Would more images help?" in texts(app) and "It takes about " in texts(app)
    app = click(app, "Draw the learning curve")
    (job,) = queued(full)
    assert job.kind == "learning_curve" and job.params["backbone"] == BACKBONE
    assert (job.params["class_map"], job.params["pair"]) == (None, None)
    assert "Learning curve of seeded" in texts(app)  # the card, in place of the offer
    assert not [b for b in app.button if b.label == "Draw the learning curve"]
    stands(next(b for b in app.button if b.label == "Cancel").click().run())
    assert jobs.get_job(full.ws, job.id).state == "cancelled"


def test_the_question_decides_what_is_learned(full):
    app = full.open("compare", **VIEW)
    app = stands(app.selectbox(key="question").select_index(1).run())
    click(app, "Draw the learning curve")
    assert queued(full)[0].params["class_map"] == full.ids.class_map


def test_the_curve_is_drawn_with_its_sentence_counts_and_table(full):
    found = add_curve(full, Question(full.ids.dataset, LABELS))
    app = full.open("compare", **VIEW)
    said = texts(app)
    assert "wice the images (144)" in said.replace("\\", "")
    assert "15 fits in 31 s" in said and "24 validation images" in said and "24 test images" in said
    assert "another algorithm" in said
    table = app.dataframe[1].value
    assert list(table["n_train"]) == [*found.curve.sizes, 144, 288]
    assert list(table["gain"] != "") == [False] * 5 + [True] * 2
    (download,) = [d for d in app.get("download_button") if d.proto.label == "Download as CSV"]
    assert download.key == "csv-learning-curve"


def test_another_question_has_no_curve_yet(full):
    add_curve(full, Question(full.ids.dataset, LABELS))
    app = full.open("compare", **VIEW)
    app = stands(app.selectbox(key="question").select_index(1).run())
    assert button(app, "Draw the learning curve")


def test_of_several_backbones_one_is_chosen(full, monkeypatch):
    both = [f"{BACKBONE}@224", BACKBONE]
    monkeypatch.setattr(embedding, "embedded_with", lambda ws, dataset_id: both)
    app = full.open("compare", **VIEW)
    assert app.selectbox(key="curve_backbone").value == BACKBONE
    stands(app.selectbox(key="curve_backbone").set_value(both[0]).run())


def test_without_embeddings_it_points_to_explore(full, monkeypatch):
    monkeypatch.setattr(embedding, "embedded_with", lambda ws, dataset_id: [])
    assert "The learning curve needs embeddings." in texts(full.open("compare", **VIEW))


def test_no_model_need_be_chosen(full):
    app = full.open("compare", **VIEW)
    app = stands(app.multiselect(key="runs").set_value([]).run())
    assert button(app, "Draw the learning curve")


def test_the_figure_ends_at_four_times_and_marks_the_present(full):
    found = add_curve(full, Question(full.ids.dataset, LABELS))
    figure = more_images_chart.draw(found.curve)
    named = {trace.name: trace for trace in figure.data}
    assert max(named["fitted"].x) <= 72 < min(named["expected beyond"].x)
    assert round(max(named["expected beyond"].x)) == 288
    assert named["expected beyond"].line.dash == "dash" and named["fitted"].line.dash == "solid"
    assert list(named["measured"].x) == found.curve.sizes.tolist()
    assert list(figure.layout.xaxis.ticktext[-3:]) == [
        "72<br>now",
        "144<br>2 times",
        "288<br>4 times",
    ]
    assert figure.layout.shapes[0].x0 == 72
