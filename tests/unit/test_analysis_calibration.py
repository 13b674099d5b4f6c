"""Calibration: a known temperature is found again, and the error is order-free."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from sklearn.calibration import calibration_curve

from core.analysis import calibration, metrics
from core.errors import InvalidInput


def _calibrated(n=4000, k=4, seed=0):
    """Probabilities, and true classes drawn from exactly them."""
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.full(k, 0.5), n)
    y = (P.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(0, k - 1)
    return P, y


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_a_distortion_is_found_and_undone(temperature):
    P, y = _calibrated()
    distorted = calibration.apply_temperature(P, 1.0 / temperature)
    found = calibration.fit_temperature(distorted, y)
    assert found == pytest.approx(temperature, rel=0.08)
    back = calibration.apply_temperature(distorted, found)
    assert (back.argmax(axis=1) == P.argmax(axis=1)).all()
    assert metrics.log_loss(y, back) <= metrics.log_loss(y, distorted) + 1e-9
    if temperature != 1.0:
        ece = calibration.expected_calibration_error
        assert ece(back, y) < ece(distorted, y)


def test_the_optimum_is_that_of_a_plain_search():
    P, y = _calibrated(300, seed=1)

    def loss(temperature):
        return metrics.log_loss(y, calibration.apply_temperature(P, temperature))

    expected = minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-6})
    assert calibration.fit_temperature(P, y) == pytest.approx(expected.x, rel=1e-3)


def test_the_ends_stay_in_range():
    P = np.array([[0.9, 0.1], [0.2, 0.8]])
    low, high = calibration.TEMPERATURE_RANGE
    assert calibration.fit_temperature(P, [0, 1]) == pytest.approx(low, rel=1e-3)
    assert calibration.fit_temperature(P, [1, 0]) == pytest.approx(high, rel=1e-3)
    assert calibration.fit_temperature(np.zeros((0, 3)), []) == 1.0
    assert calibration.fit_temperature(np.ones((2, 1)), [0, 0]) == 1.0


def test_temperature_one_changes_nothing_and_zeros_survive():
    P = np.array([[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]], dtype=np.float32)
    assert calibration.apply_temperature(P, 1.0) == pytest.approx(P, abs=1e-7)
    warm = calibration.apply_temperature(P, 3.0)
    assert np.isfinite(warm).all()
    assert warm.sum(axis=1) == pytest.approx(1.0)
    assert calibration.apply_temperature(np.zeros((0, 2)), 2.0).shape == (0, 2)


def test_expected_calibration_error_by_hand():
    """Two bins of two: confidences .6 .6 (one right) and .9 .9 (both right): (.1 + .1) / 2."""
    P = np.array([[0.6, 0.4], [0.6, 0.4], [0.9, 0.1], [0.9, 0.1]])
    y = [0, 1, 0, 0]
    assert calibration.expected_calibration_error(P, y, n_bins=2) == pytest.approx(0.1)
    assert calibration.reliability(P, y, 2) == pytest.approx(
        np.array([[2, 0.6, 0.5], [2, 0.9, 1.0]])
    )


def test_the_order_of_images_does_not_matter_though_confidences_tie():
    rng = np.random.default_rng(0)
    P = np.full((50, 2), 0.5)
    P[:, 0] = rng.integers(5, 8, 50) / 10
    P[:, 1] = 1 - P[:, 0]
    y = rng.integers(0, 2, 50)
    order = rng.permutation(50)
    ece = calibration.expected_calibration_error
    assert ece(P, y) == pytest.approx(ece(P[order], y[order]))


def test_calibrated_answers_have_a_small_error():
    assert calibration.expected_calibration_error(*_calibrated(20_000)) < 0.02


def test_what_cannot_be_calibrated_is_refused():
    with pytest.raises(InvalidInput, match="temperature"):
        calibration.apply_temperature(np.eye(2), 0.0)
    with pytest.raises(InvalidInput, match="nothing to measure"):
        calibration.expected_calibration_error(np.zeros((0, 2)), [])
    with pytest.raises(InvalidInput, match="same images"):
        calibration.fit_temperature(np.eye(2), [0])


@settings(deadline=None)  # a busy machine is no mistake
@given(st.integers(1, 6), st.integers(1, 12), st.integers(0, 2**16))
def test_bins_of_different_confidences_are_a_plain_cut_of_the_sorted_images(n_bins, times, seed):
    rng = np.random.default_rng(seed)
    sure = rng.permutation(np.linspace(0.1, 0.9, n_bins * times))
    right = rng.random(len(sure)) < 0.5
    order = np.argsort(sure)
    wanted = [(times, sure[part].mean(), right[part].mean()) for part in np.split(order, n_bins)]
    assert calibration.reliability_of(sure, right, n_bins) == pytest.approx(np.array(wanted))


@settings(deadline=None)  # a busy machine is no mistake
@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(1, 8))
def test_equal_values_share_a_bin_and_bins_follow_values(values, n_bins):
    bins = calibration.equal_mass_bins(values, n_bins)
    order = np.argsort(values, kind="stable")
    assert (np.diff(bins[order]) >= 0).all()
    for value in set(values):
        assert len(set(bins[np.array(values) == value])) == 1


def test_bins_of_many_agree_with_scikit_learn():
    P, y = _calibrated(3_000, 2)
    sure, right = P.max(axis=1), P.argmax(axis=1) == y
    share, mean = calibration_curve(right, sure, n_bins=10, strategy="quantile")
    table = calibration.reliability_of(sure, right, 10)
    assert table[:, 1] == pytest.approx(mean, abs=1e-3)
    assert table[:, 2] == pytest.approx(share, abs=5e-3)
