"""A trained model as files: `model.keras`, `model.onnx` and `manifest.json` with their checksums.

Predictions come from the ONNX file alone, so that a page or a server never imports TensorFlow.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core import errors
from core.ids import bytes_id
from core.language import t
from core.models.convert import write_onnx
from core.models.onnx_session import open_session
from core.models.precision import full_float32
from core.models.training import Fitted

KERAS_FILE, ONNX_FILE, MANIFEST_FILE = "model.keras", "model.onnx", "manifest.json"
FORMAT = 1
MAX_ABS_DIFF = 1e-4  # of a probability, between Keras and ONNX Runtime; float32 noise is near 1e-6
_CHUNK_BYTES = 32_000_000  # input of one call: memory stays flat whatever the number of images
_MAX_MODEL_BYTES = 2_000_000_000
_MAX_MANIFEST_BYTES = 4_000_000


def save(fitted: Fitted, folder: Path, manifest: Mapping[str, Any]) -> dict[str, Path]:
    """Write a trained model, and prove that both of its files give the same answers.

    Parameters
    ----------
    fitted : Fitted
        From `core.models.training.fit`.
    folder : Path
        Made if it is missing; files of the same names are replaced.
    manifest : mapping
        What else belongs to the model (classes, seed, data ids, backbone ...); must be JSON. The
        keys `format`, `files`, `input`, `output`, `versions` and `equality` are filled in here.

    Returns
    -------
    dict of str to Path
        File name to path, for all three files.

    Raises
    ------
    JobFailed
        If the ONNX file differs from the Keras model by more than MAX_ABS_DIFF in a probability.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / name for name in (KERAS_FILE, ONNX_FILE, MANIFEST_FILE)}
    fitted.model.save(paths[KERAS_FILE])
    write_onnx(fitted.model, paths[ONNX_FILE])
    difference = _difference(fitted, paths[ONNX_FILE])
    inputs, outputs = fitted.model.inputs[0], fitted.model.outputs[0]
    content = dict(manifest) | {
        "format": FORMAT,
        "files": {name: _describe_file(paths[name]) for name in (KERAS_FILE, ONNX_FILE)},
        "input": {
            "dtype": str(inputs.dtype),
            "shape": list(inputs.shape[1:]),
            "preprocessing": "none: raw values; scaling is inside the model",
        },
        "output": {"dtype": "float32", "shape": list(outputs.shape[1:]), "kind": "probabilities"},
        "equality": {"max_abs_diff": difference, "n_rows": len(fitted.sample)},
        "versions": _versions(),
    }
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    with paths[MANIFEST_FILE].open("w", encoding="utf-8") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    return paths


def _difference(fitted: Fitted, onnx_path: Path) -> float:
    """Return the largest difference of a probability on the sample rows, or raise."""
    full_float32()
    expected = np.asarray(fitted.model.predict_on_batch(fitted.sample))
    received = load_session(onnx_path).predict(fitted.sample)
    difference = float(np.abs(expected - received).max(initial=0.0))
    if not difference <= MAX_ABS_DIFF:  # also false for NaN
        raise errors.JobFailed(
            t("the exported model differs from the trained one"),
            expected=t("probabilities within {max_abs_diff}", max_abs_diff=MAX_ABS_DIFF),
            received=str(difference),
        )
    return difference


def _describe_file(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {"sha256": bytes_id(data), "n_bytes": len(data)}


def _versions() -> dict[str, str]:
    import keras

    backend = keras.backend.backend()
    return {
        "python": platform.python_version(),
        "backend": f"{backend} {import_module(backend).__version__}",
    } | {package: version(package) for package in ("keras", "numpy", "onnx", "onnxruntime")}


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a saved model and check its files against it.

    Raises
    ------
    StoreError
        If a file is missing, has another size or checksum, or the manifest cannot be understood.
    """
    path = folder / MANIFEST_FILE
    try:
        _check_size(path, _MAX_MANIFEST_BYTES)
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        _check_files(folder, content)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise errors.StoreError(
            t("the saved model in {folder} is damaged or incomplete", folder=folder),
            received=str(error),
        ) from error
    return content


def _check_files(folder: Path, content: Mapping[str, Any]) -> None:
    """Raise ValueError unless the files are those that the manifest describes."""
    if content["format"] != FORMAT:
        raise ValueError(t("format {number}", number=content["format"]))
    for name in (KERAS_FILE, ONNX_FILE):
        _check_size(folder / name, _MAX_MODEL_BYTES)
        if _describe_file(folder / name) != content["files"][name]:
            raise ValueError(t("{name} has another checksum", name=name))


def _check_size(path: Path, most_bytes: int) -> None:
    if path.stat().st_size > most_bytes:
        raise ValueError(t("{name} has more than {most} bytes", name=path.name, most=most_bytes))


def load_keras(folder: Path) -> Any:
    """Load the Keras model of a folder that `save` wrote, after checking its files.

    Raises
    ------
    StoreError
        As `read_manifest`.
    """
    read_manifest(folder)
    import keras

    return keras.saving.load_model(folder / KERAS_FILE, compile=False, safe_mode=True)


class Session:
    """A trained model, ready to predict on ONNX Runtime; made by `load_session`.

    Attributes
    ----------
    input_shape : tuple of int
        Shape of one row: (embedding_dim,), or (size_px, size_px, 3).
    input_dtype : numpy dtype
        float32 for embeddings, uint8 for pixels.
    n_classes : int
        Columns of the probabilities.
    """

    def __init__(self, file: Path | bytes, n_threads: int) -> None:
        self._session = open_session(file, n_threads)
        entry, exit_ = self._session.get_inputs()[0], self._session.get_outputs()[0]
        self._input: str = entry.name
        self.input_shape: tuple[int, ...] = tuple(entry.shape[1:])
        self.input_dtype = np.dtype("uint8" if "uint8" in entry.type else "float32")
        self.n_classes: int = exit_.shape[1]

    def predict(
        self,
        x: npt.NDArray[Any],
        rows: npt.NDArray[np.integer[Any]] | None = None,
        report: Callable[[float], None] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Return the probabilities of images.

        Parameters
        ----------
        x : ndarray, (n_images, *input_shape)
            Raw embeddings, or raw pixels from 0 to 255; may be a memory map, read chunk by chunk.
        rows : ndarray of int, (n_rows,), optional
            Which images; by default all, in order.
        report : callable, optional
            Called after each chunk with the share done, in (0, 1].
        stop : callable, optional
            Asked before each chunk; true ends the work.

        Returns
        -------
        ndarray of float32, (n_rows, n_classes)
            Each row sums to 1. No rows give an array of shape (0, n_classes).

        Raises
        ------
        InvalidInput
            If `x` has another shape, or is neither the model's type nor a float.
        JobCancelled
            If `stop` said so.
        """
        self._check(x)
        n_rows = len(x) if rows is None else len(rows)
        chunk = max(1, _CHUNK_BYTES // (4 * int(np.prod(self.input_shape))))
        probabilities = np.empty((n_rows, self.n_classes), np.float32)
        for start in range(0, n_rows, chunk):
            if stop is not None and stop():
                raise errors.JobCancelled(
                    t("predicting stopped at image {start} of {n_rows}", start=start, n_rows=n_rows)
                )
            end = min(start + chunk, n_rows)
            part = self._as_input(x[start:end] if rows is None else x[rows[start:end]])
            probabilities[start:end] = self._session.run(None, {self._input: part})[0]
            if report is not None:
                report(end / n_rows)
        return probabilities

    def _check(self, x: npt.NDArray[Any]) -> None:
        fits = x.dtype == self.input_dtype or np.issubdtype(x.dtype, np.floating)
        if not fits or x.shape[1:] != self.input_shape:
            words = ", ".join(str(n) for n in self.input_shape)
            raise errors.InvalidInput(
                t("the model cannot take this array"),
                expected=f"{self.input_dtype} (n_images, {words})",
                received=f"{x.dtype} {x.shape}",
            )

    def _as_input(self, part: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return rows in the model's own type; pixels are rounded, and clipped to 0-255."""
        if part.dtype != self.input_dtype and self.input_dtype == np.uint8:
            part = np.clip(np.rint(part), 0, 255)
        return np.ascontiguousarray(part, dtype=self.input_dtype)


def load_session(file: Path | bytes, n_threads: int = 1) -> Session:
    """Open the ONNX file of a trained model, or its bytes, for predicting, without Keras.

    Raises
    ------
    StoreError
        If the file is missing or damaged.
    """
    return Session(file, n_threads)
