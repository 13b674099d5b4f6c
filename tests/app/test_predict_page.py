"""The Predict page: an image in, an answer and who gave it out."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from core.services.data import datasets, embedding, exploring
from core.services.runs import cascading, predicting, training
from pages.parts import predict_parts
from tests.app.conftest import stands, texts
from tests.app.hands import cards, maps, tiles

OWN, KNOWN = "an image of yours", "one of the test set"


CONFIDENT = {"A": 0.05, "B": 0.05, "C": 0.27, "D": 0.63}


def an_answer(model, name):
    """Return what a model that hesitates between C and D would be reported to say."""
    expert = model.startswith("cas-")
    return {
        "file": name,
        "class": "D" if expert else "C",
        "confidence": 0.63 if expert else 0.47,
        "probabilities": CONFIDENT,
        "deferred": expert,
        "route": "run-expert" if expert else "generalist",
        "generalist": {"class": "C", "confidence": 0.47},
        "expert": {"class": "D", "confidence": 0.7} if expert else None,
        "neighbours": [(3, 0.9), (4, 0.8)],
    }


@pytest.fixture
def answering(monkeypatch):
    """Let models answer without the files of a training."""
    monkeypatch.setattr(
        predicting,
        "predict",
        lambda ws, model, files: [an_answer(model, name) for name, _ in files],
    )
    monkeypatch.setattr(
        predicting,
        "predict_known",
        lambda ws, model, positions: [an_answer(model, f"image {p}") for p in positions],
    )
    monkeypatch.setattr(
        predicting,
        "embed_files",
        lambda ws, dataset, backbone, files: vectors_of(ws, dataset)[5:6],
    )


def vectors_of(ws, dataset_id):
    return embedding.embedding_matrix(ws, datasets.get_dataset(ws, dataset_id))


def ring(app):
    """Return the place of the one mark on the map, in units of the plane."""
    data, _ = maps(app)["points"]
    (mark,) = data["marks"]
    return [
        o + data["span"] * mark[axis] / 65_535 for o, axis in zip(data["origin"], "xy", strict=True)
    ]


def png():
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 60, 60)).save(buffer, "PNG")
    return buffer.getvalue()


def test_an_empty_workspace_points_to_the_overview(empty):
    assert "There is no data set in this workspace yet." in texts(empty.open("predict"))


def test_without_a_model_the_page_points_to_train(full):
    for run in training.list_runs(full.ws, full.ids.dataset):
        training.archive_run(full.ws, run.id)
    app = full.open("predict")
    assert "There is no model yet." in texts(app)
    assert [link.value for link in app.page_link] == ["Train a model"]


def test_the_newest_cascade_comes_first_and_every_run_can_be_chosen(full):
    app = full.open("predict")
    assert app.selectbox(key="model").value == full.ids.cascade
    assert len(app.selectbox(key="model").options) == 5


def drop(app, name, data):
    app.file_uploader[0].upload(name, data)
    return stands(app.run())


def test_a_dropped_image_is_answered_deferred_and_compared(full, answering):
    app = drop(full.open("predict", model=full.ids.cascade), "mine.png", png())
    said = texts(app).replace("\\", "")
    assert "The generalist says **C** with 47.0 %" in said
    assert "the image is **deferred**" in said
    assert "The expert (run-expert) says **D** with 70.0 %" in said
    assert cards(app)["Confidence"] == "63.0 %"
    assert tiles(app) == [[3, 4]]
    place = exploring.points(full.ws, full.ids.dataset)[5]
    assert ring(app) == pytest.approx(place.tolist(), abs=1e-3)
    assert "The ring is this image among the 120 images" in texts(app)
    (bars,) = app.get("plotly_chart")
    assert json.loads(bars.proto.spec)["data"][0]["y"] == ["A", "B", "C", "D"]


def test_a_run_answers_alone(full, answering):
    app = drop(full.open("predict", model=full.ids.generalist), "mine.png", png())
    assert "it is no cascade, so nobody else is asked" in texts(app)
    assert "C" in [s.value for s in app.subheader]


def test_a_file_that_is_no_image_is_one_sentence(full):
    app = drop(full.open("predict"), "mine.png", b"this is no image")
    (error,) = app.error
    assert "mine.png" in error.value.lower()
    assert not app.metric


def test_a_test_image_is_picked_and_told_whether_the_answer_is_as_labelled(full, answering):
    app = full.open("predict", predict_source=KNOWN)
    assert "Choose an image to see the answer." in texts(app)
    frame = datasets.images(full.ws, full.ids.dataset)
    shown = tiles(app)[0]
    assert set(frame["split"].iloc[shown]) == {"test"}
    app = stands(app.selectbox(key="predict_label").select("D").run())
    (position,) = {*tiles(app)[0][:1]}
    assert frame["label"].iloc[position] == "D"
    app.session_state["_draft:predict-" + full.ids.dataset] = position
    app = stands(app.run())
    assert "as labelled" in texts(app)
    place = exploring.points(full.ws, full.ids.dataset)[position]
    assert ring(app) == pytest.approx(place.tolist(), abs=1e-3)


def test_without_embeddings_one_sentence_says_what_to_do(full, answering, monkeypatch):
    monkeypatch.setattr(embedding, "embedded_with", lambda ws, dataset_id: [])
    app = drop(full.open("predict", model=full.ids.cascade), "mine.png", png())
    assert "There is no map yet: make the embeddings on the Explore page first." in texts(app)
    assert maps(app) == {}


def test_only_the_deferred_images_can_be_looked_through(full):
    app = full.open("predict", predict_source=KNOWN)
    app = stands(app.toggle(key="predict_deferred").set_value(True).run())
    record = cascading.get_cascade(full.ws, full.ids.cascade)
    wanted = predict_parts.deferred(full.ws, record).tolist()
    assert wanted and tiles(app)[0] == wanted[: predict_parts.N_TILES]


def found(confidence, deferred=False):
    return {"generalist": {"class": "C", "confidence": confidence}, "deferred": deferred,
            "expert": {"class": "D", "confidence": 0.7}, "route": "run-1"}  # fmt: skip


def test_the_story_says_why_an_answer_was_kept():
    assert "not below the threshold" in predict_parts.story(found(0.9), 0.5)[1]
    assert "not below the threshold" in predict_parts.story(found(0.5), 0.5)[1]  # equality keeps
    assert "have no expert" in predict_parts.story(found(0.4), 0.5)[1]
    assert len(predict_parts.story(found(0.4, deferred=True), 0.5)) == 3
