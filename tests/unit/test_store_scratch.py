"""Half-made files: gone when their process is, however it ended."""

from __future__ import annotations

import subprocess
import sys

from core.settings import ROOT
from core.store.database import open_workspace

KILLED = """
import os, sys
from core.settings import load_settings
from core.store.database import open_workspace
with open_workspace(load_settings(sys.argv[1])).scratch() as folder:
    (folder / "pixels.npy").write_bytes(b"half")
    os.kill(os.getpid(), 9)
"""


def test_a_scratch_folder_is_empty_and_gone_at_the_end(workspace):
    with workspace.scratch() as folder:
        assert folder.is_relative_to(workspace.path) and not list(folder.iterdir())
        (folder / "x").write_bytes(b"1")
    assert not folder.exists()


def test_a_living_process_keeps_its_folder_when_another_opens_the_workspace(workspace):
    with workspace.scratch() as folder:
        open_workspace(workspace.settings).close()
        assert folder.is_dir()


def test_what_a_killed_process_left_is_deleted_by_the_next(workspace):
    command = [sys.executable, "-c", KILLED, str(workspace.path)]
    died = subprocess.run(command, cwd=ROOT, check=False)
    assert died.returncode == -9 and len(list(workspace.path.glob("scratch/*/*"))) == 1
    open_workspace(workspace.settings).close()
    assert not list(workspace.path.glob("scratch/*"))
