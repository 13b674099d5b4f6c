"""What a correction of probabilities is worth, with its interval."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.analysis import metrics
from core.analysis.comparisons.loss_change import loss_change
from core.errors import InvalidInput


def test_it_is_the_difference_of_log_losses_with_students_interval():
    rng = np.random.default_rng(0)
    before, after = rng.dirichlet(np.ones(3), (2, 40))
    y = rng.integers(0, 3, 40)
    change, (low, high) = loss_change(y, before, after)
    assert change == pytest.approx(metrics.log_loss(y, after) - metrics.log_loss(y, before))
    differences = metrics.log_losses(y, after) - metrics.log_losses(y, before)
    half = stats.t.ppf(0.975, 39) * differences.std(ddof=1) / np.sqrt(40)
    assert (low, high) == pytest.approx((change - half, change + half))


def test_without_a_change_there_is_no_width():
    P = np.full((3, 2), 0.5)
    assert loss_change([0, 1, 0], P, P) == (0.0, (0.0, 0.0))


def test_one_image_tells_nothing():
    with pytest.raises(InvalidInput, match="two or more"):
        loss_change([0], np.eye(2)[:1], np.eye(2)[:1])
