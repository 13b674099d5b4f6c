"""Coefficients against the worked examples of their authors; tables against hand counts."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis.labels import agreement
from core.analysis.labels.coefficients import cohen_kappa, fleiss_kappa, krippendorff_alpha
from core.errors import InvalidInput

# Krippendorff 2011, section D: four observers, twelve units, 26 % missing; 0 stands for missing.
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
).T
# The same, section B: two observers, nominal, no missing data.
TWO_OBSERVERS = [list("aabbdcccedda"), list("babbbcccedd" + "d")]
# Fourteen raters, ten subjects, five categories: the worked example of Fleiss' kappa.
FOURTEEN = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)


def test_krippendorffs_example_with_missing_data():
    assert krippendorff_alpha(KRIPPENDORFF - 1, 5) == pytest.approx(0.743, abs=5e-4)


def test_krippendorffs_example_with_two_observers():
    votes = np.array([[ord(x) - ord("a") for x in row] for row in TWO_OBSERVERS]).T
    assert krippendorff_alpha(votes, 5) == pytest.approx(0.692, abs=5e-4)


def test_fleiss_example():
    assert fleiss_kappa(FOURTEEN) == pytest.approx(0.210, abs=5e-4)


def test_cohens_example():
    """Cohen 1960: 200 cases in three categories, observed .70, expected .41."""
    table = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    a, b = np.repeat(np.indices((3, 3)).reshape(2, -1), table.ravel(), axis=1)
    assert cohen_kappa(a, b, 3) == pytest.approx(0.492, abs=5e-4)


def test_perfect_agreement_is_one_and_one_class_only_is_undefined():
    votes = np.repeat(np.arange(4)[:, None], 3, axis=1)
    assert krippendorff_alpha(votes, 4) == pytest.approx(1.0)
    assert agreement.kappa(votes, 4).value == pytest.approx(1.0)
    assert np.isnan(krippendorff_alpha(np.zeros((5, 3), dtype=int), 4))
    assert np.isnan(cohen_kappa([1, 1], [1, 1], 2))


@pytest.mark.parametrize("votes", [np.full((4, 2), -1), np.zeros((0, 0), dtype=int), [[0, -1]]])
def test_nobody_shares_an_image(votes):
    found = agreement.alpha(votes, 2)
    assert np.isnan(found.value) and found.n_images == 0
    assert agreement.by_class_pair(votes, 2) == agreement.by_reviewer_pair(votes, 2) == []


def test_random_votes_have_no_agreement_and_the_interval_says_so():
    votes = np.random.default_rng(0).integers(0, 4, (2_000, 3))
    for found in (agreement.alpha(votes, 4), agreement.kappa(votes, 4)):
        assert found.low < 0.0 < found.high
        assert found.low < found.value < found.high
        assert found.n_images == 2_000


@pytest.mark.slow
def test_an_interval_holds_the_truth_in_about_95_of_100_cases():
    """The alpha of 40,000 images is the truth; samples of 150 images are what teams have."""
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 40_000)
    wrong = rng.random((40_000, 3)) < 0.25
    votes = np.where(wrong, rng.integers(0, 3, (40_000, 3)), truth[:, None])
    wanted = krippendorff_alpha(votes, 3)
    drawn = [agreement.alpha(votes[rng.integers(0, 40_000, 150)], 3) for _ in range(400)]
    inside = np.mean([found.low <= wanted <= found.high for found in drawn])
    assert 0.92 <= inside <= 0.98


def test_few_images_and_certainty_have_no_interval():
    few = agreement.alpha([[0, 1], [1, 1], [0, 0]], 2)
    assert np.isfinite(few.value) and np.isnan(few.low)
    sure = agreement.alpha(np.repeat(np.arange(40)[:, None] % 2, 2, axis=1), 2)
    assert sure.value == 1.0 and np.isnan(sure.high)


def test_pairs_of_classes_are_counted_over_images():
    votes = np.array([[0, 1], [0, 1], [1, 0], [1, 2], [2, 2], [0, 0]] * 2)
    pairs = agreement.by_class_pair(votes, 3)
    assert [(p.a, p.b, p.n_disagreed) for p in pairs] == [(0, 1, 6), (1, 2, 2)]
    assert pairs[0].alpha.n_images == 8  # two votes for 0 or 1: all but (1, 2) and (2, 2)
    assert agreement.disagreed_on(votes, 3, classes=(1, 2)).sum() == 2
    assert agreement.disagreed_on(votes, 3).sum() == 8


def test_a_careless_reviewer_stands_out():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 300)
    votes = np.repeat(truth[:, None], 4, axis=1)
    votes[:, 3] = rng.integers(0, 3, 300)
    votes[200:, 0] = -1
    figures = agreement.by_reviewer(votes, 3)
    assert [f.n_reviews for f in figures] == [200, 300, 300, 300]
    assert figures[3].kappa.high < 0.2 < 0.6 < figures[0].kappa.low
    assert figures[3].share.value == pytest.approx((votes[:, 3] == truth).mean())


def test_who_disagrees_with_whom_on_what():
    votes = np.array([[0, 1, -1]] * 5 + [[1, 1, 0]] * 3 + [[2, 0, -1]])
    first = agreement.by_reviewer_pair(votes, 3)[0]
    assert (first.a, first.b, first.kappa.n_images) == (0, 1, 9)
    assert (first.n_disagreed, first.mostly) == (6, (0, 1))
    assert agreement.disagreed_on(votes, 3, reviewers=(0, 1)).sum() == 6
    assert agreement.disagreed_on(votes, 3, reviewers=(0, 1), classes=(2, 0)).sum() == 1


@pytest.mark.parametrize("broken", [[[0.5, 1.0]], [[0, 3]], [[-2, 0]], [0, 1], [["a", "b"]]])
def test_what_is_no_table_of_votes_is_a_sentence(broken):
    with pytest.raises(InvalidInput, match="votes"):
        krippendorff_alpha(broken, 3)


def test_counts_below_zero_are_refused():
    with pytest.raises(InvalidInput, match="counts"):
        fleiss_kappa([[1, -1]])
