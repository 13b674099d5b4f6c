"""The laws of splits: disjoint, complete, group-safe, seed-stable, as given."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.splits import assign_splits

SHARES = st.sampled_from([(0.7, 0.15, 0.15), (0.6, 0.2, 0.2), (0.5, 0.5, 0.0), (1.0, 0.0, 0.0)])


@st.composite
def _images(draw):
    """Labels, groups (most images have none) and keys."""
    n = draw(st.integers(0, 60))
    labels = draw(st.lists(st.sampled_from("abc"), min_size=n, max_size=n))
    group = st.one_of(st.none(), st.none(), st.integers(0, 8).map(str))
    groups = draw(st.lists(group, min_size=n, max_size=n))
    return labels, groups, [f"image-{i}" for i in range(n)]


@given(_images(), SHARES, st.integers(0, 99))
def test_every_image_has_one_split_and_groups_stay_whole(images, shares, seed):
    labels, groups, keys = images
    splits = assign_splits(labels, groups, shares=shares, seed=seed, keys=keys)
    assert len(splits) == len(labels)
    assert set(splits) <= {"train", "val", "test"}
    used = {group: set() for group in groups if group is not None}
    for group, split in zip(groups, splits, strict=True):
        if group is not None:
            used[group].add(str(split))
    assert all(len(names) == 1 for names in used.values())
    for name, share in zip(("train", "val", "test"), shares, strict=True):
        assert share > 0 or name not in splits


@given(_images(), st.integers(0, 99))
def test_the_draw_depends_on_seed_and_content_not_on_order(images, seed):
    labels, groups, keys = images
    rows = list(range(len(labels)))
    random.Random(seed).shuffle(rows)
    first = assign_splits(labels, groups, seed=seed, keys=keys)
    again = assign_splits(
        [labels[i] for i in rows],
        [groups[i] for i in rows],
        seed=seed,
        keys=[keys[i] for i in rows],
    )
    assert [first[i] for i in rows] == list(again)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=120), SHARES, st.integers(0, 9))
def test_each_label_is_divided_by_the_shares(labels, shares, seed):
    splits = assign_splits(labels, shares=shares, seed=seed)
    for label, n in Counter(labels).items():
        counts = Counter(str(s) for x, s in zip(labels, splits, strict=True) if x == label)
        for name, share in zip(("train", "val", "test"), shares, strict=True):
            assert counts[name] == pytest.approx(share * n, abs=2.0)
            assert counts[name] >= 1 or share == 0 or n < 3


@given(_images(), st.integers(0, 9), st.data())
def test_what_is_given_stays_and_published_held_out_sets_do_not_grow(images, seed, data):
    labels, _, keys = images
    given_split = st.sampled_from(["train", "val", "test", None, None])
    given = data.draw(st.lists(given_split, min_size=len(labels), max_size=len(labels)))
    splits = assign_splits(labels, None, given, seed=seed, keys=keys, complete=False)
    for before, after in zip(given, splits, strict=True):
        assert before is None or before == after
        assert before is not None or after == "train" or after not in given
