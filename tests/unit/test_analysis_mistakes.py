"""Which images models get wrong, by hand and by plain counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analysis.comparisons import mistakes
from core.errors import InvalidInput


def test_the_surest_errors_come_first_and_ties_keep_their_order():
    sure = np.array([0.5, 0.9, 0.7, 0.9, 0.8])
    right = np.array([False, False, True, False, False])
    assert mistakes.surest_errors(sure, right).tolist() == [1, 3, 4, 0]


def test_shared_errors_by_hand():
    """Both wrong on images 0, 2 and 3; on 0 and 3 with one answer; 3/4 * 3/4 * 4 by chance."""
    y = [0, 1, 2, 0]
    predicted = [[1, 1, 0, 2], [1, 0, 1, 2]]
    sure = [[0.6, 0.9, 0.99, 0.7], [0.6, 0.9, 0.99, 0.9]]
    found = mistakes.shared_errors(y, predicted, sure)
    assert found.rows.tolist() == [3, 0, 2]
    assert found.same.tolist() == [True, True, False]
    assert found.expected == pytest.approx(3 / 4 * 1 * 4)


def test_right_alone_by_hand():
    right = [[True, True, False, True], [False, True, False, False]]
    sure = [[0.5, 0.5, 0.5, 0.9], [0.5, 0.5, 0.5, 0.5]]
    alone = mistakes.right_alone(right, sure)
    assert [rows.tolist() for rows in alone] == [[3, 0], []]


@settings(deadline=None)  # a busy machine is no mistake
@given(st.integers(1, 4), st.integers(0, 20), st.integers(0, 2**16))
def test_all_wrong_one_right_and_the_rest_are_all_images(n_models, n, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    predicted = rng.integers(0, 3, (n_models, n))
    sure = rng.random((n_models, n))
    right = predicted == y
    shared = mistakes.shared_errors(y, predicted, sure)
    alone = mistakes.right_alone(right, sure)
    assert set(shared.rows) == {i for i in range(n) if not right[:, i].any()}
    for model, rows in enumerate(alone):
        assert set(rows) == {i for i in range(n) if right[:, i].sum() == 1 and right[model, i]}
    assert (np.diff(shared.same.astype(int)) <= 0).all()


def test_the_average_is_the_mean():
    rng = np.random.default_rng(0)
    tables = [rng.dirichlet(np.ones(3), 5).astype(np.float32) for _ in range(3)]
    assert mistakes.average(tables) == pytest.approx(np.mean(tables, axis=0))
    before = tables[0].copy()
    mistakes.average(tables)
    assert (tables[0] == before).all()  # answers are shared by all pages


def test_nobody_has_no_mistakes():
    with pytest.raises(InvalidInput, match="no model"):
        mistakes.average([])
    with pytest.raises(InvalidInput, match="no model"):
        mistakes.shared_errors([0], np.zeros((0, 1)), np.zeros((0, 1)))
    with pytest.raises(InvalidInput, match="same images"):
        mistakes.average([np.eye(2), np.eye(2)[:1]])
