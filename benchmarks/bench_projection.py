"""The 2-D map of 10,000 real embeddings: ours against `umap.UMAP()`, warm, in one run.

    python benchmarks/bench_projection.py [--source SOURCE] [--rounds 3] [--json]

Both map the same reduced embeddings with 15 neighbours on one thread, after a call that compiles;
the unit is CPU-seconds and the best round of each counts. The embeddings are those of the
product's own embedder, kept in a temporary folder between runs: Fashion-MNIST where this machine
has a copy, else the built-in rosebuds. The mean trustworthiness over the rounds (15 neighbours,
2,000 images drawn once) is compared too.

Exit status 1 when ours is less than BAR times as fast, or less trustworthy by more than 0.003.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.update(
    dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
)
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # after the thread counts, which are read on import
from sklearn.manifold import trustworthiness

from core.analysis import projection
from core.analysis.clusters.reduction import reduce
from core.services.data.datasets import get_dataset
from core.services.data.embedding import embed_now, embedding_matrix
from core.services.data.importing import ImportOptions, import_now
from core.settings import DEFAULT_BACKBONE, load_settings
from core.sources.keras_sets import DEBIAN_FOLDER
from core.store.database import open_workspace

BAR, MOST_APART = 3.0, 0.003
N_IMAGES, N_JUDGED = 10_000, 2_000
FASHION = "keras:fashion_mnist?n_per_class=500"  # of each split, and there are two
ROSEBUDS = "builtin:rosebuds?n_per_class=1429&size_px=96"


def local_source() -> str:
    """Return what needs no download."""
    folders = (DEBIAN_FOLDER, Path.home() / ".keras" / "datasets")
    return FASHION if any((f / "fashion-mnist").is_dir() for f in folders) else ROSEBUDS


def embeddings_of(source: str) -> np.ndarray:
    """Import and embed a source as the product does; from a temporary folder the next time."""
    name = hashlib.sha256(f"{source} {DEFAULT_BACKBONE}".encode()).hexdigest()[:16]
    kept = Path(tempfile.gettempdir()) / f"desempate-bench-{name}.npy"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as folder:
            ws = open_workspace(load_settings(folder))
            import_now(ws, source, "bench", ImportOptions(), lambda _s, _t: None, lambda: False)
            dataset = get_dataset(ws, "bench")
            embed_now(ws, dataset, DEFAULT_BACKBONE, lambda _s, _t: None, lambda: False)
            np.save(kept, embedding_matrix(ws, dataset))
            ws.close()
    return np.load(kept)[:N_IMAGES]


def measure(source: str, n_rounds: int) -> dict[str, Any]:
    x = reduce(embeddings_of(source))
    umap = projection._import_umap()
    ways = {
        "ours": lambda data, seed: projection.umap_points(data, seed),
        "umap_learn": lambda data, _seed: umap.UMAP().fit_transform(data),
    }
    for way in ways.values():
        way(x[:5000], 0)  # more than 4,096, so that the peer compiles its neighbour search too
    judged = np.random.default_rng(0).permutation(len(x))[:N_JUDGED]
    cpu_s: dict[str, list[float]] = {name: [] for name in ways}
    trust: dict[str, list[float]] = {name: [] for name in ways}
    for seed in range(n_rounds):
        for name, way in ways.items():
            started = time.process_time()
            points = way(x, seed)
            cpu_s[name].append(time.process_time() - started)
            trust[name].append(trustworthiness(x[judged], points[judged], n_neighbors=15))
    best = {name: min(found) for name, found in cpu_s.items()}
    return {
        "benchmark": "projection",
        "source": source,
        "n_images": len(x),
        "n_epochs": projection.N_EPOCHS,
        "cpu_s": best,
        "ratio": best["umap_learn"] / best["ours"],
        "bar": BAR,
        "trustworthiness": {name: float(np.mean(found)) for name, found in trust.items()},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", default=local_source(), help="of about 10,000 images")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.source, options.rounds)
    cpu_s, trust = found["cpu_s"], found["trustworthiness"]
    if options.json:
        print(json.dumps(found))
    else:
        print(
            f"map of {found['n_images']:,} embeddings of {found['source']}, CPU-seconds: "
            f"umap.UMAP() {cpu_s['umap_learn']:.2f}, ours {cpu_s['ours']:.2f} in "
            f"{found['n_epochs']} epochs (ratio {found['ratio']:.1f}, bar {BAR:.0f}); "
            f"trustworthiness {trust['umap_learn']:.4f} and {trust['ours']:.4f} "
            f"(at most {MOST_APART} less)"
        )
    near = trust["ours"] >= trust["umap_learn"] - MOST_APART
    return 0 if near and found["ratio"] >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
