"""How many images it takes: against the exact power of the test, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from core.analysis.comparisons.images_needed import images_needed, smallest_difference
from core.errors import InvalidInput

USUAL = [(0.05, 0.15), (0.02, 0.1), (0.01, 0.05), (0.1, 0.3), (0.005, 0.03)]


def exact_power(n, difference, discordant, alpha):
    """Return the power of McNemar's exact test, summed over the number of discordant images."""
    m = np.arange(n + 1)
    chance = binom.pmf(m, n, discordant)
    m, chance = m[chance > 1e-12], chance[chance > 1e-12]
    lose = binom.ppf(alpha / 2, m, 0.5)
    lose = np.where(2 * binom.cdf(lose, m, 0.5) <= alpha, lose, lose - 1)
    win = (1 + difference / discordant) / 2
    return float(chance @ (binom.cdf(lose, m, win) + binom.sf(m - lose - 1, m, win)))


@pytest.mark.parametrize(("difference", "discordant"), USUAL)
@pytest.mark.parametrize("n_pairs", [1, 6])
def test_so_many_images_have_80_percent_power_and_a_tenth_fewer_do_not(
    difference, discordant, n_pairs
):
    alpha = 0.05 / n_pairs
    n = images_needed(difference, discordant, alpha=alpha)
    assert 0.79 <= exact_power(n, difference, discordant, alpha) <= 0.82
    assert exact_power(int(0.9 * n), difference, discordant, alpha) < 0.79


@pytest.mark.parametrize("difference", [0.02, 0.1, 0.5])
def test_models_that_differ_in_one_direction_need_no_more_than_is_said(difference):
    n = images_needed(difference, difference)
    assert exact_power(n, difference, difference, 0.05) >= 0.8


@given(st.floats(0.002, 0.5), st.floats(0, 1), st.sampled_from([0.05, 0.05 / 6]))
def test_the_smallest_difference_is_the_inverse(difference, more, alpha):
    discordant = difference + more * (1 - difference)
    n = images_needed(difference, discordant, alpha=alpha)
    told = smallest_difference(n, discordant, alpha=alpha)
    assert told <= difference * (1 + 1e-6)
    assert told == pytest.approx(difference, rel=0.3 if n < 50 else 0.05)


def test_direction_does_not_matter_and_nothing_needs_no_number():
    assert images_needed(0.05, 0.15) == images_needed(-0.05, 0.15)
    assert images_needed(0.0, 0.15) is None
    assert images_needed(0.0, 0.0) is None


def test_more_certainty_takes_more_images():
    assert images_needed(0.05, 0.15, alpha=0.01) > images_needed(0.05, 0.15)
    assert images_needed(0.05, 0.15, power=0.9) > images_needed(0.05, 0.15)
    assert smallest_difference(500, 0.3) > smallest_difference(500, 0.1) > 0


def test_few_images_tell_only_what_is_large_and_three_tell_nothing():
    assert smallest_difference(3, 0.0) is None
    assert 0.5 < smallest_difference(10, 0.0) <= 1.0


def test_a_difference_is_made_of_images_on_which_models_differ():
    with pytest.raises(InvalidInput, match="discordant share"):
        images_needed(0.2, 0.1)
    with pytest.raises(InvalidInput, match="discordant share"):
        smallest_difference(100, 1.2)


@pytest.mark.slow
@pytest.mark.parametrize(("difference", "discordant"), USUAL[:4])
def test_simulated_comparisons_of_so_many_images_find_the_difference_four_times_in_five(
    difference, discordant
):
    n = images_needed(difference, discordant)
    shares = [(discordant + difference) / 2, (discordant - difference) / 2, 1 - discordant]
    drawn = np.random.default_rng(0).multinomial(n, shares, size=4000)
    found = np.mean([binomtest(int(b), int(b + c), 0.5).pvalue < 0.05 for b, c, _ in drawn])
    assert 0.78 <= found <= 0.84
