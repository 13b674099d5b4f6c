"""Kill -9 a training at any moment: it goes on to the same bits as one that was never killed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.settings import ROOT
from tests.faults.test_kill_writer import SLOW

SHARE = 0.5  # of a training, at most, between two kills: each is killed a few times


def attempt(folder: Path, most_s: float | None = None) -> dict | None:
    """Train, and kill after so many seconds; return what came out, or None."""
    command = [sys.executable, "-m", "tests.faults.trainings", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("ready")
        try:
            told, _ = process.communicate(timeout=most_s)
        except subprocess.TimeoutExpired:
            process.kill()
            told = process.communicate()[0]  # it may have ended just before
    return json.loads(told) if told else None


@pytest.mark.parametrize("n_kills", [1, pytest.param(50, marks=SLOW)])
def test_a_killed_training_goes_on_to_the_same_bits(tmp_path, n_kills):
    began, rng, n_killed = time.monotonic(), random.Random(0), 0
    undisturbed = attempt(tmp_path / "undisturbed")
    longest_s = SHARE * (time.monotonic() - began)
    while n_killed < n_kills:
        while (found := attempt(tmp_path / "kept", rng.uniform(0.0, longest_s))) is None:
            n_killed += 1
        assert found == undisturbed
    assert not list(tmp_path.iterdir())
