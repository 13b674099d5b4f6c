"""What this machine has: memory, a GPU, speed; by asking the system, never a backend."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

_MEMINFO = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")
_ASK_S = 5.0  # nvidia-smi answers in well under a second, or not at all
_SIDE, _TRIES, _MEASURE_S = 64, 10, 0.05  # of the matrix products that are timed
_FALLBACK_BYTES = 4_000_000_000  # where the system does not say what it has


@dataclass(frozen=True, slots=True)
class Gpu:
    """A graphics card as its driver describes it."""

    name: str
    free_bytes: int


def available_bytes() -> int:
    """Return the memory that a new process can use, bytes: the system's, or less in a container."""
    limits = [_system_bytes()]
    try:
        most = (_GROUP / "memory.max").read_text().strip()
        used = int((_GROUP / "memory.current").read_text())
        limits += [max(0, int(most) - used)] if most != "max" else []
    except (OSError, ValueError):  # no such group, or not Linux
        pass
    return min(limits)


@cache
def gpu() -> Gpu | None:
    """Return the first NVIDIA card that the driver names, asked once a process; None without one.

    Notes
    -----
    That there is a card does not mean that the backend can use it.
    """
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    query = ["--query-gpu=name,memory.free", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(
            [program, *query], capture_output=True, text=True, timeout=_ASK_S, check=True
        )
    except (OSError, subprocess.SubprocessError):  # a driver that does not answer is no card
        return None
    return parse_gpu(told.stdout)


def parse_gpu(listing: str) -> Gpu | None:
    """Return the first card of what `nvidia-smi` lists, or None.

    Examples
    --------
    >>> parse_gpu("NVIDIA H100, 81000").name
    'NVIDIA H100'
    """
    name, comma, free = listing.strip().partition("\n")[0].rpartition(",")
    if not comma or not free.strip().isdecimal():
        return None
    return Gpu(name.strip(), int(free) * 1024**2)


@cache
def core_rate() -> float:
    """Return what NumPy's matrix product reaches on one core here, FLOPs a second.

    Notes
    -----
    Measured once a process, in about 50 ms: the best of many tries, each so short that a busy
    machine lets some of them through undisturbed, with matrices so small that BLAS uses one core
    (OpenBLAS: up to 64 cubed). With threads that wait for each other, another job on the machine
    made the rate fall from 149 to 0.5 billion.
    """
    a = np.ones((_SIDE, _SIDE), np.float32)
    product = np.empty_like(a)
    best, begun = np.inf, time.perf_counter()
    while time.perf_counter() - begun < _MEASURE_S:
        started = time.perf_counter()
        for _ in range(_TRIES):
            np.matmul(a, a, out=product)
        best = min(best, (time.perf_counter() - started) / _TRIES)
    return float(2 * _SIDE**3 / best)


def _system_bytes() -> int:
    try:
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:  # not Linux
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return _FALLBACK_BYTES
