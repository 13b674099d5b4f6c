"""A sweep over k = 2..20 with silhouettes: all k at once against scikit-learn, in one run.

    python benchmarks/bench_kmeans.py [--quick | --whole] [--images 10000] [--dim 1280] [--json]

Both cluster the same blobs seen through a random ReLU layer, one thread each; the unit is
CPU-seconds. Ours takes the ten starts of a sweep, the peer one: it is `KMeans(n_init=1)` and
`silhouette_score` for every k. The peer's silhouettes, which cost the same for every k, are
measured at four and multiplied up unless `--whole`. `--quick` takes 3,000 images and no bars of
speed: these are for 10,000.

Exit status 1 when a ratio is below its bar, a silhouette differs by more than 1e-4 for the same
clusters, or the inertia of some k is more than 1 % worse than the peer's.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # after the thread counts, which are read on import
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from core.analysis.clusters import clustering
from core.analysis.clusters.batched_kmeans import fit_all
from core.analysis.clusters.k_evidence import N_INIT
from core.analysis.clusters.silhouette import silhouettes

BAR_FULL, BAR_REDUCED = 20.0, 60.0
KS = range(2, 21)
MOST_WORSE, MOST_APART = 1.01, 1e-4


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return CPU-seconds and what came out."""
    started = time.process_time()
    found = work()
    return time.process_time() - started, found


def blobs(n_images: int, dim: int) -> np.ndarray:
    """Twelve Gaussian blobs in 32 dimensions behind a ReLU layer, as embeddings are."""
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(12, 32))[rng.integers(0, 12, n_images)]
    latent += rng.normal(size=(n_images, 32))
    return np.maximum(latent @ rng.normal(size=(32, dim)), 0.0).astype(np.float32)


def ours(x: np.ndarray) -> tuple[list[Any], list[float | None]]:
    fits = fit_all(x, KS, np.random.default_rng(0), N_INIT)
    return fits, silhouettes(x, [fit.labels for fit in fits])


def measure(n_images: int, dim: int, n_silhouettes: int) -> dict[str, Any]:
    x = blobs(n_images, dim)
    ours(x[:500])  # warm
    full_s, (fits, widths) = timed(lambda: ours(x))
    reduced_s, _ = timed(lambda: ours(clustering.reduce(x)))
    peer_s, peer = timed(lambda: [KMeans(k, n_init=1, random_state=0).fit(x).inertia_ for k in KS])
    places = np.unique(np.linspace(0, len(KS) - 1, n_silhouettes).round().astype(int))
    each_s, same = timed(lambda: [silhouette_score(x, fits[i].labels) for i in places])
    peer_s += each_s * len(KS) / len(places)
    apart = max(abs(width - widths[i]) for i, width in zip(places, same, strict=True))
    worse = max(fit.inertia / inertia for fit, inertia in zip(fits, peer, strict=True))
    return {
        "benchmark": "kmeans",
        "n_images": n_images,
        "dim": dim,
        "n_peer_silhouettes": len(places),
        "cpu_s": {"full": full_s, "pca_64": reduced_s, "scikit_learn": peer_s},
        "ratio_full": peer_s / full_s,
        "ratio_pca_64": peer_s / reduced_s,
        "silhouettes_apart": float(apart),
        "worst_inertia_ratio": float(worse),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--whole", action="store_true", help="the peer's silhouettes at every k")
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--dim", type=int, default=1_280)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    n_images = 3_000 if options.quick else options.images
    found = measure(n_images, options.dim, len(KS) if options.whole else 4)
    if options.json:
        print(json.dumps(found))
    else:
        cpu_s = found["cpu_s"]
        print(
            f"k = 2..20 with silhouettes on {n_images:,} x {options.dim}, CPU-seconds: "
            f"scikit-learn {cpu_s['scikit_learn']:.1f}, ours {cpu_s['full']:.1f} (ratio "
            f"{found['ratio_full']:.1f}, bar {BAR_FULL:.0f}), through PCA-64 {cpu_s['pca_64']:.1f} "
            f"(ratio {found['ratio_pca_64']:.1f}, bar {BAR_REDUCED:.0f}). Silhouettes differ by at "
            f"most {found['silhouettes_apart']:.1e}, inertia is at worst "
            f"{found['worst_inertia_ratio']:.4f} of the peer's (whose silhouettes "
            f"were measured at {found['n_peer_silhouettes']} of {len(KS)} k)"
        )
    good = found["silhouettes_apart"] <= MOST_APART and found["worst_inertia_ratio"] <= MOST_WORSE
    fast = found["ratio_full"] >= BAR_FULL and found["ratio_pca_64"] >= BAR_REDUCED
    return 0 if good and (fast or options.quick) else 1


if __name__ == "__main__":
    sys.exit(main())
