"""A million predictions of five models on Compare: how long a click takes, beside scikit-learn.

    python benchmarks/bench_compare.py [--images 1000000] [--json]

A workspace of so many drawn images of ten classes with the stored answers of five models is made in
a temporary folder. The Compare page runs in Streamlit's own harness: first once in each view, then
again after each of a list of clicks (another pair of models, another split of a matrix, a wanted
accuracy, ...); a rerun is everything from the click to the page's last element, without a browser.
Peer, in the same run: what the leaderboard and the matrices show, computed anew by scikit-learn
(confusion matrix, accuracy, balanced accuracy, macro F1, kappa and log-loss of all five models).

Exit status 1 when a click takes more than 300 ms.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from sklearn import metrics as theirs
from streamlit.testing.v1 import AppTest

from core.ids import bytes_id, content_id
from core.services.runs import fitting
from core.settings import load_settings
from core.store import datasets, runs
from core.store.database import Workspace, open_workspace, utc_now

ROOT = Path(__file__).resolve().parent.parent
K, N_MODELS, MOST_MS = 10, 5, 300.0
LABELS = [f"class {k}" for k in range(K)]


def fill(ws: Workspace, n: int) -> str:
    """Insert images that are one pixel each, and five runs; return the data set's id."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, K, n)
    split = np.array(["train", "val", "test"])[
        np.searchsorted([1000, n // 10], np.arange(n), "right")
    ]
    ids = [bytes_id(i.to_bytes(4, "big")) for i in range(n)]
    pack = ws.blobs.put_bytes(b"0")
    images = [
        {"id": i, "pack": pack, "offset": 0, "n_bytes": 1, "width": 1, "height": 1, "format": "PNG"}
        for i in ids
    ]
    members = [
        {"position": at, "image_id": i, "path": f"{at:07d}.png", "label": LABELS[y[at]],
         "split": str(split[at]), "group": None}
        for at, i in enumerate(ids)
    ]  # fmt: skip
    record = {
        "id": content_id("ds", ["bench", n]), "name": "bench", "source": "benchmark",
        "labels": LABELS, "n_images": n, "size_px": 1, "fit": "crop", "seed": 0,
        "pixels": ws.blobs.put_array(rng.integers(0, 255, (n, 1, 1, 3)).astype(np.uint8)),
        "atlas": ws.blobs.put_bytes(b"0"),
        "atlas_offsets": ws.blobs.put_array(np.zeros(n + 1, dtype=np.int64)),
        "n_duplicates": 0, "note": "", "sidecar": None, "created_at": utc_now(),
    }  # fmt: skip
    with ws.write() as conn:
        datasets.add(conn, record, images, members, [])
    for seed in range(N_MODELS):
        logits = rng.normal(0, 1, (n, K)).astype(np.float32)
        logits[np.arange(n), y] += 1.5 + 0.2 * seed
        probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        probs[split == "train"] = np.nan
        run = {
            "id": f"run-{seed:012x}", "dataset_id": record["id"], "algorithm": "probe",
            "class_map_id": None, "classes": LABELS, "pair": None, "seed": seed,
            "config": {"algorithm": "probe", "options": {}, "seed": seed, "backbone": None},
            "history": {}, **fitting.run_figures(y, probs, split), "artifact": {},
            "predictions": ws.blobs.put_array(probs), "n_parameters": 1, "duration_s": 1.0,
            "device": "none", "created_at": utc_now(),
        }  # fmt: skip
        with ws.write() as conn:
            runs.add(conn, run)
    return str(record["id"])


def rerun(app: AppTest, act: Any) -> float:
    """Return the milliseconds of the rerun after an action."""
    started = time.perf_counter()
    act(app).run()
    took = 1e3 * (time.perf_counter() - started)
    if app.exception or app.error:
        raise SystemExit(f"the page failed: {[e.value for e in (*app.exception, *app.error)]}")
    return took


def clicks() -> dict[str, Any]:
    """Return what is clicked, view by view."""
    first, second, third = (f"run-{i:012x}" for i in (4, 3, 2))

    def view(name: str) -> Any:
        return lambda app: app.button_group(key="compare_view").set_value(name)

    def models(*ids: str) -> Any:
        return lambda app: app.multiselect(key="runs").set_value(list(ids))

    return {
        "Differences": [view("Differences"), models(first, third), models(second, third)],
        "Confusion": [view("Confusion"), models(first, second), models(second, third)],
        "Calibration": [view("Calibration"), models(first, second), models(second, third)],
        "Coverage": [view("Coverage"), models(first, second), models(second, third)],
        "Mistakes": [view("Mistakes"), models(first, second), models(second, third)],
    }


def page(ws_path: Path) -> dict[str, dict[str, float]]:
    import os

    os.environ["DESEMPATE_HOME"] = str(ws_path)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=600)
    app.run()
    started = time.perf_counter()
    app.switch_page("pages/compare.py").run()
    found = {"first": {"load": 1e3 * (time.perf_counter() - started)}}
    for name, acts in clicks().items():
        for act in acts:  # once each: what is computed once is computed
            rerun(app, act)
        again = [rerun(app, act) for _ in range(3) for act in acts]
        found[name] = {"median": float(np.median(again)), "worst": max(again)}
    return found


def peer(ws: Workspace) -> float:
    """Return the milliseconds that scikit-learn takes for the figures of all five models."""
    with ws.read() as conn:
        members = [runs.get(conn, f"run-{i:012x}") for i in range(N_MODELS)]
        frame = datasets.images(conn, members[0].dataset_id)
    rows = np.flatnonzero((frame["split"] == "test").to_numpy())
    y = frame["label"].map({name: i for i, name in enumerate(LABELS)}).to_numpy()[rows]
    probs = [np.asarray(ws.blobs.open_array(m.predictions)[rows], dtype=float) for m in members]
    started = time.perf_counter()
    for p in probs:
        said = p.argmax(axis=1)
        theirs.confusion_matrix(y, said)
        theirs.accuracy_score(y, said)
        theirs.balanced_accuracy_score(y, said)
        theirs.f1_score(y, said, average="macro")
        theirs.cohen_kappa_score(y, said)
        theirs.log_loss(y, p / p.sum(axis=1, keepdims=True))
    return 1e3 * (time.perf_counter() - started)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        ws = open_workspace(load_settings(Path(name) / "workspace"))
        fill(ws, chosen.images)
        found: dict[str, Any] = {"views": page(Path(name) / "workspace"), "sklearn_ms": peer(ws)}
        ws.close()
    views = {k: v for k, v in found["views"].items() if k != "first"}
    found["worst_ms"] = max(v["worst"] for v in views.values())
    if chosen.json:
        print(json.dumps(found))
    else:
        print(f"first load {found['views']['first']['load'] / 1e3:.1f} s")
        for view, v in views.items():
            print(f"{view}: a click {v['median']:.0f} ms, at worst {v['worst']:.0f}")
        print(f"scikit-learn, the same figures anew: {found['sklearn_ms']:.0f} ms")
    return 0 if found["worst_ms"] <= MOST_MS else 1


if __name__ == "__main__":
    sys.exit(main())
