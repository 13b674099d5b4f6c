"""The web process stays light and talks to nobody: a fresh Python imports and walks everything."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.contracts.source_tree import ROOT

SCRIPT = ROOT / "tests" / "contracts" / "web_process.py"
NEVER_LOADED = {"tensorflow", "keras", "umap", "tf2onnx", "jax", "torch", "mlflow"}


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    done = run_python(str(SCRIPT), str(tmp_path_factory.mktemp("workspace")))
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_it_looked_at_every_page_and_service(seen):
    assert set(seen["pages"]) == {page.stem for page in (ROOT / "pages").glob("*.py")}
    services = {f"core.services.{m.stem}" for m in (ROOT / "core/services").glob("[a-z]*.py")}
    assert services <= set(seen["modules"])


def test_no_training_library_is_loaded(seen):
    assert NEVER_LOADED & set(seen["loaded"]) == set()


def test_no_connection_is_tried(seen):
    assert seen["outside"] == []


def test_no_page_fails_in_an_empty_workspace(seen):
    assert {stem: errors for stem, errors in seen["pages"].items() if errors} == {}


def test_the_watch_sees_a_connection():
    code = (
        "import runpy, socket, json\n"
        f"names = runpy.run_path({str(SCRIPT)!r})\n"
        "names['import_web_modules'].__globals__['import_web_modules'] = lambda: []\n"
        "def walk(page):\n"
        "    try: socket.create_connection(('192.0.2.1', 80), timeout=1)\n"
        "    except OSError: return []\n"
        "names['walk'].__globals__['walk'] = walk\n"
        "print(json.dumps(names['main']('')['outside']))\n"
    )
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr
    assert "192.0.2.1" in done.stdout
