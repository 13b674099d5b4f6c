"""Estimates: from earlier runs where there are any; warnings that say what to change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import InvalidInput
from core.services import devices
from core.services.runs import estimating, training
from core.services.runs.estimating import estimate
from core.services.runs.training import TrainRequest
from tests.seeding import seed

RATE = 4e10


@pytest.fixture
def ids(workspace, monkeypatch):
    """A seeded workspace on a machine of one known speed and memory, with a CPU."""
    monkeypatch.setattr(estimating, "core_rate", lambda: RATE)
    monkeypatch.setattr(estimating, "available_bytes", lambda: 64e9)
    monkeypatch.setattr(devices.machine, "gpu", lambda: None)
    return seed(workspace)


@pytest.fixture
def made(workspace, ids, monkeypatch):
    """Return a function that lets the workspace have probes that took so long."""
    run = training.get_run(workspace, ids.generalist)

    def make(*durations_s, n_epochs=40, device="CPU", algorithm="probe"):
        config = {**run.config, "algorithm": algorithm}
        if algorithm != "probe":
            config["backbone"] = None
        found = [
            replace(
                run,
                device=device,
                duration_s=s,
                history={"loss": [1.0] * n_epochs},
                config=config,
                algorithm=algorithm,
            )
            for s in durations_s
        ]
        monkeypatch.setattr(estimating, "list_runs", lambda *_, **__: found)

    return make


def told(workspace, algorithm="probe", **more):
    return estimate(workspace, TrainRequest("seeded", algorithm, **more))


def test_without_earlier_runs_the_speed_of_the_machine_tells(workspace, ids, monkeypatch):
    slow = told(workspace, "cnn")
    assert slow.n_earlier == 0 and slow.low_s < slow.seconds < slow.high_s
    assert "guessed from the speed of this machine" in slow.sentence
    monkeypatch.setattr(estimating, "core_rate", lambda: RATE / 100)
    assert told(workspace, "cnn").seconds > slow.seconds


def test_earlier_runs_tell_better(workspace, made):
    made(100.0, 110.0, 120.0, n_epochs=30, algorithm="cnn")
    found = told(workspace, "cnn")
    start = estimating._START_S + estimating._FINISH_S
    assert found.n_earlier == 3
    assert found.seconds == pytest.approx(110 + start)
    assert found.low_s < 100 + start and 120 + start < found.high_s
    assert "from 3 earlier runs of CNN" in found.sentence
    longer = told(workspace, "cnn", options={"epochs": 300})
    assert 5 * 110 < longer.seconds < 10 * 110  # tracing the graph happens once


def test_stopping_early_is_expected_again_and_the_most_is_all_epochs(workspace, made):
    made(50.0, n_epochs=10, algorithm="cnn")  # of 30
    options = {"epochs": 300}
    found = told(workspace, "cnn", options=options)
    assert found.seconds > 50
    assert found.high_s > 2.5 * found.seconds


def test_runs_on_another_device_or_of_another_algorithm_do_not_count(workspace, made):
    made(100.0, device="GPU: NVIDIA H100")
    assert told(workspace).n_earlier == 0
    made(100.0, algorithm="cnn")
    assert told(workspace).n_earlier == 0
    assert told(workspace, "cnn").n_earlier == 1


def test_a_card_that_nothing_ran_on_is_not_guessed_about(workspace, ids, monkeypatch):
    card = devices.machine.Gpu("NVIDIA H100", 10)
    monkeypatch.setattr(
        estimating.devices,
        "expected",
        lambda ws: devices.Device("gpu", f"GPU: {card.name}", card.name, card.free_bytes),
    )
    found = told(workspace, "cnn")
    assert found.seconds is None and "not known" in found.sentence
    assert found.available_bytes == 10 and "memory" in found.warnings[0]


def test_every_seed_counts_and_a_run_that_exists_does_not(workspace, made, monkeypatch):
    made(100.0)
    once, thrice = told(workspace), told(workspace, seeds=(0, 1, 2))
    start = estimating._START_S
    assert thrice.seconds - start == pytest.approx(3 * (once.seconds - start))
    monkeypatch.setattr(estimating, "planned_runs", lambda *_: [("run-0", True)])
    again = told(workspace)
    assert again.seconds == again.high_s == 0 and again.sentence.startswith("Nothing to train")


def test_a_budget_cuts_the_time(workspace, made):
    made(1000.0)
    found = told(workspace, time_budget_min=2)
    assert (
        found.seconds
        == found.high_s
        == pytest.approx(120 + estimating._START_S + estimating._FINISH_S)
    )
    assert found.sentence.startswith("About 2 minutes on this machine (CPU")


def test_hours_are_warned_of_with_what_to_change(workspace, made):
    made(100.0, algorithm="cnn")
    assert told(workspace, "cnn").warnings == []
    made(40_000.0, algorithm="cnn")
    (warning,) = told(workspace, "cnn").warnings
    assert "hours" in warning and "Lower epochs or input px or width" in warning
    assert told(workspace, "cnn", time_budget_min=5).warnings == []


def test_too_little_memory_is_warned_of(workspace, ids, monkeypatch):
    monkeypatch.setattr(estimating, "available_bytes", lambda: 2e8)
    (warning,) = told(workspace, "alexnet").warnings
    assert "0.2 GB are free" in warning and "batch size" in warning
    (warning,) = told(workspace, "knn").warnings
    assert "batch size" in warning


@pytest.mark.parametrize("name", [a["name"] for a in training.algorithms()])
def test_every_algorithm_is_estimated(workspace, ids, name):
    found = told(workspace, name)
    assert 0 < found.low_s < found.seconds < found.high_s < 48 * 3600
    assert found.memory_bytes < 64e9 and found.warnings == []


def test_an_option_that_a_run_did_not_know_or_that_is_gone_does_no_harm(workspace, made):
    made(100.0)
    (run,) = estimating.list_runs()
    run.config["options"] |= {"gone": 3}
    assert told(workspace).n_earlier == 1


def test_what_cannot_be_trained_is_refused(workspace, ids):
    with pytest.raises(InvalidInput):
        told(workspace, options={"epochs": 0})


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ((240, 120, 470), "About 4 minutes (2 to 8 minutes) on"),
        ((100, 40, 250), "About 2 minutes (40 seconds to 4 minutes) on"),
        ((60, 50, 110), "About 1 minute (50 seconds to 2 minutes) on"),
        ((60, 60, 60), "About 1 minute on"),
        ((25, 24, 26), "About 25 seconds on"),
        ((100, 61, 119), "About 2 minutes (1 to 2 minutes) on"),
    ],
)
def test_times_are_said_with_their_interval(times, words):
    assert estimating._sentence(times, "the card", "CNN", 2).startswith(words)
