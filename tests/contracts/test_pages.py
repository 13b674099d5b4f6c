"""Every page: registered once, its file's stem is its address, and it stands in any workspace."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace

import pytest

from core.settings import load_settings
from core.store.database import open_workspace
from tests.contracts.source_tree import ROOT
from tests.contracts.test_web_process import NEVER_LOADED, SCRIPT, run_python
from tests.seeding import seed

STEMS = sorted(page.stem for page in (ROOT / "pages").glob("*.py"))


def routes() -> list[list[str]]:
    """Return [stem, title, icon] of every Route in app.py, in order; titles are marked phrases."""
    tree = ast.parse((ROOT / "app.py").read_text(encoding="utf-8"))
    return [
        [ast.literal_eval(a.args[0] if isinstance(a, ast.Call) else a) for a in node.args]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Route"
    ]


def test_every_page_is_registered_once_and_every_route_has_a_page():
    assert sorted(stem for stem, _, _ in routes()) == STEMS


def test_titles_and_icons_tell_pages_apart():
    titles, icons = [r[1] for r in routes()], [r[2] for r in routes()]
    assert len(set(titles)) == len(titles)
    assert len(set(icons)) == len(icons)


def test_no_route_has_an_address_of_its_own():
    """Streamlit's hand-over works only where the address is the stem (docs/adr/0002)."""
    for file in (ROOT / "app.py", ROOT / "pages" / "ui" / "shell.py"):
        assert "url_path" not in file.read_text(encoding="utf-8")


def test_app_is_the_map_and_nothing_else():
    tree = ast.parse((ROOT / "app.py").read_text(encoding="utf-8"))
    imported = [ast.unparse(n) for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    assert imported == [
        "from __future__ import annotations",
        "from core.language import phrase",
        "from pages.ui.shell import Route, run",
    ]


WITHOUT_WORDS = {"plotly_chart", "dataframe", "data_editor", "image"}  # unless `alt` gives them


def wordless(source: str) -> list[str]:
    """Return the calls that draw what cannot be read aloud and give no text in its place."""
    return [
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in WITHOUT_WORDS
        and "alt" not in {keyword.arg for keyword in node.keywords}
    ]


def test_charts_tables_and_pictures_have_a_text():
    files = sorted((ROOT / "pages").rglob("*.py"))
    found = {f.name: calls for f in files if (calls := wordless(f.read_text(encoding="utf-8")))}
    assert found == {}


def test_a_planted_chart_without_a_text_is_found():
    assert wordless("left.plotly_chart(figure)\nst.image(a, alt='')") == ["left.plotly_chart"]


@pytest.mark.parametrize("stem", STEMS)
def test_a_page_enters_through_the_shell_and_says_what_it_is_for(stem):
    source = (ROOT / "pages" / f"{stem}.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    said = ast.get_docstring(tree) or ""
    assert "?" in said, "the docstring's first sentence is the question that the page answers"
    assert len(re.findall(r"shell\.enter(?:_without_dataset)?\(", source)) == 1
    assert len(source.splitlines()) <= 300


def test_every_page_stands_in_a_full_workspace_and_loads_no_training_library(tmp_path):
    ws = open_workspace(replace(load_settings(tmp_path / "full"), spawns_worker=False))
    seed(ws)
    ws.close()
    done = run_python(str(SCRIPT), str(tmp_path / "full"))
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["pages"] == {stem: [] for stem in STEMS}
    assert NEVER_LOADED & set(seen["loaded"]) == set()
    assert seen["outside"] == []
