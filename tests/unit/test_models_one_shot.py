"""One-shot networks against their definitions, and further classes without training."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from core.errors import InvalidInput
from core.models import (
    ALGORITHMS,
    artifact,
    conv4,
    extending,
    matching,
    options,
    prototypical,
    siamese,
    training,
)
from core.models.memory_cell import Memory
from core.models.prototypical import class_means, distance_scale, head_weights

TAKES_CLASSES = extending.ALGORITHMS
PX, N_EACH = 16, 6


def images_of(patterns, seed=0):
    """Noisy copies of each pattern, (n_patterns * N_EACH, PX, PX, 3)."""
    rng = np.random.default_rng(seed)
    clean = np.repeat(patterns, N_EACH, axis=0).astype(float)
    return np.clip(clean + rng.normal(0, 30, clean.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def patterns():
    small = np.random.default_rng(3).integers(0, 256, (5, 4, 4, 3), dtype=np.uint8)
    return small.repeat(4, axis=1).repeat(4, axis=2)


def trained(name, patterns, **more):
    """A network that has learned the patterns given."""
    x = images_of(patterns)
    y = np.repeat(np.arange(len(patterns)), N_EACH)
    rows = np.arange(len(x))
    data = training.TrainingData(x, y, rows, rows, len(patterns))
    small = {"epochs": 6, "n_episodes": 8, "filters": 8, "n_support": N_EACH, "input_px": 16}
    small["learning_rate"] = 0.01
    chosen = options.parse(ALGORITHMS[name].options, small | more)
    return training.fit(name, chosen, data, 0)


@pytest.fixture(scope="module", params=TAKES_CLASSES)
def fitted(request, patterns):
    return trained(request.param, patterns[:4])


def test_a_further_class_is_told_apart_and_the_old_ones_compare_as_before(fitted, patterns):
    x = images_of(patterns, seed=1)
    extended = extending.extend(fitted.model, images_of(patterns[4:], seed=2))
    before, after = fitted.model.predict_on_batch(x), extended.predict_on_batch(x)
    assert after.shape == (len(x), 5)
    assert (after[-N_EACH:].argmax(axis=1) == 4).all()
    among_old = after[: 4 * N_EACH, :4]
    among_old = among_old / among_old.sum(axis=1, keepdims=True)
    assert np.allclose(among_old, before[: 4 * N_EACH], atol=1e-4)
    assert fitted.model.output_shape == (None, 4)  # the given model is as it was


def test_the_order_in_which_classes_were_added_does_not_matter(fitted, patterns):
    """A class learned with the others and one added afterwards are compared in the same way."""
    x = images_of(patterns, seed=1)
    a, b = (images_of(patterns[i : i + 1], seed=i) for i in (2, 4))
    both = extending.extend(extending.extend(fitted.model, a), b).predict_on_batch(x)
    swapped = extending.extend(extending.extend(fitted.model, b), a).predict_on_batch(x)
    assert np.allclose(both, swapped[:, [0, 1, 2, 3, 5, 4]], atol=1e-5)


def test_a_saved_model_takes_a_class_and_is_saved_again(fitted, patterns, tmp_path):
    few = images_of(patterns[4:])[:3]
    artifact.save(fitted, tmp_path / "old", {"classes": list("abcd"), "seed": 0})
    extending.extend_saved(tmp_path / "old", few, "e", tmp_path / "new")
    manifest = artifact.read_manifest(tmp_path / "new")
    assert manifest["classes"] == list("abcde") and manifest["extended"] == [["e", 3]]
    assert manifest["seed"] == 0 and manifest["output"]["shape"] == [5]
    x = images_of(patterns, seed=1)
    told = artifact.load_session(tmp_path / "new" / artifact.ONNX_FILE).predict(x)
    expected = extending.extend(fitted.model, few).predict_on_batch(x)
    assert np.allclose(told, expected, atol=artifact.MAX_ABS_DIFF)
    with pytest.raises(InvalidInput, match="exists already"):
        extending.extend_saved(tmp_path / "new", few, "e", tmp_path / "newer")


def test_each_image_is_asked_about_when_only_the_others_were_taught(fitted, patterns):
    few = images_of(patterns[4:])[:3]
    told = []
    answers = extending.leave_one_out(fitted.model, few, told.append)
    for i in range(3):
        without = extending.extend(fitted.model, np.delete(few, i, axis=0))
        assert np.allclose(answers[i], without.predict_on_batch(few[i : i + 1])[0], atol=1e-6)
    assert told == pytest.approx([1 / 3, 2 / 3, 1])
    with pytest.raises(InvalidInput, match="2 or more"):
        extending.leave_one_out(fitted.model, few[:1])


def test_images_that_do_not_fit_add_no_class(fitted):
    images = np.zeros((2, PX, PX, 3), np.uint8)
    for bad in (images[:0], images[:, :8], images.astype(float)):
        with pytest.raises(InvalidInput, match="cannot be added"):
            extending.extend(fitted.model, bad)


@pytest.mark.parametrize(("name", "more"), [("memory", {}), ("matching", {"full_context": True})])
def test_networks_that_see_their_support_as_a_whole_take_no_class(name, more, patterns):
    assert not extending.takes_class(name, more)
    model = trained(name, patterns[:3], **more | {"epochs": 1}).model
    with pytest.raises(InvalidInput, match="no further class"):
        extending.extend(model, images_of(patterns[4:]))


@pytest.mark.parametrize("more", [{"cosine": True}, {"full_context": True}])
def test_matching_learns_by_angle_and_in_full_context(more, patterns, tmp_path):
    fitted = trained("matching", patterns[:3], **more)
    assert fitted.history["val_accuracy"][fitted.best_epoch - 1] == 1.0
    artifact.save(fitted, tmp_path, {})  # raises unless both forms agree
    if "cosine" in more:
        extended = extending.extend(fitted.model, images_of(patterns[4:]))
        told = extended.predict_on_batch(images_of(patterns[4:], seed=7))
        assert (told.argmax(axis=1) == 3).all()


def test_a_prototype_head_is_softmax_over_squared_distances():
    rng = np.random.default_rng(0)
    for dim in (16, 200):
        embedded = rng.normal(size=(9, dim)).astype(np.float32)
        owner = np.array([0, 0, 1, 1, 1, 1, 2, 2, 2])
        means = class_means(embedded, owner)
        assert np.allclose(means[1], embedded[2:6].mean(axis=0))
        kernel, bias = head_weights(means)
        queries = rng.normal(size=(5, dim))
        distances = ((queries[:, None] - means) ** 2).sum(axis=-1) * min(1, 64 / dim)
        logits = queries @ kernel + bias
        assert np.allclose(logits - logits[:, :1], distances[:, :1] - distances, atol=1e-4)
    assert distance_scale(64) == 1.0


@pytest.mark.parametrize("cosine_scale", [None, 7.0])
def test_matching_attends_by_distance_or_angle_and_each_class_weighs_the_same(cosine_scale):
    rng = np.random.default_rng(0)
    embedded = rng.normal(size=(5, 12)).astype(np.float32)
    owner = np.array([0, 0, 0, 1, 1])
    kernel, bias = matching.support_weights(embedded, owner, cosine_scale)
    query = rng.normal(size=12)
    if cosine_scale is None:
        logits = -((query - embedded) ** 2).sum(axis=1)
    else:
        lengths = np.linalg.norm(embedded, axis=1) * np.linalg.norm(query)
        logits = cosine_scale * embedded @ query / lengths
        query = query / np.linalg.norm(query)
    expected = np.exp(logits) / np.bincount(owner)[owner]
    received = np.exp(query @ kernel + bias)
    assert np.allclose(received / received.sum(), expected / expected.sum(), rtol=1e-4)


@pytest.mark.parametrize(
    ("size_px", "dim"), [(28, 64), (105, 64 * 9), (84, 64 * 4), (32, 64 * 4), (8, 64), (3, 64)]
)
def test_conv4_adapts_to_the_size_of_the_images(size_px, dim):
    model = conv4.build((size_px, size_px, 1), 64, 40)
    assert model.output_shape == (None, dim)
    assert model.input.dtype == "uint8"


def test_the_memory_served_reads_what_the_sequence_wrote():
    """An image asked of the served network gets the answer it would get next in the sequence."""
    keras.utils.set_random_seed(0)
    encoder = conv4.build((8, 8, 3), 4, 16)
    memory = Memory(n_way=3, n_slots=5, n_units=7, dim=6)
    run, served = memory.in_sequence(encoder, 9), memory.serve(encoder)
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (9, 8, 8, 3), dtype=np.uint8)  # more than the memory holds
    owner = rng.integers(0, 3, 9)
    labels = np.eye(3, dtype=np.float32)[owner]
    expected = keras.ops.convert_to_numpy(run([x, labels], training=False))[8]
    embedded = encoder.predict_on_batch(x)
    memory.fill(served, embedded[:8], owner[:8])
    assert np.allclose(served.predict_on_batch(x[8:])[0], expected, atol=1e-5)


def test_the_memory_writes_to_the_slot_used_least():
    """Three images into four slots lie in three different rows; the last is still empty."""
    keras.utils.set_random_seed(0)
    encoder = conv4.build((8, 8, 3), 4, 16)
    memory = Memory(n_way=3, n_slots=4, n_units=7, dim=6)
    memory.in_sequence(encoder, 3)
    served = memory.serve(encoder)
    embedded = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    memory.fill(served, embedded, np.arange(3))
    rows = served.get_layer("memory_rows").get_weights()[0]
    lengths = np.sort(np.linalg.norm(rows, axis=1))
    assert lengths[0] < 0.5 * lengths[1]
    keys = served.get_layer("memory_keys").get_weights()[0]
    assert np.allclose(np.linalg.norm(keys, axis=0), 1, atol=1e-4)


def test_a_memory_answers_with_the_label_it_reads_before_any_training():
    """So only what makes images alike is left to learn: guessing ends in the first episodes."""
    keras.utils.set_random_seed(0)
    encoder = conv4.build((8, 8, 3), 4, 16)
    memory = Memory(n_way=5, n_slots=3, n_units=50, dim=40)
    memory.in_sequence(encoder, 5)
    embedded = np.random.default_rng(0).random((1, encoder.output_shape[-1]), np.float32)
    key = np.array(memory.recall(embedded, np.zeros((1, 3, 80), np.float32))[1])
    labels = np.array(memory.label(np.eye(5, dtype=np.float32)))
    for c in range(5):
        rows = [np.hstack([sign * key[0], labels[k % 5]]) for sign, k in ((-1, 0), (1, c), (-1, 3))]
        told = np.array(memory.recall(embedded, np.stack(rows)[None])[0])[0]
        assert told.argmax() == c and told[c] > 0.6


def test_episodes_learned_from_together_do_not_see_each_other():
    keras.utils.set_random_seed(0)
    encoder = conv4.build((8, 8, 3), 4, 16)
    memory = Memory(n_way=2, n_slots=4, n_units=7, dim=6)
    run = memory.in_sequence(encoder, 5)
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (10, 8, 8, 3), dtype=np.uint8)
    labels = np.eye(2, dtype=np.float32)[rng.integers(0, 2, 10)]
    both = run([x, labels], training=False)
    apart = [run([x[part], labels[part]], training=False) for part in (slice(5), slice(5, 10))]
    assert np.allclose(both, keras.ops.concatenate(apart), atol=1e-6)


def test_with_one_shot_prototypical_and_matching_networks_are_the_same():
    """Section 2.5 of Snell et al.; and both are softmax over squared distances, in every turn."""
    way, n_each = 4, 3
    encoder = conv4.build((8, 8, 3), 4, 16)
    chosen = {"n_way": way, "n_shot": 1, "n_query": n_each - 1}
    a = prototypical.in_episodes(encoder, way, prototypical.PrototypicalOptions(**chosen))
    b = matching.in_episodes(encoder, None, matching.MatchingOptions(**chosen), way)
    x = np.random.default_rng(0).integers(0, 256, (way * n_each, 8, 8, 3), dtype=np.uint8)
    told = a.predict_on_batch(x).reshape(n_each, way * (n_each - 1), way)
    assert np.allclose(told, b.predict_on_batch(x).reshape(told.shape), atol=1e-6)
    embedded = encoder.predict_on_batch(x).reshape(way, n_each, -1)
    for turn in range(n_each):
        turned = np.roll(embedded, -turn, axis=1)
        queries = turned[:, 1:].reshape(way * (n_each - 1), 1, -1)
        expected = np.exp(-((queries - turned[:, 0]) ** 2).sum(axis=-1))
        assert np.allclose(told[turn], expected / expected.sum(axis=1, keepdims=True), atol=1e-5)


def test_a_siamese_network_compares_all_images_by_weighted_differences():
    encoder = siamese.twin((8, 8, 3), siamese.SiameseOptions(filters=4, dim=6))
    compare = siamese.comparison()
    told = siamese.on_pairs(encoder, compare, 5)
    x = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
    received = told.predict_on_batch(x)[:, 1].reshape(5, 5)
    h, (alpha, bias) = encoder.predict_on_batch(x), compare.get_weights()
    log_odds = np.abs(h[:, None] - h) @ alpha[:, 0] + bias[0]
    assert np.allclose(received, 1 / (1 + np.exp(-log_odds)), atol=1e-5)
    assert (alpha < 0).all() and bias[0] > 0  # alike until shown otherwise
