"""The machine: memory, a card, speed; and what happens when the system does not say."""

from __future__ import annotations

import subprocess

import pytest

from core.models import machine


def test_there_is_memory():
    assert machine.available_bytes() > 1e8


@pytest.mark.parametrize(
    ("most", "used", "expected"), [("3000", "1000", 2000), ("max", "5", 9000), ("1", "5", 0)]
)
def test_a_container_may_have_less_than_the_machine(tmp_path, monkeypatch, most, used, expected):
    (tmp_path / "memory.max").write_text(most + "\n")
    (tmp_path / "memory.current").write_text(used + "\n")
    monkeypatch.setattr(machine, "_GROUP", tmp_path)
    monkeypatch.setattr(machine, "_system_bytes", lambda: 9000)
    assert machine.available_bytes() == expected


def test_the_system_is_asked_where_there_is_no_meminfo(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_MEMINFO", tmp_path / "nothing")
    monkeypatch.setattr(machine.os, "sysconf", {"SC_PHYS_PAGES": 10, "SC_PAGE_SIZE": 4096}.get)
    assert machine._system_bytes() == 40960
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:       7 kB\n")
    monkeypatch.setattr(machine, "_MEMINFO", tmp_path / "meminfo")
    assert machine._system_bytes() == 7 * 1024


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        ("NVIDIA H100 80GB HBM3, 81079\nNVIDIA A100, 4\n", ("NVIDIA H100 80GB HBM3", 81079)),
        ("", None),
        ("No devices were found\n", None),
        ("Some, Card, 12", ("Some, Card", 12)),
    ],
)
def test_a_card_is_read_from_the_drivers_list(listing, expected):
    found = machine.parse_gpu(listing)
    assert (found and (found.name, found.free_bytes // 1024**2)) == expected


@pytest.fixture
def _asked_anew():
    machine.gpu.cache_clear()
    yield
    machine.gpu.cache_clear()


@pytest.mark.usefixtures("_asked_anew")
def test_a_driver_that_fails_is_no_card(monkeypatch):
    def fails(*_args, **_kwargs):
        raise subprocess.TimeoutExpired("nvidia-smi", 5)

    monkeypatch.setattr(machine.shutil, "which", lambda _: "/bin/nvidia-smi")
    monkeypatch.setattr(machine.subprocess, "run", fails)
    assert machine.gpu() is None


@pytest.mark.usefixtures("_asked_anew")
def test_no_driver_is_no_card(monkeypatch):
    monkeypatch.setattr(machine.shutil, "which", lambda _: None)
    assert machine.gpu() is None


def test_the_rate_is_measured_once():
    assert machine.core_rate() == machine.core_rate() > 1e8
