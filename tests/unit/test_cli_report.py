"""`report` on the command line: what its name or --format says, in the language asked for."""

from __future__ import annotations

import json

import pytest

from core.cli import main
from tests.seeding import seed


@pytest.fixture
def run(workspace, capsys):
    seed(workspace)

    def run(*words):
        path = ["--workspace", str(workspace.path)]
        return main(["report", *map(str, words), *path]), capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("name", "words", "kind", "begins"),
    [
        ("a.html", [], "html", '<!doctype html>\n<html lang="en">'),
        ("a.md", [], "md", "# Report on seeded"),
        ("a.json", [], "json", "{"),
        ("a.txt", ["--format", "markdown"], "md", "# Report on seeded"),
        ("a.html", ["--language", "es"], "html", '<!doctype html>\n<html lang="es">'),
    ],
)
def test_a_report_is_written(run, tmp_path, name, words, kind, begins):
    status, told = run("seeded", "--to", tmp_path / name, "--json", *words)
    found = json.loads(told.out)
    assert (status, found["format"], found["file"]) == (0, kind, str(tmp_path / name))
    assert (tmp_path / name).read_text().startswith(begins)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["seeded", "--to", "a.pdf"], "this kind of file cannot be written"),
        (["seeded", "--to", "a.html", "--language", "xx"], "invalid choice"),
        (["nowhere", "--to", "a.html"], "nowhere"),
    ],
)
def test_bad_input_is_a_sentence(run, words, said):
    status, told = run(*words)
    assert status == 2 and said in told.err
