"""Learning curves: what is drawn, what is fitted, and how often the promise is kept."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from core.analysis.comparisons.learning_curve import FACTORS, draw_variance, learning_curve
from core.analysis.comparisons.power_law import fit_power_law
from core.analysis.comparisons.training_parts import REPEATS, subsets
from core.errors import InvalidInput, NotReady

SHARES = np.geomspace(0.1, 1, len(REPEATS))


def fits(rng, law, n_all, n_test, *, same=0.9, z=0.0):
    """Draw (n_train, right) of the fits of `subsets` under error = a + b n^-c.

    `same` is how far two fits err on the same images; z the variance that the draw of one
    training image gives. What all parts share, the images there are, moves all fits together.
    """
    a, b, c = law
    n = np.repeat(np.round(SHARES * n_all).astype(int), REPEATS)
    accuracy = 1 - (a + b * n**-c)
    own = rng.normal(size=len(n)) * np.sqrt(z * (1 / n - 1 / n_all))
    accuracy = accuracy + own + rng.normal() * np.sqrt(z / n_all)
    hard = np.sqrt(same) * rng.normal(size=(1, n_test))
    luck = np.sqrt(1 - same) * rng.normal(size=(len(n), n_test))
    return n, norm.cdf(hard + luck) < accuracy[:, None]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("law", "n_all", "n_test", "same", "z"),
    [
        ((0.1, 2, 0.5), 700, 150, 0.9, 0.0),
        ((0.1, 2, 0.5), 700, 150, 0.9, 0.1),
        ((0.1, 2, 0.5), 3000, 1000, 0.0, 0.0),  # plain binomial noise
        ((0.0, 1.5, 0.3), 3000, 1000, 0.9, 0.1),
        ((0.2, 5, 1.0), 700, 150, 0.9, 0.1),  # has flattened
        ((0.3, 1.0, 0.2), 200, 100, 0.9, 0.1),
        ((0.1, 3, 0.6), 20_000, 5000, 0.9, 0.1),
    ],
)
def test_intervals_hold_the_truth(law, n_all, n_test, same, z):
    rng, n_worlds = np.random.default_rng(0), 400
    a, b, c = law
    at = {factor: 1 - a - b * (factor * n_all) ** -c for factor in (1, *FACTORS)}
    held = {(what, factor): [] for what in ("reached", "gain") for factor in FACTORS}
    for _ in range(n_worlds):
        curve = learning_curve(*fits(rng, law, n_all, n_test, same=same, z=z), n_resamples=500)
        for factor in FACTORS:
            for what, said, truth in (
                ("reached", curve.reached[factor], at[factor]),
                ("gain", curve.gains[factor], at[factor] - at[1]),
            ):
                low, high = said.interval
                held[what, factor].append(low <= truth <= high)
    shares = {key: np.mean(hits) for key, hits in held.items()}
    assert all(0.90 <= share <= 0.99 for share in shares.values()), shares  # seen: 0.93 to 0.98


@pytest.mark.slow
def test_where_more_images_bring_nothing_a_gain_is_hardly_ever_promised():
    rng = np.random.default_rng(0)
    said = [
        learning_curve(*fits(rng, (0.25, 0, 0.5), 700, 150, z=0.1), n_resamples=500).promises
        for _ in range(400)
    ]
    assert np.mean(said) <= 0.025


def test_a_steady_gain_is_promised_with_its_size():
    rng = np.random.default_rng(0)
    curve = learning_curve(*fits(rng, (0.05, 2.0, 0.4), 700, 2000))
    truth = 2.0 * (700**-0.4 - 1400**-0.4)
    assert curve.promises and curve.n_train == 700 and curve.n_test == 2000
    assert curve.gains[2].interval[0] <= truth <= curve.gains[2].interval[1]
    assert curve.gains[2].value == pytest.approx(truth, abs=0.01)
    assert curve.gains[2].value < curve.gains[4].value < 2 * curve.gains[2].value
    assert curve.sizes.tolist() == [70, 124, 221, 394, 700] and curve.n_fits.tolist() == [
        5,
        4,
        3,
        2,
        1,
    ]
    assert curve.drawn[0] == 70 and curve.drawn[-1] == pytest.approx(2800)  # nothing beyond
    assert (curve.band[:, 0] <= curve.expected).all() and (curve.expected <= curve.band[:, 1]).all()


def test_few_test_images_make_the_promise_wide():
    rng = np.random.default_rng(0)
    n, right = fits(rng, (0.05, 2.0, 0.4), 700, 4000, same=0.5)
    few, many = (learning_curve(n, right[:, :k]).gains[2].interval for k in (100, 4000))
    assert few[1] - few[0] > 2 * (many[1] - many[0])


def test_test_images_that_are_hard_for_every_fit_move_the_curve_and_not_the_gain():
    rng = np.random.default_rng(0)
    n, right = fits(rng, (0.1, 3, 0.5), 700, 300, same=1.0)
    mixed = np.stack([rng.permutation(row) for row in right])  # the same accuracies
    together, apart = learning_curve(n, right).gains[2], learning_curve(n, mixed).gains[2]
    assert together.value == apart.value
    width = np.diff([together.interval, apart.interval]).ravel()
    assert width[0] < 0.85 * width[1]


def test_the_draw_of_training_images_is_told_from_the_luck_of_test_images():
    rng = np.random.default_rng(0)
    without = [draw_variance(*fits(rng, (0.1, 2, 0.5), 700, 500, same=0.5)) for _ in range(30)]
    with_it = [
        draw_variance(*fits(rng, (0.1, 2, 0.5), 700, 500, same=0.5, z=0.3)) for _ in range(30)
    ]
    assert np.mean(without) < 0.02 and np.mean(with_it) == pytest.approx(0.3, abs=0.1)


def test_where_everything_is_right_nothing_is_promised_and_little_is_excluded():
    curve = learning_curve([10, 20, 40], np.ones((3, 24), bool))
    assert curve.gains[2].value == 0 and not curve.promises
    assert curve.gains[2].interval[1] > 0 and curve.accuracies[-1].interval[0] < 1


def test_the_smallest_part_has_two_images_of_every_class():
    y = np.repeat([0, 1, 2], [200, 100, 8])
    parts = subsets(y, seed=0)
    assert [len(rows) for rows in parts][-1] == 308 and len(parts) == sum(REPEATS)
    counts = [np.bincount(y[rows]) for rows in parts]
    assert counts[0].tolist() == [50, 25, 2]
    assert all((count >= 2).all() for count in counts)


@pytest.mark.parametrize("y", [[0, 0, 0, 0, 1, 1, 1], [], [0]])
def test_too_few_images_are_a_sentence(y):
    with pytest.raises(NotReady, match=r"too few training images .* merge the class"):
        subsets(np.array(y, int), seed=0)


def test_one_group_a_class_is_too_few():
    y = np.repeat([0, 1], 20)
    with pytest.raises(NotReady, match="groups so large"):
        subsets(y, groups=[f"plant {c}" for c in y], seed=0)


@pytest.mark.parametrize(
    ("n_train", "right"),
    [
        ([10, 20, 20], np.ones((3, 5), bool)),
        ([10, 20, 40], np.ones((2, 5), bool)),
        ([10, 20, 40], np.ones((3, 0), bool)),
        ([10, 20, 40], np.ones((3, 5))),
        ([0, 20, 40], np.ones((3, 5), bool)),
    ],
)
def test_what_is_no_curve_is_refused(n_train, right):
    with pytest.raises(InvalidInput):
        learning_curve(n_train, right)


def test_a_law_needs_three_sizes():
    with pytest.raises(InvalidInput, match="3 different ones"):
        fit_power_law([10, 20], [0.2, 0.1])
