"""All merges of ten classes scored from one matrix, against scikit-learn on merged labels.

    python benchmarks/bench_merging.py [--quick] [--json]

Ours scores accuracy, chance, kappa, bits and ITCA of all 115,975 class maps at once. The peer
merges the labels of 10,000 images and calls `accuracy_score`, `cohen_kappa_score` and
`mutual_info_score`, one class map after the other; it is measured on 100 of them, whose figures
must be equal. One thread each, CPU-seconds. `--quick` takes eight classes (4,140 class maps).

Printed beside it: what the page waits for when a class map is composed by hand (`examine`).
Exit status 1 below 100 times, above 100 ms a class map, or where a figure differs by 1e-9.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # after the thread counts, which are read on import
from sklearn.metrics import accuracy_score, cohen_kappa_score, mutual_info_score

from core.analysis.merges import merging
from core.analysis.merges.itca import score
from core.analysis.merges.partitions import all_partitions

BAR, MOST_MS, MOST_APART = 100.0, 100.0, 1e-9
N_IMAGES, N_PEER = 10_000, 100


def answers(n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and predictions with a fifth of errors, one pair confused most."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, n_classes, N_IMAGES)
    said = np.where(rng.random(N_IMAGES) < 0.9, true, rng.integers(0, n_classes, N_IMAGES))
    swapped = (true < 2) & (rng.random(N_IMAGES) < 0.45)
    return true, np.where(swapped, 1 - true, said)


def peer(true: np.ndarray, said: np.ndarray, row: np.ndarray) -> tuple[float, float, float]:
    a, b = row[true], row[said]
    kappa = cohen_kappa_score(a, b) if row.max() else 0.0
    return accuracy_score(a, b), kappa, mutual_info_score(a, b) / np.log(2.0)


def measure(n_classes: int) -> dict[str, Any]:
    true, said = answers(n_classes)
    matrix = np.zeros((n_classes, n_classes), dtype=np.int64)
    np.add.at(matrix, (true, said), 1)
    rows = all_partitions(n_classes)
    score(matrix, rows[:1000])  # warm
    started = time.process_time()
    found = score(matrix, rows)
    ours_s = time.process_time() - started
    chosen = np.random.default_rng(1).choice(len(rows), N_PEER, replace=False)
    started = time.process_time()
    theirs = np.array([peer(true, said, rows[i]) for i in chosen])
    peer_s = (time.process_time() - started) / N_PEER * len(rows)
    ours = np.stack([found.accuracy, found.kappa, found.bits], axis=1)[chosen]
    box = merging.open_sandbox(matrix, [str(i) for i in range(n_classes)])
    started = time.process_time()
    for i in chosen[:20]:
        merging.examine(box, rows[i])
    return {
        "benchmark": "merging",
        "n_class_maps": len(rows),
        "cpu_s": {"ours": ours_s, "scikit_learn": peer_s},
        "ratio": peer_s / ours_s,
        "apart": float(np.abs(ours - theirs).max()),
        "examine_ms": (time.process_time() - started) / 20 * 1000,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(8 if options.quick else 10)
    if options.json:
        print(json.dumps(found))
    else:
        print(
            f"{found['n_class_maps']:,} merges scored in {found['cpu_s']['ours']:.2f} CPU-seconds, "
            f"{found['ratio']:.0f} times scikit-learn on merged labels of {N_IMAGES:,} images (bar "
            f"{BAR:.0f}; measured on {N_PEER}, figures equal to {found['apart']:.0e}); a class map "
            f"composed by hand takes {found['examine_ms']:.0f} ms (bar {MOST_MS:.0f})"
        )
    good = found["apart"] <= MOST_APART and found["examine_ms"] <= MOST_MS
    return 0 if good and found["ratio"] >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
