"""What tests share: a fresh workspace, and a way to wait for something without sleeping."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.settings import Settings, load_settings
from core.store.database import Workspace, open_workspace


@pytest.fixture(scope="session")
def empty_workspace_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a schema and nothing in it, to be copied."""
    path = tmp_path_factory.mktemp("template") / "workspace"
    open_workspace(load_settings(path)).close()
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings for a workspace in `tmp_path`; jobs run only when a test runs them."""
    return replace(
        load_settings(tmp_path / "workspace"),
        n_threads=1,
        command=(sys.executable, "-m", "tests.faults.entry"),
        spawns_worker=False,
        tracking_uri=None,  # whatever the developer's shell says
    )


@pytest.fixture
def workspace(settings: Settings, empty_workspace_dir: Path) -> Iterator[Workspace]:
    """A fresh workspace."""
    shutil.copytree(empty_workspace_dir, settings.workspace)
    ws = open_workspace(settings)
    yield ws
    ws.close()


@pytest.fixture
def until() -> Callable[..., None]:
    """Return a function that waits until a condition holds, and fails if it never does."""

    def wait_until(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
        deadline, never = time.monotonic() + timeout_s, threading.Event()
        while not condition():
            assert time.monotonic() < deadline, f"still not so after {timeout_s} s"
            never.wait(0.02)

    return wait_until
