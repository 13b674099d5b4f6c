"""Folds in the cases that have a name; the laws are in tests/properties."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis.folds import assign_folds, nested_folds
from core.errors import InvalidInput


def test_another_seed_is_another_draw_and_a_larger_class_does_not_crowd_out_a_small_one():
    y = np.repeat([0, 1], [100, 5])
    first, other = (assign_folds(y, 5, seed=seed) for seed in (0, 1))
    assert (first != other).any()
    assert np.bincount(first[y == 1]).tolist() == [1, 1, 1, 1, 1]


def test_groups_of_equal_content_are_spread_as_images_would_be():
    groups = [f"plant {row // 4}" for row in range(80)]  # 20 groups of four images
    y = np.arange(80) // 4 % 2
    fold = assign_folds(y, 5, groups=groups, seed=0)
    assert np.bincount(fold * 2 + y).tolist() == [8] * 10


def test_single_images_fill_what_groups_left_uneven():
    groups = ["plant"] * 6 + [None] * 14
    fold = assign_folds(np.zeros(20, np.int64), 2, groups=groups, seed=0)
    assert np.bincount(fold).tolist() == [10, 10]


def test_a_class_with_fewer_images_than_folds_is_missing_from_some():
    y = np.repeat([0, 1], [20, 2])
    of_image = assign_folds(y, 5, seed=0)
    assert len(set(of_image[y == 1].tolist())) == 2
    assert all((y[fold.train] == 1).any() for fold in nested_folds(of_image, y, seed=0))


def test_about_fifteen_percent_of_each_class_decide_when_to_stop_and_others_in_every_fold():
    y = np.arange(500) % 5
    folds = nested_folds(assign_folds(y, 5, seed=0), y, seed=0)
    for fold in folds:
        assert np.bincount(y[fold.val]).tolist() == [12] * 5
    shared = set(folds[0].val.tolist()) & set(folds[1].val.tolist())
    assert len(shared) < 30  # by chance 0.15 * 60 * 0.8 or so; a fixed draw would share about 48


@pytest.mark.parametrize(
    ("n", "n_folds", "names"),
    [
        (10, 1, {}),
        (3, 4, {}),
        (0, 2, {}),
        (4, 3, {"groups": ["a", "a", "b", "b"]}),
        (4, 2, {"keys": ["a"]}),
        (4, 2, {"groups": ["a"]}),
    ],
)
def test_what_cannot_be_divided_is_refused(n, n_folds, names):
    with pytest.raises(InvalidInput):
        assign_folds(np.zeros(n, np.int64), n_folds, **names, seed=0)
