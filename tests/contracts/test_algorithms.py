"""One contract for every algorithm: adding one is adding a row to SMALL and passing this file."""

from __future__ import annotations

import dataclasses
import json
import zipfile

import numpy as np
import pytest

from core.errors import InvalidInput, JobCancelled
from core.models import ALGORITHMS, artifact, options, portable, training
from core.store.checkpoints import Checkpoints

ONE_SHOT = {
    "epochs": 8,
    "patience": 8,
    "n_episodes": 10,
    "n_support": 4,
    "learning_rate": 0.01,
    "filters": 8,
    "input_px": 16,
}
SMALL = {  # options that fit ten images in seconds
    "probe": {"epochs": 40, "patience": 40, "learning_rate": 0.05, "l2": 0.0, "batch_size": 4},
    "knn": {"n_neighbours": 1, "epochs": 3, "patience": 3, "batch_size": 4},
    "transfer": {
        "epochs": 30,
        "tuning_epochs": 5,
        "patience": 30,
        "batch_size": 5,
        "learning_rate": 0.05,
        "dropout": 0.0,
        "label_smoothing": 0.0,
        "n_blocks": 1,
        "weight_decay": 0.0,
        "input_px": 32,
    },
    "cnn": {
        "epochs": 30,
        "patience": 30,
        "batch_size": 5,
        "width": 8,
        "learning_rate": 0.01,
        "input_px": 16,
        "dropout": 0.0,
        "label_smoothing": 0.0,
        "rotation_deg": 0.0,
        "shift_share": 0.0,
        "contrast_share": 0.0,
    },
    "alexnet": {
        "epochs": 30,
        "patience": 30,
        "batch_size": 5,
        "learning_rate": 0.01,
        "dropout": 0.0,
        "width_share": 0.04,
        "dense_units": 32,
        "shift_share": 0.0,
    },
    "prototypical": ONE_SHOT | {"n_shot": 2, "n_query": 2},
    "matching": ONE_SHOT | {"n_shot": 2, "n_query": 2},
    "siamese": ONE_SHOT | {"n_images": 12, "dim": 16},
    "memory": ONE_SHOT | {"n_each": 8, "n_slots": 12, "n_units": 16, "dim": 16},
}
AUGMENTED = {  # whatever else is left to chance
    "cnn": {"flip": True, "rotation_deg": 10, "shift_share": 0.1, "dropout": 0.2},
    "alexnet": {"flip": True, "shift_share": 0.1, "dropout": 0.5},
    "transfer": {"dropout": 0.2, "tuning_epochs": 2},
    "matching": {"rotations": True},
}
N_IMAGES, N_CLASSES = 14, 3


def small_options(name, **more):
    return options.parse(ALGORITHMS[name].options, SMALL[name] | more)


def make_data(name):
    """Ten images to learn, the same ten to judge by, and four that no index names."""
    rng = np.random.default_rng(7)
    if ALGORITHMS[name].input == "embedding":
        x = rng.normal(3.0, 2.0, (N_IMAGES, 24)).astype(np.float32)
    else:
        x = rng.integers(0, 256, (N_IMAGES, 16, 16, 3), dtype=np.uint8)
    y = np.arange(N_IMAGES) % N_CLASSES
    y[10:] = -1  # not of these classes: nobody may look
    return training.TrainingData(x, y, np.arange(10), np.arange(10), N_CLASSES)


@pytest.fixture(scope="module", params=sorted(ALGORITHMS))
def trained(request, tmp_path_factory):
    """One training an algorithm: its name, data, result, reports and saved folder."""
    name, reports = request.param, []
    data = make_data(name)
    fitted = training.fit(name, small_options(name), data, 3, reports.append, lambda: False)
    folder = tmp_path_factory.mktemp(name)
    artifact.save(fitted, folder, {"algorithm": name, "classes": ["a", "b", "c"]})
    return name, data, fitted, reports, folder


def _late(name):
    """Leave two that take longest to `make test-slow`, where a test trains four times."""
    return pytest.param(name, marks=pytest.mark.slow) if name in ("transfer", "memory") else name


def test_every_algorithm_is_in_this_suite():
    assert set(SMALL) == set(ALGORITHMS) > set(AUGMENTED)
    for name, algorithm in ALGORITHMS.items():
        assert algorithm.name == name
        assert algorithm.title and algorithm.summary and algorithm.paper


def test_options_say_enough_to_be_drawn_and_survive_json():
    for name, algorithm in ALGORITHMS.items():
        for field in options.describe(algorithm.options):
            assert field.help, (name, field.name)
            if field.kind is str:
                assert field.default in field.choices, (name, field.name)
            elif field.kind is not bool:
                assert field.minimum <= field.default <= field.maximum, (name, field.name)
        chosen = small_options(name)
        again = json.loads(json.dumps(dataclasses.asdict(chosen)))
        assert options.parse(algorithm.options, again) == chosen


def test_probabilities_have_shape_type_and_sum(trained):
    _, data, _, _, folder = trained
    probabilities = artifact.load_session(folder / "model.onnx").predict(data.x)
    assert probabilities.shape == (N_IMAGES, N_CLASSES)
    assert probabilities.dtype == np.float32
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_its_file_can_be_opened_where_nobody_is_trusted(trained):
    *_, folder = trained
    portable.check((folder / "model.onnx").read_bytes())


def test_overfits_ten_images(trained):
    _, data, fitted, _, folder = trained
    probabilities = artifact.load_session(folder / "model.onnx").predict(data.x[:10])
    assert (probabilities.argmax(axis=1) == data.y[:10]).all()
    assert fitted.history["val_accuracy"][fitted.best_epoch - 1] == 1.0


def test_reports_every_epoch_and_keeps_the_best(trained):
    _, _, fitted, reports, _ = trained
    assert [r["epoch"] for r in reports] == list(range(1, len(fitted.history["loss"]) + 1))
    assert {"loss", "accuracy", "log_loss", "val_loss", "val_accuracy", "val_log_loss"} == set(
        fitted.history
    )
    assert set(reports[0]) == set(fitted.history) | {"epoch", "n_epochs"}
    assert fitted.history["val_log_loss"][fitted.best_epoch - 1] == min(
        fitted.history["val_log_loss"]
    )
    assert fitted.n_parameters > 0 and fitted.duration_s > 0 and fitted.device


def test_the_model_kept_is_that_of_the_best_epoch(trained):
    _, data, fitted, _, folder = trained
    probabilities = artifact.load_session(folder / "model.onnx").predict(data.x[:10])
    log_loss = -np.log(probabilities[np.arange(10), data.y[:10]]).mean()
    assert log_loss == pytest.approx(min(fitted.history["val_log_loss"]), rel=1e-3, abs=1e-6)


def test_config_round_trip(trained):
    import keras

    _, data, fitted, _, _ = trained
    copy = keras.Model.from_config(fitted.model.get_config())
    copy.set_weights(fitted.model.get_weights())
    expected = fitted.model.predict_on_batch(data.x)
    assert np.array_equal(copy.predict_on_batch(data.x), expected)


def test_saved_and_loaded_models_give_the_same_answers(trained):
    _, data, fitted, _, folder = trained
    expected = fitted.model.predict_on_batch(data.x)
    assert np.array_equal(artifact.load_keras(folder).predict_on_batch(data.x), expected)
    received = artifact.load_session(folder / "model.onnx").predict(data.x)
    assert np.abs(received - expected).max() <= artifact.MAX_ABS_DIFF


def test_the_file_opens_on_any_backend(trained):
    """A compiled model inside would be loaded with its optimizer, which one backend may own."""
    _, _, _, _, folder = trained
    with zipfile.ZipFile(folder / artifact.KERAS_FILE) as file:
        content = json.loads(file.read("config.json"))
    assert '"compile_config": {"' not in json.dumps(content["config"])


def test_raw_input_contract(trained):
    """Pixels go in as they are, as uint8 or as float; embeddings are not standardised outside."""
    name, data, _, _, folder = trained
    session = artifact.load_session(folder / "model.onnx")
    assert session.input_shape == data.x.shape[1:]
    expected = session.predict(data.x)
    assert np.array_equal(session.predict(data.x.astype(np.float64)), expected)
    if ALGORITHMS[name].input == "pixels":
        assert session.input_dtype == np.uint8
        inverted = session.predict(255 - data.x)
        assert not np.array_equal(inverted, expected)


@pytest.mark.parametrize("name", [_late(name) for name in sorted(ALGORITHMS)])
def test_a_seed_decides_and_a_checkpoint_goes_on_to_the_same_bits(name, tmp_path):
    """Stopped in the last epoch of the first stage; resumed, it is as if it never had been.

    What was learned up to the stop was learned twice, so it also shows that a seed reproduces.
    """
    chosen = small_options(name, **({"epochs": 3, "patience": 5} | AUGMENTED.get(name, {})))
    data, whole = make_data(name), []
    expected = training.fit(name, chosen, data, 5, whole.append)
    kept, seen, told = Checkpoints(tmp_path / "kept", every_s=0), [], []
    with pytest.raises(JobCancelled):
        training.fit(name, chosen, data, 5, seen.append, lambda: len(seen) == 2, keeper=kept)
    received = training.fit(name, chosen, data, 5, told.append, keeper=kept)
    assert seen == whole[:2]
    assert received.history == expected.history
    assert [*told] == whole and received.best_epoch == expected.best_epoch
    for a, b in zip(received.model.get_weights(), expected.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert training.fit(name, chosen, data, 6).history != expected.history


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_honours_cancel_within_a_batch(name):
    asked, reports = [], []

    def stop():
        asked.append(True)
        return len(asked) == 2

    with pytest.raises(JobCancelled):
        training.fit(name, small_options(name), make_data(name), 0, reports.append, stop)
    assert len(asked) == 2
    assert reports == []


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_refuses_what_it_cannot_learn_from(name):
    data = make_data(name)
    wrong = {
        "axes": dataclasses.replace(data, x=data.x[..., 0]),
        "type": dataclasses.replace(data, x=data.x.astype(np.int64)),
        "length": dataclasses.replace(data, y=data.y[:-1]),
        "one class": dataclasses.replace(data, n_classes=1),
        "no validation": dataclasses.replace(data, val_index=np.arange(0)),
        "no training": dataclasses.replace(data, train_index=np.arange(0)),
        "class": dataclasses.replace(data, train_index=np.arange(11)),
        "empty class": dataclasses.replace(data, n_classes=4),
    }
    for case, bad in wrong.items():
        with pytest.raises(InvalidInput):
            training.fit(name, small_options(name), bad, 0)
            pytest.fail(case)
    with pytest.raises(InvalidInput, match="seed"):
        training.fit(name, small_options(name), data, -1)
    with pytest.raises(InvalidInput, match="options"):
        training.fit(name, object(), data, 0)
