"""The laws of learning curves: parts that respect classes and groups, promises that are modest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.comparisons.learning_curve import learning_curve
from core.analysis.comparisons.power_law import fit_power_law
from core.analysis.comparisons.training_parts import subsets
from core.errors import NotReady

SEEDS = st.integers(0, 99)
SIZES = np.array([80, 140, 250, 450, 800])


@st.composite
def answers(draw):
    """Fits of three to five sizes in any order, and which of some test images they got right."""
    n_train = draw(st.permutations([10, 20, 40, 80, *draw(st.lists(st.just(20), max_size=3))]))
    rng = np.random.default_rng(draw(SEEDS))
    return np.array(n_train), rng.random((len(n_train), draw(st.integers(1, 40)))) < draw(
        st.floats(0, 1)
    )


@given(st.floats(0, 0.5), st.floats(0.05, 0.4), st.floats(0.1, 1.5))
def test_a_power_law_is_found_again(a, now_above, c):
    b = now_above * 800**c
    error = np.minimum(1.0, a + b * SIZES**-c)
    if (error == 1.0).any():
        return
    law = fit_power_law(SIZES, error)
    assert law.asymptote == pytest.approx(a, abs=2e-3)
    assert law.exponent == pytest.approx(c, abs=1e-2)
    np.testing.assert_allclose(law.error(4 * SIZES), a + b * (4.0 * SIZES) ** -c, atol=1e-3)


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_a_law_never_rises_and_stays_a_share(error):
    law = fit_power_law(SIZES, error)
    expected = law.error(np.geomspace(80, 3200, 20))
    assert (np.diff(expected) <= 1e-12).all()
    assert expected.min() >= 0 and expected.max() <= 1


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(3, 5))
def test_a_flat_curve_promises_nothing(right, n_sizes):
    curve = learning_curve(SIZES[:n_sizes], np.tile(right, (n_sizes, 1)), n_resamples=200)
    assert not curve.promises
    for gain in curve.gains.values():
        assert gain.value == pytest.approx(0, abs=1e-12) and gain.interval[0] < 1e-12


@given(answers(), SEEDS)
def test_the_order_of_fits_and_of_images_does_not_matter(given_answers, seed):
    n_train, right = given_answers
    rng = np.random.default_rng(seed)
    fits, images = rng.permutation(len(n_train)), rng.permutation(right.shape[1])
    first = learning_curve(n_train, right, n_resamples=50)
    moved = learning_curve(n_train[fits], right[fits][:, images], n_resamples=50)
    np.testing.assert_allclose(first.band, moved.band, atol=1e-9)
    np.testing.assert_allclose(first.expected, moved.expected, atol=1e-6)


@given(answers())
def test_every_number_lies_in_its_interval_and_is_a_share(given_answers):
    curve = learning_curve(*given_answers, n_resamples=50)
    for said in (*curve.accuracies, *curve.reached.values(), *curve.gains.values()):
        assert 0 <= said.interval[0] <= said.value <= said.interval[1] <= 1
    assert curve.gains[2].value <= curve.gains[4].value


@given(st.lists(st.integers(4, 40), min_size=2, max_size=4), SEEDS)
def test_parts_have_every_class_and_are_nested_within_a_repeat(n_of_class, seed):
    y = np.repeat(np.arange(len(n_of_class)), n_of_class)
    parts = subsets(y, seed=seed)
    assert [len(rows) for rows in parts] == sorted(len(rows) for rows in parts)
    assert parts[-1].tolist() == list(range(len(y)))
    for rows in parts:
        assert (np.diff(rows) > 0).all() and len(set(y[rows])) == len(n_of_class)
    assert all(any(set(small) <= set(large) for large in parts[5:]) for small in parts[:5])
    assert [rows.tolist() for rows in subsets(y, seed=seed)] == [rows.tolist() for rows in parts]


@given(st.lists(st.integers(0, 12), min_size=30, max_size=60), SEEDS)
def test_a_group_is_taken_whole_or_not_at_all(plants, seed):
    y = np.arange(len(plants)) % 2
    groups = [f"plant {p}" if p else None for p in plants]
    try:
        parts = subsets(y, groups=groups, seed=seed)
    except NotReady:
        return
    for rows in parts:
        taken = set(rows.tolist())
        for plant in set(groups) - {None}:
            of_plant = {row for row, group in enumerate(groups) if group == plant}
            assert not (of_plant & taken) or of_plant <= taken
