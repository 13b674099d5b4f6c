"""What several reviewers are worth: consensus error and suspects, against the majority's.

    python benchmarks/bench_labels.py [FOLDER_OR_ZIP] [--per-class 150] [--json]

FOLDER_OR_ZIP holds class folders, `annotations.csv` (image, reviewer, label) and `truth.csv`
(image, true_label), which only scores. Without it: drawn rosebuds with their simulated reviewers.
All through the command line, in a workspace that is thrown away: import, embed, a probe,
cross-validation over all images, import of the reviews, three kinds of consensus, suspects.

Exit status 1 when CROWDLAB is wrong more often than the majority; and, on images that were given,
when it is wrong on more than 7 % or suspects rank wrong labels with an AUROC below 0.90 (the bars
are those of 5,000 CIFAR-10N images, three reviews each).
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from sklearn.metrics import roc_auc_score

from core.settings import ROOT
from core.sources import rosebuds

BAR_ERROR, BAR_AUROC = 0.070, 0.90
METHODS = ("majority", "dawid_skene", "crowdlab")


def core(workspace: Path, *words: object) -> dict[str, Any]:
    """Run one command and return its JSON object."""
    command = [sys.executable, "-m", "core", *map(str, words)]
    done = subprocess.run(
        [*command, "--json", "--workspace", str(workspace)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command[2:])}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


def drawn(folder: Path, per_class: int) -> tuple[str, Path, dict[str, str]]:
    """Return the source of drawn images, a file of reviews and the truth by file name."""
    told = json.loads(rosebuds.sidecar(per_class))
    people, file = told["meta"]["reviewers"], folder / "annotations.csv"
    with file.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["image", "reviewer", "label"])
        for name, image in told["images"].items():
            rows.writerows(zip([name] * len(people), people, image["reviews"], strict=True))
    truth = {name: image["true_label"] for name, image in told["images"].items()}
    return f"builtin:rosebuds?n_per_class={per_class}", file, truth


def given(folder: Path, source: Path) -> tuple[str, Path, dict[str, str]]:
    """Return the same of a folder or zip on disk."""
    if source.is_dir():
        texts = {name: (source / name).read_text() for name in ("annotations.csv", "truth.csv")}
    else:
        with zipfile.ZipFile(source) as archive:
            names = ("annotations.csv", "truth.csv")
            texts = {name: archive.read(name).decode() for name in names}
    file = folder / "annotations.csv"
    file.write_text(texts["annotations.csv"])
    rows = csv.DictReader(io.StringIO(texts["truth.csv"]))
    return str(source), file, {row["image"]: row["true_label"] for row in rows}


def measure(folder: Path, source: str, reviews: Path, truth: dict[str, str]) -> dict[str, Any]:
    workspace = folder / "workspace"
    imported = core(workspace, "import", source, "--name", "bench")
    core(workspace, "embed", "bench")
    run = core(workspace, "train", "bench", "--algorithm", "probe")["runs"][0]["run"]
    core(workspace, "crossval", run, "--over", "all")
    read = core(workspace, "labels", "import", "bench", reviews)
    errors = {}
    for method in METHODS:
        made = core(workspace, "labels", "consensus", "bench", "--method", method, "--name", method)
        right = {image: truth[Path(path).name] for image, path in made["paths"].items()}
        errors[method] = float(np.mean([made["labels"][i] != right[i] for i in right]))
    suspects = core(workspace, "labels", "suspects", "bench")
    table = folder / "labels.csv"
    core(workspace, "labels", "export", "bench", table, "--labels", "original")
    with table.open() as file:
        label = {row["image"]: row["label"] for row in csv.DictReader(file)}
    wrong = {image: label[image] != right[image] for image in right}
    agreement = core(workspace, "labels", "agreement", "bench")
    return {
        "benchmark": "labels",
        "n_images": imported["n_images"],
        "n_reviews": read["n_reviews"],
        "n_reviewers": read["n_reviewers"],
        "alpha": agreement["agreement"]["alpha"],
        "error": {"given_label": float(np.mean(list(wrong.values()))), **errors},
        "suspects": _of_suspects(workspace, suspects, wrong),
    }


def _of_suspects(workspace: Path, found: dict[str, Any], wrong: dict[str, bool]) -> dict[str, Any]:
    """Return how well suspicion tells wrong labels from right ones, over all images."""
    from core.services.data.datasets import image_ids
    from core.services.labels.label_evidence import find_suspects
    from core.services.workspace import open_workspace

    ws = open_workspace(workspace)
    score = find_suspects(ws, found["dataset"], found["run"])[0].score
    truly = np.array([wrong[image] for image in image_ids(ws, found["dataset"])])
    ws.close()
    hits = sum(wrong[row["image"]] for row in found["suspects"])
    return {
        "n": found["n_suspects"],
        "precision": hits / max(1, found["n_suspects"]),
        "recall": hits / max(1, int(truly.sum())),
        "auroc": float(roc_auc_score(truly, score)),
        "n_wrong_in_top_100": sum(wrong[row["image"]] for row in found["suspects"][:100]),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?", type=Path)
    parser.add_argument("--per-class", type=int, default=150, help="of drawn rosebuds")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = given(folder, options.source) if options.source else drawn(folder, options.per_class)
        found = measure(folder, *data)
    error, suspects = found["error"], found["suspects"]
    if options.json:
        print(json.dumps(found))
    else:
        print(
            f"{found['n_images']:,} images, {found['n_reviews']:,} reviews by "
            f"{found['n_reviewers']} people (alpha {found['alpha']:.3f}). Wrong: given label "
            f"{error['given_label']:.3f}, majority {error['majority']:.3f}, Dawid-Skene "
            f"{error['dawid_skene']:.3f}, CROWDLAB {error['crowdlab']:.3f} (ratio to majority "
            f"{error['crowdlab'] / max(error['majority'], 1e-9):.2f}). Suspects: AUROC "
            f"{suspects['auroc']:.3f}; {suspects['n']} named, precision "
            f"{suspects['precision']:.2f}, recall {suspects['recall']:.2f}; mending the 100 worst "
            f"brings the labels from {1 - error['given_label']:.3f} right to "
            f"{1 - error['given_label'] + suspects['n_wrong_in_top_100'] / found['n_images']:.3f}"
        )
    good = error["crowdlab"] <= error["majority"]
    if options.source:
        good = good and error["crowdlab"] <= BAR_ERROR and suspects["auroc"] >= BAR_AUROC
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
