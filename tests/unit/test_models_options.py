"""Options: what a page draws, and what is refused."""

from __future__ import annotations

import dataclasses

import pytest

from core.errors import InvalidInput
from core.language import speaking, t
from core.models import ALGORITHMS, get_algorithm, options
from core.models.cnn import CnnOptions
from core.models.option_titles import TITLES
from core.models.probe import ProbeOptions


def test_describe_gives_type_default_range_and_help():
    fields = {f.name: f for f in options.describe(CnnOptions)}
    assert (fields["epochs"].kind, fields["flip"].kind) == (int, bool)
    assert fields["dropout"].kind is float
    assert (fields["dropout"].minimum, fields["dropout"].maximum) == (0.0, 0.9)
    assert fields["flip"].default is False and fields["flip"].minimum is None
    assert fields["schedule"].kind is str and fields["epochs"].choices == ()
    assert fields["schedule"].choices == ("cosine", "triangular", "constant")


def test_parse_fills_in_defaults_and_keeps_types():
    parsed = options.parse(ProbeOptions, {"epochs": 5.0, "l2": 3})
    assert parsed == dataclasses.replace(ProbeOptions(), epochs=5, l2=3.0)
    assert type(parsed.epochs) is int and type(parsed.l2) is float
    assert options.parse(ProbeOptions, {}) == ProbeOptions()
    assert options.parse(CnnOptions, {"schedule": "triangular"}).schedule == "triangular"


def test_a_choice_that_is_not_there_lists_those_that_are():
    with pytest.raises(InvalidInput, match="expected cosine or triangular or constant"):
        options.parse(CnnOptions, {"schedule": "linear"})


@pytest.mark.parametrize(
    "given",
    [
        {"epoch": 3},
        {"epochs": 0},
        {"epochs": 2.5},
        {"epochs": True},
        {"epochs": "3"},
        {"epochs": None},
        {"dropout": 0.95},
        {"dropout": float("nan")},
        {"learning_rate": float("inf")},
        {"flip": 1},
        {"schedule": 1},
        {"schedule": None},
        {"schedule": ["cosine"]},
    ],
)
def test_parse_refuses(given):
    with pytest.raises(InvalidInput, match="option"):
        options.parse(CnnOptions, given)


def test_unknown_algorithm_lists_the_known():
    with pytest.raises(InvalidInput, match=f"expected {' or '.join(ALGORITHMS)}; received forest"):
        get_algorithm("forest")


@pytest.mark.parametrize("entry", ALGORITHMS.values(), ids=lambda entry: entry.name)
def test_every_option_has_a_title_and_a_translation(entry):
    for field in options.describe(entry.options):
        assert field.title == TITLES[field.name]
        with speaking("es"):
            assert t(field.help) != field.help


def test_no_title_is_left_of_an_option_that_is_gone():
    there = {f.name for entry in ALGORITHMS.values() for f in options.describe(entry.options)}
    assert set(TITLES) == there
