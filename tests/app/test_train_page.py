"""The Train page: every choice reaches the request, jobs are shown, results lead on."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from core.jobs import engine
from core.jobs.execution import execute
from core.models import augment
from core.services import jobs
from core.services.cascades import members
from core.services.data import embedding
from core.services.runs import estimating, training
from core.services.tasks import TASKS
from core.store import jobs as job_rows
from pages.parts import train_form, train_jobs
from tests.app.conftest import stands, texts
from tests.app.hands import button, cards, click, queued
from tests.seeding import LABELS


def test_an_empty_workspace_points_to_the_overview(empty):
    assert "There is no data set in this workspace yet." in texts(empty.open("train"))


def submitted(place, app, label="Train 1 run"):
    """Press the button and return the parameters of the job that was queued."""
    click(app, label)
    (job,) = queued(place)
    assert job.kind == "train"
    return job.params


def test_the_defaults_train_one_probe_over_the_labels(full):
    params = submitted(full, full.open("train"))
    assert (params["algorithm"], params["class_map"], params["pair"]) == ("probe", None, None)
    assert (params["seeds"], params["options"]) == ([0], {})


def test_the_same_training_is_not_queued_twice(full):
    app = click(full.open("train"), "Train 1 run")
    assert button(app, "At work already").disabled
    app = stands(app.number_input(key="n_seeds").set_value(2).run())
    assert not button(app, "Train 2 runs").disabled


def test_every_algorithm_says_what_it_is(full):
    app = full.open("train")
    known = training.algorithms()
    assert app.radio(key="algorithm").options == [a["title"] for a in known]
    app = stands(app.radio(key="algorithm").set_value("cnn").run())
    assert submitted(full, app)["algorithm"] == "cnn"


def test_a_class_map_can_be_trained_on_and_a_link_may_name_it_by_its_id(full):
    app = full.open("train", class_map=full.ids.class_map)
    assert "3 classes: A, B, C+D" in texts(app).replace("\\", "")
    assert submitted(full, app)["class_map"] == full.ids.class_map


def test_an_expert_is_trained_on_a_pair(full):
    app = full.open("train", role="expert", pair_a="B", pair_b="D")
    assert submitted(full, app)["pair"] == ["B", "D"]


def test_the_second_class_of_a_pair_is_another_one(full):
    app = full.open("train", role="expert")
    app = stands(app.selectbox(key="pair_a").select("B").run())
    assert "B" not in app.selectbox(key="pair_b").options


def test_the_backbone_reaches_the_request_and_is_embedded_with_first(full):
    app = full.open("train")
    picker = app.selectbox(key="train_backbone")
    other = next(row["name"] for row in embedding.backbones()[1:])
    app = stands(picker.set_value(other).run())
    assert other in app.warning[0].value.replace("\\", "")
    click(app, "Embed the images now")
    assert [job.params["backbone"] for job in queued(full)] == [other]


def test_repetitions_are_seeds(full):
    app = full.open("train")
    app = stands(app.number_input(key="n_seeds").set_value(3).run())
    assert submitted(full, app, "Train 3 runs")["seeds"] == [0, 1, 2]


def test_every_option_of_every_algorithm_has_its_widget_and_reaches_the_request(full):
    for algorithm in training.algorithms():
        app = full.open("train", algorithm=algorithm["name"])
        app = stands(app.radio(key="algorithm").set_value(algorithm["name"]).run())
        for option in algorithm["options"]:
            widget = app.get_by_key(f"option-{algorithm['name']}-{option['name']}")
            assert widget.value == option["default"]
    changed = app.number_input(key=f"option-{algorithm['name']}-epochs").set_value(2)
    assert submitted(full, stands(changed.run()))["options"] == {"epochs": 2}


def test_a_choice_of_an_option_is_picked_from_a_list(full):
    app = full.open("train", algorithm="cnn")
    app = stands(app.radio(key="algorithm").set_value("cnn").run())
    picker = app.selectbox(key="option-cnn-schedule")
    assert picker.options == ["cosine", "triangular", "constant"]
    app = stands(picker.set_value("triangular").run())
    assert submitted(full, app)["options"] == {"schedule": "triangular"}


@pytest.mark.parametrize("algorithm", ["probe", "cnn", "alexnet", "transfer"])
def test_classes_can_be_balanced(full, algorithm):
    app = full.open("train")
    app = stands(app.radio(key="algorithm").set_value(algorithm).run())
    app = stands(app.checkbox(key=f"option-{algorithm}-balance").check().run())
    assert submitted(full, app)["options"] == {"balance": True}


def test_a_time_budget_reaches_the_request_and_the_estimate(full):
    app = stands(full.open("train").radio(key="algorithm").set_value("cnn").run())
    free = estimate_of(app)
    app = stands(app.number_input(key="time_budget").set_value(0.1).run())
    assert estimate_of(app) != free and estimate_of(app).startswith("About 25 seconds")
    assert submitted(full, app)["time_budget_min"] == 0.1
    assert button(app, "At work already").disabled
    app = stands(app.number_input(key="time_budget").set_value(None).run())
    assert not button(app, "Train 1 run").disabled and estimate_of(app) == free


def estimate_of(app):
    """Return the sentence that says how long it takes."""
    (said,) = [c.value for c in app.caption if ":material/schedule:" in c.value]
    return said.removeprefix(":material/schedule: ").replace("\\", "")


def test_the_page_says_how_long_it_takes_and_on_what(full):
    app = full.open("train")
    assert "on this machine (CPU, " in estimate_of(app)
    app = stands(app.radio(key="algorithm").set_value("cnn").run())
    once = estimate_of(app)
    app = stands(app.number_input(key="option-cnn-epochs").set_value(1000).run())
    assert estimate_of(app) != once


def test_what_takes_hours_or_does_not_fit_is_warned_of(full, monkeypatch):
    monkeypatch.setattr(estimating, "available_bytes", lambda: 1e8)
    monkeypatch.setattr(estimating, "core_rate", lambda: 1e6)
    app = stands(full.open("train").radio(key="algorithm").set_value("cnn").run())
    said = [w.value.replace("\\", "") for w in app.warning]
    assert any(text.startswith("This will take ") and "set a time budget" in text for text in said)
    assert any("GB of memory and 0.1 GB are free" in text for text in said)
    assert not button(app, "Train 1 run").disabled  # a warning, not a refusal


def test_a_run_that_exists_is_not_trained_again(full, monkeypatch):
    planned = [(full.ids.generalist, True), ("run-new", False)]
    monkeypatch.setattr(training, "planned_runs", lambda ws, request: planned)
    app = full.open("train")
    assert "1 of 2 exist already" in texts(app)
    assert button(app, "Train 1 run").disabled is False
    monkeypatch.setattr(training, "planned_runs", lambda ws, request: planned[:1])
    app = full.open("train")
    assert "This run exists already" in texts(app)
    assert button(app, "Nothing new to train").disabled


def test_without_embeddings_the_probe_offers_to_make_them_and_the_cnn_does_not_care(full):
    with full.ws.write() as conn:
        conn.exec_driver_sql("DELETE FROM embedding_row")
        conn.exec_driver_sql("DELETE FROM embedding")
    app = full.open("train")
    assert "no embeddings" in app.warning[0].value
    click(app, "Embed the images now")
    assert [job.kind for job in queued(full)] == ["embed"]
    app = full.open("train", algorithm="cnn")
    app = stands(app.radio(key="algorithm").set_value("cnn").run())
    assert not button(app, "Train 1 run").disabled


def submit_job(place):
    """Queue a training job as the page does, and return its id."""
    return training.submit_training(place.ws, training.TrainRequest(place.ids.dataset, "probe"))


def test_a_job_shows_its_curves_and_can_be_cancelled(full, monkeypatch):
    job_id = submit_job(full)
    run = training.get_run(full.ws, full.ids.generalist)
    history = training.history_frame(run)
    monkeypatch.setattr(training, "live_history", lambda ws, asked: history)
    job = jobs.get_job(full.ws, job_id)
    now = replace(job, state="running", progress=0.4, step="epoch 2 of at most 60")
    monkeypatch.setattr(jobs, "list_jobs", lambda ws, **_: [now])
    monkeypatch.setattr(jobs, "get_job", lambda ws, _: now)
    app = full.open("train")
    assert app.progress[0].value == 40
    assert "left" not in app.progress[0].proto.text  # nobody has seen it advance
    loss = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    assert [trace["y"] for trace in loss if "validation" in trace["name"]]
    cancel = next(b for b in app.button if b.label == "Cancel" and "card" in b.key)
    monkeypatch.undo()
    monkeypatch.setenv("DESEMPATE_HOME", str(full.ws.path))
    stands(cancel.click().run())
    assert jobs.get_job(full.ws, job_id).state == "cancelled"


def test_a_training_that_ended_early_says_from_where_it_would_go_on(full):
    job_id = submit_job(full)
    engine.cancel(full.ws, job_id)
    assert "Nothing was kept of it." in texts(full.open("train"))
    request = training.TrainRequest(full.ids.dataset, "probe")
    ((run_id, _),) = training.planned_runs(full.ws, request)
    full.ws.checkpoints(run_id).save(7, {}, [])
    app = full.open("train")
    assert "goes on after epoch 7" in texts(app)
    stands(click(app, "Try again"))
    assert [job.kind for job in queued(full)] == ["train"]


def test_a_running_job_says_how_long_it_still_takes(full, monkeypatch):
    job = jobs.get_job(full.ws, submit_job(full))
    now = replace(job, state="running", progress=0.5, step="epoch 9")
    monkeypatch.setattr(jobs, "list_jobs", lambda ws, **_: [now])
    monkeypatch.setattr(jobs, "get_job", lambda ws, _: now)
    monkeypatch.setattr(jobs.Pace, "left", lambda pace, job: 480 * job.progress)
    said = [bar.proto.text for bar in full.open("train").progress]
    assert said and all(text.endswith("about 4 minutes left") for text in said)


def see_augmentation(app):
    return click(app, "See what augmentation does to your images")


def test_augmentation_is_previewed_for_the_options_that_are_set(full):
    app = stands(full.open("train").radio(key="algorithm").set_value("cnn").run())
    app = stands(app.number_input(key="option-cnn-rotation_deg").set_value(45.0).run())
    app = see_augmentation(app)
    (job,) = queued(full)
    assert (job.kind, job.params["options"]) == ("preview", {"rotation_deg": 45.0})
    assert "Preview augmentation" in texts(app)
    engine.cancel(full.ws, job.id)
    app = stands(app.run())
    assert "was cancelled" in texts(app).lower()
    assert button(app, "Try again")


def test_a_finished_preview_is_a_grid_of_pictures(full, monkeypatch):
    def stretched(images, options, n_variants, seed):
        return images, np.repeat(images[:, None], n_variants, axis=1)

    monkeypatch.setattr(augment, "preview", stretched)  # this process has no backend
    app = stands(full.open("train").radio(key="algorithm").set_value("alexnet").run())
    app = see_augmentation(app)
    (job,) = queued(full)
    execute(full.ws, job.id, 1, TASKS)
    app = stands(app.run())
    assert len(app.get("image")) == 6 * 6
    assert "32 × 32 px" in texts(app)
    app = stands(app.number_input(key="option-alexnet-shift_share").set_value(0.3).run())
    assert not app.get("image")
    assert not button(app, "See what augmentation does to your images").disabled


def test_no_augmentation_nothing_to_see(full):
    app = full.open("train")
    assert not [b for b in app.button if b.key == "preview"]  # a probe changes no image
    app = stands(app.radio(key="algorithm").set_value("alexnet").run())
    app = stands(app.number_input(key="option-alexnet-shift_share").set_value(0.0).run())
    assert not [b for b in app.button if b.key == "preview"]
    assert "no image is changed" in texts(app)


def test_a_finished_job_says_what_came_out_and_leads_on(full):
    job_id = submit_job(full)
    run = training.get_run(full.ws, full.ids.generalist)
    with full.ws.write() as conn:
        job = job_rows.claim(conn, job_id, 1, pid=1, pid_started=0.0, host="here")
        job_rows.finish(conn, job.id, job.fence, "done", result={"runs": [training.summary(run)]})
    app = full.open("train")
    assert cards(app)["Test accuracy"] == f"{100 * run.metrics['test']['accuracy']:.1f} %"
    assert "24 test images" in texts(app)
    assert [link.value for link in app.page_link] == [
        "Compare with other runs",
        "Use it in a cascade",
    ]
    assert train_jobs._cascade_of(full.ws, run) == {"generalist": run.id}


def test_an_expert_leads_to_the_cascade_of_a_generalist_it_fits(full):
    expert = training.get_run(full.ws, full.ids.expert)
    found = train_jobs._cascade_of(full.ws, expert)
    assert found["experts"] == expert.id
    assert expert.id in [e.id for e in members.experts_of(full.ws, found["generalist"])]


@pytest.mark.parametrize("n_classes", [0, 1])
def test_a_pair_needs_two_classes(n_classes, full, monkeypatch):
    monkeypatch.setattr(train_form.st, "warning", lambda *_, **__: None)
    assert train_form._choose_pair(LABELS[:n_classes]) is None
