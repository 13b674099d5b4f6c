"""Paired comparison against textbook numbers and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from core.analysis.comparisons import paired
from core.errors import InvalidInput


def _pair(only_a, only_b, both, neither):
    counts = [only_a, only_b, both, neither]
    return (
        np.repeat([True, False, True, False], counts),
        np.repeat([False, True, True, False], counts),
    )


def test_mcnemar_is_the_exact_binomial_on_the_discordant_images():
    a, b = _pair(3, 14, 80, 3)
    assert paired.mcnemar_exact(a, b) == pytest.approx(binomtest(3, 17, 0.5).pvalue)
    assert paired.mcnemar_exact(a, b) == paired.mcnemar_exact(b, a)
    assert paired.mcnemar_exact(a, a) == 1.0


def test_the_bootstrap_interval_agrees_with_the_closed_form_on_many_images():
    a, b = _pair(300, 200, 1300, 200)
    difference, (low, high) = paired.paired_difference(a, b)
    assert difference == pytest.approx(0.05)
    closed = paired.paired_intervals([300], [200], 2000)[0]
    assert (low, high) == pytest.approx(tuple(closed), abs=0.002)
    assert paired.paired_difference(a, b, seed=1) == paired.paired_difference(a, b, seed=1)
    mirrored, (other_low, other_high) = paired.paired_difference(b, a)
    assert mirrored == -difference
    assert (other_low, other_high) == pytest.approx((-high, -low), abs=0.003)


def test_models_that_never_differ_are_not_certainly_equal():
    a, b = _pair(0, 0, 8, 2)
    difference, (low, high) = paired.paired_difference(a, b)
    assert difference == 0.0
    assert low < 0.0 < high


def test_closed_form_by_hand():
    """12 won, 3 lost of 100: (12.5 - 3.5) / 102 +- 1.96 sqrt(16 - 81 / 102) / 102."""
    half = 1.959964 * np.sqrt(16 - 81 / 102) / 102
    expected = (9 / 102 - half, 9 / 102 + half)
    assert paired.paired_intervals([12], [3], 100)[0] == pytest.approx(expected)
    assert paired.paired_intervals([0], [0], 0).tolist() == [[-1.0, 1.0]]


def test_holm_by_hand_and_in_the_order_given():
    assert paired.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert paired.holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert paired.holm([]).size == 0


def test_what_cannot_be_compared_is_refused():
    a, b = _pair(1, 1, 1, 1)
    with pytest.raises(InvalidInput, match="same images"):
        paired.mcnemar_exact(a, b[:2])
    with pytest.raises(InvalidInput, match="right or wrong"):
        paired.mcnemar_exact([0, 1], [1, 0])
    with pytest.raises(InvalidInput, match="no images"):
        paired.paired_difference([], [])
    with pytest.raises(InvalidInput, match="pvalues"):
        paired.holm([1.2])
    with pytest.raises(InvalidInput, match="not among"):
        paired.paired_intervals([3], [3], 5)


@pytest.mark.slow
@pytest.mark.parametrize("shares", [(0.1, 0.05), (0.03, 0.03), (0.2, 0.1)])
def test_intervals_hold_the_truth_at_their_rate(shares):
    """Of 2,000 simulated comparisons of 500 images, 93 to 97 % of the 95 % intervals hold it."""
    n, rng = 500, np.random.default_rng(0)
    truth = shares[0] - shares[1]
    drawn = rng.multinomial(n, [*shares, 1 - sum(shares)], size=2000)
    closed = paired.paired_intervals(drawn[:, 0], drawn[:, 1], n)
    held = np.mean((closed[:, 0] <= truth) & (truth <= closed[:, 1]))
    assert 0.93 <= held <= 0.975
    held_by_bootstrap = []
    for won, lost, _ in drawn[:600]:
        a, b = _pair(won, lost, n - won - lost, 0)
        _, (low, high) = paired.paired_difference(a, b, n_resamples=2000)
        held_by_bootstrap.append(low <= truth <= high)
    assert 0.92 <= np.mean(held_by_bootstrap) <= 0.975
