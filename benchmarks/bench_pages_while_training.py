"""How long the pages take while a job trains, beside the same pages while none does.

    python benchmarks/bench_pages_while_training.py [--rounds 5] [--seeded FOLDER] [--json]

Two dashboards on two copies of one workspace (drawn images, a probe, an expert, a cascade): in one
a real `cnn` training runs as the worker starts it, in the other nothing does. Chromium goes through
all pages but Train by the menu, each page in both dashboards in turn; while it is in the idle one,
the training job and the other dashboard stand still (SIGSTOP). The clock runs in the browser, from
the click to the frame after the page's script has ended. A first tour fills the caches. With
`--seeded` the workspace is kept in FOLDER, and used again the next time.

Exit status 1 if the median ratio is above the bar, or the job did not get on meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from playwright.sync_api import Page, expect, sync_playwright

from core.jobs import engine
from core.services.runs.training import TrainRequest, submit_training
from core.services.workspace import open_workspace
from core.store.database import Workspace
from tests.browser import screen
from tests.browser.server import ROOT, Server, find_chromium

BAR, PAUSE_MS, WAIT_MS, START_S = 1.25, 300, 120_000, 900
PAGES = ("Overview", "Data set", "Explore", "Classes", "Review", "Compare", "Cascade", "Predict")
SOURCE = "builtin:rosebuds?n_per_class=40&size_px=160"
PAIR = "Arveja,Garbanzo"
ENDLESS = TrainRequest("rosebuds", "cnn", options={"epochs": 1000, "patience": 1000})
CLOCK = """(title) => {
  const app = document.querySelector("[data-testid=stApp]");
  const link = [...document.querySelectorAll("[data-testid=stSidebarNavLink]")]
    .find((node) => node.innerText.trim().endsWith(title));
  const started = performance.now();
  return new Promise((done) => {
    const look = () => {
      const heading = document.querySelector("h1")?.innerText.trim();
      if (app.dataset.testScriptState !== "notRunning" || heading !== title) return;
      watch.disconnect();
      requestAnimationFrame(() =>
        requestAnimationFrame(() => done(performance.now() - started)));
    };
    const watch = new MutationObserver(look);
    watch.observe(document.body,
      { attributes: true, characterData: true, childList: true, subtree: true });
    link.click();
  });
}"""


def command(folder: Path, *words: str) -> dict[str, Any]:
    """Run one of our commands; return what it says with --json."""
    done = subprocess.run(
        [sys.executable, "-m", "core", *words, "--json", "--workspace", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(done.stdout))


def seed_workspace(folder: Path) -> None:
    """Import and embed drawn images, train a probe and an expert, save their cascade."""
    command(folder, "import", SOURCE, "--name", "rosebuds")
    command(folder, "embed", "rosebuds")
    (run,) = command(folder, "train", "rosebuds")["runs"]
    (expert,) = command(folder, "train", "rosebuds", "--pair", PAIR)["runs"]
    command(folder, "cascade", "--generalist", run["run"], "--expert", expert["run"])


def learning(ws: Workspace, job_id: str) -> int:
    """Return the process id of a training job once it has finished an epoch."""
    for _ in range(START_S):
        if n_epochs(ws, job_id):
            (job,) = engine.reconcile(ws)
            return job.pid
        signal.sigtimedwait([], 1.0)
    raise RuntimeError(f"job {job_id} finished no epoch in {START_S} s")


def n_epochs(ws: Workspace, job_id: str) -> int:
    return sum(event.kind == "epoch" for event in engine.events(ws, job_id))


@contextmanager
def standing_still(*pids: int) -> Iterator[None]:
    """Stop the groups of these processes meanwhile."""
    for pid in pids:
        os.killpg(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.killpg(pid, signal.SIGCONT)


def visit(page: Page, title: str) -> float:
    """Milliseconds from the click on a page in the menu to the end of its script."""
    page.wait_for_timeout(PAUSE_MS)
    screen.settled(page)
    return float(page.evaluate(CLOCK, title))


def tours(idle: Page, busy: Page, job: int, server: int, n_rounds: int) -> np.ndarray:
    """Milliseconds of each visit, float (n_rounds, n_pages, 2): idle, training."""
    times = np.empty((n_rounds + 1, len(PAGES), 2))
    for number in range(n_rounds + 1):
        for i, title in enumerate(PAGES):
            with standing_still(job, server):
                times[number, i, 0] = visit(idle, title)
            times[number, i, 1] = visit(busy, title)
    return times[1:]


def measure(n_rounds: int, seeded: Path | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as play:
        folder = Path(name)
        seeded = seeded or folder / "seeded"
        if not seeded.exists():
            seed_workspace(seeded)
        for copy in ("idle", "busy"):
            shutil.copytree(seeded, folder / copy)
        servers = [Server(folder / "idle"), Server(folder / "busy")]
        ws = open_workspace(folder / "busy")
        browser = play.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        job_id = None
        try:
            job_id = submit_training(ws, ENDLESS)
            pid = learning(ws, job_id)
            expect.set_options(timeout=WAIT_MS)
            pages = [browser.new_page(viewport={"width": 1440, "height": 1000}) for _ in servers]
            for page, server in zip(pages, servers, strict=True):
                page.set_default_timeout(WAIT_MS)
                page.goto(f"{server.url}/train")
                screen.settled(page)
            before = n_epochs(ws, job_id)
            times = tours(*pages, pid, servers[1].pid, n_rounds)
            learned = n_epochs(ws, job_id) - before
        finally:
            if job_id:
                engine.cancel(ws, job_id)
                engine.wait(ws, job_id, timeout_s=60)
            ws.close()
            browser.close()
            for server in servers:
                server.stop()
    median = np.median(times, axis=0)  # (n_pages, 2)
    ratios = times[..., 1] / times[..., 0]
    return {
        "benchmark": "pages_while_training",
        "n_rounds": n_rounds,
        "n_epochs_meanwhile": learned,
        "idle_ms": dict(zip(PAGES, median[:, 0].round().tolist(), strict=True)),
        "training_ms": dict(zip(PAGES, median[:, 1].round().tolist(), strict=True)),
        "ratios": dict(zip(PAGES, np.median(ratios, axis=0).round(2).tolist(), strict=True)),
        "ratio": round(float(np.median(ratios)), 2),
        "bar": BAR,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeded", type=Path, metavar="FOLDER")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.rounds, options.seeded)
    if options.json:
        print(json.dumps(found))
    else:
        each = ", ".join(
            f"{title} {found['ratios'][title]} ({found['training_ms'][title]:.0f} against "
            f"{found['idle_ms'][title]:.0f} ms)"
            for title in PAGES
        )
        print(
            f"pages while a cnn trains take {found['ratio']} times as long as while nothing does "
            f"(median of {found['n_rounds']} tours; bar {BAR}); {each}; the job learned for "
            f"{found['n_epochs_meanwhile']} epochs meanwhile"
        )
    return 0 if found["ratio"] <= BAR and found["n_epochs_meanwhile"] else 1


if __name__ == "__main__":
    sys.exit(main())
