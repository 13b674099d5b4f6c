"""The two commands that processes call, not people; apart, because they load next to nothing."""

from __future__ import annotations

import argparse

from core.jobs import worker as engine_room
from core.settings import load_settings
from core.store.database import open_workspace


def worker(args: argparse.Namespace) -> None:
    """Hand out jobs until idle for a while."""
    engine_room.run_worker(open_workspace(load_settings(args.workspace)), args.idle_exit_s)


def job_exec(args: argparse.Namespace) -> int:
    """Run one job that was handed out to this process; return its exit status."""
    from core.services.tasks import TASKS

    ws = open_workspace(load_settings(args.workspace))
    return engine_room.execute(ws, args.job, args.fence, TASKS)
