"""Every algorithm on a GPU: one epoch, large batches, half precision, and the same answers after.

`make gpu` runs this where there is a GPU, on whatever KERAS_BACKEND names. A machine that has no
TensorFlow cannot write ONNX: there the Keras file is compared instead.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, fields

import numpy as np
import pytest

from core.models import ALGORITHMS, artifact, device, options, precision, training
from tests.contracts.test_algorithms import SMALL

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(1200)]

N_IMAGES, N_CLASSES, SIDE_PX, DIM = 640, 10, 32, 256
LARGE = {"epochs": 1, "patience": 1, "batch_size": 256, "tuning_epochs": 1, "filters": 64}


@dataclass
class Trained:
    name: str
    data: training.TrainingData
    fitted: training.Fitted
    switched: list[str]  # the precisions that layers were set to, in order


def make_data(name: str) -> training.TrainingData:
    rng = np.random.default_rng(3)
    y = np.arange(N_IMAGES) % N_CLASSES
    if ALGORITHMS[name].input == "embedding":
        x = rng.normal(size=(N_IMAGES, DIM)).astype(np.float32)
    else:
        x = rng.integers(0, 256, (N_IMAGES, SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    return training.TrainingData(x, y, np.arange(512), np.arange(512, N_IMAGES), N_CLASSES)


@pytest.fixture(scope="module", params=sorted(ALGORITHMS))
def trained(request: pytest.FixtureRequest) -> Trained:
    name, switched = request.param, []
    known = {field.name for field in fields(ALGORITHMS[name].options)}
    chosen = SMALL[name] | {key: value for key, value in LARGE.items() if key in known}
    data, to = make_data(name), precision._set
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(precision, "_set", lambda *given: (switched.append(given[1]), to(*given)))
        parsed = options.parse(ALGORITHMS[name].options, chosen)
        fitted = training.fit(name, parsed, data, 0)
    return Trained(name, data, fitted, switched)


def test_it_ran_on_the_gpu(trained: Trained) -> None:
    assert trained.fitted.device.startswith("GPU: "), "there is no GPU here: run make gpu"
    if device.accelerator().peak_memory_bytes is not None:  # not every allocator tells
        assert device.peak_memory_bytes() > trained.data.x.nbytes / len(trained.data.x)


def test_the_history_is_finite(trained: Trained) -> None:
    n_stages = 2 if trained.name == "transfer" else 1
    for name, values in trained.fitted.history.items():
        assert len(values) == n_stages and np.isfinite(values).all(), name


def test_convolutions_learn_in_half_precision_where_the_gpu_is_built_for_it(
    trained: Trained,
) -> None:
    policy = precision.policy()
    expected = [] if policy == precision.FLOAT32 else [policy, precision.FLOAT32]
    assert trained.switched == expected


def test_the_answers_are_the_same_after_saving(trained: Trained, tmp_path) -> None:
    import keras

    x, fitted = trained.data.x[:64], trained.fitted
    precision.full_float32()
    expected = np.asarray(fitted.model.predict_on_batch(x))
    assert expected.dtype == np.float32
    assert np.allclose(expected.sum(axis=1), 1, atol=1e-5)
    if importlib.util.find_spec("tensorflow"):
        artifact.save(fitted, tmp_path, {})  # raises unless its own sample agrees
        received = artifact.load_session(tmp_path / artifact.ONNX_FILE).predict(x)
    else:
        fitted.model.save(tmp_path / artifact.KERAS_FILE)
        loaded = keras.saving.load_model(tmp_path / artifact.KERAS_FILE, compile=False)
        received = np.asarray(loaded.predict_on_batch(x))
    assert np.abs(received - expected).max() <= artifact.MAX_ABS_DIFF
