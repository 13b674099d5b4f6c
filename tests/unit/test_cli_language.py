"""The command line speaks English unless it is asked for another language."""

from __future__ import annotations

import pytest

from core.cli import main
from core.jobs import processes

ENGLISH = "error: there is no such data set"
SPANISH = "error: no existe ese conjunto de datos"


@pytest.fixture
def ask(workspace, capsys):
    def run(*words):
        assert main(["runs", "nowhere", "--workspace", str(workspace.path), *words]) == 2
        return capsys.readouterr().err

    return run


def test_sentences_are_english_unless_an_option_or_the_environment_says_otherwise(ask, monkeypatch):
    monkeypatch.delenv("DESEMPATE_LANGUAGE", raising=False)
    assert ask().startswith(ENGLISH)
    assert ask("--language", "es").startswith(SPANISH)
    monkeypatch.setenv("DESEMPATE_LANGUAGE", "es")
    assert ask().startswith(SPANISH)
    assert ask("--language", "en").startswith(ENGLISH)


def test_a_language_that_is_not_there_is_refused_as_a_word_and_ignored_in_the_environment(
    ask, monkeypatch
):
    assert "invalid choice" in ask("--language", "xx")
    monkeypatch.setenv("DESEMPATE_LANGUAGE", "xx")
    assert ask().startswith(ENGLISH)


def test_jobs_write_their_logs_in_english_whoever_starts_them(settings):
    assert processes.environment(settings)["DESEMPATE_LANGUAGE"] == "en"
