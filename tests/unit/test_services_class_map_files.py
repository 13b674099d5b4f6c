"""Files of class maps: what is refused, and with which sentence."""

from __future__ import annotations

import json

import pytest

from core.errors import InvalidInput
from core.services.class_map_files import MOST_BYTES, kind_of, read_class_map

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
