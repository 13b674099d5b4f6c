"""The Predict page: an image in, an answer and who gave it out."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
import streamlit as st
from PIL import Image

from core.services.cascades import saving
from core.services.data import datasets, embedding, exploring
from core.services.runs import batch, drifting, extending, looking, predicting, training
from core.store import extended, jobs
from pages.parts import predict_extend, predict_parts, predict_source
from tests.app.conftest import stands, texts
from tests.app.hands import button, cards, click, maps, queued, tiles
from tests.seeding import add_run, generalist_probs

OWN, KNOWN = "an image of yours", "one of the test set"


CONFIDENT = {"A": 0.05, "B": 0.05, "C": 0.27, "D": 0.63}


def an_answer(ws, model, name):
    """Return what a model that hesitates between C and D would be reported to say."""
    expert = model.startswith("cas-")
    asked = saving.get(ws, model).experts[0] if expert else None
    return {
        "file": name,
        "class": "D" if expert else "C",
        "confidence": 0.63 if expert else 0.47,
        "probabilities": CONFIDENT,
        "deferred": expert,
        "route": asked or "generalist",
        "generalist": {"class": "C", "confidence": 0.47},
        "expert": {"run": asked, "class": "D", "confidence": 0.7} if expert else None,
        "neighbours": [(3, 0.9), (4, 0.8)],
    }


@pytest.fixture
def answering(monkeypatch):
    """Let models answer without the files of a training."""
    monkeypatch.setattr(
        predicting,
        "predict",
        lambda ws, model, files: [an_answer(ws, model, name) for name, _ in files],
    )
    monkeypatch.setattr(
        predicting,
        "predict_known",
        lambda ws, model, positions: [an_answer(ws, model, f"image {p}") for p in positions],
    )
    monkeypatch.setattr(
        predicting,
        "embed_files",
        lambda ws, dataset, backbone, files: vectors_of(ws, dataset)[5:6],
    )  # an image of the data set


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
    assert f"The expert ({full.ids.expert}) says **D** with 70.0 %" in said
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
    record = saving.get(full.ws, full.ids.cascade)
    wanted = predict_source.deferred(full.ws, record).tolist()
    assert wanted and tiles(app)[0] == wanted[: predict_source.N_TILES]


def found(confidence, deferred=False, route="generalist"):
    expert = {"run": "run-1", "class": "D", "confidence": 0.7}
    generalist = {"class": "C", "confidence": confidence}
    return {"generalist": generalist, "deferred": deferred, "route": route, "expert": expert}


def test_the_story_says_why_an_answer_was_kept(full):
    record = saving.get(full.ws, full.ids.cascade)
    plan = {"rule": "confidence", "taus": [0.5], "person": 0.6}
    cascade = replace(record, experts=("run-1",), plan=plan)
    assert "not below the threshold" in predict_parts.story(found(0.9), cascade)[1]
    assert "not below the threshold" in predict_parts.story(found(0.5), cascade)[1]  # equality
    assert "have no expert" in predict_parts.story(found(0.4), cascade)[1]
    assert len(predict_parts.story(found(0.4, deferred=True), cascade)) == 3
    assert "a person" in predict_parts.story(found(0.4, True, "person"), cascade)[-1]
    learned = replace(cascade, plan=plan | {"rule": "learned"})
    assert "expected to know better" in predict_parts.story(found(0.9), learned)[1]


@pytest.fixture
def comparer(full):
    """Return the id of a run that takes another class."""
    dataset = datasets.get_dataset(full.ws, full.ids.dataset)
    y = datasets.label_indices(full.ws, dataset)
    split = datasets.splits(full.ws, dataset.id)
    probs = generalist_probs(y, np.random.default_rng(0))
    return add_run(full.ws, dataset, y, split, probs, algorithm="prototypical")


def add_taught(place, run_id, n_recognised=8, n_images=10):
    """Insert an extended model with these figures; return its id."""
    run = training.get_run(place.ws, run_id)
    images = [f"{i:064x}" for i in range(n_images)]
    value = {
        "run": run.id,
        "algorithm": run.algorithm,
        "classes": [*run.classes, "Corte"],
        "temperature": run.temperature,
        "artifact": {},
        "test": {
            "n_images": 157,
            "accuracy_before": 0.745,
            "accuracy_before_ci": [0.672, 0.807],
            "accuracy_after": 0.739,
            "accuracy_after_ci": [0.665, 0.801],
            "difference": -0.006,
            "difference_ci": [-0.02, 0.0],
            "n_taken": 3,
        },
        "new_class": {"n_images": n_images, "n_recognised": n_recognised},
        "duration_s": 1.0,
    }
    params = {"extends": run.id, "added": "Corte", "images": images, "format": 1}
    with place.ws.write() as conn:
        return extended.add(conn, dataset_id=run.dataset_id, params=params, value=value)


def test_other_models_say_which_can_be_taught_a_class(full):
    for model in (full.ids.cascade, full.ids.generalist):
        app = full.open("predict", model=model)
        assert predict_extend.NOT_THIS in texts(app)
        assert "Teach" not in [b.label for b in app.button]


def teach(app, run_id, name, *files):
    app.text_input(key=f"extend-name-{run_id}").set_value(name)
    if files:
        (field,) = [f for f in app.file_uploader if f.label == "Images of the new class"]
        field.set_value(list(files))
    return stands(button(app, "Teach").click().run())


def test_a_class_is_taught_by_name_and_images(full, comparer):
    app = full.open("predict", model=comparer)
    app = teach(app, comparer, "Corte", ("mine.png", png(), "image/png"))
    (job,) = queued(full)
    assert job.kind == "extend" and job.params["extends"] == comparer
    assert job.params["added"] == "Corte" and len(job.params["images"]) == 1
    assert "Teach prototypical the class Corte" in texts(app)
    assert app.button(key=f"cancel-card-{job.id}").label == "Cancel"


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("A", png, "The class exists already"),
        ("", png, "This name cannot be used for a class"),
        ("Corte", None, "This is no number of images to teach a class with"),
        ("Corte", lambda: b"no image", "mine.png cannot be used"),
    ],
)
def test_what_cannot_be_taught_is_one_sentence_and_what_was_typed_stays(
    full, comparer, name, data, sentence
):
    app = full.open("predict", model=comparer)
    app = teach(app, comparer, name, *([("mine.png", data(), "image/png")] if data else []))
    (error,) = app.error
    assert sentence in error.value.replace("\\", "")
    assert app.text_input(key=f"extend-name-{comparer}").value == name
    assert queued(full) == []


def test_a_taught_model_is_listed_last_says_what_it_can_do_and_answers(full, comparer, answering):
    taught = add_taught(full, comparer)
    app = full.open("predict", model=taught)
    assert app.selectbox(key="model").value == taught
    assert (
        app.selectbox(key="model").options[-1].startswith("prototypical taught Corte · 5 classes")
    )
    said = texts(app).replace("\\", "")
    assert "It recognises **8 of 10** of its images of Corte" in said
    assert "**3 of 157 test images** of the old classes now go to Corte by mistake." in said
    assert "**74.5 %** before (67.2 to 80.7 %), **73.9 %** after" in said
    assert "calibrated as that of the run it extends" in said
    assert "Teach" in [b.label for b in app.button]  # a further class
    assert "C" in [s.value for s in drop(app, "mine.png", png()).subheader]


def test_what_came_of_a_teaching_is_shown_with_a_way_to_the_new_model(full, comparer):
    job = extending.submit_extend(full.ws, comparer, "Corte", [("mine.png", png())])
    taught = add_taught(full, comparer, n_recognised=None, n_images=1)
    with full.ws.write() as conn:
        jobs.claim(conn, job, 1, pid=1, pid_started=1.0, host="here")
        jobs.finish(conn, job, 1, "done", result={"model": taught})
    app = full.open("predict", model=comparer)
    assert "From one image it cannot be told whether it recognises Corte" in texts(app)
    assert "Predict with the new model" in [link.label for link in app.get("page_link")]


def test_a_taught_model_is_deleted_and_undo_brings_it_back(full, comparer):
    taught = add_taught(full, comparer)
    app = click(full.open("predict", model=taught), "Delete this model")
    assert not app.exception and not app.error
    assert app.selectbox(key="model").value != taught
    assert not [o for o in app.selectbox(key="model").options if taught in o]
    app = click(app, "Undo")
    assert app.selectbox(key="model").value == taught and not app.exception
    assert "Undo" not in [b.label for b in app.button]
    app = click(app, "Delete this model")
    board = click(full.open("compare", compare_view="Deleted"), "Bring back")
    assert not board.exception
    assert taught in {m.id for m in extending.list_extended(full.ws, full.ids.dataset)}


MANY = "many images"


def give(app, *files):
    """Drop files where many are taken."""
    app.file_uploader[0].set_value([(name, data, "image/png") for name, data in files])
    return stands(app.run())


def chunked(ws, model, given):
    """Answer files one at a time; what is no image is told by its name."""
    for file in given:
        row = an_answer(ws, model, file.name) | {"nearest": 3, "distance": 0.1}
        yield [{"file": file.name, "problem": "it is no image"} if "bad" in file.name else row]


def test_many_images_become_a_table_and_what_is_no_image_is_listed(full, monkeypatch):
    monkeypatch.setattr(batch, "answers", chunked)
    app = full.open("predict", model=full.ids.cascade, predict_source=MANY)
    assert "Choose images to see the answers" in texts(app)
    app = give(app, ("a.png", png()), ("bad.png", b"?"), ("b.png", png()))
    assert not app.dataframe
    app = click(app, "Ask about 3 images")
    answered, failed = (frame.value for frame in app.dataframe[:2])
    assert answered["file"].tolist() == ["a.png", "b.png"]
    assert {"confidence", "route", "generalist", "expert class", "p_D"} <= set(answered)
    assert failed.values.tolist() == [["bad.png", "it is no image"]]
    assert "Download the answers" in [b.label for b in app.get("download_button")]
    assert "Stop and keep these" not in [b.label for b in app.button]


def test_what_was_answered_before_a_stop_stays_and_it_can_go_on(full, monkeypatch):
    def broken_off(ws, model, given):
        yield next(chunked(ws, model, given))
        st.stop()

    app = full.open("predict", model=full.ids.cascade, predict_source=MANY)
    app = give(app, ("a.png", png()), ("b.png", png()), ("c.png", png()))
    monkeypatch.setattr(batch, "answers", broken_off)
    click(app, "Ask about 3 images")
    app = stands(app.run())
    assert "1 of 3 are answered." in texts(app)
    assert app.dataframe[0].value["file"].tolist() == ["a.png"]
    monkeypatch.setattr(batch, "answers", chunked)
    app = click(app, "Go on")
    assert app.dataframe[0].value["file"].tolist() == ["a.png", "b.png", "c.png"]
    app = stands(app.selectbox(key="model").select(full.ids.generalist).run())
    assert not app.dataframe  # another model has said nothing yet


def test_a_picture_from_the_camera_is_answered(full, answering):
    app = full.open("predict", model=full.ids.generalist, predict_source="the camera")
    assert "Choose an image to see the answer." in texts(app)
    app.camera_input[0].set_value(("shot.jpg", png(), "image/jpeg"))
    app = stands(app.run())
    assert "C" in [s.value for s in app.subheader]


def test_what_the_answer_hangs_on_is_drawn_on_request(full, answering, monkeypatch):
    asked = []

    def look(ws, model, image):
        asked.append((model, image))
        heat = np.zeros((32, 32))
        heat[:8, :8] = 0.25
        return looking.Looked(np.zeros((32, 32, 3), np.uint8), heat, "C", 0.47, 169, 1)

    monkeypatch.setattr(looking, "look", look)
    app = drop(full.open("predict", model=full.ids.generalist), "mine.png", png())
    assert asked == []
    app = stands(app.toggle(key="predict_look").set_value(True).run())
    said = texts(app)
    assert "by 25.0 points at most" in said and "1 patch made it another class" in said
    assert "no proof" in said
    stands(app.run())
    assert asked == [(full.ids.generalist, ("mine.png", png()))]  # once for this image
    kinds = [[t["type"] for t in json.loads(c.proto.spec)["data"]] for c in app.get("plotly_chart")]
    assert ["image", "image", "heatmap"] in kinds


def test_an_image_unlike_the_test_images_is_warned_of(full, answering, monkeypatch):
    monkeypatch.setattr(drifting, "is_far", lambda ws, model, file: file == ("far.png", png()))
    app = full.open("predict", model=full.ids.generalist)
    assert not list(drop(app, "near.png", png()).warning)
    (warning,) = drop(full.open("predict", model=full.ids.generalist), "far.png", png()).warning
    assert "farther from the training images than 99 of 100 test images" in warning.value


@pytest.mark.parametrize("promised", [True, False])
def test_the_guarantee_is_named_only_where_there_is_one(full, answering, monkeypatch, promised):
    cascade = saving.get(full.ws, full.ids.cascade)
    promise = {"threshold": 0.5} if promised else None
    kept = replace(cascade, plan={**cascade.plan, "promise": promise})
    monkeypatch.setattr(saving, "all_of", lambda *_, **__: [kept])
    monkeypatch.setattr(drifting, "is_far", lambda *_: True)
    (warning,) = drop(full.open("predict", model=full.ids.cascade), "far.png", png()).warning
    assert ("guarantee" in warning.value) == promised


def test_what_is_no_image_by_its_name_is_not_counted_as_one(full):
    app = full.open("predict", model=full.ids.cascade, predict_source=MANY)
    labels = [b.label for b in give(app, ("a.png", png()), ("notes.txt", b"x")).button]
    assert "Ask about 2 files" in labels


@pytest.mark.parametrize(("distance", "warned"), [(0.5, True), (0.0, False)])
def test_a_batch_unlike_the_test_images_is_warned_of(full, monkeypatch, distance, warned):
    def answers(ws, model, given):
        yield [an_answer(ws, model, f.name) | {"nearest": 3, "distance": distance} for f in given]

    monkeypatch.setattr(batch, "answers", answers)
    app = full.open("predict", model=full.ids.cascade, predict_source=MANY)
    app = give(app, *((f"{i}.png", png()) for i in range(4)))
    app = click(app, "Ask about 4 images")
    said = [w for w in app.warning if "the confidence of each answer may not hold" in w.value]
    assert bool(said) == warned
    n_far = 4 if warned else 0
    assert f"{n_far} of 4 images" in texts(app)
    assert "4.0 % are expected" in texts(app)  # of 24 test images, the farthest
