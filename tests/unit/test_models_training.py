"""Training: the order of batches, the probe's objective, early stopping, the cnn's shape."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from core.errors import JobFailed, NotReady
from core.models import cnn, pipelines, probe, training
from core.store.checkpoints import Checkpoints


def test_order_is_a_function_of_seed_and_epoch():
    a = pipelines.epoch_order(50, 0, 0)
    assert sorted(a) == list(range(50))
    assert np.array_equal(a, pipelines.epoch_order(50, 0, 0))
    assert not np.array_equal(a, pipelines.epoch_order(50, 0, 1))
    assert not np.array_equal(a, pipelines.epoch_order(50, 1, 0))


def test_batches_see_every_chosen_row_once_an_epoch_and_no_other():
    x = np.arange(20, dtype=np.float32)[:, None]
    targets = pipelines.one_hot(np.arange(20) % 3, 3)
    rows = np.array([1, 3, 5, 7, 11, 13, 17])
    train = pipelines.batches(x, targets, rows, 3, seed=4)
    seen = []
    for epoch in range(2):
        parts = [train[epoch * train.n_batches + i] for i in range(train.n_batches)]
        assert [len(p[0]) for p in parts] == [3, 3, 1]
        assert all(np.array_equal(t, targets[b[:, 0].astype(int)]) for b, t in parts)
        seen.append([tuple(b[:, 0]) for b, _ in parts])
        assert sorted(v for part in seen[-1] for v in part) == list(rows)
    assert seen[0] != seen[1]
    train.first_epoch = 1
    assert tuple(train[0][0][:, 0]) == seen[1][0]
    val = pipelines.batches(x, targets, rows, 4)
    assert [int(v) for v in val[0][0][:, 0]] == [1, 3, 5, 7]


def test_pixels_stay_uint8_on_their_way():
    x = np.zeros((4, 8, 8, 3), np.uint8)
    targets = pipelines.one_hot(np.arange(4) % 2, 2)
    assert pipelines.batches(x, targets, np.arange(4), 2, seed=0)[0][0].dtype == np.uint8


def whole(x, y, n_classes):
    """All rows to learn from and to judge by."""
    rows = np.arange(len(x))
    return training.TrainingData(x, y, rows, rows, n_classes)


def blobs(n, dim, n_classes, spread, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n)
    return (rng.normal(size=(n_classes, dim))[y] + spread * rng.normal(size=(n, dim))).astype(
        np.float32
    ) * 3 + 5, y


def test_the_objective_is_that_of_logistic_regression():
    """At scikit-learn's solution the loss has scikit-learn's value, and no lower one nearby."""
    x, y = blobs(300, 20, 3, 1.5)
    l2, n = 50.0, len(y)
    recipe = probe.build(probe.ProbeOptions(l2=l2), whole(x, y, 3), 0)
    stage = recipe.stages[0]
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    reference = LogisticRegression(C=1 / l2, tol=1e-8, max_iter=1000).fit(z, y)
    stage.trained.compile(stage.optimizer, stage.loss)
    dense = stage.trained.get_layer("probabilities")

    def loss(w, b):
        dense.set_weights([w, b])
        return float(stage.trained.test_on_batch(x, pipelines.one_hot(y, 3)))

    w, b = reference.coef_.T, reference.intercept_
    log_loss = -np.log(reference.predict_proba(z)[np.arange(n), y]).mean()
    lowest = loss(w, b)
    assert lowest == pytest.approx(log_loss + l2 / (2 * n) * (w**2).sum(), rel=1e-5)
    assert np.allclose(recipe.served.predict_on_batch(x), reference.predict_proba(z), atol=1e-5)
    rng = np.random.default_rng(1)
    for _ in range(10):
        assert loss(w + 0.02 * rng.normal(size=w.shape), b) > lowest


def test_probe_survives_dimensions_that_never_move():
    x, y = blobs(60, 8, 2, 0.3)
    x[:, 3] = 7.0
    rows = np.arange(60)
    data = training.TrainingData(x, y, rows[:40], rows[40:], 2)
    fitted = training.fit("probe", probe.ProbeOptions(epochs=10), data, 0)
    moved = x.copy()
    moved[:, 3] += 0.01
    a, b = fitted.model.predict_on_batch(x), fitted.model.predict_on_batch(moved)
    assert np.isfinite(b).all() and np.abs(a - b).max() < 0.05
    flat = training.TrainingData(np.ones_like(x), y, rows[:40], rows[40:], 2)
    flat_fit = training.fit("probe", probe.ProbeOptions(epochs=3), flat, 0)
    assert np.isfinite(flat_fit.model.predict_on_batch(flat.x)).all()


def test_early_stopping_ends_and_restores_the_best():
    """Labels drawn by lot: validation soon gets worse, and the best is an early epoch."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(120, 64)).astype(np.float32), rng.integers(0, 2, 120)
    rows, reports = np.arange(120), []
    data = training.TrainingData(x, y, rows[:60], rows[60:], 2)
    options = probe.ProbeOptions(epochs=60, patience=4, learning_rate=0.5, l2=0.0, batch_size=8)
    fitted = training.fit("probe", options, data, 0, reports.append)
    n_epochs = len(fitted.history["loss"])
    assert n_epochs < 60 and fitted.best_epoch == n_epochs - 4
    assert reports[-1]["epoch"] == n_epochs and reports[-1]["n_epochs"] == 60
    p = fitted.model.predict_on_batch(x[60:])[np.arange(60), y[60:]]
    assert -np.log(p).mean() == pytest.approx(min(fitted.history["val_log_loss"]), rel=1e-4)


def test_a_diverging_training_ends_with_a_sentence_and_no_report():
    x, y = blobs(60, 8, 2, 0.3)
    rows, reports = np.arange(60), []
    data = training.TrainingData(x, y, rows[:40], rows[40:], 2)
    options = probe.ProbeOptions(epochs=60, l2=1e7)
    with pytest.raises(JobFailed, match="diverged in epoch"):
        training.fit("probe", options, data, 0, reports.append)
    assert all(np.isfinite(list(r.values())).all() for r in reports)


def test_an_error_of_the_listener_ends_the_training_as_it_is():
    x, y = blobs(30, 4, 2, 0.3)
    data = training.TrainingData(x, y, np.arange(20), np.arange(20, 30), 2)

    def listener(_numbers):
        raise KeyError("the listener's own")

    with pytest.raises(KeyError, match="own"):
        training.fit("probe", probe.ProbeOptions(), data, 0, listener)


@pytest.mark.parametrize(
    ("side_px", "input_px", "map_px", "side_seen"),
    [(32, 64, 8, 32), (160, 64, 10, 80), (224, 64, 10, 74), (16, 16, 8, 16), (160, 160, 10, 160)],
)
def test_cnn_adapts_to_the_size_of_the_images(side_px, input_px, map_px, side_seen):
    import keras

    x = np.zeros((2, side_px, side_px, 3), np.uint8)
    options = cnn.CnnOptions(width=4, input_px=input_px)
    recipe = cnn.build(options, whole(x, np.arange(2), 3), 0)
    network = recipe.served.get_layer("network")
    assert network.input_shape == (None, side_seen, side_seen, 3)
    last = [y for y in network.layers if isinstance(y, keras.layers.Add)][-1]
    assert last.output.shape[1] == map_px
    assert recipe.served.input.dtype == "uint8"
    assert recipe.served.output.shape == (None, 3)


def test_cnn_augments_in_training_only_and_flips_only_on_request():
    def names(**options):
        x = np.zeros((2, 16, 16, 3), np.uint8)
        recipe = cnn.build(cnn.CnnOptions(width=4, **options), whole(x, np.arange(2), 2), 0)
        assert not [y.name for y in recipe.served.layers if y.name.startswith("augment")]
        return {y.name for y in recipe.stages[0].trained.layers if y.name.startswith("augment")}

    assert names() == {"augment_rotate", "augment_shift", "augment_contrast"}
    assert names(flip=True) - names() == {"augment_flip"}
    assert names(rotation_deg=0.0, shift_share=0.0, contrast_share=0.0) == set()


@pytest.mark.slow
def test_cnn_reads_handwriting():
    """scikit-learn's 1,797 scans at 32 px, half the default epochs: at least 0.95 on the test."""
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    x = np.stack(
        [
            np.asarray(
                Image.fromarray((i * 255 / 16).astype(np.uint8)).resize((32, 32)).convert("RGB")
            )
            for i in digits.images
        ]
    )
    order = np.random.default_rng(0).permutation(len(x))
    train, val, test = np.split(order, [1258, 1527])
    data = training.TrainingData(x, digits.target, train, val, 10)
    fitted = training.fit("cnn", cnn.CnnOptions(epochs=15), data, 0)
    accuracy = (fitted.model.predict(x[test], verbose=0).argmax(1) == digits.target[test]).mean()
    assert accuracy >= 0.95


def test_a_spent_time_budget_ends_the_training_with_the_best_until_then():
    x, y = blobs(60, 8, 2, 0.3)
    data, reports = whole(x, y, 2), []
    options = probe.ProbeOptions(epochs=50, patience=50, batch_size=4)
    fitted = training.fit("probe", options, data, 0, reports.append, time_budget_s=1e-6)
    assert len(reports) == len(fitted.history["loss"]) == fitted.best_epoch == 1
    assert fitted.duration_s >= 1e-6
    again = training.fit("probe", options, data, 0, time_budget_s=600.0)
    assert len(again.history["loss"]) == 50


def test_a_training_that_was_over_when_it_was_killed_is_what_it_was(tmp_path):
    x, y = blobs(60, 8, 2, 0.3)
    data, options = whole(x, y, 2), probe.ProbeOptions(epochs=50, patience=50, batch_size=4)
    kept = Checkpoints(tmp_path / "kept", every_s=0)
    first, again = (
        training.fit("probe", options, data, 0, time_budget_s=1e-6, keeper=kept) for _ in range(2)
    )
    assert first.history == again.history and len(first.history["loss"]) == 1
    for a, b in zip(first.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.abs(first.model.get_weights()[-2]).max() > 0  # a probe begins with zeros


def test_a_checkpoint_of_another_network_is_refused_once_and_deleted(tmp_path):
    (x, y), kept = blobs(60, 8, 2, 0.3), Checkpoints(tmp_path / "kept", every_s=0)
    options = probe.ProbeOptions(epochs=2, batch_size=4)
    training.fit("probe", options, whole(x, y, 2), 0, keeper=kept)
    wider = whole(np.hstack([x, x]), y, 2)
    with pytest.raises(NotReady, match="another version"):
        training.fit("probe", options, wider, 0, keeper=kept)
    assert len(training.fit("probe", options, wider, 0, keeper=kept).history["loss"]) == 2


def test_a_full_memory_halves_the_batch_until_it_fits_or_there_is_nothing_to_halve(monkeypatch):
    x, y = blobs(60, 8, 2, 0.3)
    data, tried = whole(x, y, 2), []

    def full_above(most):
        def run(recipe, options, *rest):
            tried.append(options.batch_size)
            if options.batch_size > most:
                raise MemoryError
            return real(recipe, options, *rest)

        return run

    real = training._run
    monkeypatch.setattr(training, "_run", full_above(10))
    fitted = training.fit("probe", probe.ProbeOptions(epochs=1, batch_size=64), data, 0)
    assert tried == [64, 32, 16, 8] and fitted.batch_size == 8
    monkeypatch.setattr(training, "_run", full_above(0))
    with pytest.raises(JobFailed, match="not enough memory"):
        training.fit("probe", probe.ProbeOptions(epochs=1, batch_size=2), data, 0)


def test_rare_classes_count_as_much_when_asked():
    """Noise, 9 to 1: only the shares of the classes can be learned, or that they are even."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 4)).astype(np.float32), (np.arange(200) % 10 == 0).astype(int)
    beliefs = [
        training.fit("probe", probe.ProbeOptions(epochs=20, balance=balance), whole(x, y, 2), 0)
        .model.predict_on_batch(x)[:, 1]
        .mean()
        for balance in (False, True)
    ]
    assert beliefs[0] < 0.2 and 0.4 < beliefs[1] < 0.6
