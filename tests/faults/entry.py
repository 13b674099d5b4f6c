"""The command line of the product, with tasks that misbehave: what fault tests start and kill."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

from core.errors import InvalidInput
from core.jobs import engine
from core.jobs.worker import Patience, execute, run_worker
from core.settings import load_settings
from core.store.database import open_workspace

_NEVER = threading.Event()


def add(context, params):
    """Return a sum, after three steps."""
    for step in range(3):
        context.report(step / 3, f"step {step}")
    return {"sum": params["a"] + params["b"]}


def hold(context, params):
    """Say that it runs, then wait for the file `gate`; stops when asked."""
    Path(params["started"]).write_text(str(os.getpid()))
    while not Path(params["gate"]).exists():
        context.report(0.5, "holding")
        _NEVER.wait(0.02)
    return {"pid": os.getpid()}


def stubborn(context, params):
    """Ignore every request to stop but SIGKILL, with a child that does the same."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
    Path(params["started"]).write_text(f"{os.getpid()} {child.pid}")
    while True:
        _NEVER.wait(1.0)


def deaf(context, params):
    """Never look whether to stop, but die of SIGTERM."""
    Path(params["started"]).write_text(str(os.getpid()))
    while True:
        _NEVER.wait(1.0)


def refuse(context, params):
    """Fail with a sentence."""
    raise InvalidInput("the parameter is wrong", expected="a right one")


def explode(context, params):
    """Fail as a bug does."""
    raise KeyError("oops")


def die(context, params):
    """Vanish without a word."""
    os.kill(os.getpid(), signal.SIGKILL)


def mark(context, params):
    """Append a line to a file: shows how often a job really ran."""
    with Path(params["file"]).open("a") as file:
        file.write(f"{context.job_id}\n")
    return {}


TASKS = {task.__name__: task for task in (add, hold, stubborn, deaf, refuse, explode, die, mark)}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--fence", type=int)
    parser.add_argument("--workspace")
    parser.add_argument("--idle-exit-s", type=float, default=30.0)
    args = parser.parse_args()
    settings = load_settings(args.workspace)
    ws = open_workspace(replace(settings, command=(sys.executable, "-m", "tests.faults.entry")))
    if args.command == "worker":
        quick = Patience(look_every_s=0.02, term_after_s=0.3, kill_after_s=0.6)
        return 0 if run_worker(ws, args.idle_exit_s, quick) else 3
    if args.command == "job-exec":
        return execute(ws, args.rest[0], args.fence, TASKS)
    if args.command == "submit":  # what the web server does; then it waits to be killed
        kind, started, gate = args.rest
        job_id = engine.submit(ws, kind, {"started": started, "gate": gate}, title=kind)
        sys.stdout.write(f"{job_id}\n")
        sys.stdout.flush()
        _NEVER.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
