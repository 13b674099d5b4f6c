"""Which device a run computes on: what each backend's library says, in one form."""

from __future__ import annotations

from types import SimpleNamespace

import keras

from core.models import device
from core.models.device import Accelerator


def tensorflow(details):
    return SimpleNamespace(
        config=SimpleNamespace(
            list_physical_devices=lambda kind: [f"{kind}:0"],
            experimental=SimpleNamespace(
                get_device_details=lambda one: {"GPU:0": details}[one],
                get_memory_info=lambda name: {"GPU:0": {"current": 5, "peak": 7}}[name],
            ),
        )
    )


def jax(**more):
    one = {"platform": "gpu", "device_kind": "NVIDIA A100", "memory_stats": lambda: None}
    return SimpleNamespace(devices=lambda: [SimpleNamespace(**(one | more))])


def torch(*, cuda):
    return SimpleNamespace(
        cuda=SimpleNamespace(
            is_available=lambda: cuda,
            get_device_name=lambda: "Tesla T4",
            get_device_capability=lambda: (7, 5),
            max_memory_allocated=lambda: 11,
        )
    )


def test_tensorflow_tells_name_capability_and_peak():
    told = tensorflow({"device_name": "NVIDIA H100", "compute_capability": (9, 0)})
    assert device._of_tensorflow(told) == Accelerator("GPU: NVIDIA H100", (9, 0), 7)
    assert device._of_tensorflow(tensorflow({})) == Accelerator("GPU: unnamed", None, 7)


def test_jax_tells_name_capability_and_peak():
    stats = {"peak_bytes_in_use": 13}
    told = jax(compute_capability="8.0", memory_stats=lambda: stats)
    assert device._of_jax(told) == Accelerator("GPU: NVIDIA A100", (8, 0), 13)
    assert device._of_jax(jax()) == Accelerator("GPU: NVIDIA A100", None, None)
    amd = jax(device_kind="MI300", compute_capability="gfx942")
    assert device._of_jax(amd) == Accelerator("GPU: MI300", None, None)


def test_torch_tells_name_capability_and_peak():
    assert device._of_torch(torch(cuda=True)) == Accelerator("GPU: Tesla T4", (7, 5), 11)
    assert device._of_torch(torch(cuda=False)) == Accelerator("GPU: unnamed", None, None)


def test_where_variables_land_on_the_cpu_there_is_none(capsys):
    with keras.device("cpu"):  # also on a machine that has another
        assert device.accelerator() is None
        assert device.device_name() == "CPU"
        assert device.peak_memory_bytes() is None
        device.main()
    assert capsys.readouterr().out.startswith("no GPU: ")


def test_an_accelerator_is_named(monkeypatch, capsys):
    found = Accelerator("GPU: NVIDIA L4", (8, 9), 3)
    monkeypatch.setattr(device, "accelerator", lambda: found)
    assert (device.device_name(), device.peak_memory_bytes()) == ("GPU: NVIDIA L4", 3)
    device.main()
    assert capsys.readouterr().out == "GPU: NVIDIA L4\n"
