"""The embedder: equal to Keras, cached on disk, honest about its input, and free of TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from core.errors import InvalidInput, JobCancelled, JobFailed
from core.models import backbones, efficientnet_lite, embedding, export_backbone, weights
from core.settings import ROOT

SIDE_PX = 96
NAME = "efficientnet_lite0"


def photographs(side_px):
    """Two photographs that scikit-learn ships: a Chinese palace, a flower."""
    return embedding.resize(np.stack(load_sample_images().images), side_px)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("backbones")


@pytest.fixture(scope="module")
def embedder(cache):
    path = weights.obtain(backbones.get(NAME).weights, cache)
    key = embedding.embedder_key(NAME, SIDE_PX)
    export_backbone.export(
        NAME, path, SIDE_PX, cache / f"{key}.onnx"
    )  # here: Keras is loaded anyway
    return embedding.open_embedder(NAME, cache / "no weights", cache, 1, SIDE_PX)


@pytest.fixture(scope="module")
def state():
    return weights.read_torch_legacy(weights.obtain(backbones.get(NAME).weights, ROOT / "none"))


def test_the_weights_know_what_they_see(state):
    """Golden: ImageNet's own classes. Any slip in axes, padding or scaling ends this."""
    model = efficientnet_lite.build(224, n_classes=1000)
    efficientnet_lite.load_state_dict(model, state)
    palace, flower = model.predict_on_batch(photographs(224))
    top = [int(i) for i in np.argsort(-palace)[:5]]
    assert top[0] == 442  # bell cote
    assert {449, 975, 698, 483} & set(top)  # boathouse, lakeside, palace, castle
    assert int(flower.argmax()) == 985  # daisy
    assert palace[442] == pytest.approx(0.29, abs=0.03)


def test_every_tensor_of_the_file_is_used(state):
    model = efficientnet_lite.build(64, n_classes=1000)
    used = {
        name
        for layer in model.layers
        if layer.weights
        for name in efficientnet_lite._torch_names(layer.name)
    }
    assert len(state) == 296
    assert {n for n in state if not n.endswith("num_batches_tracked")} == used


def test_weights_that_do_not_fit_are_refused(state):
    model = efficientnet_lite.build(64)
    with pytest.raises(InvalidInput, match="stem_conv"):
        efficientnet_lite.load_state_dict(model, {})
    with pytest.raises(InvalidInput, match="stem_conv"):
        efficientnet_lite.load_state_dict(
            model, state | {"_conv_stem.weight": np.zeros((2, 3, 3, 3))}
        )


def test_equal_to_keras(embedder, state):
    model = efficientnet_lite.build(SIDE_PX)
    efficientnet_lite.load_state_dict(model, state)
    noise = np.random.default_rng(0).integers(0, 256, (9, SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    pixels = np.concatenate([photographs(SIDE_PX), noise])
    expected, received = model.predict_on_batch(pixels), embedder.embed(pixels)
    norms = np.linalg.norm(expected, axis=1) * np.linalg.norm(received, axis=1)
    assert ((expected * received).sum(axis=1) / norms).min() >= 0.9999
    assert np.abs(expected - received).max() < 1e-3


def test_images_of_any_size_are_resized_with_averaging(embedder):
    large = np.stack(load_sample_images().images)[:, :400, :400]
    by_hand = np.stack(
        [
            np.asarray(Image.fromarray(i).resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR))
            for i in large
        ]
    )
    assert np.array_equal(embedder.embed(large), embedder.embed(by_hand))


def test_an_embedding_does_not_depend_on_its_neighbours(embedder):
    pixels = np.random.default_rng(1).integers(0, 256, (11, 32, 32, 3), dtype=np.uint8)
    together = embedder.embed(pixels)
    alone = np.concatenate([embedder.embed(pixels[i : i + 1]) for i in range(11)])
    assert np.allclose(together, alone, rtol=1e-4, atol=1e-5)


def test_reports_shares_and_stops_between_batches(embedder):
    pixels, shares = np.zeros((20, 32, 32, 3), np.uint8), []
    embedder.embed(pixels, shares.append)
    assert shares == [4 / 20, 8 / 20, 12 / 20, 16 / 20, 1.0]
    with pytest.raises(JobCancelled, match="image 8 of 20"):
        embedder.embed(pixels, stop=lambda: len(shares) >= 7, report=shares.append)


def test_no_image_and_wrong_images(embedder):
    assert embedder.embed(np.zeros((0, 32, 32, 3), np.uint8)).shape == (0, 1280)
    for bad in (
        np.zeros((2, 32, 32, 3), np.float32),
        np.zeros((32, 32, 3), np.uint8),
        np.zeros((2, 32, 32, 1), np.uint8),
    ):
        with pytest.raises(InvalidInput, match="cannot be embedded"):
            embedder.embed(bad)


def test_arguments_are_checked_before_any_work(cache):
    for name, n_threads, side_px in ((NAME, 0, None), ("no such", 1, None), (NAME, 1, 100)):
        with pytest.raises(InvalidInput):
            embedding.open_embedder(name, cache, cache / "new", n_threads, side_px)
    assert not (cache / "new").exists()


def test_memory_map_is_enough(embedder, tmp_path):
    pixels = np.random.default_rng(2).integers(0, 256, (9, 32, 32, 3), dtype=np.uint8)
    np.save(tmp_path / "pixels.npy", pixels)
    mapped = np.load(tmp_path / "pixels.npy", mmap_mode="r")
    assert np.array_equal(embedder.embed(mapped), embedder.embed(pixels))


def test_a_damaged_cache_is_made_anew_and_tensorflow_stays_out(tmp_path):
    """From cold, in a fresh process: the export runs in a child, the caller stays clean."""
    name = f"{embedding.embedder_key(NAME, 32)}.onnx"
    (tmp_path / name).write_bytes(b"half a file")
    code = (
        "import sys, numpy as np; from pathlib import Path; from core.models import embedding;"
        f"e = embedding.open_embedder('{NAME}', Path('none'), Path({str(tmp_path)!r}), 1, 32);"
        "v = e.embed(np.zeros((1, 32, 32, 3), np.uint8));"
        "print(v.shape, [m for m in ('tensorflow', 'keras', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("(1, 1280) []\n", "")
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.slow  # two imports of TensorFlow
def test_two_exports_at_once_leave_one_whole_file(tmp_path):
    target = tmp_path / "cache" / "backbone.onnx"
    command = [sys.executable, "-m", "core.models.export_backbone", NAME]
    command += ["--input-px", "32", "--to", str(target)]
    both = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    assert [child.communicate()[0] or child.returncode for child in both] == [0, 0]
    assert list(target.parent.iterdir()) == [target]
    assert embedding.Embedder(target, "key", 1280, 32, 1).embed(
        np.zeros((1, 32, 32, 3), np.uint8)
    ).shape == (1, 1280)


def test_a_failing_child_is_one_sentence_and_a_stop_ends_it(monkeypatch, tmp_path):
    monkeypatch.setattr(embedding, "ROOT", tmp_path)  # no package there
    monkeypatch.delenv("PYTHONPATH", raising=False)  # ... nor by this way
    with pytest.raises(JobFailed, match="could not be exported") as caught:
        embedding.open_embedder(NAME, tmp_path, tmp_path / "cache", 1, 32)
    assert "\n" not in str(caught.value)
    monkeypatch.setattr(embedding, "ROOT", Path(ROOT))
    with pytest.raises(JobCancelled):
        embedding.open_embedder(NAME, tmp_path, tmp_path / "cache", 1, 32, stop=lambda: True)
    assert not list(tmp_path.glob("cache/*.onnx"))
