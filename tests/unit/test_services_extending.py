"""A run is taught a class: what is refused, what is measured, and that the run stays as it is."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from core.errors import InvalidInput, NotFound
from core.jobs.execution import execute
from core.services import jobs
from core.services.comparing import leaderboard
from core.services.data import datasets
from core.services.exports import manifest, opening, writing
from core.services.runs import extending, marking, predicting, training
from core.services.tasks import TASKS
from core.settings import load_settings
from core.store import datasets as stored_images
from core.store.database import open_workspace
from tests.seeding import LABELS, SIZE_PX, seed

SMALL = {"epochs": 3, "n_episodes": 8, "filters": 8, "input_px": 16, "learning_rate": 0.01}
ORANGE = (240, 160, 20)  # like no label of the seeded set


def shown(n, colour=ORANGE, seed=0):
    """Return n files of coloured noise."""
    noise = np.random.default_rng(seed).integers(-40, 40, (n, SIZE_PX, SIZE_PX, 3))
    files = []
    for i, pixels in enumerate(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)):
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        files.append((f"{i}.png", buffer.getvalue()))
    return files


def done(ws, job_id):
    """Run a job in this process and return its result."""
    assert execute(ws, job_id, 1, TASKS) == 0, jobs.get_job(ws, job_id).error
    return jobs.get_job(ws, job_id).result


@pytest.fixture(scope="module")
def place(tmp_path_factory, empty_workspace_dir):
    """A seeded workspace with one small prototypical run, taught `Orange` from five images."""
    home = tmp_path_factory.mktemp("extending") / "workspace"
    shutil.copytree(empty_workspace_dir, home)
    settings = replace(load_settings(home), n_threads=1, spawns_worker=False, tracking_uri=None)
    ws = open_workspace(settings)
    ids = seed(ws)
    request = training.TrainRequest("seeded", "prototypical", options=SMALL)
    run_id = done(ws, training.submit_training(ws, request))["runs"][0]["run"]
    before = training.get_run(ws, run_id)
    files = shown(5)
    told = done(ws, extending.submit_extend(ws, run_id, " Orange ", files))
    yield SimpleNamespace(ws=ws, ids=ids, run=before, files=files, told=told)
    ws.close()


@pytest.fixture(autouse=True)
def _no_neighbours(monkeypatch):
    """Embeddings of the seeded set are made up: nothing can be compared with them."""
    monkeypatch.setattr(predicting, "embedding_status", lambda *_: None)


def test_it_says_whether_it_works_and_what_it_costs(place):
    told, test = place.told, place.told["test"]
    assert told["run"] == told["extends"] == place.run.id
    assert told["classes"] == [*LABELS, "Orange"] and told["n_images"] == 5
    assert told["new_class"] == {"n_images": 5, "n_recognised": 5}
    assert told["temperature"] == place.run.temperature
    figures = place.run.metrics["test"]
    assert test["n_images"] == figures["n_images"]
    assert test["accuracy_before"] == pytest.approx(figures["accuracy"])
    assert test["accuracy_before_ci"] == pytest.approx(figures["accuracy_ci"])
    assert test["difference"] == pytest.approx(test["accuracy_after"] - test["accuracy_before"])
    low, high = test["difference_ci"]
    assert low <= test["difference"] <= high


def test_what_goes_to_the_new_class_by_mistake_is_counted_on_the_test_images(place):
    """Images like those of A, under a new name, take some of A's test images."""
    told = done(
        place.ws,
        extending.submit_extend(place.ws, place.run.id, "Rot", shown(4, (200, 60, 60), seed=7)),
    )
    positions = np.flatnonzero(datasets.splits(place.ws, place.ids.dataset) == "test").tolist()
    answers = predicting.predict_known(place.ws, told["model"], positions)
    n_taken = sum(answer["class"] == "Rot" for answer in answers)
    assert told["test"]["n_taken"] == n_taken > 0
    assert told["test"]["difference"] < 0


def test_the_run_stays_as_it_was_and_the_new_model_is_no_run(place):
    ws = place.ws
    assert training.get_run(ws, place.run.id) == place.run
    with pytest.raises(NotFound):
        training.get_run(ws, place.told["model"])
    board, _ = leaderboard.leaderboard(ws, place.ids.dataset)
    assert place.told["model"] not in set(board["run"])
    assert place.told["model"] in {r.id for r in extending.list_extended(ws, place.ids.dataset)}
    with pytest.raises(NotFound):
        extending.get_extended(ws, place.run.id)


def test_the_new_model_answers_with_the_new_class_and_the_temperature_of_the_run(place):
    (answer,) = predicting.predict(place.ws, place.told["model"], shown(1, seed=9))
    assert answer["class"] == "Orange" and list(answer["probabilities"]) == place.told["classes"]
    positions = np.flatnonzero(datasets.splits(place.ws, place.ids.dataset) == "test").tolist()
    before = predicting.predict_known(place.ws, place.run.id, positions)
    after = predicting.predict_known(place.ws, place.told["model"], positions)
    for one, other in zip(before, after, strict=True):
        p, q = (np.array([a["probabilities"][label] for label in LABELS]) for a in (one, other))
        assert np.allclose(p, q / q.sum(), atol=1e-4)  # the old ones compare as they did


def test_the_same_images_make_the_same_model_in_any_order_and_twice_counts_once(place):
    again = extending.submit_extend(
        place.ws, place.run.id, "Orange", [*place.files[::-1], place.files[0]]
    )
    assert done(place.ws, again)["model"] == place.told["model"]
    assert extending.submit_extend(place.ws, place.run.id, "Orange", place.files) == again
    picture = Image.open(io.BytesIO(place.files[0][1]))
    buffer = io.BytesIO()
    picture.save(buffer, "BMP")  # another file, the same pixels
    job = extending.submit_extend(
        place.ws, place.run.id, "Two", [place.files[0], ("copy.bmp", buffer.getvalue())]
    )
    assert len(jobs.get_job(place.ws, job).params["images"]) == 1


def test_a_deleted_model_leaves_the_lists_answers_still_and_comes_back(place):
    ws, model, dataset = place.ws, place.told["model"], place.ids.dataset

    def listed():
        return [record.id for record in extending.list_extended(ws, dataset)]

    before, record = listed(), extending.get_extended(ws, model)
    marking.hide(ws, model)
    assert listed() == [i for i in before if i != model]
    assert [m.id for m in marking.hidden(ws, dataset)] == [model]
    hidden = extending.get_extended(ws, model)
    assert hidden.archived_at and replace(hidden, archived_at=None) == record
    assert predicting.predict(ws, model, shown(1, seed=9))[0]["class"] == "Orange"
    marking.bring_back(ws, model)
    assert listed() == before and extending.get_extended(ws, model) == record


def test_teaching_the_same_again_brings_a_deleted_model_back_each_time(place):
    ws, model = place.ws, place.told["model"]
    for _ in range(2):
        marking.hide(ws, model)
        job = extending.submit_extend(ws, place.run.id, "Orange", place.files)
        assert done(ws, job)["model"] == model
        assert extending.get_extended(ws, model).archived_at is None


def test_one_image_is_enough_but_says_nothing_of_whether_it_is_recognised(place):
    told = done(place.ws, extending.submit_extend(place.ws, place.run.id, "One", shown(1)))
    assert told["new_class"] == {"n_images": 1, "n_recognised": None}


def test_a_taught_model_is_taught_another_class(place):
    sky = shown(3, (40, 220, 240))
    told = done(place.ws, extending.submit_extend(place.ws, place.told["model"], "Sky", sky))
    assert told["classes"] == [*LABELS, "Orange", "Sky"]
    assert (told["run"], told["extends"]) == (place.run.id, place.told["model"])
    assert told["test"]["accuracy_before"] == place.told["test"]["accuracy_after"]
    found = predicting.predict(place.ws, told["model"], [*sky[:1], *place.files[:1]])
    assert [answer["class"] for answer in found] == ["Sky", "Orange"]


@pytest.mark.parametrize(
    ("name", "files", "sentence"),
    [
        ("A", shown(2), "exists already"),
        (" A ", shown(2), "exists already"),
        ("", shown(2), "cannot be used for a class"),
        ("a\nb", shown(2), "cannot be used for a class"),
        ("x" * 201, shown(2), "cannot be used for a class"),
        ("New", [], "no number of images"),
        ("New", shown(1) * 51, "no number of images"),
        ("New", [("notes.txt", b"no image")], "notes.txt cannot be used"),
    ],
)
def test_what_cannot_be_taught_is_refused_before_a_job(place, name, files, sentence):
    n_jobs = len(jobs.list_jobs(place.ws))
    with pytest.raises(InvalidInput, match=sentence):
        extending.submit_extend(place.ws, place.run.id, name, files)
    assert len(jobs.list_jobs(place.ws)) == n_jobs


def test_an_image_of_a_class_that_the_model_knows_is_refused(place):
    image_id = datasets.images(place.ws, place.ids.dataset)["image_id"][0]
    with place.ws.read() as conn:
        pack, offset, n_bytes = stored_images.location(conn, image_id)
    data = place.ws.blobs.read_bytes(pack)[offset : offset + n_bytes]
    with pytest.raises(InvalidInput, match="known.png is in the data set as A"):
        extending.submit_extend(place.ws, place.run.id, "New", [("known.png", data)])


def test_models_that_take_no_class_are_refused_and_the_sentence_says_which_do(place):
    with pytest.raises(InvalidInput, match="prototypical, matching or siamese"):
        extending.submit_extend(place.ws, place.ids.generalist, "New", shown(2))
    for missing in ("run-0", place.ids.cascade):
        with pytest.raises(NotFound):
            extending.submit_extend(place.ws, missing, "New", shown(2))


def test_a_taught_model_can_be_exported_and_knows_its_new_class(place, tmp_path):
    model = place.told["model"]
    found = writing.export(place.ws, model, tmp_path / "out")
    assert found["n_equal"] == found["n_checked"] > 0
    exported, asked = opening.open_export(tmp_path / "out"), shown(2, seed=9)
    answers = exported.answer(asked, place.ws.settings.limits)
    here = predicting.predict(place.ws, model, asked)
    assert [a["class"] for a in answers] == [a["class"] for a in here] == ["Orange", "Orange"]
    assert exported.manifest.sources.runs == (place.run.id,)
    card = (tmp_path / "out" / manifest.CARD).read_text()
    assert "5 images, each left out in turn" in card and "not calibrated with images of" in card
