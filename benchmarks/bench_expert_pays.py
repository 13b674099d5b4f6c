"""Does an expert pay where one can help, and is the answer "no" where none can? On drawn rosebuds.

    python benchmarks/bench_expert_pays.py [--seeds 10] [--first 0] [--images 2100]
        [--folder FOLDER] [--json]

For each seed of the generator a set of its own is drawn and imported at 64 px. The generalist, a
`cnn` over all seven classes, sees it at 32 px, where the fine lines are lost that two of them
differ in. Two experts are trained as one click on Cascade trains them, with images of twice the
side: one for those two classes, one for two classes that no picture tells apart (at best two of
three are right). Each is put into a cascade of its own, its threshold chosen on validation, and
what Cascade says of it is read, measured on test.

An expert *pays* if its net gain on test has an interval above 0 and beats both controls: as many
images drawn at random from all, and a second generalist (another seed of the first) averaged with
the first for the same images, which costs as much. Of the threshold alone, the table tells
beside it what as many images of the pair itself would gain, drawn at random.

FOLDER is a workspace and keeps everything: started again, it goes on where it stopped.
Exit status 1 unless the one expert pays and the other does not, for every seed of the generator.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.update(
    dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), "1")
)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.analysis.cascades.routes import Thresholds  # after the thread counts
from core.records import Run
from core.services.cascades import members, pairs, reporting
from core.services.data.importing import ImportOptions, import_now
from core.services.runs.fitting import run_training
from core.services.runs.training import TrainRequest, get_run
from core.services.workspace import Workspace, open_workspace
from core.sources.rosebuds import DETAIL_PAIR, LABELS, MERGE_PAIRS
from core.store import datasets

SIZE_PX, SHARES = 64, (0.5, 0.15, 0.35)  # many test images: what is small must be seen
GENERALIST = {"input_px": SIZE_PX // 2, "epochs": 12, "width": 12, "flip": True}
EXPERTS = {"detail": DETAIL_PAIR, "inseparable": MERGE_PAIRS[0]}
FOLDER = Path(__file__).resolve().parent / "results" / "expert_pays"


class Context:
    """A job's context that tells nobody; what is trained is kept by the workspace all the same."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def report(self, progress: float | None = None, step: str | None = None) -> None:
        pass

    def event(self, kind: str, payload: Mapping[str, Any]) -> None:
        pass

    def should_stop(self) -> bool:
        return False


def drawn(ws: Workspace, seed: int, n_images: int) -> str:
    """Return the name of the data set of one generator seed, imported now if it is not there."""
    n_each = n_images // len(LABELS)
    name = f"rosebuds {n_each} each seed {seed}"
    with ws.read() as conn:
        known = datasets.find(conn, name)
    if known is None:
        source = f"builtin:rosebuds?n_per_class={n_each}&size_px={SIZE_PX}&seed={seed}"
        options = ImportOptions(shares=SHARES)
        import_now(ws, source, name, options, lambda *_: None, lambda: False)
    return name


def trained(ws: Workspace, request: TrainRequest) -> list[Run]:
    """Return the runs of a request, one a seed; those that exist are not trained again."""
    found = run_training(Context(ws), asdict(request))
    return [get_run(ws, run["run"]) for run in found["runs"]]


def judged(ws: Workspace, generalist: Run, expert: Run, second: Run) -> dict[str, Any]:
    """Return what Cascade says of one expert, at the threshold that validation chose."""
    its = members.load(ws, generalist.id, [expert.id])
    found = reporting.report(ws, its, Thresholds((its.best_tau,)), second)
    test, controls = found["test"], found["controls"]
    beaten = [
        test["gain"] > controls["random"]["gain"] + 2 * controls["random"]["accuracy_sd"],
        controls["ensemble"]["lead_ci"][0] > 0,
    ]
    return {
        "pays": test["gain_ci"][0] > 0 and all(beaten),
        "tau": its.best_tau,
        "n_test": test["n_images"],
        "n_owned": test["pairs"][0]["n_owned"],
        "n_deferred": test["n_deferred"],
        "generalist_accuracy": test["generalist_accuracy"],
        "expert_accuracy": expert.metrics["test"]["accuracy"],
        "gain": test["gain"],
        "gain_ci": test["gain_ci"],
        "random": controls["random"],
        "ensemble": controls["ensemble"],
        "verdict": found["verdict"],
        "training_s": expert.duration_s,
    }


def measure(ws: Workspace, seed: int, n_images: int) -> dict[str, Any]:
    """Return what becomes of both experts on the set of one generator seed."""
    started, cpu = time.perf_counter(), time.process_time()
    name = drawn(ws, seed, n_images)
    first, second = trained(ws, TrainRequest(name, "cnn", seeds=(0, 1), options=GENERALIST))
    found: dict[str, Any] = {"seed": seed}
    for which, pair in EXPERTS.items():
        request = pairs.expert_request(ws, first, pair, "cnn", sharper=True)
        (expert,) = trained(ws, request)
        found[which] = judged(ws, first, expert, second)
    took = {"wall_s": time.perf_counter() - started, "cpu_s": time.process_time() - cpu}
    return {**found, "generalist_s": first.duration_s, **took}


def row(seed: int, which: str, found: Mapping[str, Any]) -> str:
    """Return a line of the table, in points."""
    low, high = (100 * bound for bound in found["gain_ci"])
    lead = [100 * bound for bound in found["ensemble"]["lead_ci"]]
    return (
        f"{seed:>4}  {which:<12}{100 * found['gain']:+6.1f} ({low:+.1f} to {high:+.1f})"
        f"  {found['n_deferred']:>4} of {found['n_owned']:<4}"
        f"  {100 * found['random']['gain']:+5.1f}  {100 * found['random']['gain_in_pair']:+5.1f}"
        f"  {100 * found['ensemble']['gain']:+5.1f} (lead {lead[0]:+.1f} to {lead[1]:+.1f})"
        f"  {found['training_s']:>4.0f} s  {found['verdict']}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="of the generator")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--images", type=int, default=2100, help="of each seed")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="a workspace of its own")
    parser.add_argument("--json", action="store_true", help="one line a seed")
    chosen = parser.parse_args()
    ws = open_workspace(chosen.folder)
    if not chosen.json:
        print("seed  expert for   net gain on test     asked, owned   random, of the pair"
              "  second generalist  training  verdict")  # fmt: skip
    n_pay = dict.fromkeys(EXPERTS, 0)
    for seed in range(chosen.first, chosen.first + chosen.seeds):
        found = measure(ws, seed, chosen.images)
        for which in EXPERTS:
            n_pay[which] += found[which]["pays"]
        lines = [row(seed, which, found[which]) for which in EXPERTS]
        print(json.dumps(found) if chosen.json else "\n".join(lines), flush=True)
    n_not = chosen.seeds - n_pay["inseparable"]
    if not chosen.json:
        print(f"The expert on fine detail pays in {n_pay['detail']} of {chosen.seeds} generator "
              f"seeds; the one on inseparable classes does not in {n_not}.")  # fmt: skip
    return 0 if n_pay["detail"] == n_not == chosen.seeds else 1


if __name__ == "__main__":
    sys.exit(main())
