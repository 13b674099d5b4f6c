"""Class weights: their laws, and that training heeds them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models import ALGORITHMS, pipelines, training
from core.models.balance import class_weights, weights_for
from core.models.probe import ProbeOptions
from core.models.transfer import TransferOptions


@given(st.lists(st.integers(0, 5), min_size=1, max_size=200))
def test_the_mean_is_one_and_every_class_weighs_the_same(labels):
    y = np.array(labels)
    weights = class_weights(y, 6)
    assert weights[y].mean() == pytest.approx(1, rel=1e-5)
    sums = [weights[c] * (y == c).sum() for c in set(labels)]
    assert np.allclose(sums, sums[0], rtol=1e-5)
    assert all(weights[c] == 0 for c in set(range(6)) - set(labels))


def data_of(n_rare=6, n_frequent=54):
    """Two overlapping classes, one of them rare; rows no index names have class -1."""
    rng = np.random.default_rng(0)
    y = np.array([0] * n_frequent + [1] * n_rare + [-1] * 5)
    x = (rng.normal(size=(len(y), 8)) + 0.8 * y[:, None]).astype(np.float32)
    rows = np.flatnonzero(y >= 0)
    return training.TrainingData(x, y, rows, rows, 2)


def test_batches_carry_weights_only_when_asked():
    data = data_of()
    targets = pipelines.one_hot(np.maximum(data.y, 0), 2)
    assert weights_for(ProbeOptions(), data) is None and weights_for(object(), data) is None
    plain, weighted = (
        pipelines.batches(data.x, targets, data.train_index, 16, seed=3, class_weights=weights)
        for weights in (None, weights_for(ProbeOptions(balance=True), data))
    )
    assert weighted.n_batches == plain.n_batches
    first = weighted[0]
    assert all(np.array_equal(a, b) for a, b in zip(first, plain[0], strict=False))
    assert np.allclose(first[2], np.where(first[1][:, 1] == 1, 60 / 12, 60 / 108))


def test_a_balanced_transfer_believes_more_in_the_rare_class():
    rng = np.random.default_rng(1)
    x = rng.integers(0, 256, (24, 16, 16, 3), dtype=np.uint8)  # noise: only shares can be learned
    y = np.array([0] * 20 + [1] * 4)
    data = training.TrainingData(x, y, np.arange(24), np.arange(24), 2)
    plain = TransferOptions(epochs=6, patience=6, tuning_epochs=0, input_px=32, dropout=0.0)
    beliefs = [
        training.fit("transfer", options, data, 0).model.predict_on_batch(x)[:, 1].mean()
        for options in (plain, dataclasses.replace(plain, balance=True))
    ]
    assert beliefs[0] + 0.1 < beliefs[1]


def test_the_algorithms_that_learn_from_single_images_offer_it():
    offering = {
        name
        for name, algorithm in ALGORITHMS.items()
        if any(field.name == "balance" for field in dataclasses.fields(algorithm.options))
    }
    assert offering == {"probe", "cnn", "alexnet", "transfer"}
