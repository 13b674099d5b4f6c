"""Operating points against a plain search over all thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.analysis import metrics
from core.analysis.comparisons import operating
from core.analysis.comparisons.risk import risk_coverage
from core.errors import InvalidInput

ANSWERS = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=25)
SHARES = st.integers(0, 20).map(lambda i: i / 20)


def _arrays(answers):
    sure, right = zip(*answers, strict=True)
    return np.array(sure) / 5, np.array(right)


@settings(deadline=None)  # a busy machine is no mistake
@given(ANSWERS, SHARES)
def test_a_wanted_accuracy_is_reached_on_as_many_images_as_possible(answers, wanted):
    sure, right = _arrays(answers)
    found = operating.threshold_for_accuracy(risk_coverage(sure, right), wanted)
    reached = [t for t in set(sure.tolist()) if right[sure >= t].mean() >= wanted - 1e-12]
    assert found == (min(reached) if reached else None)


@settings(deadline=None)  # a busy machine is no mistake
@given(ANSWERS, SHARES)
def test_a_wanted_coverage_is_reached_with_no_image_too_many(answers, wanted):
    sure, right = _arrays(answers)
    found = operating.threshold_for_coverage(risk_coverage(sure, right), wanted)
    assert found == max(t for t in set(sure.tolist()) if (sure >= t).mean() >= wanted - 1e-12)


@settings(deadline=None)  # a busy machine is no mistake
@given(ANSWERS, st.floats(-0.5, 1.5))
def test_what_a_threshold_keeps_is_counted(answers, threshold):
    sure, right = _arrays(answers)
    kept = operating.kept_at(risk_coverage(sure, right), len(sure), threshold)
    above = sure >= threshold
    assert kept == (len(sure), above.sum(), right[above].sum())
    assume(kept.n_kept)
    assert kept.coverage == above.mean()
    assert kept.accuracy == right[above].mean()
    assert kept.accuracy_ci == metrics.wilson_interval(kept.n_right, kept.n_kept)
    assert kept.coverage_ci == metrics.wilson_interval(kept.n_kept, kept.n_images)


def test_a_threshold_above_all_keeps_nothing():
    kept = operating.kept_at(risk_coverage([0.4, 0.6], [True, False]), 2, 0.7)
    assert kept == (2, 0, 0)
    assert np.isnan(kept.accuracy)
    assert kept.accuracy_ci == (0.0, 1.0)


def test_equal_confidence_shares_a_fate():
    """Nine of ten images at 0.5 cannot be kept without the tenth."""
    curve = risk_coverage(np.full(10, 0.5), np.arange(10) > 0)
    assert operating.threshold_for_accuracy(curve, 0.9) == 0.5
    assert operating.threshold_for_accuracy(curve, 0.95) is None


@settings(deadline=None)  # a busy machine is no mistake
@given(ANSWERS, st.integers(2, 8))
def test_a_thinned_curve_keeps_its_end_and_its_order(answers, n_points):
    curve = risk_coverage(*_arrays(answers))
    shown = operating.thinned(curve, n_points)
    assert len(shown) <= max(n_points, 1)
    assert (np.diff(shown) > 0).all()
    assert shown[-1] == len(curve.coverage) - 1


def test_a_long_curve_is_drawn_evenly_over_coverage():
    rng = np.random.default_rng(0)
    curve = risk_coverage(rng.random(5_000), rng.random(5_000) < 0.7)
    drawn = curve.coverage[operating.thinned(curve, 100)]
    assert len(drawn) == 100
    assert np.diff(drawn).max() < 0.011


def test_bands_are_wilsons():
    found = operating.wilson_bands(np.array([3, 0]), np.array([4, 2]))
    assert found.tolist() == [
        list(metrics.wilson_interval(3, 4)),
        list(metrics.wilson_interval(0, 2)),
    ]


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_what_is_no_share_is_refused(share):
    curve = risk_coverage([0.5], [True])
    with pytest.raises(InvalidInput, match="not a share"):
        operating.threshold_for_accuracy(curve, share)
    with pytest.raises(InvalidInput, match="not a share"):
        operating.threshold_for_coverage(curve, share)
