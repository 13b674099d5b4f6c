"""Fixtures of the browser tests: a server, a page, and what both said when a test fails."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.server import ROOT, Server, find_chromium

SLOW_MACHINE_MS = 60_000  # two busy cores: wait for a condition, and never longer than this
WHOLE_TEST_S = 1_200  # a crowded machine; a hang fails much earlier, at the condition it waits for
N_PER_CLASS = 40  # enough for a probe to be right and wrong on some
_CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # a test picture
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *_CAMERA]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder, so that `-m "not browser"` leaves it out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")
            item.add_marker(pytest.mark.timeout(WHOLE_TEST_S))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, started once."""
    expect.set_options(timeout=SLOW_MACHINE_MS)
    path = find_chromium()
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def empty_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which nothing has happened."""
    return tmp_path_factory.mktemp("empty") / "workspace"


@pytest.fixture
def fresh_server(empty_workspace: Path) -> Iterator[Server]:
    """A server that nobody has visited yet, on an empty workspace."""
    server = Server(empty_workspace)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def rosebuds_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace as `make run` leaves it, with a small demo; to be copied."""
    workspace = tmp_path_factory.mktemp("rosebuds") / "workspace"
    source = f"builtin:rosebuds?n_per_class={N_PER_CLASS}&size_px=96"
    for command in (["import", source, "--name", "rosebuds"], ["embed", "rosebuds"]):
        done = subprocess.run(
            [sys.executable, "-m", "core", *command, "--workspace", str(workspace)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return workspace


@pytest.fixture
def rosebuds_workspace(rosebuds_template: Path, tmp_path: Path) -> Path:
    """Return a workspace of the test's own: the small demo, imported and embedded."""
    return Path(shutil.copytree(rosebuds_template, tmp_path / "workspace"))


@pytest.fixture
def rosebuds_server(rosebuds_workspace: Path) -> Iterator[Server]:
    """A dashboard on the small demo."""
    server = Server(rosebuds_workspace)
    yield server
    server.stop()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Page]:
    """One browser window; its console and requests are kept for the report of a failure."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    context.set_default_timeout(SLOW_MACHINE_MS)
    window = context.new_page()
    said: list[str] = []
    window.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    window.on("pageerror", lambda error: said.append(f"error: {error}"))
    yield window
    report = getattr(request.node, "report", None)
    if report is not None and report.failed:
        picture = tmp_path / "failure.png"
        window.screenshot(path=picture, full_page=True)
        report.sections.append(("browser", "\n".join([window.url, f"picture: {picture}", *said])))
    context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Print what the servers of a failed test said, and let `page` know of the failure."""
    report = yield
    if report.when == "call":
        item.report = report  # type: ignore[attr-defined]
        if report.failed:
            for name, value in getattr(item, "funcargs", {}).items():
                if isinstance(value, Server):
                    report.sections.append((f"output of {name}", value.output()))
    return report
