"""One contract for every backbone: same input, same output, exported equal, clear when missing."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InvalidInput, NotReady
from core.models import backbones, embedding, export_backbone, weights

FAST = {"efficientnet_lite0", "mobilenet_v3"}  # the others take 10 to 25 s of one core
SIDE_PX = 64  # structure does not depend on it, time does


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """No copy anywhere, and a network that refuses."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(weights, "find_spec", lambda name: None)

    def refuse(*_args, **_options):
        raise OSError("network is unreachable")

    monkeypatch.setattr(weights.urllib.request, "urlopen", refuse)


@pytest.mark.parametrize("name", sorted(backbones.BACKBONES))
def test_entry_says_what_a_user_must_know(name):
    entry = backbones.get(name)
    assert entry.name == name
    assert entry.title and entry.licence and entry.source and entry.preprocess
    assert len(entry.weights.digest) in (32, 64)
    assert (entry.weights.url or "https://").startswith("https://")
    assert entry.weights.url or entry.weights.package


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in FAST else pytest.mark.slow)
        for name in sorted(backbones.BACKBONES)
    ],
)
def test_exported_file_equals_the_keras_definition(name, tmp_path):
    """Random weights: the whole path but the file of weights; export() compares by itself too."""
    entry, target = backbones.get(name), tmp_path / "backbone.onnx"
    export_backbone.export(name, None, SIDE_PX, target)
    assert list(tmp_path.iterdir()) == [target]
    embedder = embedding.Embedder(target, "key", entry.dim, SIDE_PX, n_threads=1)
    pixels = np.random.default_rng(1).integers(0, 256, (3, 40, 50, 3), dtype=np.uint8)
    vectors = embedder.embed(pixels)
    assert vectors.shape == (3, entry.dim)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert not np.array_equal(vectors[0], vectors[1])


@pytest.mark.parametrize("name", sorted(backbones.BACKBONES))
def test_missing_weights_are_one_sentence_with_file_and_folder(name, tmp_path, no_network):
    with pytest.raises(NotReady) as caught:
        embedding.open_embedder(name, tmp_path / "weights", tmp_path / "cache", 1)
    sentence = str(caught.value)
    assert backbones.get(name).weights.name in sentence
    assert str(tmp_path / "weights") in sentence
    assert "\n" not in sentence
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("name", sorted(backbones.BACKBONES))
def test_weights_of_another_content_are_refused(name, tmp_path, no_network):
    (tmp_path / backbones.get(name).weights.name).write_bytes(b"not these")
    with pytest.raises(InvalidInput, match="damaged or another version"):
        embedding.open_embedder(name, tmp_path, tmp_path / "cache", 1)


@pytest.mark.parametrize("name", sorted(backbones.BACKBONES))
def test_keys_tell_backbones_and_sizes_apart(name):
    keys = {embedding.embedder_key(name, px) for px in (None, 160, 192)}
    assert len(keys) == 3
    assert all(key.startswith(name) for key in keys)


def test_no_two_backbones_share_a_key():
    assert len({embedding.embedder_key(n, 224) for n in backbones.BACKBONES}) == len(
        backbones.BACKBONES
    )
