"""Weights of backbones: where their files may lie, how they are checked, and how a .pth is read.

Nothing here imports Keras or PyTorch. A file is used only after its hash has been checked.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import secrets
import urllib.error
import urllib.request
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from core.errors import InvalidInput, NotReady
from core.language import t

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # torch.serialization.MAGIC_NUMBER of the format before zip
_LEGACY_PROTOCOL = 1001
_STORAGES: Mapping[str, str] = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
}
_CHUNK_BYTES = 1 << 20
_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One file of weights: its name, its hash, and where it comes from.

    Parameters
    ----------
    name : str
        File name, as the publisher calls it; the same in every folder that is searched.
    digest : str
        md5 (32 hex digits, Keras' own table) or sha256 (64) of the file.
    url : str or None
        Where it can be downloaded; None when a Python package carries it.
    package : str or None
        Python package with the file in its folder `models`.
    """

    name: str
    digest: str
    url: str | None = None
    package: str | None = None


def locate(file: WeightsFile, weights_dir: Path) -> Path | None:
    """Return the first copy of `file` on this machine, or None.

    Searched in this order: `weights_dir`, the Python package that carries it, Keras' own cache
    (`$KERAS_HOME/models`, by default `~/.keras/models`).
    """
    folders = [weights_dir]
    spec = find_spec(file.package) if file.package else None
    if spec and spec.origin:
        folders.append(Path(spec.origin).parent / "models")
    folders.append(Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models")
    return next((f / file.name for f in folders if (f / file.name).is_file()), None)


def obtain(file: WeightsFile, weights_dir: Path) -> Path:
    """Return the path of a checked copy of `file`, downloading it into `weights_dir` if need be.

    Raises
    ------
    NotReady
        If there is no copy and none can be downloaded: the sentence names the file and the folder.
    InvalidInput
        If a copy was found whose content is not what the publisher released.
    """
    found = locate(file, weights_dir)
    if found is None:
        found = _download(file, weights_dir)
    received = _digest(found, file.digest)
    if received != file.digest:
        raise InvalidInput(
            t("the weights file {found} is damaged or another version", found=found),
            expected=t("the hash {digest}", digest=file.digest),
            received=received,
            todo=t("delete it and place the original there"),
        )
    return found


def _digest(path: Path, like: str) -> str:
    """Return the md5 or sha256 of a file, whichever has as many digits as `like`."""
    # md5 is what Keras publishes for most of its files: it finds damage, not malice
    digest = hashlib.sha256() if len(like) == 64 else hashlib.md5(usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _where(file: WeightsFile, folder: Path) -> str:
    """Say where the weights have to be, or what brings them."""
    if file.package:
        return t(
            "place the file {name} in the folder {folder}, or install the Python package {package}",
            name=file.name,
            folder=str(folder),
            package=file.package,
        )
    return t("place the file {name} in the folder {folder}", name=file.name, folder=str(folder))


def _download(file: WeightsFile, weights_dir: Path) -> Path:
    """Fetch `file` into `weights_dir` under its own name; nothing half-written stays behind."""
    if file.url is None:
        raise NotReady(
            t("the weights {name} are not here", name=file.name), todo=_where(file, weights_dir)
        )
    target = weights_dir / file.name
    partial = weights_dir / f".tmp-{secrets.token_hex(6)}"
    try:
        weights_dir.mkdir(parents=True, exist_ok=True)
        with (
            urllib.request.urlopen(file.url, timeout=_TIMEOUT_S) as reply,
            partial.open("wb") as out,
        ):
            while chunk := reply.read(_CHUNK_BYTES):
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        os.replace(partial, target)
    except (OSError, urllib.error.URLError) as error:
        raise NotReady(
            t(
                "the weights {name} are not here and could not be downloaded ({error})",
                name=file.name,
                error=error,
            ),
            todo=t("{todo} (source: {url})", todo=_where(file, weights_dir), url=file.url),
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return target


@dataclass(frozen=True, slots=True)
class _Storage:
    """What the pickle says about one run of numbers that follows it in the file."""

    key: str
    dtype: str
    n_items: int


@dataclass(frozen=True, slots=True)
class _TensorView:
    """A tensor as the pickle describes it: a strided window on a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _TensorView:
    """Stand in for torch._utils._rebuild_tensor_v2."""
    return _TensorView(storage, offset, shape, strides)


class _TensorUnpickler(pickle.Unpickler):
    """Knows ordered dictionaries and tensors; every other name in the file is an error."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise InvalidInput(
            t("the weights file asks for something other than tensors"),
            expected=t("OrderedDict, _rebuild_tensor_v2 or a storage type"),
            received=f"{module}.{name}",
        )

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _device, n_items, view = pid
        if kind != "storage" or dtype not in _STORAGES.values() or view is not None:
            raise InvalidInput(
                t("the weights file has an unknown kind of storage"), received=repr(pid)
            )
        return _Storage(str(key), dtype, int(n_items))


def read_torch_legacy(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read a PyTorch state dict in the format that came before zip, without PyTorch.

    Parameters
    ----------
    path : Path
        A `.pth` file: five pickles (magic, protocol, system, state dict, storage keys), then for
        each key an int64 count and that many little-endian numbers.

    Returns
    -------
    dict of str to ndarray
        Tensor name to array, in PyTorch's own axis order (convolutions: out, in, height, width).

    Raises
    ------
    InvalidInput
        If the file is of another format, truncated, or names anything but tensors: the unpickler
        resolves three kinds of names and calls nothing else.

    References
    ----------
    PyTorch, `torch/serialization.py`, function `_legacy_load`.
    """
    stream = io.BytesIO(path.read_bytes())

    def load() -> Any:
        return _TensorUnpickler(stream).load()

    try:
        return _read_legacy(stream, load)
    except (
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
    ) as error:
        raise InvalidInput(
            t("{name} cannot be read as a PyTorch state dict", name=path.name), received=repr(error)
        ) from error


def _read_legacy(stream: IO[bytes], load: Callable[[], Any]) -> dict[str, npt.NDArray[Any]]:
    """Read the five pickles and the numbers behind them."""
    if load() != _LEGACY_MAGIC or load() != _LEGACY_PROTOCOL or not load()["little_endian"]:
        raise ValueError("another format: magic number, protocol or byte order differ")
    views: Mapping[str, _TensorView] = load()
    storages = {view.storage.key: view.storage for view in views.values()}
    numbers = {key: _read_storage(stream, storages[key]) for key in load()}
    return {name: _view(numbers[view.storage.key], view) for name, view in views.items()}


def _read_storage(stream: IO[bytes], storage: _Storage) -> npt.NDArray[Any]:
    """Read one storage: its own count must agree with the pickle's."""
    n_items = int.from_bytes(stream.read(8), "little", signed=True)
    dtype = np.dtype(storage.dtype)
    data = stream.read(n_items * dtype.itemsize) if n_items == storage.n_items else b""
    if len(data) != storage.n_items * dtype.itemsize:
        raise ValueError(f"storage {storage.key} is truncated or has another length than announced")
    return np.frombuffer(data, dtype)


def _view(numbers: npt.NDArray[Any], view: _TensorView) -> npt.NDArray[Any]:
    """Return a contiguous copy of a strided window, refusing one that leaves its storage."""
    reach = sum((n - 1) * s for n, s in zip(view.shape, view.strides, strict=True))
    if min((view.offset, *view.shape, *view.strides), default=0) < 0 or (
        0 not in view.shape and view.offset + reach >= numbers.size
    ):
        raise ValueError(f"a tensor of shape {view.shape} reaches outside its storage")
    window = np.lib.stride_tricks.as_strided(
        numbers[view.offset :],
        view.shape,
        tuple(s * numbers.itemsize for s in view.strides),
        writeable=False,
    )
    return np.ascontiguousarray(window).reshape(view.shape)
