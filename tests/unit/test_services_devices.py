"""Which device a training will use: what the last run used, else what the driver names."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.models.machine import Gpu
from core.services import devices
from core.services.runs.training import get_run
from tests.seeding import seed

CARD = Gpu("NVIDIA H100", 80 * 1024**3)


@pytest.fixture
def last(workspace, monkeypatch):
    """Return a function that makes the newest run one on this device."""
    run = get_run(workspace, seed(workspace).generalist)

    def make(device):
        older = replace(run, device="CPU", created_at=run.created_at - timedelta(days=1))
        newest = replace(run, device=device)
        monkeypatch.setattr(devices.runs, "all_of", lambda *_, **__: [newest, older])
        return devices.expected(workspace)

    return make


def test_the_last_run_tells(last, monkeypatch):
    monkeypatch.setattr(devices.machine, "gpu", lambda: None)
    found = last("GPU: Radeon")
    assert (found.kind, found.name, found.text) == ("gpu", "GPU: Radeon", "Radeon")
    assert found.free_bytes is None
    monkeypatch.setattr(devices.machine, "gpu", lambda: CARD)
    assert last("GPU: NVIDIA H100").free_bytes == CARD.free_bytes
    assert last("CPU").kind == "cpu"  # there is a card, and the backend did not use it


def test_before_any_run_the_driver_tells(workspace, monkeypatch):
    monkeypatch.setattr(devices.machine, "gpu", lambda: CARD)
    found = devices.expected(workspace)
    assert (found.kind, found.text) == ("gpu", "NVIDIA H100")
    monkeypatch.setattr(devices.machine, "gpu", lambda: None)
    n = workspace.settings.n_threads
    assert devices.expected(workspace).text.startswith(f"this machine (CPU, {n} core")
