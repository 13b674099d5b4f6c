"""Asking a model: in parts, on rows of a larger array, down to none."""

from __future__ import annotations

import keras
import numpy as np

from core.models.pipelines import ask


def test_a_model_answers_for_the_rows_named_whatever_their_number():
    keras.utils.set_random_seed(0)
    entry = keras.Input((3,))
    model = keras.Model(entry, keras.layers.Dense(2, activation="softmax")(entry))
    x = np.random.default_rng(0).normal(size=(1000, 3)).astype(np.float32)
    rows = np.arange(999, -1, -2)
    answers = ask(model, x, rows)
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers, model.predict_on_batch(x[rows]), atol=1e-6)
    assert ask(model, x, rows[:0]).shape == (0, 2)
