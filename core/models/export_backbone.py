"""`python -m core.models.export_backbone`: write a backbone as ONNX, in a process of its own.

Keras and TensorFlow live and die with this process; who asked for the file never imports them. The
file appears under its name in one step, so two exports at once are harmless: the last one wins and
both are equal. Prints nothing on success; on a failure that a user can mend, one line on stderr
that begins with the error's class name, and exit status 2.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import AppError, JobFailed
from core.language import t
from core.models.convert import write_onnx

MIN_COSINE = 0.9999


def export(name: str, weights_path: Path | None, input_px: int, target: Path) -> None:
    """Build a backbone, write it as ONNX, and prove that both give the same embeddings.

    Parameters
    ----------
    name : str
        Key of `core.models.backbones.BACKBONES`.
    weights_path : Path or None
        A checked file; None leaves random weights, for tests.
    input_px : int
        Side of the square input, pixels.
    target : Path
        Where the file is to be; appears complete or not at all.

    Raises
    ------
    JobFailed
        If the exported file disagrees with Keras; `target` is then not written.
    """
    from core.models import backbones

    model = backbones.build(name, weights_path, input_px)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.parent / f".tmp-{secrets.token_hex(6)}.onnx"
    try:
        write_onnx(model, partial)
        rng = np.random.default_rng(0)
        pixels = rng.integers(0, 256, (2, input_px, input_px, 3), dtype=np.uint8)
        cosine = _lowest_cosine(model, partial, pixels)
        if not cosine >= MIN_COSINE:  # also false for NaN
            raise JobFailed(
                t("the exported backbone {name} differs from its Keras definition", name=name),
                expected=t("cosine >= {min_cosine}", min_cosine=MIN_COSINE),
                received=f"{cosine:.6f}",
            )
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _lowest_cosine(model: Any, path: Path, pixels: np.ndarray[Any, Any]) -> float:
    import onnxruntime

    expected = np.asarray(model.predict_on_batch(pixels))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    received = session.run(None, {session.get_inputs()[0].name: pixels})[0]
    norms = np.linalg.norm(expected, axis=1) * np.linalg.norm(received, axis=1)
    return float(((expected * received).sum(axis=1) / norms).min())


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m core.models.export_backbone")
    parser.add_argument("name")
    parser.add_argument("--weights", type=Path, default=None, help="checked file; none: random")
    parser.add_argument("--input-px", type=int, required=True)
    parser.add_argument("--to", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        export(options.name, options.weights, options.input_px, options.to)
    except AppError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
