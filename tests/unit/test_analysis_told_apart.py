"""Agreement within a pair of classes: kappa of four cells, with its interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from core.analysis import metrics
from core.analysis.merges.told_apart import told_apart, worst_of
from tests.strategies import confusions


@given(confusions())
def test_it_is_the_kappa_of_the_four_cells(matrix):
    found = told_apart(matrix)
    for a in range(len(matrix)):
        for b in range(a):
            cells = matrix[np.ix_([a, b], [a, b])]
            assert found.n[a, b] == cells.sum()
            if cells.sum() and found.high[a, b] > found.low[a, b]:
                assert found.low[a, b] - 1e-9 <= found.kappa[a, b] <= found.high[a, b] + 1e-9
            if 0 < np.trace(cells) < cells.sum():
                assert found.kappa[a, b] == pytest.approx(metrics.kappa(cells), abs=1e-9)
    for values in found:
        assert np.allclose(values, values.T) and np.isfinite(values).all()


def test_a_pair_without_images_says_nothing():
    found = told_apart(np.diag([5, 0, 0]))
    assert [float(x[1, 2]) for x in found] == [0, 0, -1, 1]
    assert [float(x[0, 1]) for x in found] == [5, 0, -1, 1]  # one class only: nothing to tell


def test_more_images_make_the_interval_narrower():
    few, many = (told_apart(np.array([[6, 4], [4, 6]]) * n) for n in (1, 100))
    assert few.kappa[0, 1] == pytest.approx(many.kappa[0, 1]) == pytest.approx(0.2)
    assert few.low[0, 1] < 0 < many.low[0, 1] and many.high[0, 1] < 0.25 < few.high[0, 1]


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(600):
        found = told_apart([rng.multinomial(30, [0.7, 0.3]), rng.multinomial(30, [0.3, 0.7])])
        held += found.low[0, 1] <= 0.4 <= found.high[0, 1]
    assert 0.92 <= held / 600 <= 0.985


def test_the_worst_of_a_group():
    values = np.array([[1.0, 0.1, 0.9], [0.1, 1.0, 0.2], [0.9, 0.2, 1.0]])
    assert worst_of(values, [0, 0, 1]) == 0.1
    assert worst_of(values, [0, 0, 0]) == 0.9
    assert worst_of(values, [0, 1, 2]) == -1.0
