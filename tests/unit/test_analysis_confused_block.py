"""The block of classes that a large confusion matrix shows first."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis.merges.confused_block import most_confused
from core.errors import InvalidInput


def matrix(n_classes, *confusions):
    C = 50 * np.eye(n_classes, dtype=int)
    for true, predicted, n in confusions:
        C[true, predicted] += n
    return C


def test_the_most_confused_pairs_are_in_the_block_and_beside_each_other():
    C = matrix(40, (3, 30, 20), (30, 3, 5), (7, 12, 15), (12, 7, 1), (1, 2, 2))
    found = most_confused(C, 4)
    assert sorted(found.classes) == [3, 7, 12, 30]
    place = {name: at for at, name in enumerate(found.classes)}
    assert abs(place[3] - place[30]) == abs(place[7] - place[12]) == 1
    assert (found.n_errors, found.n_errors_within) == (43, 41)


def test_a_pair_that_does_not_fit_leaves_its_place_to_one_that_does():
    C = matrix(10, (0, 1, 9), (2, 3, 8), (1, 4, 7))
    assert sorted(most_confused(C, 3).classes) == [0, 1, 4]


def test_classes_that_are_never_confused_stay_out():
    assert sorted(most_confused(matrix(50, (4, 5, 1)), 20).classes) == [4, 5]


def test_without_an_error_the_first_classes_are_shown():
    found = most_confused(matrix(50), 20)
    assert sorted(found.classes) == list(range(20))
    assert found.n_errors == 0


def test_a_block_as_large_as_the_matrix_has_every_error():
    rng = np.random.default_rng(0)
    found = most_confused(rng.integers(1, 9, (12, 12)), 12)
    assert sorted(found.classes) == list(range(12))
    assert found.n_errors == found.n_errors_within


def test_what_is_no_matrix_and_a_block_of_one_are_refused():
    with pytest.raises(InvalidInput):
        most_confused(np.ones((2, 3)), 2)
    with pytest.raises(InvalidInput):
        most_confused(matrix(3), 1)
