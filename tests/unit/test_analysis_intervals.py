"""Intervals of all figures: against references, brute force, and (slow) against a known truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as reference

from core.analysis import metrics
from core.analysis.calibration import expected_calibration_error
from core.analysis.comparisons import bits_interval, calibration_interval, matrix_intervals
from core.analysis.comparisons.estimates import FIGURES, estimates
from core.analysis.comparisons.intervals import (
    _spread,
    augrc_interval,
    mean_interval,
    share_interval,
)
from core.analysis.comparisons.risk import augrc, risk_coverage
from core.errors import InvalidInput
from tests.strategies import confusions, distributions

MATRIX_FIGURES = {
    "accuracy": metrics.accuracy,
    "balanced_accuracy": metrics.balanced_accuracy,
    "macro_f1": metrics.macro_f1,
    "kappa": metrics.kappa,
}
SLOPES = {
    metrics.balanced_accuracy: matrix_intervals._of_recall,
    metrics.macro_f1: matrix_intervals._of_f1,
    metrics.kappa: matrix_intervals._of_kappa,
    metrics.mutual_information_bits: bits_interval._pointwise,
}


@st.composite
def answers(draw):
    """True classes and probabilities of up to 30 images."""
    n, k = draw(st.integers(1, 30)), draw(st.integers(1, 4))
    y = np.array(draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n)))
    return y, draw(distributions(n, k))


@example((np.array([0, 1]), np.array([[0.0, 1.0], [0.5, 0.5]])))  # both wrong, nothing scatters
@given(answers())
def test_every_figure_is_what_a_run_records_and_its_interval_is_one(given):
    y, probs = given
    found, recorded = estimates(y, probs), metrics.summary(y, probs)
    assert tuple(sorted(found)) == tuple(sorted(FIGURES))
    for name, (value, low, high) in found.items():
        assert value == pytest.approx(recorded.get(name, value), abs=1e-12)
        assert -1.0 <= low <= high < 16.0
        if name not in ("bits", "ece"):  # their intervals leave a bias out
            assert low <= value + 1e-9
            assert value <= high + 1e-9
    assert found["augrc"].value == augrc(probs.max(axis=1), probs.argmax(axis=1) == y)


@given(answers(), st.randoms(use_true_random=False))
def test_neither_the_order_of_images_nor_that_of_classes_matters(given, random):
    y, probs = given
    images, classes = list(range(len(y))), list(range(probs.shape[1]))
    random.shuffle(images)
    random.shuffle(classes)
    place = np.argsort(classes)
    before = estimates(y[images], probs[images])
    for name, estimate in estimates(y, probs).items():
        assert estimate == pytest.approx(before[name], abs=1e-9)
    sure = np.sort(probs, axis=1)
    if probs.shape[1] == 1 or (sure[:, -1] > sure[:, -2]).all():  # a tie goes to the first class
        for name, estimate in estimates(place[y], probs[:, classes]).items():
            assert estimate == pytest.approx(before[name], abs=1e-9)


@given(confusions(n_classes=4))
def test_slopes_are_those_of_the_figures(matrix):
    """A step of 1e-6 in one cell's share changes the figure by the slope, up to a constant.

    Slopes are of homogeneous functions up to what renormalising takes off: the mean slope.
    """
    P = (matrix + 1.0) / (matrix + 1.0).sum()
    for figure, slope in SLOPES.items():
        got = slope(P)
        got = got - (P * got).sum()
        for at in ((0, 0), (1, 2), (3, 0)):
            step = np.zeros_like(P)
            step[at] = 1e-6
            change = (figure(P + step) - figure(P - step)) / 2e-6
            assert change == pytest.approx(got[at], abs=1e-4)


@given(confusions())
def test_the_accuracy_has_wilsons_interval(matrix):
    estimate = matrix_intervals.matrix_estimates(matrix)["accuracy"]
    n, right = int(matrix.sum()), int(np.trace(matrix))
    expected = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert estimate == pytest.approx((right / n, expected.low, expected.high))


def test_matrix_intervals_are_as_wide_as_a_bootstrap_says():
    matrix = np.array([[300, 40, 10], [25, 250, 35], [5, 60, 400]])
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(matrix.sum(), matrix.ravel() / matrix.sum(), size=4000)
    found = {**matrix_intervals.matrix_estimates(matrix),
             "bits": bits_interval.bits_estimate(matrix)}  # fmt: skip
    for name, figure in {**MATRIX_FIGURES, "bits": metrics.mutual_information_bits}.items():
        low, high = np.quantile([figure(d.reshape(3, 3)) for d in drawn], [0.025, 0.975])
        assert found[name].high - found[name].low == pytest.approx(high - low, rel=0.05)


def test_nothing_wrong_is_not_certainty():
    found = matrix_intervals.matrix_estimates(np.diag([5, 10, 15]))
    assert all(estimate.value == estimate.high == 1.0 for estimate in found.values())
    assert all(0.7 < estimate.low < 0.95 for estimate in found.values())
    only = matrix_intervals.matrix_estimates([[9, 0], [0, 0]])
    assert only["kappa"] == (0.0, -1.0, 1.0)


def test_bits_of_many_images_are_the_plug_in_of_scikit_learn():
    matrix = np.array([[40_000, 9_000], [7_000, 50_000]])
    y, predicted = np.repeat([0, 0, 1, 1], matrix.ravel()), np.repeat([0, 1, 0, 1], matrix.ravel())
    estimate = bits_interval.bits_estimate(matrix)
    wanted = reference.mutual_info_score(y, predicted) / np.log(2)
    assert estimate.value == pytest.approx(wanted)
    assert (estimate.low + estimate.high) / 2 == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("mean", [0.01, 0.5, 3.0, 55.0, 80.0])
def test_the_bias_of_a_cell_is_that_of_poisson_counts(mean):
    x = np.arange(400)
    xlogx = x * np.log(np.maximum(x, 1))
    wanted = (stats.poisson.pmf(x, mean) * xlogx).sum() - mean * np.log(mean)
    assert bits_interval._excess(np.array([mean])) == pytest.approx(wanted, abs=2e-4)


@given(confusions())
def test_smoothing_keeps_what_is_right_and_how_much_is_wrong(matrix):
    n, k = matrix.sum(), len(matrix)
    if k == 1:
        return
    cells = bits_interval.smoothed(matrix.astype(float)) * (n + 0.5)
    np.testing.assert_allclose(np.diag(cells), np.diag(matrix))
    assert cells.sum() == pytest.approx(n + 0.5)
    assert (cells + np.eye(k) > 0).all()


def test_a_mean_of_symmetric_numbers_has_the_usual_interval():
    x = np.concatenate([-np.arange(1, 500.0), np.arange(1, 500.0)]) + 7.0
    value, low, high = mean_interval(x)
    error = stats.sem(x) * stats.norm.ppf(0.975)
    assert (value, low, high) == pytest.approx((7.0, 7.0 - error, 7.0 + error))
    assert mean_interval([3.0]) == (3.0, -np.inf, np.inf)
    with pytest.raises(InvalidInput, match="nothing to measure"):
        mean_interval([])


def test_a_skewed_mean_may_lie_further_up_than_down():
    value, low, high = mean_interval(np.random.default_rng(0).exponential(size=100))
    assert high - value > 1.2 * (value - low)


def test_a_share_of_n_images_is_wilsons():
    assert share_interval(0.8, 10) == metrics.wilson_interval(8, 10)


def test_the_error_of_augrc_is_that_of_leaving_out_each_image():
    rng = np.random.default_rng(0)
    confidence = np.round(rng.random(200), 1)
    right = rng.random(200) < 0.3 + 0.5 * confidence
    without = [augrc(np.delete(confidence, i), np.delete(right, i)) for i in range(200)]
    error = np.std(without) * np.sqrt(199)
    _, low, high = augrc_interval(confidence, right)
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.05)


def test_the_error_of_augrc_is_that_of_the_parts_of_all_pairs():
    rng = np.random.default_rng(1)
    confidence = np.round(rng.random(60), 1)
    right = rng.random(60) < 0.7
    surer = (confidence[:, None] > confidence) + 0.5 * (confidence[:, None] == confidence)
    pairs = (~right)[:, None] * surer  # row: the wrong one
    part = pairs.mean(axis=1) + pairs.mean(axis=0)
    error, skew = _spread(risk_coverage(confidence, right), 60)
    assert error == pytest.approx(part.std() / np.sqrt(59))
    assert skew == pytest.approx(stats.skew(part) / np.sqrt(60))


def test_augrc_of_a_model_that_is_never_wrong_is_not_certainly_0():
    value, low, high = augrc_interval(np.linspace(0, 1, 50), np.ones(50, dtype=bool))
    assert value == low == 0.0
    most = metrics.wilson_interval(0, 50)[1]
    assert high == pytest.approx(most - most**2 / 2)


@given(st.integers(1, 30), st.integers(0, 20), st.integers(0, 40))
def test_the_mean_distance_of_a_binomial_count(n, twentieth, where):
    p, centre = twentieth / 20, min(where / 40, 1.0) * n
    x = np.arange(n + 1)
    wanted = (stats.binom.pmf(x, n, p) * np.abs(x - centre)).sum()
    got = calibration_interval._mean_distance(
        np.array([float(n)]), np.array([[p]]), np.array([centre])
    )
    assert got == pytest.approx(wanted, abs=1e-9)


def test_a_calibrated_model_of_few_images_may_have_no_calibration_error_at_all():
    y, probs = _world(7, 2.2, 1.0)
    estimate = calibration_interval.ece_estimate(probs[:300], y[:300])
    assert estimate.value == expected_calibration_error(probs[:300], y[:300]) > 0.03
    assert estimate.low == 0.0
    bad = calibration_interval.ece_estimate(*_world(7, 2.2, 0.4)[::-1])
    assert bad.low > 0.1
    assert bad.high - bad.low < 0.01


def _world(k: int, strength: float, temperature: float, n: int = 200_000):
    """Return classes of unequal size and what a model that knows their law says, T apart."""
    rng = np.random.default_rng(5)
    prior = np.linspace(1, 3, k) / np.linspace(1, 3, k).sum()
    y = rng.choice(k, n, p=prior)
    seen = rng.normal(size=(n, k)) + strength * np.eye(k)[y]
    logits = (strength * seen + np.log(prior)) / temperature
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return y, raised / raised.sum(axis=1, keepdims=True)


@pytest.mark.slow
@pytest.mark.parametrize("n_images", [200, 1000])
@pytest.mark.parametrize(
    ("k", "strength", "temperature"),
    [(2, 1.2, 0.7), (2, 2.2, 0.5), (7, 1.2, 0.7), (7, 2.2, 1.2), (7, 2.8, 0.5)],
)
def test_intervals_hold_the_truth_at_their_rate(k, strength, temperature, n_images):
    """Of 1,200 samples of a population, 93 to 97 % of the 95 % intervals hold its figure.

    The bounds leave room for two standard errors of such a share (1.3 points). Some intervals are
    honest on the wide side, which is allowed: up to 99 %.
    """
    y, probs = _world(k, strength, temperature)
    truth = {name: estimate.value for name, estimate in estimates(y, probs).items()}
    rng = np.random.default_rng(n_images)
    held = {name: [] for name in truth}
    for _ in range(1200):
        drawn = rng.integers(0, len(y), n_images)
        for name, (_, low, high) in estimates(y[drawn], probs[drawn]).items():
            held[name].append(low <= truth[name] <= high)
    rates = {name: float(np.mean(of)) for name, of in held.items()}
    wide = {"ece", "bits", "augrc"}
    for name, rate in rates.items():
        assert rate + 0.013 >= 0.93, (name, rate)
        assert rate <= (0.99 if name in wide else 0.97 + 0.013), (name, rate)


@pytest.mark.slow
@pytest.mark.parametrize("n_images", [200, 1000])
@pytest.mark.parametrize("k", [2, 7])
def test_a_calibrated_model_is_called_calibrated(k, n_images):
    """Its calibration error is 0, the edge of what is possible: 93 % or more hold it."""
    y, probs = _world(k, 2.2, 1.0)
    rng = np.random.default_rng(0)
    lows = []
    for _ in range(600):
        drawn = rng.integers(0, len(y), n_images)
        lows.append(calibration_interval.ece_estimate(probs[drawn], y[drawn]).low)
    assert np.mean(np.array(lows) == 0.0) >= 0.93
