"""The two downloaded sets, from copies made here: found, checked, fetched, refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from dataclasses import replace

import numpy as np
import pytest

from core.errors import InvalidInput, NotReady
from core.settings import ImageLimits
from core.sources import images, keras_sets, open_source

LIMITS = ImageLimits()
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (20, 28, 28), dtype=np.uint8)
CONTENT = {
    "train-images-idx3": bytes(16) + IMAGES.tobytes(),
    "train-labels-idx1": bytes(8) + bytes([*range(10)] * 2),
    "t10k-images-idx3": bytes(16) + IMAGES[::-1].tobytes(),
    "t10k-labels-idx1": bytes(8) + bytes([3] * 20),
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty Keras folder, and no Debian package."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(keras_sets, "DEBIAN_FOLDER", tmp_path / "debian")
    return tmp_path / "keras" / "datasets"


@pytest.fixture
def fashion(tmp_path, monkeypatch):
    """A published Fashion-MNIST of 20 + 20 images; returns the folder it is published in."""
    published = tmp_path / "published"
    published.mkdir()
    files = {}
    for name, content in CONTENT.items():
        (published / f"{name}-ubyte.gz").write_bytes(gzip.compress(content, mtime=0))
        files[name] = replace(
            keras_sets.FASHION_FILES[name],
            base_url=f"{published.as_uri()}/",
            sha256=hashlib.sha256(content).hexdigest(),
        )
    monkeypatch.setattr(keras_sets, "FASHION_FILES", files)
    return published


def rows(source):
    with open_source(source, LIMITS) as opened:
        return list(opened.items())


def test_what_is_missing_is_downloaded_once(home, fashion):
    found = rows("keras:fashion_mnist")
    assert [row.split for row in found] == ["train"] * 20 + ["test"] * 20
    assert found[0].label == "T-shirt/top" and found[9].label == "Ankle boot"
    assert (images.decode(found[7].read(), LIMITS).rgb == IMAGES[7][:, :, None]).all()
    kept = sorted(path.name for path in (home / "fashion-mnist").iterdir())
    assert kept == sorted(f"{name}-ubyte.gz" for name in CONTENT)
    for path in fashion.iterdir():
        path.unlink()
    assert len(rows("keras:fashion_mnist")) == 40


def test_debians_copy_is_used_where_there_is_one(home, fashion, tmp_path):
    (tmp_path / "debian").mkdir()
    fashion.rename(tmp_path / "debian" / "fashion-mnist")
    assert len(rows("keras:fashion_mnist")) == 40
    assert not home.exists()


def test_a_number_for_each_class(home, fashion):
    found = rows("keras:fashion_mnist?n_per_class=1")
    assert [row.split for row in found] == ["train"] * 10 + ["test"]


def test_without_a_network_one_sentence_says_what_to_place_where(home, fashion):
    (fashion / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(NotReady) as error:
        rows("keras:fashion_mnist")
    sentence = str(error.value)
    assert "t10k-labels-idx1-ubyte.gz is not on this machine" in sentence
    assert f"place it in {home / 'fashion-mnist'}" in sentence
    assert not list(home.rglob(".part-*"))


@pytest.mark.parametrize("body", [b"", b"not gzip", gzip.compress(b"other", mtime=0), b"cut"])
def test_a_wrong_file_is_refused_before_it_is_parsed(home, fashion, body):
    good = (fashion / "train-labels-idx1-ubyte.gz").read_bytes()
    (fashion / "train-labels-idx1-ubyte.gz").write_bytes(good[:20] if body == b"cut" else body)
    with pytest.raises(InvalidInput, match="damaged, or another file of that name"):
        rows("keras:fashion_mnist")


def test_an_answer_without_end_is_cut(home, fashion, monkeypatch):
    (fashion / "train-labels-idx1-ubyte.gz").write_bytes(
        bytes(keras_sets.FASHION_FILES["train-labels-idx1"].n_bytes + 1)
    )
    with pytest.raises(NotReady, match="the answer is longer than"):
        rows("keras:fashion_mnist")


def cifar_archive(n_rows=4):
    """The layout of the authors' binary archive, with few images in it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for k, name in enumerate(keras_sets._CIFAR10_MEMBERS):
            data = b"".join(
                bytes([i]) + bytes([k]) * 1024 + bytes([50 + i]) * 1024 + bytes([200]) * 1024
                for i in range(n_rows)
            )
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def test_cifar10_is_read_from_the_authors_archive(home, monkeypatch):
    data = cifar_archive()
    file = replace(keras_sets.CIFAR10_FILE, sha256=hashlib.sha256(data).hexdigest())
    monkeypatch.setattr(keras_sets, "CIFAR10_FILE", file)
    home.mkdir(parents=True)
    (home / file.name).write_bytes(data)
    found = rows("keras:cifar10")
    assert [row.split for row in found] == ["train"] * 20 + ["test"] * 4
    assert found[1].label == "automobile"
    assert images.decode(found[5].read(), LIMITS).rgb[3, 3].tolist() == [1, 51, 200]


def test_another_cifar10_archive_is_refused(home):
    home.mkdir(parents=True)
    (home / "cifar-10-binary.tar.gz").write_bytes(cifar_archive())
    with pytest.raises(InvalidInput, match=r"sha256 c4a38c50a1bc\.\.\.; .* delete it"):
        rows("keras:cifar10")


def test_opening_needs_neither_file_nor_network(home):
    for name in ("keras:cifar10", "keras:fashion_mnist"):
        with open_source(name, LIMITS) as source:
            assert source.note and source.label_order
