"""One-shot networks on Omniglot, beside the figures of their papers.

    python benchmarks/bench_omniglot.py OMNIGLOT.npz [--network prototypical siamese ...]
        [--minutes 30] [--step 0.001] [--episodes 1000] [--folder FOLDER] [--json]

OMNIGLOT.npz holds `images_background_x` and `images_evaluation_x`, uint8 (n_characters * 20, 28,
28), 20 drawings a character. 1,200 characters drawn by lot, with their turns as further classes,
are trained on; the other 423, with theirs, are what the episodes ask about. Conv-4 throughout.

Each network is trained for `--minutes` of CPU time of the process, the step falling along a cosine
of it. Encoders compute in bfloat16 while they learn, and in float32 when they are measured. FOLDER
keeps weights, optimizer and time spent, anew every half minute: started again, it goes on, and one
that is done (always with `--minutes 0`) is only measured. One network answers all four questions:
the papers train one for each.

Episodes: for a prototypical network 60 classes, one image of each and five queries, all six in
turns; with one image it is a matching network, too. For a siamese one all pairs of 128 images of 32
classes; for a memory eight sequences of 5 classes and ten images each.

The table gives the mean over episodes, five queries a class, and half of its 95 % interval.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import keras
import numpy as np

from core.models import conv4, episodes, matching, memory, prototypical, siamese
from core.models.memory_cell import Memory
from core.models.pipelines import drawn

N_TRAIN, N_DRAWINGS, SIDE_PX, N_QUERY = 1200, 20, 28, 5
N_CHUNK, SAVE_EVERY_S = 20, 30.0
STEPS = {"prototypical": 0.01, "matching": 0.01, "siamese": 0.01, "memory": 0.00125}
TASKS = ((5, 1), (5, 5), (20, 1), (20, 5))  # way, shot
PAPERS = {  # Snell 2017; Vinyals 2016 (matching, siamese); Santoro 2016
    "prototypical": (98.8, 99.7, 96.0, 98.9),
    "matching": (98.1, 98.9, 93.8, 98.5),
    "siamese": (96.7, 98.4, 88.0, 96.5),
    "memory": (82.8, 94.9, None, None),
}
SAME = {"matching": "prototypical"}  # with one shot, the same network: Snell 2017, section 2.5
Answer = Callable[[np.ndarray, np.ndarray], np.ndarray]  # support, queries -> predicted classes


@dataclass(frozen=True)
class Network:
    """What is trained, on which episodes, and how it answers from embeddings.

    `answer` takes support (n_episodes, way, shot, dim) and queries (n_episodes, n_queries, dim).
    """

    trained: Any
    encoder: Any
    make: Callable[[np.random.Generator], tuple[Any, ...]]
    answer: Answer
    ways: tuple[int, ...] = (5, 20)


@contextmanager
def arithmetic(policy: str) -> Iterator[None]:
    """Let layers built in here compute under a dtype policy of Keras."""
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy("float32")


def load(path: Path) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Return images (n, 28, 28, 1) and the rows of each training and each test character."""
    with np.load(path) as file:
        x = np.concatenate([file[f"images_{part}_x"] for part in ("background", "evaluation")])
    rows = np.arange(len(x)).reshape(-1, N_DRAWINGS)
    order = np.random.default_rng(0).permutation(len(rows))
    return x[..., None], list(rows[order[:N_TRAIN]]), list(rows[order[N_TRAIN:]])


def build(name: str, x: np.ndarray, members: list[np.ndarray], policy: str) -> Network:
    """Build a network with the recipe of the product, on classes of one image and their turns.

    Its encoder computes under `policy`; weights, and what compares embeddings, stay float32.
    """
    if name == "siamese":
        options = siamese.SiameseOptions(rotations=True, n_images=128)
        with arithmetic(policy):
            encoder = siamese.twin(x.shape[1:], options)
        compare = siamese.comparison()
        trained = siamese.on_pairs(encoder, compare, options.n_images)
        return Network(trained, encoder, siamese.pairs(x, members, options), by_pairs(compare))
    with arithmetic(policy):
        encoder = conv4.build(x.shape[1:], 64, SIDE_PX)
    if name == "memory":
        options = memory.MemoryOptions(rotations=True, n_together=8, n_each=10)
        parts = Memory(5, options.n_slots, options.n_units, options.dim)
        trained = parts.in_sequence(encoder, 5 * options.n_each)
        make = memory.sequences(x, members, 5, options)
        return Network(trained, encoder, make, by_memory(parts), (5,))
    shared = {"rotations": True, "n_way": 60, "n_shot": 1, "n_query": 5}
    if name == "prototypical":
        options = prototypical.PrototypicalOptions(**shared)
        trained, answer = prototypical.in_episodes(encoder, 60, options), by_prototypes
    else:
        options = matching.MatchingOptions(**shared)
        trained, answer = matching.in_episodes(encoder, None, options, 60), by_attention
    make = episodes.support_and_query(x, members, options, options.n_shot + options.n_query)
    return Network(trained, encoder, make, answer)


def by_prototypes(support: np.ndarray, queries: np.ndarray) -> np.ndarray:
    return _squared(queries, support.mean(axis=2)).argmin(axis=-1)


def by_attention(support: np.ndarray, queries: np.ndarray) -> np.ndarray:
    n, way, shot, dim = support.shape
    logits = -prototypical.distance_scale(dim) * _squared(queries, support.reshape(n, -1, dim))
    attention = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return attention.reshape(n, -1, way, shot).sum(axis=-1).argmax(axis=-1)


def _squared(queries: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return squared distances up to what is equal for all others: (n, n_queries, n_others)."""
    return (others**2).sum(-1)[:, None] - 2 * queries @ others.swapaxes(1, 2)


def by_pairs(compare: Any) -> Answer:
    def answer(support: np.ndarray, queries: np.ndarray) -> np.ndarray:
        weights = compare.get_weights()[0][:, 0]
        n, way, shot, dim = support.shape
        others = support.reshape(n, -1, dim)
        said = [np.abs(q[:, None] - s) @ weights for q, s in zip(queries, others, strict=True)]
        return np.stack(said).reshape(n, -1, way, shot).mean(axis=-1).argmax(axis=-1)

    return answer


def by_memory(parts: Memory) -> Answer:
    def answer(support: np.ndarray, queries: np.ndarray) -> np.ndarray:
        n, way, shot, dim = support.shape
        order = np.random.default_rng(0).permutation(way * shot)
        owner = np.tile(np.repeat(np.arange(way), shot)[order], (n, 1))
        said = []
        for part in np.array_split(np.arange(n), max(1, n // 50)):
            shown = support[part].reshape(len(part), -1, dim)[:, order]
            content = parts.memorise(shown, owner[part])
            content = np.repeat(content, queries.shape[1], axis=0)
            told = parts.recall(queries[part].reshape(-1, dim), content)[0]
            said.append(keras.ops.convert_to_numpy(told).argmax(-1).reshape(len(part), -1))
        return np.concatenate(said)

    return answer


def train(network: Network, minutes: float, step: float, weights: Path) -> dict[str, float]:
    """Train until the time is spent, going on from the file if it exists; return the progress."""
    notes, name = weights.with_suffix(".json"), weights.stem
    network.trained.compile(
        keras.optimizers.Adam(step),
        keras.losses.CategoricalCrossentropy(),
        weighted_metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
    )
    done = {"spent_s": 0.0, "cpu_s": 0.0, "n_chunks": 0}
    if notes.is_file():
        done = json.loads(notes.read_text())
        network.trained.optimizer.build(network.trained.trainable_variables)
        network.trained.load_weights(weights)
    saved = time.perf_counter()
    while done["cpu_s"] < minutes * 60:
        share = done["cpu_s"] / (minutes * 60)
        network.trained.optimizer.learning_rate = step * 0.5 * (1 + np.cos(np.pi * share))
        started, cpu = time.perf_counter(), time.process_time()
        batches = drawn(network.make, N_CHUNK, seed=done["n_chunks"])
        told = network.trained.fit(
            batches, steps_per_epoch=N_CHUNK, shuffle=False, verbose=0
        ).history
        now = time.perf_counter()
        done = {
            "spent_s": done["spent_s"] + now - started,
            "cpu_s": done["cpu_s"] + time.process_time() - cpu,
            "n_chunks": done["n_chunks"] + 1,
            "accuracy": told["accuracy"][-1],
        }
        if now - saved > SAVE_EVERY_S or done["cpu_s"] >= minutes * 60:
            save(network.trained, weights, notes, done)
            saved = now
            sys.stderr.write(f"{name}: {done['cpu_s'] / 60:.1f} min {json.dumps(done)}\n")
    return done


def save(trained: Any, weights: Path, notes: Path, done: dict[str, float]) -> None:
    """Write weights, then notes; each appears complete or not at all."""
    partial = weights.with_name(f"tmp-{weights.name}")
    trained.save_weights(partial)
    os.replace(partial, weights)
    partial = notes.with_name(f"tmp-{notes.name}")
    partial.write_text(json.dumps(done))
    os.replace(partial, notes)


def measure(
    network: Network, x: np.ndarray, members: list[np.ndarray], n_episodes: int
) -> dict[str, tuple[float, float]]:
    """Return, for each task, mean accuracy over episodes and half of its 95 % interval, in %."""
    rows = np.stack(members)  # (n_classes, 20)
    turned = [np.rot90(x[rows.ravel()], turns, axes=(1, 2)) for turns in range(4)]
    embedded = network.encoder.predict(np.concatenate(turned), batch_size=256, verbose=0)
    embedded = embedded.reshape(4 * len(rows), N_DRAWINGS, -1)
    figures = {}
    for way, shot in TASKS:
        if way not in network.ways:
            continue
        rng = np.random.default_rng((way, shot))
        hits = []
        for _ in range(0, n_episodes, 100):
            n = min(100, n_episodes - len(hits))
            kinds = np.stack([rng.choice(len(embedded), way, replace=False) for _ in range(n)])
            places = rng.permuted(np.tile(np.arange(N_DRAWINGS), (n, way, 1)), axis=-1)
            parts = embedded[kinds[..., None], places[..., : shot + N_QUERY]]
            queries = parts[:, :, shot:].reshape(n, way * N_QUERY, -1)
            said = network.answer(parts[:, :, :shot], queries)
            hits += list((said == np.repeat(np.arange(way), N_QUERY)).mean(axis=1))
        half = 1.96 * np.std(hits, ddof=1) / np.sqrt(len(hits))
        figures[f"{way}-way {shot}-shot"] = (100 * float(np.mean(hits)), 100 * float(half))
    return figures


def table(results: dict[str, Any]) -> str:
    """Return the figures beside those of the papers, as Markdown."""
    head = [f"{way}-way {shot}-shot" for way, shot in TASKS]
    lines = ["| network | CPU minutes | " + " | ".join(head) + " |", "|---" * 6 + "|"]
    for name, result in results.items():
        cells = []
        for task, paper in zip(head, PAPERS[name], strict=True):
            mean, half = result["figures"].get(task, (None, None))
            cells.append("-" if mean is None else f"{mean:.1f} ± {half:.1f} (paper {paper})")
        lines.append(f"| {name} | {result['cpu_s'] / 60:.1f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", help="without it nothing is measured")
    parser.add_argument("--network", nargs="+", choices=list(PAPERS), default=list(PAPERS))
    parser.add_argument("--minutes", type=float, default=30.0, help="of CPU time, for each")
    parser.add_argument(
        "--step", type=float, help="highest step size (default: 0.01, memory 0.00125)"
    )
    parser.add_argument("--episodes", type=int, default=1000, help="to measure on, for each task")
    parser.add_argument("--folder", type=Path, default=Path("omniglot-runs"))
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if chosen.data is None:
        print("Omniglot is not part of the project: name an npz to train on it (see --help)")
        return 0
    chosen.folder.mkdir(parents=True, exist_ok=True)
    x, train_members, test_members = load(chosen.data)
    results = {}
    for name in chosen.network:
        keras.utils.clear_session()
        keras.utils.set_random_seed(0)
        weights = chosen.folder / f"{SAME.get(name, name)}.weights.h5"
        network = build(name, x, train_members, "mixed_bfloat16")
        step = STEPS[name] if chosen.step is None else chosen.step
        done = train(network, chosen.minutes, step, weights)
        network = build(name, x, train_members, "float32")
        network.trained.load_weights(weights)
        results[name] = done | {"figures": measure(network, x, test_members, chosen.episodes)}
    print(json.dumps(results) if chosen.json else table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
