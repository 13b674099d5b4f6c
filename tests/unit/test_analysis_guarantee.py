"""A threshold with a guarantee: the promise is kept as often as promised, or not made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from core.analysis.cascades.guarantee import N_GRID, guarantee, n_needed, upper_bound
from core.errors import InvalidInput

NOTHING = (np.empty(0), np.empty(0, dtype=bool))
N_SIMULATED = 1000


@given(st.integers(0, 60), st.integers(1, 300), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_the_bound_is_the_rate_at_which_so_few_errors_are_just_this_rare(k, n, confidence):
    k = min(k, n)
    bound = float(upper_bound(k, n, confidence))
    assert k / n <= bound <= 1.0
    if k < n:
        assert binom.cdf(k, n, bound) == pytest.approx(1 - confidence, rel=1e-6)


def test_without_images_nothing_is_known():
    assert upper_bound([0], [0], 0.95).tolist() == [1.0]
    found = guarantee(NOTHING, NOTHING, 0.05)
    assert found.threshold is None and found.n_missing == found.n_needed == 59


@given(st.floats(0.005, 0.5), st.sampled_from([0.9, 0.95, 0.99]))
def test_so_many_images_without_an_error_are_needed_and_no_fewer(max_error, confidence):
    n = n_needed(max_error, confidence)
    assert upper_bound(0, n, confidence) <= max_error + 1e-12
    assert n == 1 or upper_bound(0, n - 1, confidence) > max_error


@pytest.mark.parametrize(("n", "held"), [(58, False), (59, True)])
def test_59_images_without_an_error_promise_5_percent_and_58_do_not(n, held):
    perfect = np.full(n, 0.9), np.ones(n, dtype=bool)
    found = guarantee(perfect, perfect, 0.05)
    assert (found.threshold is not None) is held
    assert found.n_missing == 59 - n
    if held:
        assert found.threshold == 0.9 and found.upper_bound <= 0.05


@given(st.integers(0, 2**31), st.floats(0.02, 0.4))
def test_what_is_promised_follows_from_the_images(seed, max_error):
    rng = np.random.default_rng(seed)
    confidence = rng.beta(5, 1, 400).round(2)
    right = rng.random(400) < confidence
    found = guarantee((confidence[:150], right[:150]), (confidence[150:], right[150:]), max_error)
    if found.threshold is not None:
        kept = confidence[150:] >= found.threshold
        assert found.n_accepted == kept.sum() and found.n_errors == (~right[150:])[kept].sum()
        assert found.upper_bound <= max_error
        assert found.threshold * (N_GRID - 1) == pytest.approx(
            round(found.threshold * (N_GRID - 1))
        )


@pytest.mark.parametrize(("max_error", "confidence"), [(0, 0.95), (1, 0.95), (0.05, 1), (0.05, 0)])
def test_what_is_no_promise_is_refused(max_error, confidence):
    with pytest.raises(InvalidInput):
        guarantee(NOTHING, NOTHING, max_error, confidence)


def test_a_confidence_that_is_no_share_is_refused():
    with pytest.raises(InvalidInput):
        guarantee(NOTHING, (np.array([1.5]), np.array([True])), 0.05)


def draw(rng, n, kind):
    """Return confidences and answers of a model that is right about itself, too sure, or odd."""
    confidence = rng.beta(12, 1, n)
    truth = {
        "calibrated": confidence,
        "too sure": confidence - 0.04,
        "odd": np.where(confidence > 0.98, 0.93, confidence),  # worst where it is surest
    }[kind]
    return confidence, rng.random(n) < truth


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["calibrated", "too sure", "odd"])
@pytest.mark.parametrize("n", [100, 300, 1000, 3000])
@pytest.mark.parametrize("max_error", [0.03, 0.06, 0.1])
def test_the_promise_is_broken_at_most_as_often_as_it_says(kind, n, max_error):
    rng = np.random.default_rng([n, round(100 * max_error), len(kind)])
    sure, right = draw(rng, 2_000_000, kind)
    order = np.argsort(sure)
    sure, wrong = sure[order], np.cumsum(~right[order][::-1])[::-1]
    n_broken = 0
    for _ in range(N_SIMULATED):
        found = guarantee(draw(rng, n // 2, kind), draw(rng, n, kind), max_error)
        if found.threshold is not None:
            at = np.searchsorted(sure, found.threshold)
            n_broken += wrong[at] / (len(sure) - at) > max_error
    # at most 5 % of the time; three standard errors of a simulation on top
    assert n_broken / N_SIMULATED <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / N_SIMULATED)


@pytest.mark.slow
def test_with_enough_images_the_promise_is_made():
    rng = np.random.default_rng(0)
    made = [
        guarantee(draw(rng, 1500, "calibrated"), draw(rng, 3000, "calibrated"), 0.06).threshold
        for _ in range(100)
    ]
    assert np.mean([threshold is not None for threshold in made]) > 0.9
