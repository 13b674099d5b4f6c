"""Differences of all figures: against metrics, against resampling images, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, f1_score, log_loss

from core.analysis import metrics
from core.analysis.comparisons.paired_figures import (
    FIGURES,
    joint_cells,
    of_matrices,
    paired_figures,
)
from core.errors import InvalidInput


def answered(n, k, seed, skill=(2.0, 1.5)):
    """Return true classes and the probabilities of two models that share some of their noise."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    shared = rng.normal(size=(n, k))
    tables = []
    for strength in skill:
        raised = np.exp(strength * np.eye(k)[y] + shared + rng.normal(size=(n, k)))
        tables.append((raised / raised.sum(axis=1, keepdims=True)).astype(np.float32))
    return y, *tables


def test_every_figure_is_that_of_scikit_learn_and_of_metrics():
    y, p, q = answered(300, 5, 0)
    found = paired_figures(joint_cells(y, p, q))
    assert tuple(found) == FIGURES
    for probs, side in ((p, "a"), (q, "b")):
        said, own, exact = probs.argmax(axis=1), metrics.summary(y, probs), probs.astype(float)
        expected = {
            "accuracy": np.mean(said == y),
            "balanced_accuracy": balanced_accuracy_score(y, said),
            "macro_f1": f1_score(y, said, average="macro"),
            "kappa": cohen_kappa_score(y, said),
            "bits": own["bits"],
            "log_loss": log_loss(y, exact / exact.sum(axis=1, keepdims=True)),
        }
        for name in FIGURES:
            assert getattr(found[name], side) == pytest.approx(expected[name], abs=1e-5)
            assert getattr(found[name], side) == pytest.approx(own[name])
    for figure in found.values():
        assert figure.difference == pytest.approx(figure.a - figure.b)


def test_many_matrices_at_once_are_what_metrics_says_of_each():
    rng = np.random.default_rng(1)
    stack = rng.integers(0, 3, (50, 4, 4)) * (rng.random((50, 4, 4)) < 0.5)
    stack[0] = np.diag([5, 0, 0, 0])  # one class only
    stack[:, 0, 0] += 1
    found = of_matrices(stack)
    for i, matrix in enumerate(stack):
        own = metrics.from_confusion(matrix)
        assert {name: found[name][i] for name in found} == pytest.approx(
            {name: own[name] for name in found}
        )


def test_intervals_are_those_of_resampling_images_one_by_one():
    y, p, q = answered(200, 4, 2)
    rows = np.random.default_rng(3).integers(0, 200, (1000, 200))
    drawn = [(metrics.summary(y[i], p[i]), metrics.summary(y[i], q[i])) for i in rows]
    found = paired_figures(joint_cells(y, p, q), n_resamples=6000)
    for name in FIGURES:
        low, high = np.quantile([a[name] - b[name] for a, b in drawn], [0.025, 0.975])
        if name == "bits":  # the basic interval
            low, high = 2 * found[name].difference - high, 2 * found[name].difference - low
        assert found[name].interval == pytest.approx((low, high), abs=0.12 * (high - low)), name


def test_a_and_b_changed_over_turn_every_sign():
    y, p, q = answered(300, 3, 4)
    one, other = paired_figures(joint_cells(y, p, q)), paired_figures(joint_cells(y, q, p))
    for name in FIGURES:
        assert one[name].difference == pytest.approx(-other[name].difference)
        low, high = other[name].interval
        assert one[name].interval == pytest.approx((-high, -low), abs=0.1 * (high - low))


def test_equal_answers_have_no_interval_and_log_loss_may_still_differ():
    y, p, _ = answered(100, 3, 5)
    alike = paired_figures(joint_cells(y, p, p))
    assert {figure.interval for figure in alike.values()} == {None}
    sharper = p**2 / (p**2).sum(axis=1, keepdims=True)
    found = paired_figures(joint_cells(y, p, sharper))
    assert found["kappa"].interval is None and found["kappa"].difference == 0.0
    low, high = found["log_loss"].interval
    assert low < found["log_loss"].difference < high


def test_joint_cells_are_few_however_many_images():
    y, p, q = answered(200_000, 3, 6)
    cells = joint_cells(y, p, q)
    assert len(cells.n_images) <= 27
    assert cells.n_images.sum() == 200_000


def test_what_does_not_fit_is_refused():
    y, p, q = answered(10, 3, 7)
    with pytest.raises(InvalidInput, match="same images and classes"):
        joint_cells(y, p, q[:5])
    with pytest.raises(InvalidInput, match="same images and classes"):
        joint_cells(y[:0], p[:0], q[:0])
    with pytest.raises(InvalidInput, match="same images"):
        joint_cells(y[:5], p, q)


@pytest.mark.slow
@pytest.mark.parametrize("skill", [(2.0, 1.5), (2.0, 2.0)])
def test_intervals_hold_the_truth_at_their_rate(skill):
    """Of 800 simulated comparisons, 93 to 97 % of the 95 % intervals hold the truth."""
    n_sim, n = 800, 500
    y, p, q = answered(20_000, 5, 8, skill)
    truth = paired_figures(joint_cells(y, p, q), n_resamples=2)
    rng = np.random.default_rng(9)
    held = dict.fromkeys(FIGURES, 0)
    for seed in range(n_sim):
        i = rng.integers(0, len(y), n)
        found = paired_figures(joint_cells(y[i], p[i], q[i]), n_resamples=1000, seed=seed)
        for name in FIGURES:
            low, high = found[name].interval
            held[name] += low <= truth[name].difference <= high
    rates = {name: n_held / n_sim for name, n_held in held.items()}
    assert all(0.93 <= rate <= 0.97 for rate in rates.values()), rates


@pytest.mark.slow
def test_bits_of_very_unlike_models_are_not_drowned_in_the_bias_of_few_images():
    """Percentiles would hold the truth of a sharp and a poor model in none of 100 cases."""
    y, p, q = answered(20_000, 7, 10, (6.0, 1.0))
    truth = paired_figures(joint_cells(y, p, q), n_resamples=2)["bits"].difference
    rng = np.random.default_rng(11)
    held = 0
    for seed in range(300):
        i = rng.integers(0, len(y), 200)
        found = paired_figures(joint_cells(y[i], p[i], q[i]), n_resamples=600, seed=seed)
        low, high = found["bits"].interval
        held += low <= truth <= high
    assert held / 300 >= 0.88
