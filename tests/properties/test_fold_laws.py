"""The laws of folds: disjoint, complete, group-safe, seed-stable, even, blind to held-out y."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from core.analysis.folds import assign_folds, nested_folds

SEEDS = st.integers(0, 99)


@st.composite
def _images(draw, grouped: bool = True):
    """Classes, groups (most images have none), keys, and a number of folds they allow."""
    n = draw(st.integers(2, 60))
    y = np.array(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    group = st.one_of(st.none(), st.none(), st.integers(0, 8).map(str)) if grouped else st.none()
    groups = draw(st.lists(group, min_size=n, max_size=n))
    n_units = groups.count(None) + len(set(groups) - {None})
    assume(n_units >= 2)
    n_folds = draw(st.integers(2, min(10, n_units)))
    return y, n_folds, {"groups": groups, "keys": [f"image-{i}" for i in range(n)]}


@given(_images(), SEEDS)
def test_every_image_is_left_out_once_with_its_group(images, seed):
    y, n_folds, names = images
    fold = assign_folds(y, n_folds, **names, seed=seed)
    assert sorted(set(fold.tolist())) == list(range(n_folds))
    _check_whole(names["groups"], fold)


@given(_images(), SEEDS)
def test_the_draw_depends_on_seed_and_content_not_on_order(images, seed):
    y, n_folds, names = images
    rows = list(range(len(y)))
    random.Random(seed).shuffle(rows)
    first = assign_folds(y, n_folds, **names, seed=seed)
    moved = {name: [column[row] for row in rows] for name, column in names.items()}
    assert first[rows].tolist() == assign_folds(y[rows], n_folds, **moved, seed=seed).tolist()


@given(_images(grouped=False), SEEDS)
def test_without_groups_classes_and_folds_are_even_up_to_one_image(images, seed):
    y, n_folds, names = images
    fold = assign_folds(y, n_folds, **names, seed=seed)
    assert np.ptp(np.bincount(fold, minlength=n_folds)) <= 1
    for of_class in np.unique(y):
        assert np.ptp(np.bincount(fold[y == of_class], minlength=n_folds)) <= 1


@given(_images(), SEEDS)
def test_each_fold_divides_all_images_and_no_group(images, seed):
    y, n_folds, names = images
    folds = nested_folds(assign_folds(y, n_folds, **names, seed=seed), y, **names, seed=seed)
    assert len(folds) == n_folds
    for fold in folds:
        part = np.full(len(y), -1)
        for number, rows in enumerate((fold.train, fold.val, fold.held_out)):
            assert (part[rows] == -1).all() and (np.diff(rows) > 0).all()
            part[rows] = number
        assert (part >= 0).all()
        _check_whole(names["groups"], part)
    held_out = np.concatenate([fold.held_out for fold in folds])
    assert sorted(held_out.tolist()) == list(range(len(y)))


@given(_images(grouped=False), SEEDS)
def test_a_class_that_two_folds_hold_can_always_be_learned(images, seed):
    y, n_folds, names = images
    of_image = assign_folds(y, n_folds, **names, seed=seed)
    for fold in nested_folds(of_image, y, **names, seed=seed):
        rest = np.setdiff1d(np.arange(len(y)), fold.held_out)
        assert set(y[fold.train].tolist()) == set(y[rest].tolist())


@given(_images(), SEEDS, st.data())
def test_the_labels_of_what_is_left_out_do_not_matter(images, seed, data):
    y, n_folds, names = images
    of_image = assign_folds(y, n_folds, **names, seed=seed)
    number = data.draw(st.integers(0, n_folds - 1))
    other = np.where(of_image == number, 3 - y, y)
    first = nested_folds(of_image, y, **names, seed=seed)[number]
    again = nested_folds(of_image, other, **names, seed=seed)[number]
    assert first.train.tolist() == again.train.tolist()
    assert first.val.tolist() == again.val.tolist()


def _check_whole(groups, part):
    """Assert that no group is in two parts."""
    found = {}
    for group, number in zip(groups, part.tolist(), strict=True):
        assert group is None or found.setdefault(group, number) == number
