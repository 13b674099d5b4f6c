"""Slices beside the rest: counts, tests against SciPy, and what chance alone calls a finding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact
from sklearn.metrics import accuracy_score

from core.analysis import metrics
from core.analysis.comparisons import slices
from core.analysis.comparisons.luminance import brightness_and_contrast
from core.analysis.comparisons.paired import holm
from core.analysis.comparisons.slices import Slice
from core.errors import InvalidInput


@settings(deadline=None)  # a busy machine is no mistake
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=40))
def test_slice_and_rest_are_counted(images):
    codes, right = (np.array(column) for column in zip(*images, strict=True))
    for code, found in enumerate(slices.slices(right, codes, 4)):
        inside = codes == code
        if found is None:
            assert inside.all() or not inside.any()
            continue
        assert found.accuracy == accuracy_score(np.ones(inside.sum()), right[inside])
        assert found.difference == pytest.approx(right[inside].mean() - right[~inside].mean())
        assert found.n_images + found.n_rest == len(right)
        assert found.accuracy_ci == metrics.wilson_interval(found.n_right, found.n_images)


@pytest.mark.parametrize("counts", [(20, 8, 100, 80), (3, 0, 10, 10), (5, 5, 5, 5)])
def test_few_images_are_tested_exactly(counts):
    n, k, rest, rest_right = counts
    wanted = fisher_exact([[k, n - k], [rest_right, rest - rest_right]]).pvalue
    assert Slice(*counts).p_value == pytest.approx(wanted)


def test_of_many_images_the_two_tests_say_the_same():
    found = Slice(5_000, 4_430, 20_000, 18_000)
    wanted = fisher_exact([[4_430, 570], [18_000, 2_000]]).pvalue
    assert found.p_value == pytest.approx(wanted, rel=0.15)


def test_few_errors_among_many_images_are_still_tested_exactly():
    found = Slice(100, 98, 100_000, 99_999)
    assert found.p_value == pytest.approx(fisher_exact([[98, 2], [99_999, 1]]).pvalue)


@settings(deadline=None)  # a busy machine is no mistake
@given(st.lists(st.integers(0, 6), min_size=1, max_size=40), st.integers(1, 5))
def test_parts_follow_values_and_say_their_range(values, n_parts):
    codes, ranges = slices.parts_of_equal_size(values, n_parts)
    assert set(codes) == set(range(len(ranges)))
    for value, code in zip(values, codes, strict=True):
        assert ranges[code][0] <= value <= ranges[code][1]
    assert all(a[1] < b[0] for a, b in zip(ranges, ranges[1:], strict=False))


def test_quarters_are_quarters():
    codes, ranges = slices.parts_of_equal_size(np.arange(40), 4)
    assert np.bincount(codes).tolist() == [10] * 4
    assert ranges[0] == (0.0, 9.0)


def test_what_cannot_be_sliced_is_refused():
    with pytest.raises(InvalidInput, match="same images"):
        slices.slices([True], [0, 1], 2)
    with pytest.raises(InvalidInput, match="codes has a class"):
        slices.slices([True], [2], 2)


def test_brightness_and_contrast_by_hand():
    grey = np.full((1, 4, 4, 3), 51, np.uint8)
    green = np.zeros((1, 4, 4, 3), np.uint8)
    green[..., 1] = 255
    checks = np.zeros((1, 4, 4, 3), np.uint8)
    checks[:, ::2, ::2] = checks[:, 1::2, 1::2] = 255
    found = brightness_and_contrast(np.concatenate([grey, green, checks]))
    assert found == pytest.approx(np.array([[0.2, 0], [0.7152, 0], [0.5, 0.5]]), abs=1e-6)


def test_large_images_are_looked_at_on_a_grid_and_many_in_pieces():
    rng = np.random.default_rng(0)
    large = rng.integers(0, 256, (3, 200, 200, 3), dtype=np.uint8)
    luma = large.astype(float) @ [0.2126, 0.7152, 0.0722] / 255
    assert brightness_and_contrast(large)[:, 0] == pytest.approx(luma.mean((1, 2)), abs=0.01)
    many = rng.integers(0, 256, (1_100, 2, 2, 3), dtype=np.uint8)
    each = np.concatenate([brightness_and_contrast(one[None]) for one in many])
    assert brightness_and_contrast(many) == pytest.approx(each)


def test_only_colour_images_have_a_luma():
    with pytest.raises(InvalidInput, match="colour images"):
        brightness_and_contrast(np.zeros((1, 2, 2), np.uint8))


@pytest.mark.slow
def test_where_nothing_differs_a_finding_is_rare():
    rng = np.random.default_rng(0)
    false_alarms = 0
    for _ in range(400):
        right = rng.random(300) < 0.8
        found = [
            its
            for n in (7, 4, 4, 4)
            for its in slices.slices(right, rng.integers(0, n, 300), n)
            if its is not None
        ]
        false_alarms += bool(holm([its.p_value for its in found]).min() < 0.05)
    assert false_alarms / 400 <= 0.075  # at most 0.05, with a standard error of 0.011
