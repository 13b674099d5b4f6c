"""Schedules: what the step size is at the first, the highest and the last step."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from core.models import schedules, training
from core.models.cnn import CnnOptions


def sizes(schedule, n_steps, **more):
    made = schedules.step_size(schedule, 0.1, n_steps, **more)
    return np.array([float(made(step)) for step in range(n_steps + 2)])


def test_a_cosine_falls_to_zero_and_stays_there():
    told = sizes("cosine", 40)
    assert told[0] == pytest.approx(0.1)
    assert told[20] == pytest.approx(0.05, rel=1e-5)
    assert np.allclose(told[40:], 0, atol=1e-9)
    assert (np.diff(told) <= 0).all()


def test_a_warm_up_rises_from_a_tenth_and_then_falls():
    told = sizes("cosine", 40, warmup_share=0.25)
    assert told[0] == pytest.approx(0.01)
    assert told.argmax() == 10 and told[10] == pytest.approx(0.1)
    assert told[40] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("n_steps", [40, 7, 2])
def test_a_triangle_rises_and_falls_in_straight_lines(n_steps):
    told = sizes("triangular", n_steps)
    assert told[0] == pytest.approx(0.01)
    assert told.max() <= 0.1 + 1e-6
    assert told[n_steps] == pytest.approx(0, abs=1e-8)
    half = n_steps // 2
    assert np.allclose(np.diff(told[: half + 1]), told[1] - told[0], atol=1e-6)
    if n_steps % 2 == 0:
        assert told[half] == pytest.approx(0.1)


def test_a_triangle_of_one_step_is_still_a_number():
    assert float(schedules.step_size("triangular", 0.1, 1)(0)) == pytest.approx(0.01)


def test_a_triangle_can_be_saved_with_its_optimizer():
    made = schedules.step_size("triangular", 0.1, 40)
    config = keras.optimizers.schedules.serialize(made)
    again = keras.optimizers.schedules.deserialize(config)
    assert float(again(13)) == float(made(13)) > 0


def test_constant_is_a_number():
    assert schedules.step_size("constant", 0.1, 40) == 0.1


@pytest.mark.parametrize(
    "name", ["cnn", "alexnet", pytest.param("transfer", marks=pytest.mark.slow)]
)
def test_the_choice_changes_what_is_learned(name):
    from tests.contracts.test_algorithms import make_data, small_options

    losses = {
        schedule: training.fit(
            name, small_options(name, epochs=2, schedule=schedule), make_data(name), 0
        ).history["loss"]
        for schedule in schedules.SCHEDULES
    }
    assert len({tuple(history) for history in losses.values()}) == 3


def test_the_default_is_what_it_was():
    assert CnnOptions().schedule == "cosine"
