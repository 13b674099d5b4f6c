"""JSON into dataclasses: what a class declares is taken, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.services.exports.typed import from_json


@dataclass(frozen=True)
class Inner:
    n: int


@dataclass(frozen=True)
class Outer:
    name: str
    share: float
    on: bool
    inner: tuple[Inner, ...]
    by_name: Mapping[str, Inner]
    maybe: str | None


GOOD = {"name": "a", "share": 1, "on": True, "inner": [{"n": 1}], "by_name": {}, "maybe": None}
printable = st.text(max_size=20).filter(str.isprintable)
inner = st.builds(Inner, st.integers(-(2**53), 2**53))
outer = st.builds(
    Outer,
    printable,
    st.floats(-1e9, 1e9),
    st.booleans(),
    st.lists(inner, max_size=3).map(tuple),
    st.dictionaries(printable, inner, max_size=3),
    st.none() | printable,
)


@given(outer)
def test_what_was_written_is_read(value):
    assert from_json(Outer, json.dumps(asdict(value))) == value


def test_a_whole_number_is_a_float_where_one_is_declared():
    found = from_json(Outer, json.dumps(GOOD))
    assert found.share == 1.0 and type(found.share) is float


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", 1, "it.name is not printable text"),
        ("name", "a\nb", "it.name is not printable text"),
        ("name", "x" * 2_001, "it.name is not printable text"),
        ("share", True, "it.share is not a number"),
        ("share", "1", "it.share is not a number"),
        ("share", 1e300, "it.share is not a number"),
        ("on", 1, "it.on is not bool"),
        ("inner", {}, "it.inner is not a list"),
        ("inner", [{"n": True}], r"it.inner\[0\].n is not int"),
        ("inner", [{"n": 1.0}], r"it.inner\[0\].n is not int"),
        ("inner", [{"n": 2**53 + 1}], r"it.inner\[0\].n is not int"),
        ("inner", [{"n": 1, "m": 1}], r"it.inner\[0\] is not an object without 'm'"),
        ("inner", [{}], r"it.inner\[0\] is not an object with n"),
        ("by_name", [], "it.by_name is not an object"),
        ("by_name", {"a": None}, "it.by_name.a is not an object"),
        ("maybe", 0, "it.maybe is not printable text"),
    ],
)
def test_anything_else_is_refused_by_name(field, value, said):
    with pytest.raises(ValueError, match=said):
        from_json(Outer, json.dumps(GOOD | {field: value}))


@pytest.mark.parametrize("text", ["NaN", "[" * 100_000, '{"n": 1, "n": 2}', "", "1", "null"])
def test_what_is_no_object_of_the_kind_is_refused(text):
    with pytest.raises(ValueError):
        from_json(Inner, text)
