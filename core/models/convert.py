"""Write a Keras model as ONNX, from whatever backend it was trained on.

Keras writes ONNX by itself from TensorFlow only, and a process has one backend for life: trainings
on JAX or PyTorch save the model, and `python -m core.models.convert MODEL.keras MODEL.onnx` writes
it. A model file is the same for all three.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from core.errors import JobFailed
from core.language import t
from core.settings import ROOT

_LIMIT_S = 600.0
_OPSET = 17


def write_onnx(model: Any, path: Path) -> None:
    """Write a Keras model of one input as ONNX, with a free first axis, to `path`."""
    import keras

    if keras.backend.backend() != "tensorflow":
        _in_child(model, path)
        return
    spec = model.inputs[0]
    model(keras.ops.zeros((1, *spec.shape[1:]), dtype=spec.dtype))  # an uncalled model is refused
    with warnings.catch_warnings():  # Keras' own patch of tf2onnx for NumPy 2 asks for np.object
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
        model.export(str(path), format="onnx", verbose=False, opset_version=_OPSET)


def _in_child(model: Any, path: Path) -> None:
    """Write a Keras model as ONNX in a process that runs on TensorFlow.

    Raises
    ------
    JobFailed
        If that process failed; the sentence has its last line.
    """
    environment = os.environ | {
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "CUDA_VISIBLE_DEVICES": "-1",  # tracing needs no GPU, and this process may hold it
    }
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "model.keras"
        model.save(saved)
        done = subprocess.run(
            [sys.executable, "-m", "core.models.convert", str(saved), str(path.absolute())],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LIMIT_S,
        )
    if done.returncode != 0:
        last = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
        raise JobFailed(t("the model could not be written as ONNX ({last})", last=last))


def main(arguments: list[str]) -> int:
    """Run the command; return its exit status."""
    import keras

    model_path, onnx_path = arguments
    model = keras.saving.load_model(model_path, compile=False, safe_mode=True)
    write_onnx(model, Path(onnx_path))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
