"""Cells of the difference of two matrices: by hand, against SciPy, and under the null."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from core.analysis import metrics
from core.analysis.comparisons.cell_differences import cell_differences
from core.analysis.comparisons.class_order import by_cluster, by_confusion
from core.analysis.comparisons.paired import holm
from core.errors import InvalidInput

K = 4


def answers(n, seed, *, apart=0.0):
    """Return true classes and the answers of two models; `apart` of B's 0s become 1s."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, K, n)
    said = [np.where(rng.random(n) < 0.3, rng.integers(0, K, n), y) for _ in range(2)]
    said[1] = np.where((y == 0) & (rng.random(n) < apart), 1, said[1])
    return y, *said


def test_counts_and_p_values_are_those_of_every_cell_by_itself():
    y, a, b = answers(2000, 0, apart=0.1)
    found = cell_differences(y, a, b, K)
    C_a, C_b = (metrics.confusion_matrix(y, said, K) for said in (a, b))
    np.testing.assert_array_equal(found.difference, C_a - C_b)
    assert found.n_tested == K * K  # enough images in every cell
    p = np.ones((K, K))
    for t in range(K):
        for said in range(K):
            in_a, in_b = (y == t) & (a == said), (y == t) & (b == said)
            assert found.both[t, said] == np.sum(in_a & in_b)
            n_a, n_b = int(np.sum(in_a & ~in_b)), int(np.sum(in_b & ~in_a))
            assert (found.only_a[t, said], found.only_b[t, said]) == (n_a, n_b)
            p[t, said] = binomtest(n_a, n_a + n_b, 0.5).pvalue
    np.testing.assert_allclose(found.holm_p.ravel(), holm(p.ravel()))
    np.testing.assert_array_equal(found.significant, found.holm_p < 0.05)


def test_a_real_difference_is_marked_and_no_other_cell():
    y, a, b = answers(4000, 1, apart=0.25)
    found = cell_differences(y, a, b, K)
    assert found.significant[0, :2].all()
    assert not found.significant[1:].any()


def test_cells_with_too_few_images_are_not_counted():
    """Five images can never have p below 0.0625; ten against none are 0.002, of two cells."""
    y = np.repeat([0, 1], [10, 5])
    a, b = np.repeat([0, 1], [10, 5]), np.repeat([1, 0], [10, 5])
    found = cell_differences(y, a, b, 2)
    assert found.n_tested == 2
    assert found.holm_p[0].tolist() == pytest.approx([2 * 2 / 1024] * 2)
    assert found.holm_p[1].tolist() == [1.0, 1.0]
    assert found.significant.tolist() == [[True, True], [False, False]]


def test_equal_models_differ_nowhere():
    y, a, _ = answers(50, 2)
    found = cell_differences(y, a, a, K)
    assert not found.difference.any() and not found.significant.any() and found.n_tested == 0
    np.testing.assert_array_equal(found.both, metrics.confusion_matrix(y, a, K))


def test_what_does_not_fit_is_refused():
    with pytest.raises(InvalidInput, match="same images"):
        cell_differences([0, 1], [0, 1], [0], 2)
    with pytest.raises(InvalidInput, match="does not exist"):
        cell_differences([0, 1], [0, 1], [0, 2], 2)


@pytest.mark.slow
def test_where_models_do_not_differ_a_mark_appears_in_at_most_one_of_twenty():
    """Whoever of the two said what is decided by a coin: so nothing differs."""
    rng = np.random.default_rng(3)
    n_marked = n_tests = 0
    for seed in range(2000):
        y, a, b = answers(600, seed)
        coin = rng.random(len(y)) < 0.5
        found = cell_differences(y, np.where(coin, a, b), np.where(coin, b, a), K)
        n_marked += bool(found.significant.any())
        n_tests += found.n_tested
    assert n_tests / 2000 > K  # they could have been marked
    assert 0.01 <= n_marked / 2000 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)


def test_confused_classes_stand_beside_each_other():
    n = 9
    C = 20 * np.eye(n)
    for i, j in ((0, 5), (5, 7), (2, 8), (1, 3)):
        C[i, j] = C[j, i] = 9
    order = by_confusion(C).tolist()
    assert sorted(order) == list(range(n))
    for i, j in ((0, 5), (5, 7), (2, 8), (1, 3)):
        assert abs(order.index(i) - order.index(j)) == 1
    renamed = np.random.default_rng(4).permutation(n)
    again = renamed[by_confusion(C[np.ix_(renamed, renamed)])].tolist()
    for i, j in ((0, 5), (5, 7), (2, 8), (1, 3)):
        assert abs(again.index(i) - again.index(j)) == 1


def test_two_classes_stay_as_they_are():
    assert by_confusion([[1, 2], [3, 4]]).tolist() == [0, 1]


def test_classes_of_one_cluster_stand_together_and_those_without_images_alone():
    table = [[5, 0, 0, 5, 0], [0, 5, 0, 0, 0], [0, 0, 0, 0, 6]]
    assert by_cluster(table).tolist() == [0, 3, 1, 2, 4]
    assert by_cluster(np.array(table)[::-1]).tolist() == [0, 3, 1, 2, 4]
