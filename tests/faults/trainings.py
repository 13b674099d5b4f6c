"""A training as a program: what tests/faults/test_kill_training.py kills.

`python -m tests.faults.trainings FOLDER` says "ready" when all is imported, goes on from the
checkpoints in FOLDER if there are any, and prints what came out as one JSON line.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from core.models import cnn, training
from core.store.checkpoints import Checkpoints

OPTIONS = cnn.CnnOptions(epochs=12, patience=12, batch_size=8, width=4, input_px=16, flip=True)


def data() -> training.TrainingData:
    """Return 48 images to learn and 12 to judge by; noise, in three classes."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (60, 16, 16, 3), dtype=np.uint8)
    return training.TrainingData(x, np.arange(60) % 3, np.arange(48), np.arange(48, 60), 3)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    training.prepare_process(1)
    import keras

    say(f"ready on {keras.backend.backend()}")
    kept = Checkpoints(Path(sys.argv[1]), every_s=0)
    fitted = training.fit("cnn", OPTIONS, data(), 1, n_threads=1, keeper=kept)
    kept.clear()
    sha = hashlib.sha256(b"".join(array.tobytes() for array in fitted.model.get_weights()))
    say(json.dumps({"weights": sha.hexdigest(), "history": dict(fitted.history)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
