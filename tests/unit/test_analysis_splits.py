"""Splits: small labels, groups, given entries, refusals."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from core.analysis.splits import assign_splits
from core.errors import InvalidInput


def _counts(splits):
    return Counter(map(str, splits))


def test_a_thousand_images_get_exactly_the_shares_of_every_label():
    labels = ["a"] * 600 + ["b"] * 400
    splits = assign_splits(labels, seed=0)
    assert _counts(splits[:600]) == {"train": 420, "val": 90, "test": 90}
    assert _counts(splits[600:]) == {"train": 280, "val": 60, "test": 60}
    assert list(splits) != list(assign_splits(labels, seed=1))


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (1, {"train": 1}),
        (2, {"train": 1, "test": 1}),
        (3, {"train": 1, "val": 1, "test": 1}),
        (4, {"train": 2, "val": 1, "test": 1}),
        (7, {"train": 5, "val": 1, "test": 1}),
    ],
)
def test_small_labels_are_divided_as_documented(n, expected):
    assert _counts(assign_splits(["rare"] * n, seed=0)) == expected


def test_groups_stay_whole_and_the_shares_are_still_met():
    labels = ["a", "b"] * 300
    groups = [f"plant {i // 6}" for i in range(600)]
    splits = assign_splits(labels, groups, seed=0)
    assert all(len(set(splits[i : i + 6])) == 1 for i in range(0, 600, 6))
    counts = _counts(splits)
    assert counts["val"] == pytest.approx(90, abs=6)
    assert counts["test"] == pytest.approx(90, abs=6)


def test_a_group_follows_its_given_images():
    given = ["test", None, None, None, None, None]
    splits = assign_splits(["a"] * 6, ["g", "g", None, None, None, None], given, seed=0)
    assert list(splits[:2]) == ["test", "test"]
    assert "test" not in splits[2:]  # a given test set is closed


def test_a_published_test_set_is_kept_and_validation_comes_from_its_train():
    labels = ["a", "b"] * 500
    given = ["train"] * 800 + ["test"] * 200
    splits = assign_splits(labels, None, given, seed=0)
    assert (splits[800:] == "test").all()
    assert _counts(splits[:800]) == pytest.approx({"train": 659, "val": 141}, abs=3)
    untouched = assign_splits(labels, None, given, seed=0, complete=False)
    assert list(untouched) == given
    whole = ["train", "val", "test"] * 4
    assert list(assign_splits(["a"] * 12, None, whole, seed=0)) == whole
    assert set(assign_splits(["a"] * 3, None, ["test"] * 3, seed=0)) == {"test"}


def test_no_images_are_no_splits():
    assert assign_splits([], seed=0).shape == (0,)


def test_a_hundred_thousand_images_take_little_time():
    start = time.process_time()
    assign_splits([str(i % 10) for i in range(100_000)], seed=0)
    assert time.process_time() - start < 5.0  # measured: 0.4


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"shares": (0.5, 0.5, 0.5)}, "shares"),
        ({"shares": (1.2, -0.1, -0.1)}, "shares"),
        ({"given": ["train"]}, "given"),
        ({"given": ["train", "valid"]}, "unknown name"),
        ({"groups": ["g"]}, "groups"),
        ({"keys": ["k"]}, "keys"),
        ({"groups": ["g", "g"], "given": ["train", "test"]}, "two splits"),
    ],
)
def test_what_cannot_be_split_is_refused_in_a_sentence(arguments, what):
    with pytest.raises(InvalidInput, match=what):
        assign_splits(["a", "b"], **{"seed": 0, **arguments})
