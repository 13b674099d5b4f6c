"""Imports go down only. The table is docs/architecture.md's; a violation names file, line, rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contracts.source_tree import ROOT, Import, imports, module_name, python_files

# Longest prefix wins. Parts on one floor do not import each other, except on floor 0.
FLOORS = {
    "app": 6,
    "pages": 5,
    "core.cli": 5,
    "core.__main__": 5,
    "core.services": 4,
    "core.jobs": 3,
    "core.store": 2,
    "core.models": 2,
    "core.sources": 2,
    "core.analysis": 1,
    "core.errors": 0,
    "core.language": 0,
    "core.settings": 0,
    "core.records": 0,
    "core.ids": 0,
}
# Who may import a library at all.
ONLY_IN = {
    "streamlit": ("app", "pages"),
    "plotly": ("app", "pages"),
    "keras": ("core.models",),
    "tensorflow": ("core.models",),
    "tf2onnx": ("core.models",),
    "onnx": ("core.models",),
    "onnxruntime": ("core.models",),
    "sqlalchemy": ("core.store",),
    "alembic": ("core.store",),
    "sqlite3": ("core.store",),
    "PIL": ("core.sources", "core.models", "core.services"),
    "umap": ("core.analysis",),
    "mlflow": ("core.services",),
}
# Inside functions only: the web process must never load these (start-up time, memory).
LAZY = ("keras", "tensorflow", "tf2onnx", "onnx", "umap", "mlflow")
PAGES_NEVER = ("core.store", "core.models", "core.jobs", "core.sources")
# Floor 1 is arrays in, arrays out: no files, no clock, no global randomness.
ANALYSIS_NEVER = ("os", "io", "pathlib", "shutil", "tempfile", "time", "datetime", "random")


def part_of(module: str) -> str | None:
    """Return the part of the table that `module` belongs to; command line files share one."""
    if module.startswith("core.cli"):
        return "core.cli"
    hits = [part for part in FLOORS if module == part or module.startswith(part + ".")]
    return max(hits, key=len, default=None)


def violations(root: Path) -> list[str]:
    """Return one sentence for each import of the tree under `root` that breaks a rule."""
    found = []
    for file in python_files(root, "core", "pages"):
        name = module_name(root, file)
        if name == "core":
            continue  # only a docstring; imports in it would load a floor for everybody
        here = part_of(name)
        place = file.relative_to(root)
        if here is None:
            found.append(
                f"{place}:1: {name} is on no floor; put it on one in {Path(__file__).name}"
            )
            continue
        broken = {}  # one sentence a line, though `from a import b` names both a and a.b
        for an_import in imports(root, file):
            if rule := broken_rule(here, an_import):
                broken.setdefault(an_import.line, f"{here} imports {an_import.module}: {rule}")
        found += [f"{place}:{line}: {sentence}" for line, sentence in broken.items()]
    return found


def broken_rule(here: str, an_import: Import) -> str | None:
    """Return the rule that `an_import` breaks in part `here`, or None."""
    library = an_import.module.partition(".")[0]
    if library in ("core", "pages", "app"):
        return _broken_floor(here, an_import.module)
    if library in ONLY_IN and here not in ONLY_IN[library]:
        return f"{library} belongs to {' and '.join(ONLY_IN[library])} only"
    if library in LAZY and an_import.at_import:
        return (
            f"{library} is imported inside functions only, so that the web process never loads it"
        )
    if here == "core.analysis" and library in ANALYSIS_NEVER:
        return "analysis is arrays in, arrays out: no files, no clock, no global randomness"
    if library in ("tests", "benchmarks", "tools"):
        return "the product does not depend on its tests and tools"
    return None


def _broken_floor(here: str, module: str) -> str | None:
    there = part_of(module)
    if there is None or there == here:
        return None
    if here == "pages" and there in PAGES_NEVER:
        return "pages never import store, models, jobs or sources; a service stands between"
    if FLOORS[there] > FLOORS[here]:
        return f"imports go down only, and floor {FLOORS[here]} is below floor {FLOORS[there]}"
    same = FLOORS[there] == FLOORS[here] != 0
    if same and {here, there} != {"core.cli", "core.__main__"}:
        return f"parts on floor {FLOORS[here]} never import each other"
    return None


def test_imports_go_down_only():
    found = violations(ROOT)
    assert not found, "\n" + "\n".join(found)


def test_what_pages_share_knows_no_single_page():
    kit = python_files(ROOT, "pages/ui")
    assert len(kit) > 10
    found = [(file.name, i.module) for file in kit for i in imports(ROOT, file)]
    assert [pair for pair in found if pair[1].startswith("pages.parts")] == []


def test_every_part_of_the_table_exists():
    for part in FLOORS:
        path = ROOT / part.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").exists(), f"{part} is in the table only"


PLANTED = [
    ("core/analysis/x.py", "from core.store import database", "imports go down only"),
    ("core/store/x.py", "import core.models.training", "never import each other"),
    ("core/store/x.py", "from core import models", "never import each other"),
    ("core/store/x.py", "from ..sources import images", "never import each other"),
    ("core/store/x.py", "from core.services.data.datasets import list_datasets", "go down only"),
    ("core/jobs/x.py", "def f():\n    from core.services import jobs", "imports go down only"),
    ("core/services/x.py", "import streamlit as st", "streamlit belongs to app and pages only"),
    ("core/cli_more.py", "import plotly.express", "plotly belongs to app and pages only"),
    ("core/cli.py", "import pages.ui", "never import each other"),
    ("core/services/x.py", "def f():\n    import keras", "keras belongs to core.models only"),
    (
        "core/services/x.py",
        "from sqlalchemy import select",
        "sqlalchemy belongs to core.store only",
    ),
    ("core/models/x.py", "import keras", "inside functions only"),
    ("core/models/x.py", "class A:\n    from tensorflow import io", "inside functions only"),
    ("core/models/x.py", "import importlib\nimportlib.import_module('keras')", "inside functions"),
    ("core/analysis/x.py", "import umap", "inside functions only"),
    ("core/services/x.py", "from mlflow import MlflowClient", "inside functions only"),
    ("core/analysis/x.py", "def f():\n    import time", "arrays in, arrays out"),
    ("core/errors.py", "import core.analysis.metrics", "imports go down only"),
    ("core/novelty.py", "", "is on no floor"),
    ("pages/x.py", "from core.store import blobs", "pages never import store"),
    ("pages/ui/x.py", "from core.jobs import engine", "pages never import store"),
    ("core/ids.py", "import tests.strategies", "does not depend on its tests"),
]


@pytest.mark.parametrize(("file", "text", "rule"), PLANTED)
def test_a_planted_violation_is_found(tmp_path, file, text, rule):
    planted = tmp_path / file
    planted.parent.mkdir(parents=True)
    planted.write_text(text + "\n")
    found = violations(tmp_path)
    assert found
    assert all(found_one.startswith(f"{file}:") and rule in found_one for found_one in found)


ALLOWED = [
    ("core/models/x.py", "def f():\n    import keras\n    import onnxruntime"),
    ("core/models/x.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import keras"),
    ("core/records.py", "from core import ids\nfrom core.errors import AppError"),
    ("core/__main__.py", "from core.cli import main"),
    ("core/services/x.py", "from core.jobs import engine\nfrom core.store.blobs import Blobs"),
    (
        "pages/x.py",
        "import streamlit\nfrom core.services import jobs\nfrom core.analysis import cascade",
    ),
    ("app.py", "import streamlit\nfrom pages.ui import shell"),
]


@pytest.mark.parametrize(("file", "text"), ALLOWED)
def test_what_the_rules_allow_is_left_alone(tmp_path, file, text):
    allowed = tmp_path / file
    allowed.parent.mkdir(parents=True, exist_ok=True)
    allowed.write_text(text + "\n")
    assert violations(tmp_path) == []
