"""The contract of all algorithms holds on JAX and PyTorch, too: the same tests, the same code.

On TensorFlow it is part of the fast suite. A process has one backend for life, so each of the
others runs in a process of its own, from the environment that `make backends` makes.
"""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from tests.contracts.source_tree import ROOT

PYTHON = ROOT / ".venv-backends/bin/python"
SUITES = [
    "tests/contracts/test_algorithms.py",
    "tests/unit/test_models_precision.py",
    "tests/unit/test_models_device.py",
]
LIMIT_S = 3600.0
CPU = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}


def run(backend: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert PYTHON.exists(), "JAX and PyTorch are not installed: run make backends"
    return subprocess.run(
        [PYTHON, *arguments],
        cwd=ROOT,
        env=os.environ | CPU | {"KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


def n_passed(summary: str) -> int:
    """Return how many tests passed, if that is all that there is to say; else 0."""
    found = re.fullmatch(r"(\d+) passed(, \d+ deselected)? in .*", summary)
    return int(found[1]) if found else 0


@pytest.mark.slow
@pytest.mark.timeout(LIMIT_S)
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_every_algorithm_keeps_its_contract(backend: str) -> None:
    named = run(backend, "-c", "import keras; print(keras.backend.backend())")
    assert named.stdout.strip() == backend, named.stderr
    done = run(backend, "-m", "pytest", *SUITES, "-p", "no:cacheprovider", "--timeout=1200")
    summary = done.stdout.strip().splitlines()[-1]
    assert done.returncode == 0 and n_passed(summary) > 100, done.stdout + done.stderr


def test_nothing_but_passed_tests_counts():
    assert n_passed("56 passed in 3.20s") == n_passed("56 passed, 2 deselected in 61.01s") == 56
    assert n_passed("1 failed, 55 passed in 3.20s") == n_passed("no tests ran in 0.01s") == 0
    assert n_passed("55 passed, 1 skipped in 3.20s") == n_passed("55 passed, 1 xfailed in 3s") == 0
