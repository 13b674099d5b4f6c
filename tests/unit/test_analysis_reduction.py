"""The reduction of embeddings: blocks of single precision say what double precision would."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from core.analysis.clusters.reduction import reduce
from core.errors import InvalidInput


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(5000, 90), (60, 90)])
def test_reduction_equals_scikit_learn_on_large_means_and_tiny_spreads(shape, dtype):
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape) @ rng.normal(size=(shape[1], shape[1]))
    x[:, 5] = x[:, 5] * 1e-3 + 2.0
    x[:, 6] *= 1e9
    x[:, 7] = 0.1
    x = x.astype(dtype)
    expected = PCA(12, svd_solver="full").fit_transform(
        StandardScaler().fit_transform(x.astype(np.float64))
    )
    mine = reduce(x, 12)
    assert mine.dtype == np.float32
    assert np.abs(mine) == pytest.approx(np.abs(expected), abs=3e-4 * np.abs(expected).max())


def test_double_precision_counts_where_single_would_see_one_value():
    x = np.random.default_rng(0).normal(size=(300, 4))
    assert reduce(x * 1e-3 + 1e6, 4) == pytest.approx(reduce(x, 4), abs=1e-3)


@pytest.mark.parametrize("shape", [(400, 6), (6, 400)])
def test_directions_that_do_not_exist_have_scores_of_nothing(shape):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(shape[0], 2)) @ rng.normal(size=(2, shape[1]))).astype(np.float32)
    scores = reduce(x, 5)
    assert np.abs(scores[:, :2]).max() > 1.0
    assert np.abs(scores[:, 2:]).max() < 1e-5 * np.abs(scores).max()


def test_a_large_embedding_is_not_held_a_second_time():
    x = np.random.default_rng(0).normal(size=(40_000, 100)).astype(np.float32)
    tracemalloc.start()
    reduce(x, 2)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 0.5 * x.nbytes


def test_what_is_no_table_of_numbers_is_refused():
    for wrong in ([1.0, 2.0], np.empty((0, 3)), np.float32([[np.nan, 1.0]])):
        with pytest.raises(InvalidInput, match="embedding"):
            reduce(wrong)
    with pytest.raises(InvalidInput, match="n_components"):
        reduce([[1.0]], 0)
