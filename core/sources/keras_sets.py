"""`keras:fashion_mnist` and `keras:cifar10`, without Keras: a local copy, or one download.

The files are looked for where Keras keeps them and where Debian's package puts them, and each is
checked against a known sha256 before anything is parsed. Keras' own copy of CIFAR-10 is a pickle,
which could run code when opened; the authors' binary version holds the same images.

References
----------
Xiao, Rasul and Vollgraf, "Fashion-MNIST", 2017, arXiv:1708.07747.
Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import os
import tarfile
import urllib.request
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput, NotReady
from core.language import t
from core.sources.arrays import ArraySource, Part
from core.sources.items import Source

OPTIONS: Mapping[str, tuple[int, int]] = {"n_per_class": (1, 1_000_000)}
DEBIAN_FOLDER = Path("/usr/share/datasets")  # package dataset-fashion-mnist
_TIMEOUT_S = 30.0
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that is known by its content."""

    folder: str  # under a datasets folder
    name: str
    base_url: str
    sha256: str  # of the unpacked content for .gz, which is packed in several ways
    n_bytes: int  # at most, packed and unpacked

    @property
    def url(self) -> str:
        """Where it is published."""
        return self.base_url + self.name


FASHION_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_FASHION_SHA256 = {  # of the unpacked files
    "train-images-idx3": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
_FASHION_BYTES = 60_000 * 28 * 28 + 16  # the largest of them
FASHION_FILES = {
    name: RemoteFile("fashion-mnist", f"{name}-ubyte.gz", FASHION_URL, sha256, _FASHION_BYTES)
    for name, sha256 in _FASHION_SHA256.items()
}
CIFAR10_FILE = RemoteFile(
    "",
    "cifar-10-binary.tar.gz",
    "https://www.cs.toronto.edu/~kriz/",
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    170_052_171,
)
FASHION_LABELS = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
CIFAR10_LABELS = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
_CIFAR10_ROW = 1 + 3 * 32 * 32  # label, then red, green, blue planes
_CIFAR10_MEMBERS = (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin")
_CIFAR10_MEMBER_BYTES = 10_000 * _CIFAR10_ROW


def open_fashion_mnist(n_per_class: int | None) -> Source:
    """Return the 70,000 grey images of 28 x 28 pixels; nothing is read before `items`."""
    return ArraySource(
        _load_fashion_mnist,
        name="fashion_mnist",
        note=t("Fashion-MNIST: articles of clothing (Zalando Research, MIT licence)."),
        labels=FASHION_LABELS,
        natural_px=28,
        n_per_class=n_per_class,
    )


def open_cifar10(n_per_class: int | None) -> Source:
    """Return the 60,000 colour images of 32 x 32 pixels; nothing is read before `items`."""
    return ArraySource(
        load_cifar10,
        name="cifar10",
        note=t("CIFAR-10: small photographs (Krizhevsky 2009)."),
        labels=CIFAR10_LABELS,
        natural_px=32,
        n_per_class=n_per_class,
    )


def _load_fashion_mnist() -> Sequence[Part]:
    content = {name: _gunzip(_obtain(file), file) for name, file in FASHION_FILES.items()}
    return [
        ("train", *_idx(content["train-images-idx3"], content["train-labels-idx1"])),
        ("test", *_idx(content["t10k-images-idx3"], content["t10k-labels-idx1"])),
    ]


def _idx(images: bytes, labels: bytes) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read an IDX pair; the content is known by its hash, so its header says nothing new."""
    pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28)
    return pixels, np.frombuffer(labels, np.uint8, offset=8)


def load_cifar10() -> Sequence[Part]:
    """Return 50,000 training and 10,000 test images of CIFAR-10, as `open_cifar10` does.

    Raises
    ------
    NotReady
        If there is no copy on this machine and none could be downloaded.
    InvalidInput
        If the copy is another file.
    """
    path = _obtain(CIFAR10_FILE)
    _check(hashlib.sha256(path.read_bytes()).hexdigest(), CIFAR10_FILE, path)
    rows = []
    with tarfile.open(path, "r:gz") as archive:
        for name in _CIFAR10_MEMBERS:
            member = archive.extractfile(f"cifar-10-batches-bin/{name}")
            data = member.read(_CIFAR10_MEMBER_BYTES) if member else b""
            rows.append(np.frombuffer(data, np.uint8).reshape(-1, _CIFAR10_ROW))
    train, test = np.concatenate(rows[:-1]), rows[-1]
    return [("train", *_cifar_images(train)), ("test", *_cifar_images(test))]


def _cifar_images(rows: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    planes = rows[:, 1:].reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), rows[:, 0]


def _datasets_folder() -> Path:
    """Return where Keras keeps data sets, and so do we."""
    home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    return Path(home) / "datasets"


def _obtain(file: RemoteFile) -> Path:
    """Return a local copy of `file`, downloaded where there is none."""
    places = [_datasets_folder() / file.folder, DEBIAN_FOLDER / file.folder]
    found = (place / file.name for place in places if (place / file.name).is_file())
    return next(found, None) or _download(file, places[0])


def _download(file: RemoteFile, folder: Path) -> Path:
    target = folder / file.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=folder, prefix=".part-") as part:
            _fetch(file, part)
            part.flush()
            os.fsync(part.fileno())
            os.link(part.name, target)  # whole or not at all
    except FileExistsError:
        return target  # another process was first
    except (OSError, http.client.HTTPException) as error:
        raise NotReady(
            t("{name} is not on this machine and could not be downloaded", name=file.name),
            received=f"{type(error).__name__}: {error}",
            todo=t("get it from {url} and place it in {folder}", url=file.url, folder=folder),
        ) from error
    return target


def _fetch(file: RemoteFile, into: IO[bytes]) -> None:
    n_bytes = 0
    with urllib.request.urlopen(file.url, timeout=_TIMEOUT_S) as answer:
        while chunk := answer.read(_CHUNK_BYTES):
            n_bytes += len(chunk)
            if n_bytes > file.n_bytes:
                raise OSError(t("the answer is longer than {n:,} bytes", n=file.n_bytes))
            into.write(chunk)


def _gunzip(path: Path, file: RemoteFile) -> bytes:
    try:
        with gzip.open(path) as packed:
            data = packed.read(file.n_bytes + 1)
    except (OSError, EOFError, zlib.error):
        data = b""
    _check(hashlib.sha256(data).hexdigest(), file, path)
    return data


def _check(sha256: str, file: RemoteFile, path: Path) -> None:
    if sha256 != file.sha256:
        raise InvalidInput(
            t("{path} is damaged, or another file of that name", path=path),
            expected=f"sha256 {file.sha256[:12]}...",
            received=f"{sha256[:12]}...",
            todo=t("delete it, and get it from {url}", url=file.url),
        )
