"""The parts of the GPU benchmark that a CPU can check; `make gpu` measures what they are worth."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from benchmarks.gpu import airbench

PIXELS = np.random.default_rng(2).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)


def numbers(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_resident_images_are_picked_moved_and_mirrored():
    resident = airbench.Resident(PIXELS)
    choice = np.array([[3, 2, 2, 0], [5, 0, 4, 0], [1, 3, 1, 1]], np.int32)
    padded = np.pad(PIXELS, ((0, 0), (2, 2), (2, 2), (0, 0)), "reflect")
    expected = [PIXELS[3], padded[5, 0:32, 4:36], padded[1, 3:35, 1:33][:, ::-1]]
    assert np.array_equal(numbers(resident(choice)), np.stack(expected))


def test_the_first_layer_whitens_and_learns_nothing_but_its_bias():
    net = airbench.network(10)
    airbench.whiten(net, PIXELS)
    first = keras.Model(net.input, net.get_layer("whiten").output)
    filtered = numbers(first(PIXELS)).reshape(-1, 24)
    covariance = filtered.T @ filtered / len(filtered)
    half = covariance[:12, :12]
    assert np.allclose(half, np.diag(np.diag(half)), atol=1e-3)
    assert np.allclose(np.diag(half), 1, atol=0.01)  # less by the epsilon
    assert np.allclose(covariance[:12, 12:], -half, atol=1e-3)
    shapes = [tuple(v.shape) for v in net.trainable_variables]
    assert (2, 2, 3, 24) not in shapes and shapes[0] == (24,)


def test_convolutions_begin_by_handing_their_input_on():
    net = airbench.network(10)
    airbench.initialise(net, np.random.default_rng(0))
    kernel = net.get_layer("group2a").get_weights()[0]
    x = np.random.default_rng(1).normal(size=(1, 8, 8, kernel.shape[2])).astype(np.float32)
    y = numbers(keras.ops.conv(x, kernel, padding="same"))
    assert np.array_equal(y[..., : kernel.shape[2]], x)
    assert net.get_layer("head").get_weights()[0].std() == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("shape", [(30, 8), (8, 30), (12, 12)])
def test_the_step_of_muon_is_nearly_orthogonal(shape):
    u, _, vt = np.linalg.svd(np.random.default_rng(0).normal(size=shape), full_matrices=False)
    matrix = (u * np.linspace(1, 2, len(vt))) @ vt
    step = numbers(airbench.orthogonal(matrix.astype(np.float32), "float32"))
    assert step.shape == shape
    assert np.allclose(step, u @ np.diag(np.diag(u.T @ step @ vt.T)) @ vt, atol=1e-4)
    assert (np.abs(np.linalg.svd(step, compute_uv=False) - 1) < 0.5).all()


def test_every_other_epoch_shows_the_other_side_and_batches_are_whole():
    batches = airbench.Batches(np.arange(25) % 10, 10, 8, seed=0)
    sides = []
    for _ in range(3):
        assert len(batches) == 3
        choice = np.concatenate([batches[i][0] for i in range(3)])
        targets = np.concatenate([batches[i][1] for i in range(3)])
        assert np.array_equal(targets.argmax(axis=1), choice[:, 0] % 10)
        assert len(set(choice[:, 0])) == 24
        assert choice[:, 1:3].min() >= 0 and choice[:, 1:3].max() <= 4
        sides.append(dict(zip(choice[:, 0], choice[:, 3], strict=True)))
        batches.on_epoch_end()
    assert all(sides[0][i] != sides[1][i] for i in sides[0].keys() & sides[1].keys())
    assert all(sides[0][i] == sides[2][i] for i in sides[0].keys() & sides[2].keys())


def test_the_views_weigh_one_together():
    assert sum(weight for weight, *_ in airbench.VIEWS) == 1
    assert len(set(airbench.VIEWS)) == 6
