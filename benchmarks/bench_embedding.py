"""Embedding throughput: ONNX Runtime against Keras `predict`, in one run, one thread each.

    python benchmarks/bench_embedding.py [--images 64] [--rounds 4] [--json]

Both embed the same images with the same EfficientNet-Lite0 weights. Rounds alternate between the
two, the best round of each counts, and the unit is images per CPU-second of this process: wall time
means little on a shared machine. Exit status 1 if the ratio is below the bar.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
    os.environ[name] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402  # after the thread counts, which are read on import

from core.models import backbones, weights  # noqa: E402
from core.models.embedding import open_embedder  # noqa: E402
from core.settings import load_settings  # noqa: E402

BAR = 2.5  # images per CPU-second, ONNX Runtime / Keras predict
FLOPS_PER_IMAGE = 2 * 384e6  # multiply-adds of EfficientNet-Lite0 at 224 px without its classifier
NAME, SIDE_PX, KERAS_BATCH = "efficientnet_lite0", 224, 32  # 32 is what `predict` takes by default


def rate(work: Callable[[], object], n_images: int) -> float:
    """Images per CPU-second of one call."""
    started = time.process_time()
    work()
    return n_images / (time.process_time() - started)


def gemm_flops_per_cpu_s(side: int = 1024) -> float:
    """Floating-point operations per CPU-second of NumPy's matrix product: what the CPU can do."""
    a = np.ones((side, side), np.float32)
    return rate(lambda: [a @ a for _ in range(5)], 5) * 2 * side**3


def lowest_cosine(a: np.ndarray, b: np.ndarray) -> float:
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(((a * b).sum(axis=1) / norms).min())


def measure(n_images: int, n_rounds: int) -> dict[str, object]:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (n_images, SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    weights_dir = load_settings().weights
    path = weights.obtain(backbones.get(NAME).weights, weights_dir)
    model = backbones.build(NAME, path, SIDE_PX)
    with tempfile.TemporaryDirectory() as cache:
        embedder = open_embedder(NAME, weights_dir, Path(cache), n_threads=1)
    ways = {
        "onnxruntime": lambda: embedder.embed(pixels),
        "keras_predict": lambda: model.predict(pixels, batch_size=KERAS_BATCH, verbose=0),
    }
    cosine = lowest_cosine(ways["onnxruntime"](), ways["keras_predict"]())  # also warms both up
    rates: dict[str, list[float]] = {way: [] for way in ways}
    gemm_flops = []
    for _ in range(n_rounds):
        for way, work in ways.items():
            rates[way].append(rate(work, n_images))
        gemm_flops.append(gemm_flops_per_cpu_s())
    best = {way: max(found) for way, found in rates.items()}
    return {
        "benchmark": "embedding",
        "backbone": NAME,
        "input_px": SIDE_PX,
        "n_images": n_images,
        "n_rounds": n_rounds,
        "images_per_cpu_s": {way: round(found, 1) for way, found in best.items()},
        "ratio": round(best["onnxruntime"] / best["keras_predict"], 2),
        "bar": BAR,
        "gemm_share": round(best["onnxruntime"] * FLOPS_PER_IMAGE / max(gemm_flops), 2),
        "lowest_cosine": cosine,
        "machine": platform.processor() or platform.machine(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.images, options.rounds)
    if options.json:
        print(json.dumps(found))
    else:
        per_s = found["images_per_cpu_s"]
        print(
            f"embedding {NAME} at {SIDE_PX} px: ONNX Runtime {per_s['onnxruntime']}, "
            f"Keras predict {per_s['keras_predict']} images per CPU-second; "
            f"ratio {found['ratio']} (bar {BAR}), lowest cosine {found['lowest_cosine']:.6f}; ONNX "
            f"Runtime computes at {found['gemm_share']:.0%} of NumPy's matrix product"
        )
    return 0 if found["ratio"] >= BAR and found["lowest_cosine"] >= 0.9999 else 1


if __name__ == "__main__":
    sys.exit(main())
