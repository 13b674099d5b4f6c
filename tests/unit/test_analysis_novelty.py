"""Distances to the training images: hand calculations, and that the tests err as they promise."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis import novelty
from core.errors import InvalidInput

RNG = np.random.default_rng(0)


def test_the_nearest_is_that_of_the_largest_cosine():
    vectors, reference = RNG.normal(size=(20, 5)), RNG.normal(size=(30, 5)).astype(np.float32)
    rows, distances = novelty.nearest(vectors, reference)
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (vectors, reference)]
    cosine = unit[0] @ unit[1].T
    assert rows.tolist() == cosine.argmax(axis=1).tolist()
    assert distances == pytest.approx(1.0 - cosine.max(axis=1), abs=1e-6)


@pytest.mark.parametrize("vectors", [np.ones((2, 3)), np.empty((0, 5)), [[np.nan] * 5]])
def test_what_cannot_be_compared_is_refused(vectors):
    with pytest.raises(InvalidInput):
        novelty.nearest(vectors, np.ones((4, 5)))


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(-1, 10))
def test_a_p_value_is_one_more_of_the_held_out(held_out, distance):
    (value,) = novelty.p_values([distance], held_out)
    n_as_far = sum(known >= distance for known in held_out)
    assert value == pytest.approx((1 + n_as_far) / (1 + len(held_out)))


@pytest.mark.parametrize(("n_far", "n_new"), [(0, 4), (1, 4), (5, 10), (10, 10)])
def test_with_19_held_out_it_is_a_matter_of_counting(n_far, n_new):
    """All of `n_far` are beyond the largest of 19: the farthest of all n_new + 19 are new."""
    found = novelty.drift([99.0] * n_far + [0.0] * (n_new - n_far), np.arange(19))
    assert (found.n_far, found.threshold, found.expected_rate) == (n_far, 18.0, 0.05)
    assert found.p_value == pytest.approx(comb(n_new, n_far) / comb(n_new + 19, n_far))


def test_with_many_held_out_it_is_the_binomial_test():
    from scipy.stats import binomtest

    found = novelty.drift([2.0] * 9 + [0.0] * 91, np.linspace(0, 1, 1_000_000))
    expected = binomtest(9, 100, 0.05, alternative="greater").pvalue
    assert found.p_value == pytest.approx(expected, rel=1e-3)
    assert found.far_rate == 0.09


@pytest.mark.parametrize("n_held_out", [19, 60, 400])
def test_images_of_the_same_kind_are_warned_of_no_oftener_than_promised(n_held_out):
    """The rate is estimated: a plain binomial test with 60 held out would err far oftener."""
    rng = np.random.default_rng(n_held_out)
    n_trials, level = 2_000, 0.05
    values = [
        novelty.drift(rng.normal(size=200), rng.normal(size=n_held_out)).p_value
        for _ in range(n_trials)
    ]
    assert np.mean(np.array(values) <= level) <= level + 3 * np.sqrt(level * 0.95 / n_trials)


def test_nothing_is_said_without_enough_images():
    assert novelty.drift([], np.arange(100)) is None
    assert novelty.drift([1.0], np.arange(18)) is None
    assert novelty.drift([1.0], []) is None
    with pytest.raises(InvalidInput):
        novelty.drift([1.0], np.arange(100), rate=1.0)
