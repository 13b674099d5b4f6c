"""Training from a folder of JPEG files: our `fit` against a plain Keras script, in one run.

    python benchmarks/bench_training.py [--file-px 512] [--epochs 8] [--rounds 2] [--json]

Both train the same `cnn` (layers, augmentation, optimizer, schedule, batch size, epochs, seeds) on
the same drawn pictures with one thread; the files have the 512 px that photographs of the usual
collections have. The peer is what Keras' guides write:
`image_dataset_from_directory`, `prefetch`, `model.fit`; it decodes the files in every epoch. Ours
imports them once and trains on the packed pixels; what that import costs is told beside the rest.
Each training is a process of its own, the sides take turns, and round r has seed r.

*Steady* is the best epoch of each side, validation included; *whole* is the best training from its
first line to its last, tracing included. The share of the matrix product counts multiplications of
convolutions and dense layers only, so normalisation, augmentation and optimizer count as loss.

Exit status 1 if the steady ratio is below the bar or the training curves differ: their validation
log-losses, averaged over rounds and the second half of the epochs, by more than the tolerance.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ONE_THREAD = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402  # after the thread counts, which are read on import

from core.models.cnn import CnnOptions, build  # noqa: E402
from core.models.recipe import TrainingData  # noqa: E402
from core.services.data import datasets  # noqa: E402
from core.services.data.importing import ImportOptions, import_now  # noqa: E402
from core.services.workspace import open_workspace  # noqa: E402
from core.sources import rosebuds  # noqa: E402

BAR = 1.4  # images per CPU-second, ours / plain Keras
TOLERANCE = 0.15  # of mean validation log-losses; two seeds of one side differed by up to 0.06
N_PER_CLASS, SIZE_PX = 80, 160
PARTS = ("val", "val", "test", *["train"] * 7)  # in turn, so that every class has its share
SIDES = ("ours", "keras")


def cpu_s() -> float:
    """CPU-seconds of this process and of those it has waited for."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def write_files(folder: Path, file_px: int) -> None:
    """Write the drawn pictures as class folders in split folders."""
    n_classes = len(rosebuds.LABELS)
    for number, bud in enumerate(rosebuds.generate(N_PER_CLASS, file_px)):
        path = folder / PARTS[number // n_classes % len(PARTS)] / bud.label / Path(bud.name).name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(bud.data))


def import_files(folder: Path, workspace: Path) -> float:
    """Import them as the product does; return the CPU-seconds that took."""
    ws, started = open_workspace(workspace), cpu_s()
    options = ImportOptions(size_px=SIZE_PX)
    import_now(ws, str(folder), "buds", options, lambda *_: None, lambda: False)
    ws.close()
    return cpu_s() - started


def packed(workspace: Path) -> TrainingData:
    """Open what was imported: the pixels are a memory map of uint8."""
    ws = open_workspace(workspace)
    dataset = datasets.get_dataset(ws, "buds")
    y = datasets.label_indices(ws, dataset)
    train, val = (datasets.split_index(ws, dataset.id, name) for name in ("train", "val"))
    return TrainingData(datasets.pixels(ws, dataset), y, train, val, len(dataset.labels))


def train_ours(data: TrainingData, options: CnnOptions, seed: int, told: list[Any]) -> None:
    from core.models.training import fit

    fit("cnn", options, data, seed, lambda logs: told.append((time.process_time(), logs)))


def train_keras(folder: Path, data: TrainingData, options: CnnOptions, seed: int, told: list[Any]):
    """Train as Keras' guides do; the network is ours, copied onto an input of floats."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    shape = {"label_mode": "categorical", "image_size": (SIZE_PX, SIZE_PX), "verbose": False}
    train, val = (
        keras.utils.image_dataset_from_directory(folder / part, **shape, **order).prefetch(
            tf.data.AUTOTUNE
        )
        for part, order in (
            ("train", {"batch_size": options.batch_size, "seed": seed}),
            ("val", {"batch_size": 64, "shuffle": False}),
        )
    )
    (stage,) = build(options, data, seed).stages
    pixels = keras.Input((SIZE_PX, SIZE_PX, 3))
    model = keras.models.clone_model(stage.trained, input_tensors=pixels)
    log_loss = keras.metrics.CategoricalCrossentropy(name="log_loss")
    model.compile(stage.optimizer, stage.loss, metrics=["accuracy", log_loss])
    told_at = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda _epoch, logs: told.append((time.process_time(), dict(logs)))
    )
    model.fit(train, validation_data=val, epochs=options.epochs, callbacks=[told_at], verbose=0)


def multiplications(data: TrainingData, options: CnnOptions) -> tuple[float, float]:
    """Multiply-adds of one image: asked, and learned from.

    Learning is the answer, the gradient of the weights, and that of each layer's input; the first
    layer's input needs none.
    """
    import keras

    network = build(options, data, 0).served.get_layer("network")
    each = [
        float(np.prod(layer.kernel.shape)) * float(np.prod(layer.output.shape[1:-1]))
        for layer in network.layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)
    ]
    return sum(each), 3 * sum(each) - each[0]


def gemm_flops_per_cpu_s(side: int = 1024) -> float:
    """Floating-point operations per CPU-second of NumPy's matrix product: what the CPU can do."""
    a, rates = np.ones((side, side), np.float32), []
    for _ in range(6):
        started = time.process_time()
        for _ in range(5):
            a @ a
        rates.append(5 * 2 * side**3 / (time.process_time() - started))
    return max(rates)


def train(side: str, folder: Path, epochs: int, seed: int) -> dict[str, Any]:
    """Train once, in this process."""
    import keras

    data = packed(folder / "workspace")
    options = CnnOptions(epochs=epochs, patience=epochs)
    keras.Variable(0.0)  # starts the backend, which is no part of a training
    told: list[tuple[float, dict[str, float]]] = []
    started = time.process_time()
    if side == "ours":
        train_ours(data, options, seed, told)
    else:
        train_keras(folder / "images", data, options, seed, told)
    ended = time.process_time()
    asked, learned = multiplications(data, options)
    epoch_flops = 2 * (len(data.train_index) * learned + len(data.val_index) * asked)
    best_s = float(np.diff([at for at, _ in told]).min())
    return {
        "n_train": len(data.train_index),
        "steady": len(data.train_index) / best_s,
        "whole": len(data.train_index) * epochs / (ended - started),
        "gemm_share": epoch_flops / best_s / gemm_flops_per_cpu_s(),
        "log_loss": [logs["val_log_loss"] for _, logs in told],
        "accuracy": [logs["val_accuracy"] for _, logs in told],
    }


def in_a_process(side: str, folder: Path, epochs: int, seed: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--side", side, "--folder", str(folder)]
    command += ["--epochs", str(epochs), "--seed", str(seed)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(file_px: int, epochs: int, n_rounds: int) -> dict[str, Any]:
    rounds: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder / "images", file_px)
        import_s = import_files(folder / "images", folder / "workspace")
        for seed in range(n_rounds):
            for side in SIDES:
                rounds[side].append(in_a_process(side, folder, epochs, seed))
    best = {
        what: {side: max(one[what] for one in rounds[side]) for side in SIDES}
        for what in ("steady", "whole", "gemm_share")
    }
    late = {
        what: {
            side: [round(float(np.mean(one[what][epochs // 2 :])), 3) for one in rounds[side]]
            for side in SIDES
        }
        for what in ("log_loss", "accuracy")
    }
    gap = abs(np.subtract(*(np.mean(late["log_loss"][side]) for side in SIDES)))
    return {
        "benchmark": "training",
        "algorithm": "cnn",
        "file_px": file_px,
        "size_px": SIZE_PX,
        "n_train": rounds["ours"][0]["n_train"],
        "epochs": epochs,
        "n_rounds": n_rounds,
        "images_per_cpu_s": {side: round(best["steady"][side], 1) for side in SIDES},
        "ratio": round(best["steady"]["ours"] / best["steady"]["keras"], 2),
        "bar": BAR,
        "whole_images_per_cpu_s": {side: round(best["whole"][side], 1) for side in SIDES},
        "whole_ratio": round(best["whole"]["ours"] / best["whole"]["keras"], 2),
        "gemm_share": {side: round(best["gemm_share"][side], 2) for side in SIDES},
        "import_cpu_s": round(import_s, 1),
        "late_val_log_loss": late["log_loss"],
        "late_val_accuracy": late["accuracy"],
        "log_loss_gap": round(float(gap), 3),
        "tolerance": TOLERANCE,
        "machine": platform.processor() or platform.machine(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file-px", type=int, default=512)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", choices=SIDES, help="for itself")
    parser.add_argument("--folder", type=Path, help="for itself")
    parser.add_argument("--seed", type=int, help="for itself")
    options = parser.parse_args()
    if options.side:
        print(json.dumps(train(options.side, options.folder, options.epochs, options.seed)))
        return 0
    found = measure(options.file_px, options.epochs, options.rounds)
    if options.json:
        print(json.dumps(found))
    else:
        steady, whole, losses = (
            found[key]
            for key in ("images_per_cpu_s", "whole_images_per_cpu_s", "late_val_log_loss")
        )
        print(
            f"cnn on {found['n_train']} JPEG files of {found['file_px']} px at {SIZE_PX} px: ours "
            f"{steady['ours']}, plain Keras {steady['keras']} images per CPU-second, ratio "
            f"{found['ratio']} (bar {BAR}); whole training of {found['epochs']} epochs "
            f"{whole['ours']} against {whole['keras']}, ratio {found['whole_ratio']}, the import "
            f"{found['import_cpu_s']} CPU-seconds once; {found['gemm_share']['ours']:.0%} of "
            f"NumPy's matrix product (Keras {found['gemm_share']['keras']:.0%}). Late validation "
            f"log-loss {np.mean(losses['ours']):.3f} against {np.mean(losses['keras']):.3f} "
            f"(they may differ by {TOLERANCE})"
        )
    return 0 if found["ratio"] >= BAR and found["log_loss_gap"] <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
