"""The noise floor of the calibration error: what a perfectly calibrated model shows by chance."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis import calibration
from core.analysis.comparisons import noise_floor as module
from core.errors import InvalidInput


def _answers(n, seed=0, sharpness=1.0):
    """Confidences, and answers that are right as often as confidence ** sharpness says."""
    rng = np.random.default_rng(seed)
    sure = rng.beta(5, 1, n)
    return sure, rng.random(n) < sure**sharpness


def noise_floor(sure, right, **how):
    return module.noise_floor(module.claims(sure, right, **how))


def _error(sure, right):
    return calibration.calibration_error(calibration.reliability_of(sure, right))


@pytest.mark.parametrize("n", [157, 5_000])  # below and above what is drawn image by image
def test_it_is_that_of_a_plain_simulation(n):
    sure, right = _answers(n)
    rng = np.random.default_rng(1)
    plain = [_error(sure, rng.random(n) < sure) for _ in range(1_000)]
    found = noise_floor(sure, right)
    assert found.mean == pytest.approx(np.mean(plain), rel=0.03)
    assert found.high == pytest.approx(np.quantile(plain, 0.95), rel=0.06)


def test_the_gap_is_that_of_the_whole():
    sure, right = _answers(400)
    spread = np.sqrt((sure * (1 - sure)).sum()) / len(sure)
    assert noise_floor(sure, right).gap == pytest.approx(1.96 * spread, rel=0.1)


def test_one_bin_of_equal_confidence_by_hand():
    """Of two images at 1/2 the error is 1/2, 0, 0, 1/2: 1/4 on average; found: 1/2."""
    found = noise_floor([0.5, 0.5], [True, True], n_resamples=4_000)
    assert found.mean == pytest.approx(0.25, abs=0.02)
    assert found.high == 0.5
    assert found.p_value == pytest.approx(0.5, abs=0.03)


def test_an_overconfident_model_stands_out_and_a_certain_one_has_no_floor():
    assert noise_floor(*_answers(1_000, sharpness=3.0)).p_value < 0.002
    certain = noise_floor(np.ones(20), np.ones(20, dtype=bool))
    assert (certain.mean, certain.high, certain.gap, certain.p_value) == (0, 0, 0, 1)


def test_the_order_of_images_and_the_seed_decide_nothing_and_everything():
    sure, right = _answers(60)
    order = np.random.default_rng(3).permutation(60)
    assert noise_floor(sure, right) == noise_floor(sure[order], right[order])
    assert noise_floor(sure, right, seed=1) != noise_floor(sure, right, seed=2)


@pytest.mark.parametrize("n", [40, 1_200, 5_000])
@pytest.mark.parametrize("n_bins", [5, 10, 15, 20, 30])
def test_groups_make_the_bins_of_the_images_themselves(n, n_bins):
    sure, right = _answers(n)
    sure = sure.round(2) if n == 40 else sure  # with ties
    found = module.reliability(module.claims(sure, right, n_resamples=1), n_bins)
    assert found == pytest.approx(calibration.reliability_of(sure, right, n_bins))


def test_other_numbers_of_bins_are_refused():
    claims = module.claims([0.5], [True])
    for n_bins in (0, 7):
        with pytest.raises(InvalidInput, match="whole groups"):
            module.noise_floor(claims, n_bins)


def test_nothing_has_no_floor():
    with pytest.raises(InvalidInput, match="nothing to measure"):
        noise_floor([], [])
    with pytest.raises(InvalidInput, match="same images"):
        noise_floor([0.5], [])


@pytest.mark.slow
def test_a_calibrated_model_exceeds_it_one_time_in_twenty():
    n_over = n_lean = 0
    for seed in range(600):
        sure, right = _answers(157, seed)
        found = noise_floor(sure, right, n_resamples=500)
        n_over += _error(sure, right) > found.high
        n_lean += abs(sure.mean() - right.mean()) > found.gap
    assert 0.03 <= n_over / 600 <= 0.075  # standard error 0.009
    assert 0.03 <= n_lean / 600 <= 0.075
