"""What the backend computes on: its name, its peak memory, and what its cores can do."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any

NO_GPU = "no GPU"


@dataclass(frozen=True, slots=True)
class Accelerator:
    """A device other than the CPU, as its backend describes it.

    Parameters
    ----------
    name : str
        Kind and make, for people: "GPU: NVIDIA H100".
    capability : tuple of int, optional
        NVIDIA's compute capability, major and minor; None where there is none or it is not told.
    peak_memory_bytes : int, optional
        Most memory in use at once since the process began; None where it is not told.
    """

    name: str
    capability: tuple[int, int] | None = None
    peak_memory_bytes: int | None = None


def accelerator() -> Accelerator | None:
    """Return the device that Keras puts new variables on, or None if that is the CPU."""
    import keras

    # Where a new variable lands; no backend's list of devices says which of them Keras takes.
    if "cpu" in str(keras.Variable(0.0).value.device).lower():
        return None
    backend = keras.backend.backend()
    describe = {"tensorflow": _of_tensorflow, "jax": _of_jax, "torch": _of_torch}
    return describe[backend](import_module(backend))


def device_name() -> str:
    """Return what the backend computes on, for people: "GPU: NVIDIA H100", "CPU"."""
    found = accelerator()
    return found.name if found else "CPU"


def peak_memory_bytes() -> int | None:
    """Return the most memory of the accelerator that was in use at once in this process.

    Counted by the backend's own allocator; None on a CPU, and where the backend does not tell.
    """
    found = accelerator()
    return found.peak_memory_bytes if found else None


def _of_tensorflow(tf: Any) -> Accelerator:
    details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    return Accelerator(
        f"GPU: {details.get('device_name', 'unnamed')}",
        details.get("compute_capability"),
        tf.config.experimental.get_memory_info("GPU:0")["peak"],
    )


def _of_jax(jax: Any) -> Accelerator:
    device = jax.devices()[0]
    return Accelerator(
        f"{device.platform.upper()}: {device.device_kind}",
        _numbers(getattr(device, "compute_capability", "")),  # GPUs of NVIDIA have it, as text
        (device.memory_stats() or {}).get("peak_bytes_in_use"),
    )


def _of_torch(torch: Any) -> Accelerator:
    if not torch.cuda.is_available():
        return Accelerator("GPU: unnamed")  # Apple's and Intel's, which have no name there
    return Accelerator(
        f"GPU: {torch.cuda.get_device_name()}",
        torch.cuda.get_device_capability(),
        torch.cuda.max_memory_allocated(),
    )


def _numbers(text: str) -> tuple[int, int] | None:
    """Return the two numbers of "9.0"; None for any other text."""
    found = re.fullmatch(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def main() -> None:
    """Print the device, or a sentence that says why there is none."""
    import keras

    found = accelerator()
    sentence = f"{NO_GPU}: {keras.backend.backend()} computes on the CPU of this machine"
    sys.stdout.write((found.name if found else sentence) + "\n")


if __name__ == "__main__":
    main()
