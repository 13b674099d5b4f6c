"""One epoch of a head: on cached embeddings against through the frozen backbone, in one run.

    python benchmarks/bench_head.py [--rounds 3] [--json]

Both train the same linear head on the demo's 1,050 drawn images at 160 px, split 70 : 30, in the
same batches with the same optimizer, and validate after each epoch. Ours is `probe`, trained on
embeddings that were computed once; the peer runs the frozen EfficientNet-Lite0 in front of the same
head, through Keras' `fit` on pixels in memory, as a guide to transfer learning writes it. One
thread; rounds alternate, the best epoch of each counts. What embedding cost once is told, too.

Exit status 1 if the ratio is below the bar, or the two trainings do not learn the same.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ONE_THREAD = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import keras  # noqa: E402  # after the thread counts, which are read on import
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from core.models import backbones, probe, weights  # noqa: E402
from core.models.embedding import open_embedder  # noqa: E402
from core.models.pipelines import epoch_order, one_hot  # noqa: E402
from core.models.recipe import TrainingData  # noqa: E402
from core.models.training import fit  # noqa: E402
from core.settings import load_settings  # noqa: E402
from core.sources import rosebuds  # noqa: E402

BAR = 300  # CPU-seconds of one epoch, through the backbone / on cached embeddings
TOLERANCE = 0.002  # of validation log-losses: float rounding of two engines, grown by training
N_PER_CLASS, SIZE_PX, TRAIN_SHARE, SEED = 150, 160, 0.7, 0
NAME, HEAD_EPOCHS = "efficientnet_lite0", 20


class Clock(keras.callbacks.Callback):
    """CPU-seconds and figures of each epoch, validation included."""

    def __init__(self) -> None:
        super().__init__()
        self.cpu_s: list[float] = []
        self.log_losses: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._started = time.process_time()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.cpu_s.append(time.process_time() - self._started)
        self.log_losses.append(float(logs["val_log_loss"]))


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Return pixels, uint8 (n_images, 160, 160, 3), and classes, int64 (n_images,)."""
    buds = list(rosebuds.generate(N_PER_CLASS, SIZE_PX))
    pixels = [np.asarray(Image.open(io.BytesIO(bytes(bud.data))).convert("RGB")) for bud in buds]
    return np.stack(pixels), np.array([rosebuds.LABELS.index(bud.label) for bud in buds])


def head_epochs(data: TrainingData, n_epochs: int) -> tuple[list[float], list[float]]:
    """Train our probe; return CPU-seconds between the ends of epochs, and val log-losses."""
    told: list[tuple[float, float]] = []
    options = probe.ProbeOptions(epochs=n_epochs, patience=n_epochs)
    fit(
        "probe",
        options,
        data,
        SEED,
        lambda logs: told.append((time.process_time(), logs["val_log_loss"])),
    )
    return np.diff([at for at, _ in told]).tolist(), [log_loss for _, log_loss in told]


def peer(pixels: np.ndarray, data: TrainingData, n_epochs: int) -> Any:
    """Return a function that trains the same head behind the frozen backbone, epoch by epoch."""
    path = weights.obtain(backbones.get(NAME).weights, load_settings().weights)
    backbone = backbones.build(NAME, path, SIZE_PX)
    backbone.trainable = False
    options = probe.ProbeOptions(epochs=n_epochs)
    recipe = probe.build(options, data, SEED)
    (stage,) = recipe.stages
    raw = keras.Input((SIZE_PX, SIZE_PX, 3), dtype="uint8")
    model = keras.Model(raw, recipe.served(backbone(raw, training=False)))
    model.compile(
        stage.optimizer,
        stage.loss,
        weighted_metrics=[keras.metrics.CategoricalCrossentropy(name="log_loss")],
    )
    x, targets = pixels, one_hot(data.y, data.n_classes)

    def epochs(first: int, n: int) -> Clock:
        clock = Clock()
        for epoch in range(first, first + n):
            rows = data.train_index[epoch_order(len(data.train_index), SEED, epoch)]
            model.fit(
                x[rows],
                targets[rows],
                batch_size=options.batch_size,
                shuffle=False,  # in the order of our epochs, so that both learn the same
                validation_data=(x[data.val_index], targets[data.val_index]),
                callbacks=[clock],
                verbose=0,
            )
        return clock

    return epochs


def measure(n_rounds: int) -> dict[str, Any]:
    pixels, y = drawn()
    order = np.random.default_rng(SEED).permutation(len(y))
    train, val = np.split(order, [round(TRAIN_SHARE * len(y))])
    with tempfile.TemporaryDirectory() as cache:
        embedder = open_embedder(NAME, load_settings().weights, Path(cache), 1, SIZE_PX)
        started = time.process_time()
        embeddings = embedder.embed(pixels)
        embed_s = time.process_time() - started
    data = TrainingData(embeddings, y, np.sort(train), np.sort(val), len(rosebuds.LABELS))
    n_compared = 2
    _, ours = head_epochs(data, n_compared)
    through = peer(pixels, data, n_compared)
    theirs = through(0, n_compared).log_losses
    gap = float(np.abs(np.subtract(ours, theirs)).max())
    cached_s, backbone_s = [], []
    for number in range(n_rounds):
        cached_s += head_epochs(data, HEAD_EPOCHS)[0]
        backbone_s += through(n_compared + number, 1).cpu_s
    return {
        "benchmark": "head",
        "backbone": NAME,
        "size_px": SIZE_PX,
        "n_train": len(train),
        "n_val": len(val),
        "n_rounds": n_rounds,
        "cached_epoch_cpu_ms": round(1e3 * min(cached_s), 1),
        "cached_epoch_cpu_ms_median": round(1e3 * float(np.median(cached_s)), 1),
        "backbone_epoch_cpu_s": round(min(backbone_s), 2),
        "ratio": round(min(backbone_s) / min(cached_s)),
        "bar": BAR,
        "embed_once_cpu_s": round(embed_s, 1),
        "val_log_losses": {"cached": ours, "backbone": theirs},
        "log_loss_gap": gap,
        "machine": platform.processor() or platform.machine(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.rounds)
    if options.json:
        print(json.dumps(found))
    else:
        print(
            f"a head on cached embeddings: {found['cached_epoch_cpu_ms']} CPU-milliseconds an "
            f"epoch of {found['n_train']} images (median {found['cached_epoch_cpu_ms_median']}), "
            f"through the frozen {NAME} at {SIZE_PX} px {found['backbone_epoch_cpu_s']} "
            f"CPU-seconds: {found['ratio']} times as much (bar {BAR}); embedding cost "
            f"{found['embed_once_cpu_s']} once. Validation log-losses differ by at most "
            f"{found['log_loss_gap']:.1e} (at most {TOLERANCE})"
        )
    return 0 if found["ratio"] >= BAR and found["log_loss_gap"] <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
