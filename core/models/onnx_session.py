"""Opening ONNX files for answers, without Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core import errors
from core.language import t


def open_session(file: Path | bytes, n_threads: int) -> Any:
    """Open an ONNX file, or its bytes, on the CPU with a few threads that sleep when idle.

    Raises
    ------
    StoreError
        If the file is missing or damaged.
    """
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as failures

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors only: its warnings are about fusing
    try:
        return onnxruntime.InferenceSession(
            file if isinstance(file, bytes) else str(file),
            sess_options=options,
            providers=["CPUExecutionProvider"],
        )
    except (
        failures.Fail,
        failures.InvalidProtobuf,
        failures.InvalidGraph,
        failures.NoSuchFile,
    ) as e:
        what = (
            t("the model file cannot be opened")
            if isinstance(file, bytes)
            else t("the model file {file} cannot be opened", file=str(file))
        )
        raise errors.StoreError(what, received=str(e)) from e
