"""Reading a .pth without PyTorch, and finding, checking and fetching files of weights."""

from __future__ import annotations

import hashlib
import io
import pickle
import sys
import types
from collections import OrderedDict

import numpy as np
import pytest

from core.errors import InvalidInput, NotReady
from core.models import weights
from core.models.weights import WeightsFile, read_torch_legacy


class FloatStorage:
    """Stands for torch.FloatStorage in a file."""


class _Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.pid if isinstance(value, _StorageRef) else None


class _StorageRef:
    def __init__(self, key, n_items):
        self.pid = ("storage", FloatStorage, key, "cpu", n_items, None)


class _Tensor:
    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.arguments


@pytest.fixture
def fake_torch(monkeypatch):
    """Modules with the names that the format refers to; only for writing."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def _rebuild_tensor_v2(*arguments):
        raise AssertionError(f"nobody calls this: {arguments}")

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = (
        "torch._utils",
        ("_rebuild_tensor_v2"),
    )
    utils._rebuild_tensor_v2, torch.FloatStorage, torch._utils = (
        _rebuild_tensor_v2,
        FloatStorage,
        utils,
    )
    monkeypatch.setattr(FloatStorage, "__module__", "torch")
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


NUMBERS = np.arange(24, dtype="<f4")


def legacy_bytes(tensors, numbers=NUMBERS, *, magic=0x1950A86A20F9469CFC6C, n_items=None):
    """Write the format by hand; `tensors` maps a name to (offset, shape, strides)."""
    stream, storage = io.BytesIO(), _StorageRef("7", len(numbers) if n_items is None else n_items)
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
    state = OrderedDict(
        (name, _Tensor(storage, *window, False, OrderedDict())) for name, window in tensors.items()
    )
    for value in (magic, 1001, system, state, ["7"]):
        _Pickler(stream, protocol=2).dump(value)
    return stream.getvalue() + len(numbers).to_bytes(8, "little") + numbers.tobytes()


def test_reads_strided_windows_of_one_storage(fake_torch, tmp_path):
    path = tmp_path / "a.pth"
    path.write_bytes(
        legacy_bytes(
            {"rows": (0, (2, 3), (3, 1)), "columns": (6, (2, 3), (1, 2)), "one": (5, (), ())}
        )
    )
    state = read_torch_legacy(path)
    assert list(state) == ["rows", "columns", "one"]
    assert np.array_equal(state["rows"], NUMBERS[:6].reshape(2, 3))
    assert np.array_equal(state["columns"], NUMBERS[6:12].reshape(3, 2).T)
    assert state["one"] == 5 and state["one"].shape == ()
    assert all(array.flags.c_contiguous for array in state.values())


@pytest.mark.parametrize(
    "window", [(20, (5,), (1,)), (0, (4, 4), (8, 1)), (-1, (2,), (1,)), (0, (2,), (-1,))]
)
def test_refuses_windows_outside_the_storage(fake_torch, tmp_path, window):
    path = tmp_path / "a.pth"
    path.write_bytes(legacy_bytes({"w": window}))
    with pytest.raises(InvalidInput, match="outside its storage"):
        read_torch_legacy(path)


def test_refuses_every_truncation(fake_torch, tmp_path):
    path, data = tmp_path / "a.pth", legacy_bytes({"w": (0, (24,), (1,))})
    for n_bytes in range(0, len(data), 7):
        path.write_bytes(data[:n_bytes])
        with pytest.raises(InvalidInput):
            read_torch_legacy(path)


def test_refuses_another_format_or_length(fake_torch, tmp_path):
    path = tmp_path / "a.pth"
    for data in (
        legacy_bytes({}, magic=1),
        legacy_bytes({"w": (0, (24,), (1,))}, n_items=25),
        legacy_bytes({"w": (0, (0,), (1,))}, n_items=-1),
        b"PK\x03\x04" + bytes(100),
        b"",
    ):
        path.write_bytes(data)
        with pytest.raises(InvalidInput):
            read_torch_legacy(path)


def test_a_hostile_file_runs_nothing(tmp_path):
    marker, path = tmp_path / "marker", tmp_path / "a.pth"

    class Hostile:
        def __reduce__(self):
            return open, (str(marker), "w")

    path.write_bytes(pickle.dumps(Hostile(), protocol=2))
    with pytest.raises(InvalidInput, match="other than tensors"):
        read_torch_legacy(path)
    assert not marker.exists()


def entry(data=b"weights", **more):
    return WeightsFile("w.bin", hashlib.sha256(data).hexdigest(), **more)


@pytest.fixture
def empty_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


def test_own_folder_wins_over_the_cache_of_keras(tmp_path, empty_cache):
    own, cache = tmp_path / "own", tmp_path / "keras" / "models"
    for folder in (own, cache):
        folder.mkdir(parents=True)
        (folder / "w.bin").write_bytes(b"weights")
    assert weights.locate(entry(), own) == own / "w.bin"
    assert weights.locate(entry(), tmp_path / "none") == cache / "w.bin"
    assert weights.obtain(entry(), tmp_path / "none") == cache / "w.bin"


def test_md5_is_taken_where_the_publisher_gives_md5(tmp_path, empty_cache):
    (tmp_path / "w.bin").write_bytes(b"weights")
    digest = hashlib.md5(b"weights", usedforsecurity=False).hexdigest()
    assert weights.obtain(WeightsFile("w.bin", digest), tmp_path) == tmp_path / "w.bin"


def test_download_is_kept_and_checked(tmp_path, empty_cache):
    source, folder = tmp_path / "source", tmp_path / "own"
    source.write_bytes(b"weights")
    file = entry(url=source.as_uri())
    assert weights.obtain(file, folder).read_bytes() == b"weights"
    source.unlink()
    assert weights.obtain(file, folder) == folder / "w.bin"
    assert [p.name for p in folder.iterdir()] == ["w.bin"]


def test_failed_download_says_where_to_put_the_file(tmp_path, empty_cache):
    file = entry(url=(tmp_path / "nothing").as_uri())
    with pytest.raises(NotReady, match=r"place the file w\.bin in the folder") as caught:
        weights.obtain(file, tmp_path / "own")
    assert str(tmp_path / "own") in str(caught.value)
    assert list((tmp_path / "own").iterdir()) == []


def test_package_that_is_not_installed_is_named(tmp_path, empty_cache):
    with pytest.raises(NotReady, match="install the Python package no_such_package_here"):
        weights.obtain(entry(package="no_such_package_here"), tmp_path / "own")
