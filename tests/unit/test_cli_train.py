"""`train` on the command line: what it would cost, and options as words."""

from __future__ import annotations

import json

import pytest

from core.cli import main
from core.services import jobs
from tests.seeding import seed


@pytest.fixture
def shell(workspace, capsys):
    seed(workspace)

    def run(*words, as_json=True):
        more = ["--json"] if as_json else []
        status = main(["train", "seeded", *words, *more, "--workspace", str(workspace.path)])
        return status, capsys.readouterr()

    return run


def test_a_dry_run_says_what_it_would_cost_and_trains_nothing(shell, workspace):
    status, told = shell("--algorithm", "cnn", "--seeds", "0,1", "--dry-run")
    found = json.loads(told.out)
    assert status == 0 and found["n_new"] == 2
    assert 0 < found["low_s"] < found["seconds"] < found["high_s"]
    assert found["memory_bytes"] > 1e8 and found["available_bytes"] > 0
    assert found["sentence"].startswith("About ") and found["device"] in found["sentence"]
    assert jobs.list_jobs(workspace) == []


def test_for_a_person_it_is_text(shell):
    status, told = shell("--algorithm", "cnn", "--dry-run", as_json=False)
    assert status == 0 and "sentence: About " in told.out


def test_options_and_the_budget_change_the_answer(shell):
    def seconds(*words):
        return json.loads(shell("--algorithm", "cnn", "--dry-run", *words)[1].out)["high_s"]

    once = seconds()
    assert seconds("--epochs", "300") > once
    assert seconds("--option", "width=48") > once
    assert seconds("--epochs", "300", "--time-budget", "0.5") < seconds("--epochs", "300")


@pytest.mark.parametrize(
    "words",
    [
        ("--option", "schedule=sideways", "--algorithm", "cnn"),
        ("--time-budget", "-1"),
        ("--time-budget", "nan"),
        ("--time-budget", "soon"),
    ],
)
def test_bad_words_are_refused_in_a_dry_run_too(shell, words):
    status, told = shell(*words, "--dry-run")
    assert status == 2 and told.err.startswith("error: ") and told.out == ""
