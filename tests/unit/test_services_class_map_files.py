"""Files of class maps: what is refused, and with which sentence."""

from __future__ import annotations

import json

import pytest

from core.cli import main
from core.errors import InvalidInput
from core.services.classes.class_map_files import MOST_BYTES, kind_of, read_class_map
from core.settings import load_settings
from core.store.database import open_workspace
from tests.seeding import seed

LABELS = ("a", "b", "c")
CSV = "label,class\na,x\nb,x\nc,c\n"


def read(text, kind="csv"):
    return read_class_map(text.encode() if isinstance(text, str) else text, kind, LABELS)


def test_a_csv_gives_every_label_its_class_in_label_order():
    shuffled = "label,class\nc,c\nb,x\na,x\n"
    assert list(read(shuffled).class_of.items()) == [("a", "x"), ("b", "x"), ("c", "c")]
    assert read(CSV).class_of == read(shuffled).class_of


@pytest.mark.parametrize(
    "text", [CSV.replace("\n", "\r\n"), "\ufeff" + CSV, CSV.replace(",", ";"), CSV + "\n\n"]
)
def test_what_spreadsheets_write_is_read(text):
    assert read(text).class_of == {"a": "x", "b": "x", "c": "c"}


def as_json(**changes):
    return json.dumps({"class_of": {"a": "x", "b": "x", "c": "c"}, "name": "two", **changes})


def test_a_json_brings_its_name_and_reason():
    found = read(as_json(why="they overlap\nin autumn", who="Ana"), "json")
    assert (found.name, found.why, found.who) == ("two", "they overlap\nin autumn", "Ana")


def test_control_characters_of_strangers_are_escaped():
    assert read(as_json(name="a\x1bb"), "json").name == r"a\x1bb"
    assert read(as_json(class_of={"a": "x\ny", "b": "b", "c": "c"}), "json").class_of["a"] == (
        r"x\x0ay"
    )


@pytest.mark.parametrize(
    ("text", "kind", "sentence"),
    [
        ("", "csv", "label,class"),
        ("label;name\na;b\n", "csv", "label,class"),
        ("label,class\na,x\nb\nc,c\n", "csv", "row 2"),
        ("label,class\na,x\nb,x\n", "csv", "without \\['c'\\]"),
        (CSV + "d,x\n", "csv", "also \\['d'\\]"),
        (CSV + "a,y\n", "csv", "a twice"),
        ("label,class\na,x\nb, \nc,c\n", "csv", "no name"),
        (b"label,class\na,\xff\n", "csv", "UTF-8"),
        ("[" * 100_000, "json", "no JSON"),
        ("[1]", "json", "no class map"),
        ('{"classes": 3}', "json", "keys classes"),
        ('{"class_of": {"a": "x", "a": "y"}}', "json", "a twice"),
        (as_json(class_of={"a": 1, "b": "x", "c": "x"}), "json", "texts only"),
        (as_json(name=None), "json", "texts only"),
        (as_json(class_of={"a": "x"}), "json", "without \\['b', 'c'\\]"),
        (b" " * (MOST_BYTES + 1), "json", "too large"),
        (CSV, "xlsx", ".json or .csv"),
    ],
)
def test_what_is_no_class_map_is_one_sentence(text, kind, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        read(text, kind)


def test_the_end_of_a_name_decides_the_kind():
    assert (kind_of("five.JSON"), kind_of("a.b.csv")) == ("json", "csv")
    with pytest.raises(InvalidInput, match=r"\.json or \.csv"):
        kind_of("five")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    ws = open_workspace(load_settings(tmp_path_factory.mktemp("files") / "workspace"))
    seed(ws)
    yield ws
    ws.close()


def command(ws, capsys, *words):
    status = main([*map(str, words), "--workspace", str(ws.path), "--json"])
    said = capsys.readouterr()
    return status, json.loads(said.out) if status == 0 else said.err


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_the_command_line_writes_a_class_map_and_reads_it_back(seeded, capsys, tmp_path, kind):
    file = tmp_path / f"three.{kind}"
    _, written = command(seeded, capsys, "map", "seeded", "--to", file, "--class-map", "three@1")
    assert (written["name"], written["version"]) == ("three", 1)
    assert written["classes"] == ["A", "B", "C+D"]
    status, read = command(seeded, capsys, "map", "seeded", "--from", file, "--name", kind)
    assert status == 0
    assert (read["name"], read["version"]) == (kind, 1)
    assert read["class_of"] == {"A": "A", "B": "B", "C": "C+D", "D": "C+D"}


def test_the_newest_is_written_unless_one_is_named_and_a_json_brings_its_name(
    seeded, capsys, tmp_path
):
    file = tmp_path / "last.json"
    _, saved = command(seeded, capsys, "map", "seeded", "--merge", "A+B", "--name", "newest")
    _, written = command(seeded, capsys, "map", "seeded", "--to", file)
    assert written["class_map"] == saved["class_map"]
    _, read = command(seeded, capsys, "map", "seeded", "--from", file)
    assert (read["name"], read["version"]) == ("newest", 2)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--from", "nowhere.json", "--name", "x"], "cannot be read"),
        (["--to", "nowhere/there.json"], "cannot be written"),
        (["--to", "three.xlsx"], ".json or .csv"),
        (["--to", "three.csv", "--class-map", "none"], "no such class map"),
        (["--merge", "A+B"], "--name"),
        (["--merge", "A+B", "--to", "three.csv"], "not allowed"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(seeded, capsys, words, sentence):
    status, said = command(seeded, capsys, "map", "seeded", *words)
    assert status == 2
    assert sentence in said
    assert said.count("\n") == 1
