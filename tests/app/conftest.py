"""The pages in Streamlit's own test harness: always from app.py, on an empty or a full workspace.

Nothing here starts a job's process: tests look at the queue instead.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import script_runner
from streamlit.testing.v1 import AppTest

from core.settings import load_settings
from core.store.database import Workspace, open_workspace
from pages.ui import messages
from tests.seeding import Seeded, seed

APP = Path(__file__).resolve().parents[2] / "app.py"
SLOW_MACHINE_S = 60


@dataclass(frozen=True)
class Place:
    """A workspace that the pages show, the ids of what is in it, and a way to open a page."""

    ws: Workspace
    ids: Seeded | None

    def open(self, stem: str = "overview", **query: str) -> AppTest:
        """Run app.py, go to a page as a link with this query would, and check that it stands."""
        app = AppTest.from_file(str(APP), default_timeout=SLOW_MACHINE_S)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        if stem != "overview":
            app.switch_page(f"pages/{stem}.py").run()
        return stands(app)


def stands(app: AppTest) -> AppTest:
    """Return the app if it shows neither an exception nor the sentence for a defect."""
    assert not app.exception, [e.message for e in app.exception]
    assert not [e.value for e in app.error if messages.UNEXPECTED in e.value]
    return app


def texts(app: AppTest) -> str:
    """Return everything that the page says, as one text."""
    kinds = ("markdown", "caption", "error", "warning", "info", "success", "title", "subheader")
    said = [str(e.value) for kind in kinds for e in getattr(app, kind)]
    return "\n".join([*said, *(m.label + " " + str(m.value) for m in app.metric)])


@pytest.fixture(autouse=True)
def _no_memory_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget the cached workspace, and leave jobs where they are queued."""
    monkeypatch.setenv("DESEMPATE_WORKER", "external")
    # Where an earlier test of this process imported Keras, Streamlit clears its session after every
    # run, which collects all garbage: seconds each. The dashboard itself never imports Keras.
    monkeypatch.setattr(script_runner, "_clean_problem_modules", lambda: None)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture(scope="session")
def full_template(
    tmp_path_factory: pytest.TempPathFactory, empty_workspace_dir: Path
) -> tuple[Path, Seeded]:
    """A workspace with everything in it, to be copied."""
    path = tmp_path_factory.mktemp("full") / "workspace"
    shutil.copytree(empty_workspace_dir, path)
    ws = open_workspace(replace(load_settings(path), spawns_worker=False))
    ids = seed(ws)
    ws.close()
    return path, ids


@pytest.fixture
def place_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Path, Seeded | None], Place]]:
    """Return a function that copies a workspace and lets the pages show it."""
    opened: list[Workspace] = []

    def make(template: Path, ids: Seeded | None) -> Place:
        home = tmp_path / "workspace"
        shutil.copytree(template, home)
        monkeypatch.setenv("DESEMPATE_HOME", str(home))
        ws = open_workspace(replace(load_settings(home), spawns_worker=False))
        opened.append(ws)
        return Place(ws, ids)

    yield make
    for ws in opened:
        ws.close()


@pytest.fixture
def empty(place_of: Callable[..., Place], empty_workspace_dir: Path) -> Place:
    """The pages of a workspace in which nothing has happened."""
    return place_of(empty_workspace_dir, None)


@pytest.fixture
def full(place_of: Callable[..., Place], full_template: tuple[Path, Seeded]) -> Place:
    """The pages of a workspace with a data set, runs, a class map and a cascade."""
    return place_of(*full_template)
