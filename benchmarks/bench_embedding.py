"""Embedding throughput: ONNX Runtime against Keras `predict`, in one run.

    python benchmarks/bench_embedding.py [--images 64] [--rounds 4] [--json]

Both embed the same images with the same EfficientNet-Lite0 weights; the unit is images per
CPU-second, because wall time means little on a shared machine. Two ratios are printed:

* *steady*: one thread each, both warm; rounds alternate, the best round of each counts;
* *whole*: what embedding the demo's 1,050 images costs a fresh process, imports included, each
  library with the threads it takes by itself (ours: those of a job). This is what a user waits for.

Exit status 1 if the whole ratio is below the bar: an embed job is a fresh process.
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
from collections.abc import Callable
from pathlib import Path

ONE_THREAD = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
if "--whole" not in sys.argv:
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402  # after the thread counts, which are read on import

from core.models import backbones, weights  # noqa: E402
from core.models.embedding import open_embedder  # noqa: E402
from core.settings import load_settings  # noqa: E402

BAR = 2.5  # images per CPU-second of a whole process, ONNX Runtime / Keras predict
FLOPS_PER_IMAGE = 2 * 384e6  # multiply-adds of EfficientNet-Lite0 at 224 px without its classifier
N_DEMO = 1_050  # images of builtin:rosebuds
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


def whole_process(way: str, cache: Path) -> float:
    """Images per CPU-second of a fresh process that embeds the demo's number of images."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {key: value for key, value in os.environ.items() if key not in ONE_THREAD}
    command = [sys.executable, __file__, "--whole", way, "--cache", str(cache)]
    subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return N_DEMO / spent


def embed_demo(way: str, cache: Path) -> None:
    """Embed as many images as the demo has; what `whole_process` measures from outside."""
    pixels = np.zeros((N_DEMO, SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    settings = load_settings()
    if way == "onnxruntime":
        open_embedder(NAME, settings.weights, cache, settings.n_threads).embed(pixels)
    else:
        path = weights.obtain(backbones.get(NAME).weights, settings.weights)
        backbones.build(NAME, path, SIDE_PX).predict(pixels, batch_size=KERAS_BATCH, verbose=0)


def measure(n_images: int, n_rounds: int) -> dict[str, object]:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (n_images, SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    weights_dir = load_settings().weights
    path = weights.obtain(backbones.get(NAME).weights, weights_dir)
    model = backbones.build(NAME, path, SIDE_PX)
    with tempfile.TemporaryDirectory() as cache:
        embedder = open_embedder(NAME, weights_dir, Path(cache), n_threads=1)
        whole = {way: whole_process(way, Path(cache)) for way in ("onnxruntime", "keras_predict")}
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
        "whole_images_per_cpu_s": {way: round(found, 1) for way, found in whole.items()},
        "whole_ratio": round(whole["onnxruntime"] / whole["keras_predict"], 2),
        "gemm_share": round(best["onnxruntime"] * FLOPS_PER_IMAGE / max(gemm_flops), 2),
        "lowest_cosine": cosine,
        "machine": platform.processor() or platform.machine(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--whole", choices=["onnxruntime", "keras_predict"], help="for itself")
    parser.add_argument("--cache", type=Path, help="for itself")
    options = parser.parse_args()
    if options.whole:
        embed_demo(options.whole, options.cache)
        return 0
    found = measure(options.images, options.rounds)
    if options.json:
        print(json.dumps(found))
    else:
        per_s = found["images_per_cpu_s"]
        print(
            f"embedding {NAME} at {SIDE_PX} px: ONNX Runtime {per_s['onnxruntime']}, "
            f"Keras predict {per_s['keras_predict']} images per CPU-second, ratio {found['ratio']}"
            f"; whole process for {N_DEMO:,} images: ratio {found['whole_ratio']} (bar {BAR}). "
            f"Lowest cosine {found['lowest_cosine']:.6f}; ONNX Runtime computes at "
            f"{found['gemm_share']:.0%} of NumPy's matrix product"
        )
    return 0 if found["whole_ratio"] >= BAR and found["lowest_cosine"] >= 0.9999 else 1


if __name__ == "__main__":
    sys.exit(main())
