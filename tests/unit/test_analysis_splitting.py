"""Labels that are really two: separation, stability and what is said."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from core.analysis.clusters import clustering, consensus, separation, splitting
from core.errors import InvalidInput, JobCancelled


def _cloud(rng, n, *, stretch=4.0):
    """One stretched Gaussian cloud in 16 dimensions."""
    scale = np.r_[stretch, np.ones(15)]
    return (rng.normal(size=(n, 16)) * scale).astype(np.float32)


def _halves(x):
    return (x[:, 0] > 0).astype(np.int64)


def test_halves_of_a_stretched_cloud_are_not_apart_and_two_clouds_are():
    rng = np.random.default_rng(0)
    one = _cloud(rng, 400)
    assert not separation.split(one, _halves(one), rng).apart
    two = _cloud(rng, 400)
    two[:200, 1] += 12.0
    side = np.repeat([1, 0], 200)
    found = separation.split(two, side, rng)
    assert found.apart
    assert found.gap > 5 * found.error > 0


def test_a_split_into_nothing_or_of_equal_images_is_not_apart():
    rng = np.random.default_rng(0)
    x = _cloud(rng, 30)
    for images, second in ((x, np.zeros(30, dtype=int)), (np.ones_like(x), np.arange(30) % 2)):
        found = separation.split(images, second, rng)
        assert found == (0.0, 0.0)
        assert not found.apart


def test_the_pair_that_is_least_apart_decides():
    rng = np.random.default_rng(0)
    x = np.concatenate([_cloud(rng, 300), _cloud(rng, 100, stretch=1.0) + 20.0])
    far = np.repeat([0, 1], [300, 100])
    assert separation.least_apart(x, far, 2, rng).apart
    cut = np.where(far == 1, 2, _halves(x))
    assert not separation.least_apart(x, cut, 3, rng).apart
    assert separation.least_apart(x, far, 3, rng) is None  # the third is empty


def test_stray_images_are_no_cluster_however_far_they_are():
    rng = np.random.default_rng(0)
    x = _cloud(rng, 300, stretch=1.0)
    for n_far in (9, 10):
        moved = x + np.where(np.arange(300) < n_far, 50.0, 0.0)[:, None].astype(np.float32)
        second = (np.arange(300) < n_far).astype(np.int64)
        found = separation.least_apart(moved, second, 2, rng)
        assert found is None if n_far < 10 else found.apart


def test_the_pac_counts_pairs_whose_company_changes():
    rows = [np.array([0, 1, 2])] * 10
    steady = [np.array([0, 0, 1])] * 10
    assert consensus.pac(3, rows, steady, 2) == 0.0
    once = [*steady[:9], np.array([0, 1, 1])]  # 9 of 10 together, 1 of 10 together: certain
    assert consensus.pac(3, rows, once, 2) == 0.0
    twice = [*steady[:8], *[np.array([0, 1, 1])] * 2]
    assert consensus.pac(3, rows, twice, 2) == pytest.approx(2 / 3)
    apart = [np.array([0]), np.array([1])]
    assert consensus.pac(2, apart, [np.array([0]), np.array([0])], 1) == 0.0  # never met


def test_a_label_made_of_two_digits_splits_and_the_ten_digits_do_not():
    digits = load_digits()
    x = clustering.reduce(digits.data)
    y = np.where(digits.target == 1, 0, digits.target)
    found = splitting.suggest_splits(x, y, 10)
    assert [split.label for split in found] == list(range(10))
    assert [split.verdict for split in found] == ["splits in two", "too few images"] + ["one"] * 8
    two = found[0]
    assert two.sizes == (int((two.groups == 0).sum()), int((two.groups == 1).sum()))
    assert two.p_value < 0.001
    assert two.stability > 0.95
    assert two.looks_like == (None, None)
    own = y == 0
    assert clustering.agreement(two.groups[own], digits.target[own])["ari"] > 0.9
    assert (two.groups[~own] == -1).all()


def test_a_group_that_lies_in_another_label_is_called_by_its_name():
    rng = np.random.default_rng(0)
    x = np.concatenate([_cloud(rng, 300, stretch=1.0), _cloud(rng, 150, stretch=1.0) + 5.0])
    y = np.repeat([0, 1, 1], [250, 50, 150])  # 50 images of the first cloud carry the other label
    found = splitting.suggest_splits(x, y, 2)
    assert [split.verdict for split in found] == ["one", "splits in two"]
    assert found[1].sizes == (150, 50)
    assert found[1].looks_like == (None, 0)


def test_a_few_stray_images_are_no_second_class():
    rng = np.random.default_rng(0)
    x = _cloud(rng, 200, stretch=1.0)
    x[:4] += 30.0
    found = splitting.suggest_splits(x, np.zeros(200, dtype=int), 1)[0]
    assert found.sizes == (196, 4)
    assert found.p_value < 0.05
    assert found.verdict == "one"


@pytest.mark.parametrize("n", [0, 1, 19])
def test_too_few_images_are_called_so(n):
    x = np.random.default_rng(0).normal(size=(n + 40, 3))
    found = splitting.suggest_splits(x, np.repeat([0, 1], [n, 40]), 2)
    assert found[0].verdict == "too few images"
    assert found[0].sizes == (n, 0)
    assert found[1].verdict == "one"


def test_holm_never_falls_and_never_exceeds_one():
    assert splitting.holm([]) == []
    assert splitting.holm([0.5, 0.9, 0.001]) == [1.0, 1.0, 0.003]


def test_splitting_can_be_cancelled_and_refuses_what_does_not_match():
    x = np.random.default_rng(0).normal(size=(40, 3))

    def cancel(share, text):
        raise JobCancelled("asked to stop")

    with pytest.raises(JobCancelled):
        splitting.suggest_splits(x, np.zeros(40, dtype=int), 1, report=cancel)
    with pytest.raises(InvalidInput, match="same images"):
        splitting.suggest_splits(x, np.zeros(39, dtype=int), 1)


@pytest.mark.slow
def test_labels_that_are_one_cloud_are_called_two_at_most_as_often_as_promised():
    """Gaussian, heavy-tailed and graded labels: 5 % of 30 data sets of 6 labels would be 1.5."""
    wrong = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        clouds = [_cloud(rng, 80, stretch=s) for s in (1.0, 3.0, 9.0)]
        clouds += [rng.standard_t(4, size=(80, 16)), rng.random((80, 16))]
        clouds.append(rng.random((80, 1)) * 5.0 + rng.normal(size=(80, 16)))
        y = np.repeat(np.arange(6), 80)
        found = splitting.suggest_splits(clustering.reduce(np.concatenate(clouds)), y, 6, seed)
        wrong += any(split.verdict == "splits in two" for split in found)
    assert wrong <= 3
